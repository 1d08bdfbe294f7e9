"""Fixtures of the tests that ask a whole gateway."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fakepypi import FakePyPI
from tests.gateway.logs import Log, listening
from tests.gateway.running import RunningGateway, configuration

type Start = Callable[..., RunningGateway]


@pytest.fixture
def start(pypi: FakePyPI, tmp_path: Path) -> Iterator[Start]:
    """Start a gateway in front of the fake PyPI, with further settings; it stops with the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(RunningGateway(configuration(pypi, tmp_path, **settings)))


@pytest.fixture
def gateway(start: Start) -> RunningGateway:
    """A gateway with nothing configured but where PyPI is."""
    return start()


@pytest.fixture
def log() -> Iterator[Log]:
    """The log of the lifetime, from now on."""
    with listening("addons.lifetime") as kept:
        yield kept
