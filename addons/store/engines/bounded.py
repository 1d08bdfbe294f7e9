"""Connections to PostgreSQL that wait for an answer only so long.

The server ends a statement that takes too long, and the system a connection whose peer has gone. Neither helps where the server
was stopped, hangs in its disk, or is a machine whose kernel alone is alive: it acknowledges what it is sent, and says nothing.
"""

from typing import Any, override

from psycopg import Connection, OperationalError
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

SILENT = "no answer for"
"""How what is said of such a server begins."""


class Bounded(Connection[tuple[Any, ...]]):
    """A connection that is closed, and raises OperationalError, where an answer does not come within `seconds`."""

    seconds: float

    @override
    def wait[T](self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for what the server says to one thing. What it would say later is nobody's: so it is closed."""
        seconds = self.seconds if timeout is None else timeout
        try:
            return super().wait(gen, interval, seconds)
        except OperationalError as error:
            if error.sqlstate is not None or self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            self.pgconn.finish()
            raise OperationalError(f"{SILENT} {seconds:g} seconds") from error


def bounded(seconds: float) -> type[Bounded]:
    """Give the kind of connections that wait for as long; while one is opened, `connect_timeout` counts."""
    return type("Bounded", (Bounded,), {"seconds": seconds})
