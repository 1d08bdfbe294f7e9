"""Changing the documents from outside a gateway: in one transaction, or not at all. Waits for the disk."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from diskcache import Cache

from addons.cache.documents import MOST_BYTES
from addons.cache.remade import Remade, sync

PATIENCE = 5.0
"""For how many seconds another process that writes is waited for."""


class NotWritten(Exception):
    """The documents cannot be written to now, and nothing was changed. In words."""


def write(folder: Path, work: Callable[[Cache], object], patience: float = PATIENCE) -> None:
    """Do `work` on the documents in `folder`. Raises NotWritten."""

    def done(cache: Cache) -> bool:
        with cache.transact():
            work(cache)
        sync(cache)
        return True

    remade = Remade(folder, MOST_BYTES)
    try:
        if not _writable(folder, patience) or not remade.do(done, False):
            raise NotWritten(f"{folder}: the documents cannot be written to now; try again later")
    finally:
        remade.close()


def _writable(folder: Path, patience: float) -> bool:
    # diskcache, as it opens a database, waits for a minute.
    uri = f"file:{quote(str((folder / 'cache.db').absolute()))}?mode=rw"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None)) as link:
            link.execute("BEGIN IMMEDIATE")
            link.execute("ROLLBACK")
    except sqlite3.Error:
        return False
    return True
