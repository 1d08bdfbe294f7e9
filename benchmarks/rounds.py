"""Rounds: every contender takes every load once in each, in turn, so that a drift of the machine falls on all of them."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.asking import WrongAnswer
from benchmarks.contenders import Contender
from benchmarks.documents import Document
from benchmarks.load import Taken
from benchmarks.loads import Load


@dataclass(frozen=True)
class Cell:
    """What a contender made of a load: in each round, or over all of them."""

    rates: Sequence[float]  # answers a second
    latencies: Sequence[tuple[float, float]]  # seconds: median and 99th percentile
    cpu: float  # the server's CPU seconds for each answer, over all rounds
    busy: float  # the load generator's share of one core, 0 to 1

    @property
    def rate(self) -> float:
        """The median rate."""
        return statistics.median(self.rates)

    def times(self, other: "Cell") -> float:
        """How many times the other's rate: the median of the ratios within each round."""
        return statistics.median(own / its for own, its in zip(self.rates, other.rates, strict=True))

    def spread(self, other: "Cell") -> tuple[float, float]:
        """The least and the largest of these ratios."""
        ratios = [own / its for own, its in zip(self.rates, other.rates, strict=True)]
        return min(ratios), max(ratios)


Cells = Mapping[tuple[Load, str], Cell]
"""By load and contender's name."""


def measure(
    contenders: Sequence[Contender],
    loads: Sequence[Load],
    documents: Mapping[str, Document],
    *,
    rounds: int,
    seconds: float,
    said: Callable[[str], None],
) -> Cells:
    """Measure them all; `said` is told how far it is. Raises WrongAnswer where a contender answers something else."""
    pairs = [(load, contender) for load in loads for contender in contenders if load.is_for(contender)]
    requests = {}
    for load, contender in pairs:
        try:
            requests[load, contender] = load.prepare(contender, documents.get(load.project))
        except WrongAnswer as error:
            if not contender.optional:
                raise
            said(f"{contender.name} is left out: {error}")
    taken: dict[tuple[Load, str], list[Taken]] = {(load, contender.name): [] for load, contender in requests}
    for number in range(rounds):
        said(f"round {number + 1} of {rounds}")
        for (load, contender), request in requests.items():
            taken[load, contender.name].append(load.run(contender, request, seconds))
    return {key: _cell(runs) for key, runs in taken.items()}


def _cell(runs: Sequence[Taken]) -> Cell:
    return Cell(
        [run.rate for run in runs],
        [(run.percentile(0.5), run.percentile(0.99)) for run in runs],
        sum(run.server_cpu for run in runs) / sum(run.answers for run in runs),
        sum(run.own_cpu for run in runs) / sum(run.seconds for run in runs),
    )
