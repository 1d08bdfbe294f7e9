"""What the project list of a million projects costs: time, memory, and how long anybody else has to wait meanwhile.

    sh deploy/run --dev python -m benchmarks.project_list

An index on the loopback, in a process of its own, sends a generated list. It is fetched, read and built as in the gateway,
while a probe on the event loop notes how much later it is woken than it asked to be; beside it, a bare `json.loads` of
the same bytes. CPU seconds count this process and the one that works on lists: on a busy machine they say more.
"""

import asyncio
import gzip
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import override

import click

from addons.fetch.upstream import Upstream
from addons.listing.orders import Rules
from addons.listing.project_list import ProjectList
from addons.listing.store import ListStore
from addons.listing.workshop import Workshop
from addons.metadata.archive import core_metadata
from addons.sources.folder import Folder
from addons.sources.index import Index, dialled
from addons.sources.source import Source
from benchmarks.documents import project_list
from benchmarks.figures import judged, keep_option, kept
from proxyconf.addresses import Address
from proxyconf.settings import Source as SourceSettings
from proxyconf.settings import Upstream as UpstreamSettings

_JSON = "application/vnd.pypi.simple.v1+json"
_AT = datetime(2026, 1, 2, tzinfo=UTC)
_TICK = 0.001  # seconds between two looks of the probe
_MOST_SECONDS = 300.0
_ALONE_SECONDS = 5.0
_ALONE, _FIRST = "alone, the machine", "first request"
_MOST_FIRST, _MOST_LATE, _MOST_MIB = 10.0, 50.0, 300  # seconds, milliseconds, mebibytes


