"""PostgreSQL: a database on a server, which several gateways on several machines can share.

One lock, taken first by every transaction that writes, makes them one at a time as SQLite does: so the numbers of changes are
in the order in which changes count, and what a permit looked at still holds when its change does.

Nobody waits without an end: for the lock as long as the caller's patience, for a statement as long as the server lets it take,
and for a server that says nothing at all a little longer than that.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Error, errors
from sqlalchemy import Connection, Table, create_engine, event, func, make_url, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoneFree

from addons.store.engines.bounded import Bounded, bounded
from addons.store.engines.engine import Upgrade, lent
from addons.store.engines.server import Server

_LOCK = 0x776865656C67  # of all who write: "wheelg", which no other program is likely to lock
_FORGOTTEN_SECONDS = 60  # after which the server ends a transaction whose client does not go on
_LONGER = 1.25  # times that, until a server that says nothing is given up: by itself it would have said so


class PostgresDatabase:
    """The database of a server; it, and who has the lock, is waited for `patience` seconds."""

    def __init__(self, server: Server, patience: float) -> None:
        self.where = server.where
        self._there = False
        statement = server.statement + patience
        limits = {
            "lock_timeout": int(patience * 1000),
            "statement_timeout": int(statement * 1000),
            "idle_in_transaction_session_timeout": _FORGOTTEN_SECONDS * 1000,
            "client_encoding": "UTF8",
        }
        arguments = {
            "connect_timeout": max(2, math.ceil(patience)),
            "tcp_user_timeout": int(statement * _LONGER * 1000),  # until a peer that vanished is given up
            "application_name": "wheelgate",
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        }
        url = make_url(server.url).set(drivername="postgresql+psycopg", password=None)
        self.engine = create_engine(
            url, connect_args=arguments, pool_size=2, max_overflow=4, pool_timeout=max(1.0, patience), pool_pre_ping=True,
            hide_parameters=True, use_native_hstore=False,
        )  # fmt: skip
        self._opening = _Opening()
        kind = bounded(statement * _LONGER)

        def connecting(dialect: object, record: object, args: object, parameters: dict[str, Any]) -> Bounded:
            try:
                password = server.password()
            except ValueError as error:
                raise PermissionError(f"its password cannot be had: {error}") from error
            if password is not None:
                parameters["password"] = password
            self._opening.connection = kind.connect(**parameters)
            return self._opening.connection

        def connected(connection: object, record: object) -> None:
            self._opening.connection = None

        event.listen(self.engine, "do_connect", connecting)
        event.listen(self.engine, "connect", connected)  # behind what SQLAlchemy asks of each connection first

    @contextmanager
    def lent(self) -> Iterator[Connection]:
        """Lend a connection until the end of `with`."""
        try:
            with lent(self.engine) as connection:
                yield connection
        finally:
            if self._opening.connection is not None:  # what was asked first has failed, and SQLAlchemy has let go of it
                self._opening.connection.close()
                self._opening.connection = None

    def look(self) -> object | None:
        """Tell whether our tables are there; asked until they are, as a server does not lose them by itself."""
        if not self._there:
            self._there = self.is_there()
        return True if self._there else None

    def is_there(self) -> bool:
        """Ask the server whether our tables are there. Raises OSError or SQLAlchemyError."""
        with self.lent() as connection:
            self._there = _has_tables(connection)
        return self._there

    def make(self, upgrade: Upgrade) -> None:
        """Make the tables, under the lock: who comes second finds them made."""
        with self.lent() as connection, connection.begin():
            self.begun(connection, writing=True)
            if not _has_tables(connection):
                upgrade(connection)

    def options(self, *, writing: bool) -> dict[str, object]:
        """Read one state; or, holding the lock, what counts at each statement."""
        if writing:
            return {"isolation_level": "READ COMMITTED", "postgresql_readonly": False}
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    def begun(self, connection: Connection, *, writing: bool) -> None:
        """Wait for the lock, which goes with the transaction."""
        if writing:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})

    def damage(self, connection: Connection, *, thorough: bool = False) -> str | None:
        """Find nothing: the server looks after its own pages and references."""
        return None

    def numbered(self, connection: Connection, table: Table) -> None:
        """Have a table's sequence go on after its highest number."""
        highest = select(func.max(table.c.number)).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "number"), highest)))

    def told(self, error: Exception) -> str:
        """Put what the server, its driver or the system says into words, of which none has a password in it."""
        self._there = False  # whatever it was: ask again
        if isinstance(error, OSError):
            return f"cannot be used: {error.strerror or error}"
        if isinstance(error, NoneFree):
            return "does not answer, or too slowly: all connections to it are taken; look what the server is busy with"
        original = error.orig if isinstance(error, DBAPIError) else None
        reason = _reason(original if isinstance(original, Error) else error)
        known = next((words for kind, words in _WORDS.items() if isinstance(original, kind)), None)
        if known is None and isinstance(original, errors.OperationalError) and original.sqlstate is None:
            known = next((words for part, words in _AT_THE_DOOR.items() if part in reason), None)
            known = known or f"cannot be reached, or ended the connection: {reason}; look whether the server runs"
        return known or f"cannot be used: {reason}"


class _Opening(threading.local):
    """The connection that this thread is opening; None: none."""

    connection: Bounded | None = None


def _has_tables(connection: Connection) -> bool:
    return connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is not None


def _reason(error: Error | Exception) -> str:
    said = error.diag.message_primary if isinstance(error, Error) else None
    if said is None and isinstance(error, SQLAlchemyError):
        said = str(error).partition("\n")[0]
    return ascii(" ".join((said or str(error)).split()))[1:-1][:300]


_WORDS: dict[type[Error], str] = {
    errors.LockNotAvailable: "is locked: another program has had it for long; look who, and try again",
    errors.QueryCanceled: "did not answer in time; look what the server is busy with, and try again",
    errors.UniqueViolation: "has such a row by now: another program wrote it at the same time; try again",
    errors.InsufficientPrivilege: "does not let this user do that; let it own the database",
    errors.ReadOnlySqlTransaction: "cannot be written: the server only reads now, as a standby does; name the one that writes",
    errors.DiskFull: "cannot be written: the disk is full; make room, and try again",
    errors.UndefinedTable: "is no database of wheelgate's, or lost tables; put a copy of it back",
}

_AT_THE_DOOR = {  # the driver gives no code of what is said before a connection is there
    "password": "does not let this user in; look at the user of `store.database`, and at its password",
    "no pg_hba.conf entry": "does not let this user in from here; look at `store.database`, and at the server's pg_hba.conf",
    "does not exist": "is not on that server, or has no such user; have it made (createdb), or correct `store.database`",
    "too many": "has no connection left; let the server have more (max_connections)",
    "starting up": "is being started; try again",
    "Connection refused": "cannot be reached: nothing listens there; start the server, or correct `store.database`",
}
"""What a server says to who would like to come in, and ours."""
