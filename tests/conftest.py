"""Fixtures that tests of every part use, and how many faults are tried (docs/faults.md)."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from addons.store.database import Server
from tests.fakepypi import FakePyPI
from tests.postgres import Postgres, binaries, postgres

# Whoever runs the tests with nohup ignores it, and so would all that they start.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Other work on the machine may hold up one example; how long parsers may take is tested by itself.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let whoever runs the tests choose how much goes wrong in tests/faults."""
    group = parser.getgroup("wheelgate")
    group.addoption("--faults", choices=("few", "full"), default="few", help="faults tried in tests/faults")
    group.addoption("--faults-seed", type=int, default=4, help="which of them, and at which moments")


def pytest_report_header(config: pytest.Config) -> str:
    """Print what it takes to run the same faults again."""
    return f"faults: {config.getoption('--faults')}, seed {config.getoption('--faults-seed')}"


@pytest.fixture
def pypi(tmp_path: Path) -> Iterator[FakePyPI]:
    """A fake PyPI of the test's own, empty."""
    with FakePyPI(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL server. The one thing that tests are skipped without, as it is no Python: `.ci/run` looks for one."""
    found = binaries()
    if found is None:
        pytest.skip("no PostgreSQL here: put initdb and postgres on PATH, or name their folder in WHEELGATE_POSTGRES")
    with postgres(found) as server:
        yield server


@pytest.fixture
def postgresql(postgres_server: Postgres) -> Iterator[Server]:
    """An empty database on it."""
    with postgres_server.database() as place:
        yield place
