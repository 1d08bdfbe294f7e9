"""What it costs to upload through the gateway, beside plain mitmdump in front of a server that only writes and fsyncs.

    sh deploy/run --dev python -m benchmarks.uploads              about four minutes
    sh deploy/run --dev python -m benchmarks.uploads --quick      about a minute, without the gigabyte

Figures in brackets are times those of `mitmdump --set stream_large_bodies=1m`, taken within each round.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.asking import Target, WrongAnswer, ask_once
from benchmarks.contenders import Contender, certificate, streaming_mitmdump, wheelgate
from benchmarks.documents import JSON
from benchmarks.figures import Figures, Row, Verdict, Wish, judged, keep_option, kept
from benchmarks.processes import watched
from benchmarks.sending import Sent, Wheels, send
from tests.wheelgate_process import BIN, clean_environment

_MB = 1_000_000
_MEASURES = ("MB/s", "uploads/s", "ms, median", "ms, slowest", "CPU seconds for a GB", "peak memory, MB")
_MEMORY = 250  # MB that are wanted, with eight large wheels at once
_SEEN_SECONDS = 1.0  # in another gateway of the store, wanted by the issue
_FLOOR = 1 << 30  # bytes of the disk that stay free


@dataclass(frozen=True)
class Load:
    """One row: so many uploads of a wheel of so many bytes, by so many clients at once."""

    words: str
    size: int
    count: int = 1
    clients: int = 1
    rounds: int = 1_000

    @property
    def name(self) -> str:
        """What the row is called."""
        return f"{self.words}, {'1 client' if self.clients == 1 else f'{self.clients} clients'}"

    @property
    def is_large(self) -> bool:
        """Whether its bytes say something, and not their number."""
        return self.size >= _MB


def loads(quick: bool, smoke: bool) -> Sequence[Load]:
    """Give all loads, or those that take no gigabyte, or tiny ones."""
    small = [Load("20 KB", 20_000, 100 // (1 + quick)), Load("20 KB", 20_000, 200 // (1 + quick), 8)]
    if smoke:
        return [Load("1 MB", _MB), Load("20 KB", 20_000, 4, 2)]
    if quick:
        return [Load("100 MB", 100 * _MB), Load("64 MB", 64 * _MB, 8, 8, 1), *small]
    return [
        Load("300 MB", 300 * _MB),
        Load("1 GiB", 1 << 30, rounds=1),
        Load("256 MB", 256 * _MB, 8, 8, rounds=1),
        *small,
    ]


def wishes(chosen: Sequence[Load]) -> Sequence[Wish]:
    """What the issue wants of the gateway."""
    return [Wish(Row("peak memory, MB", load.name), most=_MEMORY) for load in chosen if load.is_large]


@contextmanager
def bare(folder: Path) -> Iterator[Contender]:
    """Run the server that only writes."""
    ca = certificate(folder)
    command = [sys.executable, "-m", "benchmarks.upload_origin", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Contender("direct", Target(("127.0.0.1", port), ca, proxied=False), (process.pid,))
        process.stdin.close()


def token(folder: Path) -> str:
    """Have one made for the store of the gateway `wheelgate` in this folder."""
    home = folder / "wheelgate"
    options = ["--config", str(home / "wheelgate.yaml"), "--for", "user:alice", "--json"]
    command = [str(BIN / "wheelgate"), "token", "create", *options]
    done = subprocess.run(command, env=clean_environment(home), check=True, capture_output=True)
    return str(json.loads(done.stdout)["token"])


def measure(contender: Contender, load: Load, wheels: Wheels, secret: str) -> Mapping[str, float]:
    """Upload as the load says; gives a figure for each measure. Raises WrongAnswer."""
    os.sync()  # what another one has left to write is not to be waited for in this one's time
    chosen, before = wheels.take(load.count, load.size), contender.cpu()
    with watched(contender.pids) as peak:
        sent = send(contender.target, chosen, secret, load.clients)
    found = {"peak memory, MB": peak.bytes / _MB}
    if load.is_large:
        return {**found, "MB/s": sent.size / sent.seconds / _MB, "CPU seconds for a GB": _cpu(contender, before, sent)}
    milliseconds = [1000 * each for each in sent.each]
    found |= {"uploads/s": len(sent.each) / sent.seconds, "ms, slowest": max(milliseconds)}
    return {**found, "ms, median": statistics.median(milliseconds)}


def _cpu(contender: Contender, before: float, sent: Sent) -> float:
    return (contender.cpu() - before) / sent.size * 1e9


def run(contenders: Sequence[Contender], chosen: Sequence[Load], rounds: int, secret: str, wheels: Wheels) -> Figures:
    """Measure them all, in turn. Raises WrongAnswer."""
    figures = Figures()
    for contender in contenders:
        send(contender.target, wheels.take(2, 20_000), secret)  # what the first one alone pays: modules, the database
    for number in range(rounds):
        click.echo(f"round {number + 1} of {rounds}", err=True)
        for load in chosen:
            for contender in contenders if number < load.rounds else ():
                figures.add(contender.name, load.name, measure(contender, load, wheels, secret))
    return figures


def seen(first: Contender, others: Sequence[Contender], wheels: Wheels, secret: str) -> Sequence[float]:
    """Upload a release; gives the milliseconds from its answer until each of the others has it on its page."""
    [wheel] = wheels.take(1, 20_000)
    request = f"GET /simple/{wheel.name}/ HTTP/1.1\r\nHost: pypi.org\r\nAccept: {JSON}\r\n\r\n".encode()
    for other in others:
        ask_once(other.target, request)  # it knows the page as it was
    send(first.target, [wheel], secret)
    begun, found = time.perf_counter(), []
    for other in others:
        while wheel.filename.encode() not in ask_once(other.target, request)[1]:
            if time.perf_counter() - begun > 20 * _SEEN_SECONDS:
                raise WrongAnswer(f"{other.name}: {wheel.filename} is not on its page")
            time.sleep(0.01)
        found.append(1000 * (time.perf_counter() - begun))
    return found


def seen_lines(times: Sequence[Sequence[float]]) -> tuple[Sequence[str], Sequence[Verdict]]:
    """Give a table of what `seen` gave, and what is wanted of it."""
    lines, verdicts = [f"{'ms from the answer until on the page':40}{'median':>10}{'slowest':>10}"], []
    for place, column in zip(("the same gateway", "another one of the store"), zip(*times, strict=True), strict=True):
        lines.append(f"{place:40}{statistics.median(column):>10.0f}{max(column):>10.0f}")
        verdicts.append(judged(f"on the page, {place}: s, the slowest", max(column) / 1000, most=_SEEN_SECONDS))
    return lines, verdicts


def _enough_disk(folder: str, chosen: Sequence[Load], rounds: int) -> None:
    wanted = sum(load.size * load.count * min(rounds, load.rounds) for load in chosen) + 2 * _FLOOR
    free = shutil.disk_usage(folder).free
    click.echo(f"up to {wanted / 1e9:.1f} GB of disk in {folder}, where {free / 1e9:.1f} GB are free", err=True)
    if free < wanted:
        raise click.ClickException("that is too little: name another folder (TMPDIR=...), or take --quick")


@click.command()
@click.option("--rounds", default=3, show_default=True, help="How often each contender takes each load.")
@click.option("--quick", is_flag=True, help="No wheel of more than 100 MB.")
@click.option("--smoke", is_flag=True, help="Small wheels, one short round: only to see that it works.")
@click.option("--only", default="", help="Only loads with this text in their names.")
@keep_option
def main(rounds: int, quick: bool, smoke: bool, only: str, keep: Path | None) -> None:
    """Measure uploads, large and small."""
    rounds = 1 if smoke else rounds
    chosen = [load for load in loads(quick, smoke) if only in load.name]
    if not chosen:
        raise click.UsageError(f"no load has {only!r} in its name; one is called {loads(quick, smoke)[0].name!r}")
    with tempfile.TemporaryDirectory() as name:
        _enough_disk(name, chosen, rounds)
        folder, wheels = Path(name), Wheels()
        own = {
            "sources": [{"name": "store", "store": True}],
            "store": {"folder": str(folder / "store")},
            "uploads": {"max_file_mb": 5000, "max_project_gb": 1000},
        }
        with (
            bare(folder) as direct,
            streaming_mitmdump(folder, direct.target) as plain,
            wheelgate(folder, direct.target, "wheelgate", **own) as ours,
            wheelgate(folder, direct.target, "wheelgate 2", **own) as second,
        ):
            secret = token(folder)
            contenders = (direct, plain, ours)
            figures = run(contenders, chosen, rounds, secret, wheels)
            times = [seen(ours, (ours, second), wheels, secret) for _ in range(2 if smoke else 10)]
    wanted, (lines, verdicts) = wishes(chosen), seen_lines(times)
    for which in _MEASURES:
        click.echo("\n".join([*figures.table(which, [each.name for each in contenders], wanted), ""]))
    click.echo("\n".join(lines))
    found = {"loads": figures.plain(), "ms until on the page": times}
    kept(keep, "uploads", found, [*(figures.verdict(wish) for wish in wanted), *verdicts])


if __name__ == "__main__":
    main()
