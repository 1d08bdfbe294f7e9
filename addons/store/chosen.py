"""The one place where settings become a database."""

from pathlib import Path

from addons.store.database import PATIENCE, Database, Lost, Server, never_lost
from proxyconf.settings import Store


def chosen(store: Store, folder: Path, patience: float = PATIENCE, lost: Lost = never_lost) -> Database:
    """Give the database that the settings name: the server's, else the file in `folder`. Nothing is opened yet."""
    place = folder if store.database is None else Server(store.database, store.password)
    return Database(place, patience, lost=lost)
