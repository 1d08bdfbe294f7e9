"""How long real clients take in front of a warm server, with upstream near and far.

    sh deploy/run --dev python -m benchmarks.clients              about eight minutes
    sh deploy/run --dev python -m benchmarks.clients --quick      about two minutes

`pip download` of 20 projects (37 wheels, 38 MB) and `uv pip install` of 52 (100 wheels, 71 MB), each with an empty cache. Upstream is
on the loopback; it waits for as long as a round trip would take before it lets anybody connect (twice: TCP, TLS) and
before each answer. Figures in brackets are times those of plain mitmdump (streaming), taken within each round.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import click

from benchmarks.contenders import Contender
from benchmarks.figures import OURS, Figures, Row, Wish, keep_option, kept
from benchmarks.file_origin import Offer
from benchmarks.projects import Group, groups
from benchmarks.real_clients import Errand
from benchmarks.upstreams import ALONE, Start, all_of, file_origin, peers, starts

_WALL, _CPU = "wall, s", "server CPU, s"
_MOST = 1.1  # times squid's wall
_ROOM = 2_000_000_000  # bytes


def errands(found: Mapping[str, Group], smoke: bool) -> Sequence[Errand]:
    """What is run: pip with the twenty, uv with the hundred."""
    pip, uv = (found[name] for name in (("few", "few") if smoke else ("twenty", "hundred")))
    return [Errand("pip download", pip.asked, len(pip.all)), Errand("uv pip install", uv.asked, len(uv.all))]


def row(errand: Errand, milliseconds: int) -> str:
    """What the row is called."""
    return f"{errand.client}, {len(errand.asked)} projects, +{milliseconds} ms"


def measure(contender: Contender, errand: Errand, folder: Path) -> Mapping[str, float]:
    """Run it once; gives a figure for each measure."""
    cpu = contender.cpu()
    wall = errand.run(contender.target, folder)
    return {_WALL: wall, **({_CPU: contender.cpu() - cpu} if contender.pids else {})}


def homes() -> Path | None:
    """Where clients have their homes and put what they got: in memory, if there is room, as no disk is to be measured."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > _ROOM else None


def run(figures: Figures, todo: Sequence[Errand], offer: Offer, starting: Mapping[str, Start], rounds: int) -> None:
    """Measure these at one distance, in turn. They are started for it, so that no page is too old at its end.

    The round before the first warms them, and counts only if there is no other.
    """
    distance = round(offer.latency * 1000)
    with (
        tempfile.TemporaryDirectory() as name,
        tempfile.TemporaryDirectory(dir=homes()) as home,
        file_origin(Path(name), offer) as upstream,
        all_of(Path(name), upstream, starting) as contenders,
    ):
        for number in range(rounds + 1):
            click.echo(f"+{distance} ms: " + (f"round {number} of {rounds}" if number else "warming"), err=True)
            for errand, contender in product(todo, contenders):
                found = measure(contender, errand, Path(home))
                if number or not rounds:
                    figures.add(contender.name, row(errand, distance), found)


@click.command()
@click.option("--rounds", default=3, show_default=True, help="How often each contender takes each load.")
@click.option("--latency", "latencies", multiple=True, type=int, default=(0, 20, 80), show_default=True,
              help="Milliseconds of a round trip to upstream; may be given again.")  # fmt: skip
@click.option("--quick", is_flag=True, help="One round, and no more than 20 ms.")
@click.option("--smoke", is_flag=True, help="Three small projects, once: only to see that it works.")
@keep_option
def main(rounds: int, latencies: Sequence[int], quick: bool, smoke: bool, keep: Path | None) -> None:
    """Measure pip and uv."""
    if quick or smoke:
        rounds, latencies = (0, (0,)) if smoke else (1, (0, 20))
    starting = ALONE if smoke else starts(peers(("squid", "nginx")))
    todo = errands(groups(), smoke)
    offer = Offer(group="few" if smoke else "hundred", scale=0.05 if smoke else 1.0)
    figures, names = Figures(), ["direct", *starting]
    for milliseconds in latencies:
        run(figures, todo, replace(offer, latency=milliseconds / 1000), starting, rounds)
    loads = [row(errand, milliseconds) for errand in todo for milliseconds in latencies]
    wanted = [Wish(Row(_WALL, load), most=_MOST, against="squid") for load in loads]
    for which in (_WALL, _CPU):
        click.echo("\n".join([*figures.table(which, names, wanted), ""]))
    for load in loads:
        ratio = figures.times(Row(_WALL, load), OURS, "direct")
        click.echo(f"{load:36} wheelgate takes {ratio:.2f} times as long as direct")
    kept(keep, "clients", figures.plain(), [figures.verdict(wish) for wish in wanted])


if __name__ == "__main__":
    main()
