"""SQLite: a file in the store's folder."""

import os
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection

from addons.store.engines.engine import WRITING, Upgrade, lent
from addons.store.folders import make_folder, sync


class SqliteFile:
    """The file at `path`; another process that writes is waited for `patience` seconds."""

    def __init__(self, path: Path, patience: float) -> None:
        self.path = path
        self.where = str(path)
        self._patience = patience
        self.engine = self._opening(path)

    def lent(self) -> AbstractContextManager[Connection]:
        """Lend a connection until the end of `with`."""
        return lent(self.engine)

    def look(self) -> object | None:
        """Give what is other when another file is there, or it was written to past the database. Raises OSError."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_dev, found.st_size, found.st_mtime_ns

    def is_there(self) -> bool:
        """Tell whether anything is in its place. Raises OSError."""
        return self.look() is not None

    def make(self, upgrade: Upgrade) -> None:
        """Make it beside its place and put it there whole: a process that dies meanwhile, or makes it too, harms nobody."""
        make_folder(self.path.parent)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".new-")
        os.close(handle)
        new = Path(name)
        try:
            engine = self._opening(new)
            with engine.connect().execution_options(**self.options(writing=True)) as connection, connection.begin():
                upgrade(connection)
            engine.dispose()
            os.link(new, self.path)
        except FileExistsError:
            return
        finally:
            new.unlink()
        sync(self.path.parent)

    def options(self, *, writing: bool) -> dict[str, object]:
        """Give what `BEGIN` is chosen by."""
        return {WRITING: writing}

    def begun(self, connection: Connection, *, writing: bool) -> None:
        """Do nothing: `BEGIN IMMEDIATE` has done it."""

    def damage(self, connection: Connection, *, thorough: bool = False) -> str | None:
        """Ask SQLite, which reads all of it; `thorough`: and whether each row's references lead somewhere."""
        found = connection.execute(text("PRAGMA quick_check(1)")).scalar()
        if found != "ok":
            return "was damaged; put a copy of it back"
        row = connection.execute(text("PRAGMA foreign_key_check")).first() if thorough else None
        return None if row is None else f"has a row of {row[0]} that refers to none of {row[2]}; put a copy of it back"

    def numbered(self, connection: Connection, table: Table) -> None:
        """Do nothing: SQLite remembers the highest number by itself."""

    def told(self, error: Exception) -> str:
        """Put what SQLite or the system says into words."""
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            return (
                f"cannot be used: {reason}" if error.filename is None else f"cannot be used: {error.filename}: {reason}"
            )
        reason = str(getattr(error, "orig", None) or error)
        known = next((words for part, words in _WORDS.items() if part in reason), None)
        return known or f"cannot be used: {ascii(reason)[1:-1][:200]}"

    def _opening(self, path: Path) -> Engine:
        uri = f"file:{quote(str(path))}?mode=rw&uri=true"
        arguments = {"timeout": self._patience, "check_same_thread": False}
        engine = create_engine(f"sqlite:///{uri}", connect_args=arguments, pool_size=1, max_overflow=4)
        event.listen(engine, "connect", _connected)
        event.listen(engine, "begin", _begun)
        return engine


def _connected(connection: DBAPIConnection, record: object) -> None:
    # Python's own transactions begin too late: what is read before the first change is then no part of them.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begun(connection: Connection) -> None:
    writing = connection.get_execution_options().get(WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


_WORDS = {
    "database is locked": "is locked: another program has had it for long; look who, and try again",
    "file is not a database": "was damaged: it is no database any more; put a copy of it back",
    "no such table": "is no database of wheelgate's, or was damaged; put a copy of it back",
    "malformed": "was damaged; put a copy of it back",
    "readonly": "cannot be written: let this user write the file and its folder",
    "unable to open": "cannot be opened: let this user read and write the file and its folder",
    "full": "cannot be written: the disk is full; make room, and try again",
}
