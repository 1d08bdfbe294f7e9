"""Fixtures that tests of every part use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fakepypi import FakePyPI

# Other work on the machine may hold up one example; how long parsers may take is tested by itself.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")


@pytest.fixture
def pypi(tmp_path: Path) -> Iterator[FakePyPI]:
    """A fake PyPI of the test's own, empty."""
    with FakePyPI(tmp_path) as running:
        yield running
