"""Fixtures of the tests of project lists."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from addons.listing.store import ListStore
from addons.listing.workshop import Workshop
from tests.addons.listing.making import Kept
from tests.addons.sources.places import Time


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    """A store."""
    time = Time()
    store = ListStore(Workshop(tmp_path / "lists", time))
    yield Kept(store, time, tmp_path / "lists")
    await store.close()
    assert list((tmp_path / "lists").glob("*")) == []
