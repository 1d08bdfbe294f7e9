"""Taking away bytes of the store that are nobody's: what uploads that died have left, and what deleted files were.

A running gateway may call `sweep` in a thread now and then, as `wheelgate store check --mend` does: it never takes bytes that
an upload has put there and whose row is still to come, nor those of a file deleted lately.
"""

import fcntl
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection, select

from addons.store.database import Database
from addons.store.shelf import LEFTOVER_AGE, Shelf, locked
from addons.store.tables import FILES, TOMBSTONES

GRACE = timedelta(days=1)
"""For how long bytes without a row stay: an upload is under way, or who deleted a file may have clients reading it."""

_MOST = 500  # names asked of the database at once


class Orphan(Struct, frozen=True):
    """What lies in the store and is nobody's: `age` since it was put there, `size` bytes; `name` is what it is shown as."""

    path: Path
    name: str
    size: int
    age: timedelta


def sweep(database: Database, shelf: Shelf, at: datetime, grace: timedelta = GRACE) -> tuple[int, int]:
    """Take away what is nobody's, and give how many files and bytes that was. Raises DatabaseUnavailable, OSError.

    Where bytes lie and there is no database, that is a fault (DatabaseUnavailable), and nothing is taken away.
    """
    files = size = 0
    for each in chain(orphans(database, shelf, at, grace), left_behind(shelf, at)):
        if remove(database, shelf, each, at, grace):
            files, size = files + 1, size + each.size
    return files, size


def left_behind(shelf: Shelf, at: datetime) -> Iterator[Orphan]:
    """Give what uploads that died have left in `incoming`. Raises OSError."""
    for path in shelf.leftovers(at, LEFTOVER_AGE):
        with suppress(FileNotFoundError):
            yield _orphan(path, f"incoming/{path.name}", at)


def orphans(
    database: Database, shelf: Shelf, at: datetime, grace: timedelta = GRACE, step: Callable[[], object] = lambda: None
) -> Iterator[Orphan]:
    """Give bytes without a row that were put there before `grace`, and were no file's within it; `step` after each folder.

    Raises DatabaseUnavailable, OSError. At no time more than a folder's names are in memory.
    """
    with suppress(FileNotFoundError):
        for folder in sorted(each for each in shelf.folder.iterdir() if each.is_dir()):
            found = {path.name: path for path in folder.iterdir()}
            names = sorted(found)
            for first in range(0, len(names), _MOST):
                some = {folder.name + name: found[name] for name in names[first : first + _MOST]}
                wanted = _wanted(database, some.keys(), at - grace)
                for name in some.keys() - wanted:
                    with suppress(FileNotFoundError):
                        if (orphan := _orphan(some[name], f"files/{folder.name}/{some[name].name}", at)).age >= grace:
                            yield orphan
            step()


def remove(database: Database, shelf: Shelf, orphan: Orphan, at: datetime, grace: timedelta = GRACE) -> bool:
    """Take one away, if nobody has come for it meanwhile. Raises DatabaseUnavailable, OSError."""
    if orphan.path.parent == shelf.incoming:
        orphan.path.unlink(missing_ok=True)
        return True
    # Who puts the same bytes holds the folder too, and makes what lies there as new: so it is either seen here, or puts it anew.
    with locked(orphan.path.parent, fcntl.LOCK_EX), suppress(FileNotFoundError):
        name = orphan.path.parent.name + orphan.path.name
        now = _orphan(orphan.path, orphan.name, at)
        if now.age >= grace and not _wanted(database, {name}, at - grace):
            orphan.path.unlink()
            return True
    return False


def _orphan(path: Path, name: str, at: datetime) -> Orphan:
    found = path.stat()
    return Orphan(path, name, found.st_size, timedelta(seconds=at.timestamp() - found.st_mtime))


def _wanted(database: Database, names: Collection[str], since: datetime) -> set[str]:
    with database.reading() as connection:
        return set(_known(connection, list(names), since))


def _known(connection: Connection, names: list[str], since: datetime) -> Iterator[str]:
    for column in (FILES.c.sha256, FILES.c.metadata_sha256):
        yield from connection.execute(select(column).where(column.in_(names))).scalars()
    stones = select(TOMBSTONES.c.sha256).where(TOMBSTONES.c.sha256.in_(names), TOMBSTONES.c.deleted > since)
    yield from connection.execute(stones).scalars()
