"""Fixtures of the tests of answering."""

from collections.abc import AsyncIterator

import pytest

from addons.sources.index import Index
from tests.addons.sources.places import Time, public_index
from tests.fakepypi import FakePyPI


@pytest.fixture
def time() -> Time:
    """A clock that the test moves."""
    return Time()


@pytest.fixture
async def public(pypi: FakePyPI, time: Time) -> AsyncIterator[Index]:
    """The source `pypi`, which is the fake, with that clock."""
    async with public_index(pypi, time) as running:
        yield running
