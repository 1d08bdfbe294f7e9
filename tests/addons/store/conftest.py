"""Where the tests of the store keep their database: in SQLite's file, or on a PostgreSQL server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from addons.store.database import Database, Server
from tests.addons.store.files import Stored


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | Server:
    """An empty place for a database, of each engine in turn."""
    return tmp_path / "store" if request.param == "sqlite" else request.getfixturevalue("postgresql")


@pytest.fixture
def stored(place: Path | Server, tmp_path: Path) -> Iterator[Stored]:
    """An empty store of each engine in turn."""
    database = Database(place, 30.0)
    yield Stored(database, tmp_path / "store")
    database.close()
