"""A dozen fresh CI jobs at once, each installing 20 projects, in front of a warm and of a cold server.

    sh deploy/run --dev python -m benchmarks.jobs              about three minutes
    sh deploy/run --dev python -m benchmarks.jobs --quick      about half a minute

A job is 37 pages, 37 times metadata and 37 wheels (38 MB) one after the other, over TLS through the proxy, with pip's headers and
nothing parsed. Figures in brackets are times those of plain mitmdump (streaming), taken within each round.
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from benchmarks.contenders import Contender
from benchmarks.figures import Figures, Row, Wish, keep_option, kept
from benchmarks.file_origin import Offer
from benchmarks.light import Request, requests, run
from benchmarks.processes import watched
from benchmarks.projects import groups
from benchmarks.upstreams import ALONE, Start, Upstream, all_of, file_origin, peers, starts

_MEASURES = (
    "wall, s",
    "p95, ms",
    "p99, ms",
    "CPU seconds",
    "peak memory, MB",
    "errors",
    "asked upstream",
    "generator CPU, s",
)
_MOST = 1.5  # times squid's wall


def wishes(loads: Sequence[str], warm: str) -> Sequence[Wish]:
    """What issue and design want of the gateway."""
    found = [Wish(Row("errors", load), most=0) for load in loads]
    return [Wish(Row("wall, s", warm), most=_MOST, against="squid"), *found]


def measure(upstream: Upstream, contender: Contender, wanted: Sequence[Request], jobs: int) -> Mapping[str, float]:
    """Run the jobs once; gives a figure for each measure."""
    before = sum(upstream.asked().values())
    cpu, own, begun = contender.cpu(), time.process_time(), time.perf_counter()
    with watched(contender.pids) as peak:
        met = run(contender.target, wanted, jobs)
        wall = time.perf_counter() - begun
        cpu, own = contender.cpu() - cpu, time.process_time() - own
    for error in met.errors[:3]:
        click.echo(f"{contender.name}: {error}", err=True)
    found = {"wall, s": wall, "p95, ms": met.percentile(0.95) * 1e3, "p99, ms": met.percentile(0.99) * 1e3}
    found |= {"errors": len(met.errors), "generator CPU, s": own}
    if contender.pids:
        found |= {"CPU seconds": cpu, "peak memory, MB": peak.bytes / 1e6}
        found |= {"asked upstream": sum(upstream.asked().values()) - before}
    return found


class Benchmark:
    """The jobs, and what they were measured with."""

    def __init__(self, group: str, jobs: int, starting: Mapping[str, Start]) -> None:
        projects = groups()[group].all
        self._offer = Offer(group=group, scale=0.05 if group == "few" else 1.0)
        self._wanted = requests(projects)
        self._jobs = jobs
        self._starting = starting
        self.figures = Figures()
        self.warm, self.cold = (f"{state}, {jobs} jobs of {len(projects)} wheels" for state in ("warm", "cold"))

    def run(self, rounds: int, cold_rounds: int) -> None:
        """Measure them all, in turn."""
        with tempfile.TemporaryDirectory() as folder, file_origin(Path(folder), self._offer) as upstream:
            with all_of(Path(folder), upstream, self._starting) as contenders:
                for contender in contenders:
                    measure(upstream, contender, self._wanted, 1)
                for number in range(rounds):
                    click.echo(f"warm, round {number + 1} of {rounds}", err=True)
                    for contender in contenders:
                        self._add(upstream, contender, self.warm)
            for number in range(cold_rounds):
                click.echo(f"cold, round {number + 1} of {cold_rounds}: each is started anew", err=True)
                self._cold(upstream, Path(folder) / f"cold{number}")

    def _add(self, upstream: Upstream, contender: Contender, load: str) -> None:
        self.figures.add(contender.name, load, measure(upstream, contender, self._wanted, self._jobs))

    def _cold(self, upstream: Upstream, folder: Path) -> None:
        folder.mkdir()
        (folder / "origin.pem").symlink_to(folder.parent / "origin.pem")
        self._add(upstream, upstream.direct, self.cold)
        for start in self._starting.values():
            with start(folder, upstream.direct.target) as contender:
                self._add(upstream, contender, self.cold)


@click.command()
@click.option("--rounds", default=5, show_default=True, help="How often each contender takes the warm jobs.")
@click.option("--cold-rounds", default=3, show_default=True, help="How often it takes them cold.")
@click.option("--jobs", default=12, show_default=True, help="How many there are at once.")
@click.option("--quick", is_flag=True, help="Two rounds of each.")
@click.option("--smoke", is_flag=True, help="Two tiny jobs, once: only to see that it works.")
@keep_option
def main(rounds: int, cold_rounds: int, jobs: int, quick: bool, smoke: bool, keep: Path | None) -> None:
    """Measure a dozen CI jobs."""
    if quick:
        rounds, cold_rounds = min(rounds, 2), min(cold_rounds, 2)
    if smoke:
        rounds, cold_rounds, jobs = 1, 1, 2
    starting = ALONE if smoke else starts(peers(("squid", "nginx")))
    benchmark = Benchmark("few" if smoke else "twenty", jobs, starting)
    benchmark.run(rounds, cold_rounds)
    wanted = wishes((benchmark.warm, benchmark.cold), benchmark.warm)
    names = ["direct", *starting]
    for which in _MEASURES:
        click.echo("\n".join([*benchmark.figures.table(which, names, wanted), ""]))
    kept(keep, "jobs", benchmark.figures.plain(), [benchmark.figures.verdict(wish) for wish in wanted])


if __name__ == "__main__":
    main()