class _Upstream(BaseHTTPRequestHandler):
    """Sends the list in gzip, or 304."""

    protocol_version = "HTTP/1.1"
    body = b""
    etag = ""

    def do_GET(self) -> None:  # the name is the standard library's
        same = self.headers.get("If-None-Match") == self.etag
        self.send_response(304 if same else 200)
        self.send_header("ETag", self.etag)
        self.send_header("Cache-Control", "max-age=0")
        if not same:
            self.send_header("Content-Type", _JSON)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        if not same:
            self.wfile.write(self.body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def serve(count: int) -> None:
    """Serve a list on a free port of the loopback until standard input ends; prints the port, and json.loads's seconds."""
    body = project_list(count)
    begun = time.perf_counter()
    json.loads(body)
    loads = time.perf_counter() - begun
    _Upstream.body = gzip.compress(body, 6)
    _Upstream.etag = f'"{hashlib.sha256(_Upstream.body).hexdigest()}"'
    with ThreadingHTTPServer(("127.0.0.1", 0), _Upstream) as server:
        server.daemon_threads = True
        print(server.server_port, loads, len(body), flush=True)
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        sys.stdin.read()
        server.shutdown()


@dataclass
class Step:
    """One thing that was waited for: seconds on the clock, CPU seconds of all processes, and the probe's delays."""

    name: str
    seconds: float = 0.0
    cpu: float = 0.0
    late: Sequence[float] = ()


@asynccontextmanager
async def measured(name: str) -> AsyncIterator[Step]:
    """Measure what is done inside."""
    step, late = Step(name), list[float]()
    probe = asyncio.ensure_future(_probe(late))
    cpu, begun = _cpu(), time.perf_counter()
    yield step
    step.seconds, step.cpu = time.perf_counter() - begun, _cpu() - cpu
    probe.cancel()
    step.late = late


async def _probe(late: list[float]) -> None:
    while True:
        wanted = time.perf_counter() + _TICK
        await asyncio.sleep(_TICK)
        late.append(max(time.perf_counter() - wanted, 0.0))


def _cpu() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def _peak(who: int) -> int:
    return resource.getrusage(who).ru_maxrss // 1024  # mebibytes, where the kernel counts kibibytes (Linux)


async def measure(port: int, folder: Path, alone_seconds: float) -> list[Step]:
    """Build the list, and do what happens to it afterwards."""
    settings = SourceSettings(name="pypi", index=f"http://127.0.0.1:{port}/simple/", public=True)
    upstream = Upstream(UpstreamSettings(proxy="none"), dialled(settings), Address("127.0.0.1", 8080))
    wheels = folder / "wheels"
    wheels.mkdir()
    sources: list[Source] = [Folder("acme", wheels, core_metadata), Index(settings, upstream, 60)]
    store = ListStore(Workshop(folder / "lists"))
    async with measured(_ALONE) as alone:
        await asyncio.sleep(alone_seconds)
    steps = [alone]
    try:
        for name, rules, max_age in (
            (_FIRST, Rules(), None),
            ("the same again", Rules(), None),
            ("a new reservation", Rules(reserved=("acme-*",)), None),
            ("asked upstream: 304", Rules(reserved=("acme-*",)), 0.0),
        ):
            projects = ProjectList(sources, partial(_always, rules), store)
            async with measured(name) as step:
                await projects.current(_AT, max_age)
            steps.append(step)
    finally:
        await store.close()
        await upstream.close()
    return steps


def _always(rules: Rules, at: datetime) -> Rules:
    return rules


def _shown(steps: Sequence[Step], loads: float) -> None:
    print(f"{'':22}{'seconds':>9}{'of json.loads':>15}{'CPU s':>8}{'loop late by, ms: p50':>23}{'p99':>7}{'max':>7}")
    print(f"{'bare json.loads':22}{loads:9.2f}{1:15.1f}")
    for step in steps:
        late = sorted(step.late) or [0.0]
        p50, p99 = statistics.median(late), late[min(int(len(late) * 0.99), len(late) - 1)]
        print(
            f"{step.name:22}{step.seconds:9.3f}{step.seconds / loads:15.1f}{step.cpu:8.2f}"
            f"{p50 * 1e3:23.2f}{p99 * 1e3:7.2f}{late[-1] * 1e3:7.2f}"
        )
    gateway, worker = _memory()
    print(
        f"peak memory: {gateway} MiB here, {worker} MiB in the process that works on lists; wanted: under {_MOST_MIB} together"
    )
    print(f"wanted: first request under {_MOST_FIRST:g} s, nobody late by {_MOST_LATE:g} ms")


def _memory() -> tuple[int, int]:
    return _peak(resource.RUSAGE_SELF), _peak(resource.RUSAGE_CHILDREN)


def _kept(keep: Path | None, steps: Sequence[Step], loads: float) -> None:
    taken = {step.name: step for step in steps}
    late = max(max(step.late, default=0.0) for name, step in taken.items() if name != _ALONE) * 1e3
    verdicts = [
        judged("first request, s", taken[_FIRST].seconds, most=_MOST_FIRST),
        judged("the event loop late by, ms, at most", late, most=_MOST_LATE),
        judged("peak memory of both processes, MiB", sum(_memory()), most=_MOST_MIB),
    ]
    figures = {
        step.name: {"seconds": step.seconds, "cpu": step.cpu, "late": max(step.late, default=0)} for step in steps
    }
    kept(keep, "project_list", {"json.loads": loads, "peak MiB": _memory(), **figures}, verdicts)


@click.command()
@click.option("--projects", default=1_000_000, show_default=True, help="How many projects the list has.")
@click.option("--quick", is_flag=True, help="A quarter of that.")
@click.option("--smoke", is_flag=True, help="A thousand: only to see that it works.")
@keep_option
@click.option("--serve", "serving", is_flag=True, hidden=True)
def main(projects: int, quick: bool, smoke: bool, keep: Path | None, serving: bool) -> None:
    """Time the project list."""
    if serving:
        serve(projects)
        return
    projects = 1_000 if smoke else projects // 4 if quick else projects
    command = [sys.executable, "-m", "benchmarks.project_list", "--serve", "--projects", str(projects)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as upstream,
    ):
        assert upstream.stdin is not None
        assert upstream.stdout is not None
        port, loads, size = upstream.stdout.readline().split()
        print(f"{projects:,} projects, {int(size) / 1e6:.1f} MB of JSON; load average {os.getloadavg()[0]:.1f}")
        # The index is still running, so that its CPU and memory are not counted in.
        steps = asyncio.run(
            asyncio.wait_for(measure(int(port), Path(folder), 0.1 if smoke else _ALONE_SECONDS), _MOST_SECONDS)
        )
        _shown(steps, float(loads))
        upstream.stdin.close()
    _kept(keep, steps, float(loads))


if __name__ == "__main__":
    main()
