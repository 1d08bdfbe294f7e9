"""How late pages are while metadata of other projects is extracted, beside a gateway that extracts nothing ahead."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from benchmarks.asking import Asked, WrongAnswer, ask_once
from benchmarks.contenders import Contender, wheelgate
from benchmarks.figures import Figures
from benchmarks.graphs import graph
from benchmarks.loads import Load
from benchmarks.mirrored import Mirrored, mirrored
from benchmarks.paced import paced
from benchmarks.plain_mirror import Having

EVERY = 0.25  # seconds between two pages that nobody has asked for yet
_BEFORE = 0.6  # of the projects: shown at once, so that there is more to extract than there is time for
WITH, WITHOUT = "ahead: true", "ahead: false"
READY, NEW, BOTH = "ready pages, every 10 ms", "new pages, every 250 ms", "both"
P50, P99, EXTRACTED, CPU = "p50, ms", "p99, ms", "asked meanwhile besides pages", "server CPU, s"


@dataclass
class Late:
    """How late answers were, in seconds, over all rounds, and what was extracted meanwhile."""

    ready: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[str, Sequence[float]]]:
        """Give name and times of each row."""
        yield from ((READY, self.ready), (NEW, self.new), (BOTH, [*self.ready, *self.new]))


def percentile(times: Sequence[float], part: float) -> float:
    """Give the milliseconds within which this part (0 to 1) of the answers came."""
    ordered = sorted(times)
    return ordered[int(part * (len(ordered) - 1))] * 1000


def measure(figures: Figures, kind: str, folder: Path, rounds: int, seconds: float) -> None:
    """Ask fresh gateways of both kinds, in turn, for ready and new pages at a steady pace, for so long each."""
    with mirrored(folder, Having([kind])) as upstream:
        for number in range(rounds):
            click.echo(f"pages beside extraction: round {number + 1} of {rounds}", err=True)
            order = (WITH, WITHOUT) if number % 2 else (WITHOUT, WITH)  # neither always profits from being first
            for way in order:
                with tempfile.TemporaryDirectory(dir=folder) as home:
                    late, further = _one(upstream, kind, way, Path(home), seconds)
                for load, times in late.rows():
                    figures.add(way, load, {P50: percentile(times, 0.5), P99: percentile(times, 0.99)})
                figures.add(way, BOTH, further)


def _one(upstream: Mirrored, kind: str, way: str, folder: Path, seconds: float) -> tuple[Late, Mapping[str, float]]:
    first, *others = graph(kind).members
    metadata = {"ahead": way == WITH}
    with wheelgate(folder, upstream.direct.target, fresh_seconds=600, metadata=metadata) as gateway:
        ready = Load(first, 1).prepare(gateway, None)
        count = round(len(others) * _BEFORE)
        for project in others[:count]:
            ask_once(gateway.target, Load(project, 1).request())
        before, cpu = upstream.counts(), gateway.cpu()
        late = Late()
        with paced(Asked(gateway.target, ready, 200)) as latencies:
            late.new = list(_new(gateway, others[count:][: max(2, round(seconds / EVERY))]))
        late.ready = list(latencies)
        met = upstream.counts().since(before)
        return late, {EXTRACTED: met.asked - met.requests["page"], CPU: gateway.cpu() - cpu}


def _new(gateway: Contender, projects: Sequence[str]) -> Iterator[float]:
    """Ask for one after the other, at a steady pace; times count from the moment when it should have been asked."""
    due = time.perf_counter()
    for project in projects:
        time.sleep(max(0.0, due - time.perf_counter()))
        head, _ = ask_once(gateway.target, Load(project, 1).request())
        yield time.perf_counter() - due
        if not head.startswith(b"HTTP/1.1 200"):
            raise WrongAnswer(f"{project}: {ascii(head)[:200]}")
        due = max(due + EVERY, time.perf_counter())
