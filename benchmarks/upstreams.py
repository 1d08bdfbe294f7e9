"""The origin with files, started; and who stands in front of it: plain mitmdump, the gateway, and what else is installed."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from benchmarks import caches
from benchmarks.asking import Target
from benchmarks.contenders import Contender, certificate, streaming_mitmdump, wheelgate
from benchmarks.file_origin import Offer

Start = Callable[[Path, Target], AbstractContextManager[Contender]]
"""Starts a contender in a folder, in front of an origin."""


@dataclass(frozen=True)
class Upstream:
    """The origin, which runs: asked itself it is the contender `direct`."""

    direct: Contender
    _process: "subprocess.Popen[str]"

    def asked(self) -> Mapping[str, int]:
        """How often each path was asked for until now."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        counts: dict[str, int] = json.loads(self._process.stdout.readline())
        return counts


@contextmanager
def file_origin(folder: Path, offer: Offer) -> Iterator[Upstream]:
    """Run the origin with files, under a CA that `folder` has then as `origin-ca.pem`."""
    ca = certificate(folder)
    command = [sys.executable, "-m", "benchmarks.file_origin", str(folder), json.dumps(asdict(offer))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = ("127.0.0.1", int(process.stdout.readline()))
        yield Upstream(Contender("direct", Target(address, ca, proxied=False)), process)
        process.stdin.close()


def peers(among: Sequence[str]) -> Sequence[str]:
    """Name the peers of these that are installed, and say of the others what would bring them."""
    there, missing = caches.installed()
    for name in missing:
        if name in among:
            click.echo(f"{name} takes no part: apt-get install {caches.DEBIAN[name]}", err=True)
    return [name for name in there if name in among]


def starts(others: Sequence[str]) -> Mapping[str, Start]:
    """Give what starts each contender, by name: plain mitmdump (streaming), the gateway, and these peers."""
    beside: dict[str, Start] = {name: caches.on_disk(name) for name in others}
    return {"mitmdump": streaming_mitmdump, **ALONE, **beside}


ALONE: Mapping[str, Start] = {"wheelgate": wheelgate}
"""The gateway and nobody else, where it is only to be seen that a benchmark works."""


@contextmanager
def all_of(folder: Path, upstream: Upstream, starting: Mapping[str, Start]) -> Iterator[Sequence[Contender]]:
    """Run these beside each other; the first is `direct`."""
    with ExitStack() as stack:
        running = [stack.enter_context(start(folder, upstream.direct.target)) for start in starting.values()]
        yield [upstream.direct, *running]
