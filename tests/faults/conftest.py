"""How much is tried: a few of all faults in every run, all of them with `--faults=full` (docs/faults.md)."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakepypi import FakePyPI
from tests.gateway.running import RunningGateway, configuration


@dataclass(frozen=True)
class Scale:
    """How much is tried, and the seed that every choice follows from."""

    full: bool
    seed: int

    def count(self, few: int, full: int) -> int:
        """Give how often, in this run."""
        return full if self.full else few

    def chance(self, *of: object) -> random.Random:
        """Give random numbers that are the same whenever the seed is."""
        return random.Random(repr((self.seed, *of)))


def scale_of(config: pytest.Config) -> Scale:
    """Give what the command line says."""
    return Scale(config.getoption("--faults") == "full", config.getoption("--faults-seed"))


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> Scale:
    """How much is tried in this run."""
    return scale_of(request.config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test with an argument `case` the cases of its module, CASES: so many as FEW says, or all."""
    if "case" in metafunc.fixturenames:
        cases, scale = list(metafunc.module.CASES), scale_of(metafunc.config)
        chosen = cases if scale.full else scale.chance(metafunc.module.__name__).sample(cases, metafunc.module.FEW)
        metafunc.parametrize("case", chosen, ids=str)


@pytest.fixture
def gateway(pypi: FakePyPI, tmp_path: Path) -> Iterator[RunningGateway]:
    """A gateway in this process, with nothing configured but where PyPI is."""
    with RunningGateway(configuration(pypi, tmp_path)) as running:
        yield running
