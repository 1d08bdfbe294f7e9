"""Figures taken in rounds, the tables they make, and what is wanted of them."""

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

BASE = "mitmdump"  # what the ratios in brackets are to
OURS = "wheelgate"


keep_option = click.option(
    "--json", "keep", type=click.Path(dir_okay=False, path_type=Path), help="Keep all figures in this file."
)


@dataclass(frozen=True)
class Row:
    """One row of a table: what was measured (`MB/s`), of which load. A table is the rows with one measure."""

    measure: str
    load: str


@dataclass(frozen=True)
class Wish:
    """What is wanted of the gateway in a row: `least` or `most`, times the figure of `against`; alone if that is empty."""

    row: Row
    least: float | None = None
    most: float | None = None
    against: str = ""

    @property
    def words(self) -> str:
        """As it stands in the table."""
        bound = f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"
        return f"{bound} x {self.against}" if self.against else bound

    def reached_by(self, found: float) -> bool:
        """Tell whether this figure, or ratio, is as wanted."""
        return (self.least is None or found >= self.least) and (self.most is None or found <= self.most)


@dataclass(frozen=True)
class Verdict:
    """What became of a wish: `found` is None where it could not be measured, as nobody is there to compare with."""

    what: str
    wanted: str
    found: float | None
    reached: bool | None

    @property
    def words(self) -> str:
        """Yes, or not, and how much it is; a dash where it could not be measured."""
        if self.found is None:
            return "-"
        return f"{'yes' if self.reached else 'NOT REACHED'}, {self.found:.3g}"


def judged(what: str, found: float | None, *, least: float | None = None, most: float | None = None) -> Verdict:
    """Judge a figure by itself, of a table of another kind."""
    wish = Wish(Row("", what), least, most)
    return Verdict(what, wish.words, found, None if found is None else wish.reached_by(found))


class Figures:
    """Every figure of every round, by row and contender."""

    def __init__(self) -> None:
        self._taken: dict[Row, dict[str, list[float]]] = {}

    def add(self, contender: str, load: str, measures: Mapping[str, float]) -> None:
        """Take down what a contender made of a load in one round."""
        for measure, value in measures.items():
            self._taken.setdefault(Row(measure, load), {}).setdefault(contender, []).append(value)

    def median(self, row: Row, contender: str) -> float | None:
        """The median of the rounds; None if it did not take part."""
        values = self._taken.get(row, {}).get(contender)
        return statistics.median(values) if values else None

    def most(self, row: Row, contender: str) -> float | None:
        """The largest of the rounds; None if it did not take part."""
        return max(self._taken.get(row, {}).get(contender, ()), default=None)

    def times(self, row: Row, contender: str, other: str) -> float | None:
        """How many times the other's figure: the median of the ratios within each round. None if that cannot be said."""
        own, its = (self._taken.get(row, {}).get(name, []) for name in (contender, other))
        ratios = [mine / theirs for mine, theirs in zip(own, its, strict=False) if theirs]
        return statistics.median(ratios) if ratios else None

    def verdict(self, wish: Wish) -> Verdict:
        """Judge a wish: a ratio by its median, a figure alone by the worst round."""
        if wish.against:
            found = self.times(wish.row, OURS, wish.against)
        else:
            found = (self.median if wish.most is None else self.most)(wish.row, OURS)
        reached = None if found is None else wish.reached_by(found)
        return Verdict(f"{wish.row.load}: {wish.row.measure}", wish.words, found, reached)

    def table(self, measure: str, names: Sequence[str], wishes: Sequence[Wish] = ()) -> Iterator[str]:
        """Give the lines of a table: medians, in brackets times plain mitmdump's, and what is wanted."""
        rows = [row for row in self._taken if row.measure == measure]
        if not rows:
            return
        width = max(36, *(len(row.load) + 1 for row in rows))
        yield f"{measure:{width}}" + "".join(f"{name:>18}" for name in names) + "   wanted of wheelgate"
        for row in rows:
            cells = "".join(f"{self._cell(row, name):>18}" for name in names)
            wanted = [f"{wish.words}: {self.verdict(wish).words}" for wish in wishes if wish.row == row]
            yield f"{row.load:{width}}{cells}   {'; '.join(wanted)}".rstrip()

    def _cell(self, row: Row, name: str) -> str:
        value, ratio = self.median(row, name), self.times(row, name, BASE)
        if value is None:
            return ""
        shown = f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.3g}"
        return shown if ratio is None else f"{shown} ({ratio:.3g})"

    def plain(self) -> object:
        """All of it, for JSON."""
        return [{**asdict(row), "contenders": contenders} for row, contenders in self._taken.items()]


def kept(path: Path | None, name: str, figures: object, verdicts: Sequence[Verdict]) -> None:
    """Write what was found to a file, if one was named."""
    if path is not None:
        found = {"benchmark": name, "verdicts": [asdict(each) for each in verdicts], "figures": figures}
        path.write_text(json.dumps(found, indent=1) + "\n")
