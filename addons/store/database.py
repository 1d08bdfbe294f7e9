"""The database: made when something is first written, brought up to date before it is read.

The statements are SQLAlchemy's, and the engine behind them is chosen by the place: a folder has a file of SQLite's, a server is
PostgreSQL. What is one engine's own is in `engines`.
"""

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import SQLAlchemyError

from addons.store.engines.engine import Kept, Upgrade
from addons.store.engines.server import Server
from addons.store.engines.sqlite import SqliteFile
from addons.store.tables import VERSIONS
from addons.store.unavailable import DatabaseUnavailable

__all__ = ["NAME", "PATIENCE", "Database", "DatabaseUnavailable", "Lost", "Server", "Upgrade", "never_lost", "upgrade"]

NAME = "wheelgate.sqlite"
PATIENCE = 5.0
"""For how many seconds another process that writes is waited for."""

type Lost = Callable[[], str | None]
"""Says, where no database is, what is to be told of one that was there before; None: none is known to have been."""


def never_lost() -> str | None:
    """Know of none: where no database is, one may be begun."""
    return None


_UPGRADING = (
    threading.Lock()
)  # what the scripts call is of the whole process, and would write to another thread's database


def upgrade(connection: Connection) -> None:
    """Run the scripts that are missing, out of this program's own package. Raises SQLAlchemyError, or Alembic's errors."""
    from alembic import command  # a tenth of a second, and needed once in a database's life
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with _UPGRADING:
        command.upgrade(config, "head")


def _kept(place: Path | Server, patience: float) -> Kept:
    if not isinstance(place, Server):
        return SqliteFile(place.absolute() / NAME, patience)
    from addons.store.engines.postgresql import PostgresDatabase  # its driver is 10 MB that only this engine needs

    return PostgresDatabase(place, patience)


class Database:
    """The file in a folder, or the database of a server. Safe to be used by several threads and processes; all of it waits.

    One that is `lost` is unavailable until it is back: a new one in its place would know of no owner and no name.
    """

    def __init__(
        self,
        place: Path | Server,
        patience: float = PATIENCE,
        upgrade: Upgrade = upgrade,
        versions: tuple[str, ...] = VERSIONS,
        lost: Lost = never_lost,
    ) -> None:
        self._kept = _kept(place, patience)
        self._upgrade = upgrade
        self._versions = versions
        self._lost = lost
        self._stamp: object = None
        weakref.finalize(self, self._kept.engine.dispose)

    @property
    def where(self) -> str:
        """What people are told of which database it is: its path, or a URL without a user and a password."""
        return self._kept.where

    @property
    def path(self) -> Path:
        """The file. Raises TypeError if there is none, as the database is a server's."""
        if not isinstance(self._kept, SqliteFile):
            raise TypeError(f"{self.where} is no file")
        return self._kept.path

    @property
    def is_there(self) -> bool:
        """Whether there is a database, or anything in its place. Raises DatabaseUnavailable where nobody can tell, or it is lost."""
        with self._in_words():
            found = self._kept.is_there()
            if not found:
                self._check_not_lost()
            return found

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database to its end. Raises DatabaseUnavailable."""
        with self._connected(writing=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection for one change, which counts as a whole at the end, or not at all. Makes the database.

        Nobody else writes meanwhile. Raises DatabaseUnavailable; what is raised inside undoes the change.
        """
        with self._in_words():
            if self._kept.look() is None:
                self._check_not_lost()
                self._kept.make(self._upgrade)
        with self._connected(writing=True) as connection:
            yield connection

    def check(self, connection: Connection, *, thorough: bool = False) -> None:
        """Raise DatabaseUnavailable if the database itself is damaged; `thorough`: also where rows refer to none."""
        if damage := self._kept.damage(connection, thorough=thorough):
            raise self._unavailable(damage)

    def numbered(self, connection: Connection, table: Table) -> None:
        """Have numbers go on after the highest one of a table, into which rows were written with their numbers."""
        self._kept.numbered(connection, table)

    def _check_not_lost(self) -> None:
        if (words := self._lost()) is not None:
            raise DatabaseUnavailable(words)

    @contextmanager
    def _connected(self, *, writing: bool) -> Iterator[Connection]:
        with self._in_words():
            stamp = self._kept.look()
            if stamp is None:
                raise self._unavailable("is not there")
            if self._stamp not in (None, stamp):  # a connection that is kept would go on with the file before
                self._kept.engine.dispose()
            self._stamp = stamp
            with self._transaction(writing) as connection:
                if not self._is_old(connection):
                    yield connection
                    return
            with self._transaction(writing=True) as connection:
                self._upgrade(connection)
            with self._transaction(writing) as connection:
                yield connection

    @contextmanager
    def _transaction(self, writing: bool) -> Iterator[Connection]:
        with self._kept.lent() as connection:
            connection.execution_options(**self._kept.options(writing=writing))
            with connection.begin():
                self._kept.begun(connection, writing=writing)
                yield connection

    def _is_old(self, connection: Connection) -> bool:
        """Tell whether the database has to be brought up to date. Raises DatabaseUnavailable if it is none, or a newer one."""
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if version not in self._versions:
            words = f"was written by a newer wheelgate (its version is {ascii(version)[:40]}); update this one"
            raise DatabaseUnavailable(f"{self.where}: {words}")
        return bool(version != self._versions[-1])

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            raise self._unavailable(self._kept.told(error)) from error

    def _unavailable(self, words: str) -> DatabaseUnavailable:
        return DatabaseUnavailable(f"{self.where}: the database of decisions {words}")

    def close(self) -> None:
        """Let go of it; it is opened again when it is needed."""
        self._kept.engine.dispose()
        self._stamp = None
