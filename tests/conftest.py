"""Fixtures that tests of every part use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakepypi import FakePyPI


@pytest.fixture
def pypi(tmp_path: Path) -> Iterator[FakePyPI]:
    """A fake PyPI of the test's own, empty."""
    with FakePyPI(tmp_path) as running:
        yield running
