"""The database: a SQLite file in a folder, made when something is first written, brought up to date before it is read.

The statements are SQLAlchemy's, so that another engine can stand behind them; what is SQLite's own is in this module.
"""

import os
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError

from addons.store.tables import VERSIONS

NAME = "wheelgate.sqlite"
PATIENCE = 5.0
"""For how many seconds another process that writes is waited for."""

_WRITING = "wheelgate_writing"

type Upgrade = Callable[[Connection], None]
"""Brings a database up to date, in the transaction that the connection is in."""


class DatabaseUnavailable(ValueError):
    """The database cannot be read or written now. In words that say which, why and what to do."""


def upgrade(connection: Connection) -> None:
    """Run the scripts that are missing, out of this program's own package. Raises SQLAlchemyError, or Alembic's errors."""
    from alembic import command  # a tenth of a second, and needed once in a database's life
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")


class Database:
    """The file in a folder. Safe to be used by several threads and processes; all of it waits for the disk."""

    def __init__(
        self,
        folder: Path,
        patience: float = PATIENCE,
        upgrade: Upgrade = upgrade,
        versions: tuple[str, ...] = VERSIONS,
    ) -> None:
        self.path = folder.absolute() / NAME
        self._patience = patience
        self._upgrade = upgrade
        self._versions = versions
        self._engine = self._opening(self.path)
        self._stamp: object = None
        weakref.finalize(self, self._engine.dispose)

    @property
    def is_there(self) -> bool:
        """Whether there is a database, or anything in its place. Raises DatabaseUnavailable where nobody can tell."""
        return self._look() is not None

    def _look(self) -> object:
        """Give what is other when another file is there, or it was written to past the database; None: nothing is there."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unavailable(error.strerror or str(error)) from error
        return found.st_ino, found.st_dev, found.st_size, found.st_mtime_ns

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database to its end. Raises DatabaseUnavailable."""
        with self._connected(writing=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection for one change, which counts as a whole at the end, or not at all. Makes the database.

        Raises DatabaseUnavailable; what is raised inside undoes the change.
        """
        if not self.is_there:
            self._make()
        with self._connected(writing=True) as connection:
            yield connection

    @contextmanager
    def _connected(self, *, writing: bool) -> Iterator[Connection]:
        stamp = self._look()
        if stamp is None:
            raise self._unavailable("is not there")
        if stamp != self._stamp:  # a connection that is kept would go on with the file that was there before
            self._engine.dispose()
            self._stamp = stamp
        try:
            if self._is_old():
                with self._transaction(writing=True) as connection:
                    self._upgrade(connection)
            with self._transaction(writing) as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise self._unavailable(_reason(error)) from error

    @contextmanager
    def _transaction(self, writing: bool) -> Iterator[Connection]:
        connection = self._engine.connect()
        with connection.execution_options(**{_WRITING: writing}), connection.begin():
            yield connection

    def _is_old(self) -> bool:
        """Tell whether the database has to be brought up to date. Raises DatabaseUnavailable if it is none, or a newer one."""
        with self._transaction(writing=False) as connection:
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if version not in self._versions:
            words = f"was written by a newer wheelgate (its version is {ascii(version)[:40]}); update this one"
            raise DatabaseUnavailable(f"{self.path}: {words}")
        return bool(version != self._versions[-1])

    def _make(self) -> None:
        """Make it beside its place and put it there whole: a process that dies meanwhile, or makes it too, harms nobody."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".new-")
            os.close(handle)
            new = Path(name)
            try:
                engine = self._opening(new)
                with engine.connect().execution_options(**{_WRITING: True}) as connection, connection.begin():
                    self._upgrade(connection)
                engine.dispose()
                os.link(new, self.path)
            finally:
                new.unlink()
            _sync(self.path.parent)
        except FileExistsError:
            if not self.path.exists():  # it is the folder whose name something else has
                raise self._unavailable(f"{self.path.parent} is no folder") from None
        except (SQLAlchemyError, OSError) as error:
            raise self._unavailable(_reason(error)) from error

    def _opening(self, path: Path) -> Engine:
        uri = f"file:{quote(str(path))}?mode=rw&uri=true"
        arguments = {"timeout": self._patience, "check_same_thread": False}
        engine = create_engine(f"sqlite:///{uri}", connect_args=arguments, pool_size=1, max_overflow=4)

        def connected(connection: DBAPIConnection, record: object) -> None:
            # Python's own transactions begin too late: what is read before the first change is then no part of them.
            connection.isolation_level = None
            cursor = connection.cursor()
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        def begun(connection: Connection) -> None:
            writing = connection.get_execution_options().get(_WRITING)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

        event.listen(engine, "connect", connected)
        event.listen(engine, "begin", begun)
        return engine

    def _unavailable(self, reason: str) -> DatabaseUnavailable:
        return DatabaseUnavailable(f"{self.path}: the database of decisions {_told(reason)}")

    def close(self) -> None:
        """Let go of the file; it is opened again when it is needed."""
        self._engine.dispose()
        self._stamp = None


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(getattr(error, "orig", None) or error)


_WORDS = {
    "database is locked": "is locked: another program has had it for long; look who, and try again",
    "file is not a database": "was damaged: it is no database any more; put a copy of it back",
    "no such table": "is no database of wheelgate's, or was damaged; put a copy of it back",
    "malformed": "was damaged; put a copy of it back",
    "readonly": "cannot be written: let this user write the file and its folder",
    "unable to open": "cannot be opened: let this user read and write the file and its folder",
    "full": "cannot be written: the disk is full",
}


def _told(reason: str) -> str:
    known = next((words for part, words in _WORDS.items() if part in reason), None)
    return known or (reason if reason.startswith(("is ", "was ")) else f"cannot be used: {ascii(reason)[1:-1][:200]}")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
