"""PostgreSQL: a database on a server, which several gateways on several machines can share.

One lock, taken first by every transaction that writes, makes them one at a time as SQLite does: so the numbers of changes are
in the order in which changes count, and what a permit looked at still holds when its change does.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from psycopg import Error, errors
from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from addons.store.engines.engine import Upgrade

_LOCK = 0x776865656C67  # of all who write: "wheelg", which no other program is likely to lock
_FORGOTTEN_SECONDS = 60  # after which the server ends a transaction whose client does not go on
_STATEMENT_SECONDS = 60  # what one statement may take; none of ours takes a second


def no_password() -> None:
    """Give none: the server lets this user in without one, or libpq's own password file has it."""
    return


@dataclass(frozen=True)
class Server:
    """A database on a server: `url` (postgresql://USER@HOST:PORT/NAME, no password), and what gives its password.

    `password` is asked for each connection, so that one that was changed counts; it may raise ValueError, in words.
    """

    url: str
    password: Callable[[], str | None] = field(default=no_password, repr=False, compare=False)

    @property
    def where(self) -> str:
        """The URL without the user, and without what stands behind it."""
        url = make_url(self.url)
        return f"postgresql://{url.host or ''}{f':{url.port}' if url.port else ''}/{url.database or ''}"


class PostgresDatabase:
    """The database of a server; it, and who has the lock, is waited for `patience` seconds."""

    def __init__(self, server: Server, patience: float) -> None:
        self.where = server.where
        self._there = False
        limits = {
            "lock_timeout": int(patience * 1000),
            "statement_timeout": _STATEMENT_SECONDS * 1000,
            "idle_in_transaction_session_timeout": _FORGOTTEN_SECONDS * 1000,
            "client_encoding": "UTF8",
        }
        arguments = {
            "connect_timeout": max(2, math.ceil(patience)),
            "tcp_user_timeout": 30_000,  # milliseconds until a peer that vanished is given up
            "application_name": "wheelgate",
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        }
        url = make_url(server.url).set(drivername="postgresql+psycopg", password=None)
        self.engine = create_engine(
            url, connect_args=arguments, pool_size=2, max_overflow=4, pool_pre_ping=True, hide_parameters=True
        )

        def connecting(dialect: object, record: object, args: object, parameters: dict[str, object]) -> None:
            try:
                password = server.password()
            except ValueError as error:
                raise PermissionError(f"its password cannot be had: {error}") from error
            if password is not None:
                parameters["password"] = password

        event.listen(self.engine, "do_connect", connecting)

    def look(self) -> object | None:
        """Tell whether our tables are there; asked until they are, as a server does not lose them by itself."""
        if not self._there:
            self._there = self.is_there()
        return True if self._there else None

    def is_there(self) -> bool:
        """Ask the server whether our tables are there. Raises OSError or SQLAlchemyError."""
        with self.engine.connect() as connection:
            self._there = _has_tables(connection)
        return self._there

    def make(self, upgrade: Upgrade) -> None:
        """Make the tables, under the lock: who comes second finds them made."""
        with self.engine.connect() as connection, connection.begin():
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

    def told(self, error: Exception) -> str:
        """Put what the server, its driver or the system says into words, of which none has a password in it."""
        self._there = False  # whatever it was: ask again
        if isinstance(error, OSError):
            return f"cannot be used: {error.strerror or error}"
        original = error.orig if isinstance(error, DBAPIError) else None
        reason = _reason(original if isinstance(original, Error) else error)
        known = next((words for kind, words in _WORDS.items() if isinstance(original, kind)), None)
        if known is None and isinstance(original, errors.OperationalError) and original.sqlstate is None:
            known = next((words for part, words in _AT_THE_DOOR.items() if part in reason), None)
            known = known or f"cannot be reached, or ended the connection: {reason}; look whether the server runs"
        return known or f"cannot be used: {reason}"


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
