"""What the database needs of an engine."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy import Connection, Engine, Table

type Upgrade = Callable[[Connection], None]
"""Brings a database up to date, in the transaction that the connection is in."""

WRITING = "wheelgate_writing"
"""The option of a connection that says whether its transaction is one that writes."""


class Kept(Protocol):
    """One engine and its one database. Each method may raise OSError or SQLAlchemyError, which `told` puts into words."""

    where: str
    """What people are told: a path, or a URL without a user and a password."""
    engine: Engine

    def lent(self) -> AbstractContextManager[Connection]:
        """Lend a connection until the end of `with`. One that somebody has while the engine is disposed of is closed then."""

    def look(self) -> object | None:
        """Give what is other when another database is there than before; None: there is none."""

    def is_there(self) -> bool:
        """Tell whether there is a database, or anything in its place, now."""

    def make(self, upgrade: Upgrade) -> None:
        """Make the database whole. Where another process makes it meanwhile, that one's is as good."""

    def options(self, *, writing: bool) -> dict[str, object]:
        """Give the options of a connection whose transaction reads one state, or that is the only one that writes."""

    def begun(self, connection: Connection, *, writing: bool) -> None:
        """Do what has to come first in such a transaction."""

    def damage(self, connection: Connection, *, thorough: bool = False) -> str | None:
        """Say what is wrong with the database itself, None if nothing was found; `thorough` looks at what refers to what, too."""

    def told(self, error: Exception) -> str:
        """Say what has happened and what is to be done, as what follows `the database of decisions`."""

    def numbered(self, connection: Connection, table: Table) -> None:
        """Have numbers go on after the highest one of a table, into which rows were written with their numbers."""


@contextmanager
def lent(engine: Engine) -> Iterator[Connection]:
    """Lend a connection of an engine, and close it where the engine was disposed of meanwhile.

    An engine that is disposed of closes what nobody has, and takes a new pool. What comes back later comes into the old one,
    which nobody looks after any more: it would be left open until it is collected.
    """
    pool = engine.pool
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        if engine.pool is not pool:
            pool.dispose()
