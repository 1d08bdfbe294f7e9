"""What metadata costs, and saves, in front of a mirror that announces none and serves none.

    sh deploy/run --dev python -m benchmarks.metadata              about six minutes
    sh deploy/run --dev python -m benchmarks.metadata --quick      about two minutes

Four parts: the metadata of one heavy wheel; real pip and uv that resolve two sets, direct and through a warm gateway; the same
through fresh gateways, which announce ahead (`metadata.ahead`) or only what is in hand; pages while others' metadata is extracted.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks import metadata_beside as beside
from benchmarks import metadata_of_one as one
from benchmarks import metadata_resolved as resolved
from benchmarks.clients import homes
from benchmarks.figures import OURS, Figures, Row, Verdict, Wish, judged, keep_option, kept
from benchmarks.mirrored import mirrored
from benchmarks.plain_mirror import Having

_PARTS = ("one", "warm", "fresh", "beside")
_MOST_REQUESTS, _MOST_KIB, _MOST_DIRECTORY = 3, 256, 1.3
_FEWER = 1 / 3  # of the bytes that direct takes
_MOST_LATE = 1.2
_KIB_OF_MANY = 2_500  # members whose directory alone has that many KiB


@dataclass(frozen=True)
class Scope:
    """How much of everything is measured."""

    heavy: Sequence[tuple[int, int]] = tuple((300_000_000, members) for members in (30, 2_000, 6_000))
    kinds: Sequence[str] = ("jupyter", "scientific")
    fresh: Sequence[str] = ("jupyter", "scientific")
    latencies: Sequence[int] = (0, 20, 80)
    rounds: int = 1
    settling: float = 90.0  # seconds for a warm gateway to have nothing left to do, at most
    away: int = 20  # milliseconds, of fresh gateways
    fresh_clients: int = 4  # of the resolutions through them
    patience: float = 5.0  # seconds between the two clients of a fresh gateway, at most
    pages: str = "jupyter"
    beside_rounds: int = 3
    seconds: float = 6.0


_QUICK = Scope(kinds=("scientific",), fresh=("jupyter",), latencies=(20,), patience=2.0, beside_rounds=2, seconds=4.0)
_SMOKE = Scope(
    heavy=((300_000, 30), (300_000, 500)),
    kinds=("small",),
    fresh=("small",),
    latencies=(0,),
    settling=0.2,
    away=0,
    fresh_clients=1,
    patience=0.2,
    pages="small",
    beside_rounds=1,
    seconds=0.3,
)


def run(figures: Figures, scope: Scope, parts: Sequence[str]) -> None:
    """Measure these parts."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory(dir=homes()) as home:
        folders = {part: Path(name) / part for part in _PARTS}
        for folder in folders.values():
            folder.mkdir()
        if "one" in parts:
            one.measure(figures, scope.heavy, folders["one"])
        if "warm" in parts:
            with mirrored(folders["warm"], Having(scope.kinds)) as upstream:
                todo = resolved.resolutions(scope.kinds)
                resolved.run_warm(
                    *(figures, todo, upstream, folders["warm"], Path(home)),
                    *(scope.latencies, scope.rounds, scope.settling),
                )
        if "fresh" in parts:
            with mirrored(folders["fresh"], Having(scope.fresh)) as upstream:
                todo = resolved.resolutions(scope.fresh)[: scope.fresh_clients]
                resolved.run_fresh(figures, todo, upstream, folders["fresh"], Path(home), scope.away, scope.patience)
        if "beside" in parts:
            beside.measure(figures, scope.pages, folders["beside"], scope.beside_rounds, scope.seconds)


def wishes(scope: Scope) -> Sequence[Wish]:
    """Give what the issue wants of the gateway."""
    found: list[Wish] = []
    for size, members in scope.heavy:
        load = one.load(size, members)
        found.append(Wish(Row(one.REQUESTS, load), most=_MOST_REQUESTS))
        if members < _KIB_OF_MANY:
            found.append(Wish(Row(one.KIB, load), most=_MOST_KIB))
        else:
            found.append(Wish(Row(one.KIB, load), most=_MOST_DIRECTORY, against=one.DIRECTORY))
    for each in resolved.resolutions(scope.kinds):
        found += [
            Wish(Row(measure, each.name), most=round(_FEWER, 3), against="direct")
            for measure in (resolved.UPSTREAM, resolved.TO_CLIENT)
        ]
    return found


def _late(figures: Figures) -> Iterator[Verdict]:
    """Judge how late pages were: extracting ahead, times without, in the same round."""
    for load in (beside.READY, beside.NEW, beside.BOTH):
        found = figures.times(Row(beside.P99, load), beside.WITH, beside.WITHOUT)
        yield judged(f"{load}: p99 while extracting, times without", found, most=_MOST_LATE)


def _tables(figures: Figures, wanted: Sequence[Wish]) -> Iterator[str]:
    ways = (beside.WITH, beside.WITHOUT)
    yield from figures.table(one.REQUESTS, (OURS,), wanted)
    yield ""
    yield from figures.table(one.KIB, (one.DIRECTORY, "whole", OURS), wanted)
    for measure in (resolved.UPSTREAM, resolved.TO_CLIENT, resolved.ASKED, resolved.WHOLE, resolved.WALL):
        yield ""
        yield from figures.table(measure, ("direct", OURS, *ways), wanted)
    for measure in (beside.P50, beside.P99, beside.EXTRACTED, beside.CPU):
        yield ""
        yield from figures.table(measure, ways)


def _ratios(figures: Figures, scope: Scope) -> Iterator[str]:
    for each in resolved.resolutions(scope.kinds):
        for latency in scope.latencies:
            row = Row(resolved.WALL, f"{each.name}, +{latency} ms")
            ratio = figures.times(row, OURS, "direct")
            if ratio is not None:
                yield f"{row.load:44} the warm gateway takes {ratio:.2f} times as long as direct"


@click.command()
@click.option("--only", "parts", multiple=True, type=click.Choice(_PARTS), default=_PARTS, help="Only this part.")
@click.option("--quick", is_flag=True, help="One set through a warm gateway, 20 ms away, the other through fresh ones.")
@click.option("--smoke", is_flag=True, help="Eight small projects, once: only to see that it works.")
@keep_option
def main(parts: Sequence[str], quick: bool, smoke: bool, keep: Path | None) -> None:
    """Measure metadata."""
    scope = _SMOKE if smoke else _QUICK if quick else Scope()
    figures, wanted = Figures(), wishes(scope)
    run(figures, scope, parts)
    click.echo("\n".join([*_tables(figures, wanted), "", *_ratios(figures, scope), ""]))
    late = list(_late(figures))
    for verdict in late:
        click.echo(f"{verdict.what}: {verdict.wanted}: {verdict.words}")
    kept(keep, "metadata", figures.plain(), [*(figures.verdict(wish) for wish in wanted), *late])


if __name__ == "__main__":
    main()
