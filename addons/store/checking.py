"""Looking after the store: whether every row has its bytes, all bytes are right, and what is there is somebody's.

It may be done while gateways run. No more than a few hundred rows, or a piece of a file, are in memory at any time.
"""

import fcntl
import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, Table, func, select

from addons.store.database import Database, DatabaseUnavailable
from addons.store.folders import make_folder, sync
from addons.store.principals import Principal
from addons.store.shelf import Shelf, locked
from addons.store.sweeping import GRACE, Orphan, left_behind, orphans, remove
from addons.store.tables import FILES, PROJECTS, ROLES

_MOST = 500  # rows read at once

type MetadataOf = Callable[[Path, str], bytes]
"""Gives the core metadata out of a file's bytes, whose filename is the second. Raises ValueError, in words."""


class Finding(Struct, frozen=True, kw_only=True):
    """Something that is not as it should be. `subject`: a filename, a project, or a place in the store's folder.

    `kind`: "lost", "damaged", "metadata", "nobody's", "role", "ownerless" or "database". `grave`: a person has to do something;
    `mended`: it is as it should be now.
    """

    kind: str
    subject: str
    words: str
    project: str | None = None
    grave: bool = True
    mended: bool = False


class Check:
    """One check of a store; `step` is told of the bytes of each file that was read."""

    def __init__(
        self,
        database: Database,
        shelf: Shelf,
        metadata_of: MetadataOf,
        *,
        mend: bool = False,
        grace: timedelta = GRACE,
        step: Callable[[int], object] = lambda size: None,
    ) -> None:
        self._database = database
        self._shelf = shelf
        self._metadata_of = metadata_of
        self._mend = mend
        self._grace = grace
        self._step = step

    def amount(self) -> tuple[int, int]:
        """Give how many files there are, and how many bytes. Raises DatabaseUnavailable."""
        if not self._database.is_there:
            return 0, 0
        with self._database.reading() as connection:
            number, size = connection.execute(select(func.count(), func.sum(FILES.c.size))).one()
        return number, int(size or 0)

    def findings(self, at: datetime) -> Iterator[Finding]:
        """Look at all, and mend what can be, if that is wanted. Raises DatabaseUnavailable, OSError."""
        if not self._database.is_there:
            if self._shelf.folder.is_dir() and any(self._shelf.folder.glob("*/*")):
                words = "is not there, and files of the store are; put a copy of it back"
                yield Finding(kind="database", subject=self._database.where, words=words)
            return
        with self._database.reading() as connection:
            try:
                self._database.check(connection, thorough=True)
            except DatabaseUnavailable as error:
                yield Finding(kind="database", subject=self._database.where, words=str(error))
                return
        yield from self._projects()
        for row in self._rows(FILES, "filename"):
            yield from self._file(row)
            self._step(row.size)
        yield from self._nobodys(at)

    def _rows(self, table: Table, key: str) -> Iterator[Row[Any]]:
        """Give all rows, some at a time, so that nobody who writes waits."""
        column, last = table.c[key], None
        while True:
            wanted = select(table).order_by(column).limit(_MOST)
            with self._database.reading() as connection:
                rows = connection.execute(wanted if last is None else wanted.where(column > last)).all()
            yield from rows
            if len(rows) < _MOST:
                return
            last = rows[-1]._mapping[key]

    def _projects(self) -> Iterator[Finding]:
        for row in self._rows(PROJECTS, "name"):
            with self._database.reading() as connection:
                roles = connection.execute(select(ROLES).where(ROLES.c.project == row.name)).all()
            for each in roles:
                if (words := _senseless(each.principal, each.role)) is not None:
                    yield Finding(kind="role", subject=each.principal, project=row.name, words=words)
            if not any(each.role == "owner" for each in roles):
                yield Finding(kind="ownerless", subject=row.name, project=row.name, words="has no owner", grave=False)

    def _file(self, row: Row[Any]) -> Iterator[Finding]:
        finding = self._bytes(row)
        if finding is not None:
            if self._is_row(row):  # else it was deleted meanwhile
                yield finding
        elif row.metadata_sha256 is not None:
            yield from self._metadata(row)

    def _bytes(self, row: Row[Any]) -> Finding | None:
        path = self._shelf.path(row.sha256)
        if not path.is_file():
            words = f"its bytes are gone ({path}); put them back, or delete the file"
            return Finding(kind="lost", subject=row.filename, project=row.project, words=_of(row, words))
        if self._shelf.is_right(row.sha256, row.size):
            return None
        aside = self._set_aside(row.sha256) if self._mend else None
        where = f"they were moved to {aside}" if aside else f"they lie at {path}"
        words = f"its bytes are not what they were, {where}; put a copy of them back, or upload the file again"
        return Finding(kind="damaged", subject=row.filename, project=row.project, words=_of(row, words))

    def _metadata(self, row: Row[Any]) -> Iterator[Finding]:
        digest = row.metadata_sha256
        try:
            content = self._metadata_of(self._shelf.path(row.sha256), row.filename)
        except ValueError as error:
            words = f"its core metadata cannot be read out of it: {error}"
            yield Finding(kind="metadata", subject=row.filename, project=row.project, words=_of(row, words))
            return
        if hashlib.sha256(content).hexdigest() != digest:
            words = "its core metadata is another than what is given out"
            yield Finding(kind="metadata", subject=row.filename, project=row.project, words=_of(row, words))
        elif not self._shelf.is_right(digest, len(content)) and self._is_row(row):
            if self._mend:
                self._shelf.put_bytes(content, digest)
            words = "its core metadata is gone or damaged, and can be read out of it again"
            yield Finding(
                kind="metadata",
                subject=row.filename,
                project=row.project,
                words=_of(row, words),
                grave=not self._mend,
                mended=self._mend,
            )

    def _is_row(self, row: Row[Any]) -> bool:
        with self._database.reading() as connection:
            return _has(connection, row.filename)

    def _set_aside(self, sha256: str) -> Path:
        path, folder = self._shelf.path(sha256), self._shelf.store / "damaged"
        make_folder(folder)
        aside = folder / sha256
        with locked(path.parent, fcntl.LOCK_EX), suppress(FileNotFoundError):
            path.replace(aside)
        sync(folder)
        return aside

    def _nobodys(self, at: datetime) -> Iterator[Finding]:
        for each in left_behind(self._shelf, at):
            yield self._taken(each, at, "was left by an upload that ended half way")
        for each in orphans(self._database, self._shelf, at, self._grace):
            yield self._taken(
                each, at, "is no file's: left by an upload that ended half way, or by a file that was deleted"
            )

    def _taken(self, orphan: Orphan, at: datetime, words: str) -> Finding:
        gone = self._mend and remove(self._database, self._shelf, orphan, at, self._grace)
        return Finding(kind="nobody's", subject=orphan.name, words=words, grave=False, mended=gone)


def _has(connection: Connection, filename: str) -> bool:
    return connection.execute(select(FILES.c.filename).where(FILES.c.filename == filename)).first() is not None


def _of(row: Row[Any], words: str) -> str:
    return f"{row.project} {row.version}: {words}"


def _senseless(principal: str, role: str) -> str | None:
    try:
        Principal.read(principal)
    except ValueError as error:
        return str(error)
    return None if role in ("owner", "maintainer") else f"has the role {ascii(role)[:40]}, which is none; take it away"
