"""What real resolvers take of a mirror that announces nothing: direct, through a warm gateway, and through fresh ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import click

from benchmarks.contenders import Contender, wheelgate
from benchmarks.figures import OURS, Figures
from benchmarks.graphs import graph
from benchmarks.mirrored import Mirrored, Sent
from benchmarks.relay import relayed
from benchmarks.resolving import PIP, UV, Resolution

WALL, TO_CLIENT, UPSTREAM, ASKED, WHOLE = (
    "wall, s",
    "MB to the client, TLS and all",
    "MB from upstream",
    "asked upstream",
    "whole wheels from upstream",
)
AHEAD = {"ahead: true": True, "ahead: false": False}
"""Columns of fresh gateways, and the setting `metadata.ahead` of each."""

_FRESH = 600  # seconds for which a page is, at most


@dataclass(frozen=True)
class Met:
    """What a run took: its seconds, bytes to the client, and what upstream was asked for and sent meanwhile."""

    wall: float
    to_client: int
    upstream: Sent

    @property
    def plain(self) -> Mapping[str, float]:
        """A figure for each measure but the time."""
        return {TO_CLIENT: self.to_client / 1e6, **sent(self.upstream)}


def sent(upstream: Sent) -> Mapping[str, float]:
    """Give a figure for each measure of what upstream sent."""
    return {
        UPSTREAM: upstream.size / 1e6,
        ASKED: upstream.asked,
        WHOLE: upstream.requests["whole"],
    }


def resolutions(kinds: Sequence[str]) -> Sequence[Resolution]:
    """Give what both clients are to resolve."""
    found = [(client, kind, graph(kind)) for kind, client in product(kinds, (UV, PIP))]
    return [Resolution(client, kind, each.asked, len(each.members)) for client, kind, each in found]


def counted(todo: Resolution, upstream: Mirrored, contender: Contender, home: Path) -> Met:
    """Run it once, through a relay that counts."""
    before = upstream.counts()
    with relayed(contender.target) as (target, relay):
        wall = todo.run(target, home)
    return Met(wall, relay.size, upstream.counts().since(before))


def run_warm(
    figures: Figures,
    todo: Sequence[Resolution],
    upstream: Mirrored,
    folder: Path,
    home: Path,
    latencies: Sequence[int],
    rounds: int,
    settling: float,
) -> None:
    """Count what direct and warm take, then time both in turn at each distance.

    Before it has `settling` seconds, if it needs them, for what it does of its own accord.
    """
    with wheelgate(folder, upstream.direct.target, "warm", fresh_seconds=_FRESH) as gateway:
        click.echo("warming", err=True)
        for each in todo:
            each.run(gateway.target, home)
        upstream.settled(settling)
        for each, (name, contender) in product(todo, (("direct", upstream.direct), (OURS, gateway))):
            figures.add(name, each.name, counted(each, upstream, contender, home).plain)
        for latency, number in product(latencies, range(rounds)):
            click.echo(f"+{latency} ms, round {number + 1} of {rounds}", err=True)
            upstream.counts(latency / 1000)
            for each, (name, contender) in product(todo, (("direct", upstream.direct), (OURS, gateway))):
                figures.add(name, f"{each.name}, +{latency} ms", {WALL: each.run(contender.target, home)})
        upstream.counts(0.0)


def run_fresh(
    figures: Figures,
    todo: Sequence[Resolution],
    upstream: Mirrored,
    folder: Path,
    home: Path,
    latency: int,
    patience: float,
) -> None:
    """Run each once direct, and twice through a gateway of its own that knows nothing, announcing ahead, and not.

    Between its two clients it has so many seconds for what it does of its own accord.
    """
    upstream.counts(latency / 1000)
    for number, each in enumerate(todo):
        click.echo(f"{each.name}: fresh gateways, +{latency} ms", err=True)
        met = counted(each, upstream, upstream.direct, home)
        figures.add("direct", f"{each.name}: 1st client", {WALL: met.wall, **met.plain})
        for way, ahead in AHEAD.items():
            place = folder / f"{number}-{ahead}"
            place.mkdir()
            with wheelgate(place, upstream.direct.target, fresh_seconds=_FRESH, metadata={"ahead": ahead}) as gateway:
                for row, found in _twice(each, upstream, gateway, home, patience):
                    figures.add(way, f"{each.name}: {row}", found)
    upstream.counts(0.0)


def _twice(
    each: Resolution, upstream: Mirrored, gateway: Contender, home: Path, patience: float
) -> Iterator[tuple[str, Mapping[str, float]]]:
    first = counted(each, upstream, gateway, home)
    yield "1st client", {WALL: first.wall, **first.plain}
    before = upstream.counts()
    yield "in between", sent(upstream.settled(patience).since(before))
    second = counted(each, upstream, gateway, home)
    yield "2nd client", {WALL: second.wall, **second.plain}
