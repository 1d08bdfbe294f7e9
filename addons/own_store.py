"""The one place where settings become the store that a source shows."""

from addons.places import cache_folder, store_folder
from addons.store.chosen import chosen
from addons.store.own import Mark, OwnStore
from addons.store.projects import Projects
from addons.store.shelf import Shelf
from proxyconf.settings import Settings

_READING = 1.0  # seconds that whoever only reads waits for who has the database locked


def own_store(settings: Settings) -> OwnStore:
    """Give the store of these settings, for one that only reads it; nothing is opened yet."""
    folder = store_folder(settings)
    database = chosen(settings.store, folder, _READING)
    where = database.where
    return OwnStore(Projects(database), Shelf(folder), Mark(cache_folder(settings), where), where)
