"""How many warm pages a second the gateway answers, beside plain mitmdump and others, all in front of one fast origin.

    sh deploy/run --dev python -m benchmarks.pages              about three minutes
    sh deploy/run --dev python -m benchmarks.pages --quick      about half a minute

Each figure in brackets is a ratio to plain mitmdump, taken within each round; the median of the rounds is shown. squid
and nginx take part where Debian's packages are installed (`apt-get install squid-openssl nginx`).
"""

import statistics
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from benchmarks import caches
from benchmarks.contenders import Contender, mitmdump, origin, wheelgate, wheelgate_with_folder
from benchmarks.documents import documents
from benchmarks.figures import OURS, Verdict, judged, keep_option, kept
from benchmarks.loads import Load, loads
from benchmarks.origin import Content
from benchmarks.rounds import Cells, measure
from benchmarks.upstreams import peers

_BASE = "mitmdump"


def table(cells: Cells, rows: Sequence[Load], names: Sequence[str]) -> Iterable[str]:
    """Give the lines of the table of rates."""
    yield _line("answers a second (times plain mitmdump)", [*names, "wanted", "reached"])
    for load in rows:
        entries = []
        for name in names:
            cell, base = cells.get((load, name)), cells.get((load, _BASE))
            entries.append("" if cell is None else f"{cell.rate:,.0f}{f' ({cell.times(base):.3g})' if base else ''}")
        verdict = _verdict(cells, load)
        yield _line(load.name, [*entries, f"{load.wanted:g}" if load.wanted else "", verdict.words if verdict else ""])


def _verdict(cells: Cells, load: Load) -> Verdict | None:
    own, base = cells.get((load, OURS)), cells.get((load, _BASE))
    if load.wanted is None or own is None or base is None:
        return None
    return judged(f"{load.name}: rate, times {_BASE}'s", own.times(base), least=load.wanted)


def details(cells: Cells, rows: Sequence[Load], name: str) -> Iterable[str]:
    """Give the lines of what else is known of one contender."""
    heads = ["p50 ms", "p99 ms", "its CPU us", "mitmdump's CPU", "generator busy", "ratio from-to"]
    yield _line(name, heads)
    for load in rows:
        cell, base = cells.get((load, name)), cells.get((load, _BASE))
        if cell is not None:
            p50, p99 = (statistics.median(times) * 1000 for times in zip(*cell.latencies, strict=True))
            low, high = cell.spread(base) if base else (1, 1)
            times = f"{base.cpu / cell.cpu:.3g} times" if base and cell.cpu else ""
            row = [f"{p50:.2f}", f"{p99:.2f}", f"{cell.cpu * 1e6:,.0f}", times, f"{cell.busy:.0%}"]
            row.append(f"{low:.3g}-{high:.3g}")
            yield _line(load.name, row)


def _line(first: str, others: Sequence[str]) -> str:
    return f"{first:40}" + "".join(f"{text:>18}" for text in others)


def _figures(cells: Cells) -> object:
    return [
        {"load": load.name, "contender": name, "rates": cell.rates, "latencies": cell.latencies, "cpu": cell.cpu}
        for (load, name), cell in cells.items()
    ]


@contextmanager
def _contenders(folder: Path, scale: float, others: Sequence[str]) -> Iterator[Sequence[Contender]]:
    with ExitStack() as stack:
        direct = stack.enter_context(origin(folder, Content(scale)))
        usual = [start(folder, direct.target) for start in (mitmdump, wheelgate, wheelgate_with_folder)]
        beside = [caches.cache(name, folder, direct.target) for name in others]
        yield [direct, *(stack.enter_context(each) for each in (*usual, *beside))]


def _memory(contenders: Sequence[Contender]) -> str:
    return ", ".join(f"{contender.name} {contender.memory() / 1e6:.0f} MB" for contender in contenders)


@click.command()
@click.option("--rounds", default=5, show_default=True, help="How often each contender takes each load.")
@click.option("--seconds", default=0.35, show_default=True, help="How long it keeps it up each time.")
@click.option("--quick", is_flag=True, help="Only the loads that say most.")
@click.option("--smoke", is_flag=True, help="Tiny pages, one short round: only to see that it works.")
@click.option("--only", default="", help="Only loads with this text in their names.")
@keep_option
def main(rounds: int, seconds: float, quick: bool, smoke: bool, only: str, keep: Path | None) -> None:
    """Measure warm pages, 304s and new connections."""
    scale = 0.05 if smoke else 1.0
    rounds, seconds = (1, 0.02) if smoke else (rounds, seconds)
    chosen = [load for load in loads(quick or smoke) if only in load.name]
    there = () if smoke else peers(("squid", "nginx"))
    with tempfile.TemporaryDirectory() as folder, _contenders(Path(folder), scale, there) as contenders:
        said = lambda words: click.echo(words, err=True)  # noqa: E731
        cells = measure(contenders, chosen, documents(scale), rounds=rounds, seconds=seconds, said=said)
        memory = _memory(contenders)
    kept(keep, "pages", _figures(cells), [found for load in chosen if (found := _verdict(cells, load))])
    names = [contender.name for contender in contenders]
    click.echo("\n".join(table(cells, chosen, names)))
    for name in names:
        if name.startswith("wheelgate"):
            click.echo("\n" + "\n".join(details(cells, chosen, name)))
    click.echo(f"\nmemory at the end (PSS): {memory}")


if __name__ == "__main__":
    main()
