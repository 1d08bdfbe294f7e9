"""All documents that are kept, one by one: read without being used, changed, or in anybody's way.

diskcache's own reading counts as a use, and its opening writes; so its table is read here by itself.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import quote

from addons.cache.documents import BODY, Stamp, Stored, body_key, stamp_of, stored_of
from addons.cache.plain_disk import PlainDisk
from addons.cache.remade import passes
from addons.cache.whose import Whose, whose_of

_BUSY_SECONDS = 5.0  # how long another process that writes is waited for
_ALL = (
    "SELECT key, access_time, max(size, ifnull(length(value), 0)), CASE WHEN size = 0 THEN substr(value, 1, 200) END, "
    "filename FROM Cache WHERE raw = 1 ORDER BY rowid"
)
_ONE = "SELECT mode, filename, value FROM Cache WHERE key = ? AND raw = 1"


class Unreadable(Exception):
    """The database cannot be read. In words. `damaged`: for good; else it is in use, or the disk's fault."""

    def __init__(self, words: str, damaged: bool) -> None:
        super().__init__(words)
        self.damaged = damaged


class KeptDocument(NamedTuple):
    """A document's entry. `stamp`: None if it is not there any more (evicted), or `spoilt`: what is there is none.

    `size` is in bytes on disk, 0 without the document itself; `used` the last use in seconds since the epoch. `whose` is
    None for a key of another form, which other versions may have written.
    """

    key: str
    whose: Whose | None
    stamp: Stamp | None
    size: int
    used: float
    spoilt: bool


class _Row(NamedTuple):
    key: str
    used: float
    size: int
    begin: object
    filename: object


class KeptDocuments:
    """What lies in the folder of `Documents`; to be used inside `with`, in one thread. Nothing is made or changed.

    A folder that is not there has nothing. Raises Unreadable.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._link: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        path = self._folder / "cache.db"
        if path.is_file():
            with self._in_words():
                # rw: what a process that died has left half done can only be undone by one who may write.
                uri = f"file:{quote(str(path.absolute()))}?mode=rw"
                self._link = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
                self._link.execute("PRAGMA query_only = 1")
        return self

    def __exit__(self, *raised: object) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def entries(self) -> list[KeptDocument]:
        """Give all entries, the oldest first; without the documents themselves, which `stored` gives."""
        rows = {row.key: row for row in self._rows()}
        return [_entry(key, rows.get(key), rows.get(body_key(key))) for key in dict.fromkeys(map(_without_end, rows))]

    def stored(self, entry: KeptDocument) -> Stored | None:
        """Give an entry's document; None if it is gone, or damaged."""
        found = self._row(entry)
        return self._understood(entry, *found) if found else None

    def is_damaged(self, entry: KeptDocument) -> bool:
        """Tell whether a document is there and cannot be used.

        While one is replaced, its file goes before its row changes: the second look is at a time when nobody writes.
        """
        if not self._looks_damaged(entry):
            return False
        with self._nobody_writing():
            return self._looks_damaged(entry)

    def _looks_damaged(self, entry: KeptDocument) -> bool:
        found = self._row(entry)
        return found is not None and self._understood(entry, *found) is None

    @contextmanager
    def _nobody_writing(self) -> Iterator[None]:
        assert self._link is not None
        with self._in_words():
            self._link.execute("PRAGMA query_only = 0")  # else nobody gets the writers' lock; nothing is written
            self._link.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            self._link.execute("ROLLBACK")
            self._link.execute("PRAGMA query_only = 1")

    def _row(self, entry: KeptDocument) -> tuple[int, str | None, object] | None:
        with self._in_words():
            return self._link.execute(_ONE, (body_key(entry.key),)).fetchone() if self._link else None

    def _understood(self, entry: KeptDocument, mode: int, filename: str | None, packed: object) -> Stored | None:
        try:
            value = PlainDisk(str(self._folder)).fetch(mode, filename, packed, read=False)
            return stored_of(entry.key, value) if type(value) is bytes else None
        except (OSError, ValueError, TypeError):  # the value's own file is gone; or it was never written by us
            return None

    def all(self) -> Iterator[tuple[Whose, Stored, Stamp]]:
        """Give all documents that are there, undamaged, and not known to be gone upstream, the oldest first."""
        for entry in self.entries():
            if entry.whose is not None and entry.stamp is not None and entry.stamp.digest:
                stored = self.stored(entry)
                if stored is not None:
                    yield entry.whose, stored, entry.stamp

    def value_files(self) -> set[Path]:
        """Give the files that large values lie in, by what the table says."""
        return {self._folder / row.filename for row in self._rows() if type(row.filename) is str}

    def _rows(self) -> list[_Row]:
        with self._in_words():
            rows = list(map(_Row._make, self._link.execute(_ALL))) if self._link else []
        if not all(type(row.key) is str and type(row.used) is float for row in rows):
            raise self._unreadable("there are rows in it that are none of ours", damaged=True)
        return rows

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._unreadable(str(error), damaged=not passes(error)) from error

    def _unreadable(self, words: str, damaged: bool) -> Unreadable:
        return Unreadable(f"{self._folder}: the documents cannot be read: {ascii(words)[:200]}", damaged)


def _entry(key: str, about: _Row | None, body: _Row | None) -> KeptDocument:
    stamp = _stamp(about.begin) if about else None
    used = max(row.used for row in (about, body) if row)
    return KeptDocument(key, whose_of(key), stamp, body.size if body else 0, used, about is not None and stamp is None)


def _without_end(key: str) -> str:
    return key.removesuffix(BODY)


def _stamp(packed: object) -> Stamp | None:
    try:
        return stamp_of(packed) if type(packed) is bytes else None
    except ValueError:
        return None
