"""Sources that show a store, for tests."""

from pathlib import Path

from addons.metadata.archive import core_metadata
from addons.sources.standing import FinalCheck
from addons.sources.stored import Stored
from addons.store.database import Database
from addons.store.own import Mark, OwnStore
from addons.store.projects import Projects
from addons.store.shelf import Shelf


def own_store_in(folder: Path) -> OwnStore:
    """Give the store in `folder`/store, with its mark in `folder`/cache, as a process of its own has it."""
    database = Database(folder / "store", patience=0.1)
    where = str(database.path)
    return OwnStore(Projects(database), Shelf(folder / "store"), Mark(folder / "cache", where), where)


def source_of(folder: Path, check_final: FinalCheck | None = None) -> Stored:
    """Make the source `store` of it, as a process of its own has it."""
    return Stored("store", own_store_in(folder), core_metadata, check_final)
