"""The client that the fake's own tests use."""

from collections.abc import Iterator

import httpx
import pytest

from tests.fakepypi import FakePyPI, client_for


@pytest.fixture
def client(pypi: FakePyPI) -> Iterator[httpx.Client]:
    """A client that finds pypi.org and files.pythonhosted.org at the fake."""
    with client_for(pypi) as asking:
        yield asking
