"""A PostgreSQL server that says nothing, connections that nobody closes, and the order of changes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, text

from addons.simple.names import ProjectName
from addons.store.database import Database, DatabaseUnavailable, Server
from addons.store.engines.postgresql import PostgresDatabase
from addons.store.projects import Projects, changed
from tests.addons.store.files import AT
from tests.addons.store.making import draft, opened
from tests.postgres import Postgres, the_password

PATIENCE = 20.0  # seconds, which a thread that is held for ever uses up


def test_server__that_is_stopped__holds_nobody_for_ever(postgres_server: Postgres, postgresql: Server) -> None:
    """In the middle of a transaction, on connections that were open before, and on new ones; then it is asked again."""
    decisions = opened(Server(postgresql.url, the_password, statement=0.3), 0.2)
    decisions.make([draft()], AT)
    with ThreadPoolExecutor(8) as pool:
        with (
            pytest.raises(DatabaseUnavailable, match="no answer for"),
            decisions.database.reading() as connection,
            postgres_server.silent(),
        ):
            connection.execute(text("SELECT 1"))
        with postgres_server.silent():
            waiting = [pool.submit(decisions.history) for _ in range(8)]
            said = [str(each.exception(PATIENCE)) for each in waiting]
        assert all("cannot be reached" in words or "all connections to it are taken" in words for words in said)
        assert len(decisions.history()) == 1
    decisions.database.close()


def test_connection__that_is_lent_while_the_database_is_closed__is_closed_when_it_comes_back(
    postgresql: Server,
) -> None:
    """A gateway that ends does not wait for its threads: none of their connections is left to the collector."""
    database = Database(postgresql)
    opened(postgresql).make([draft()], AT)
    with database.reading() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        database.close()
        assert not raw.closed
    assert raw.closed


def test_connection__whose_beginning_fails__is_closed(postgresql: Server) -> None:
    """A server that goes just when it has let somebody in leaves no open connection to the collector."""
    kept, opened_then = PostgresDatabase(postgresql, 1.0), []

    def fail(connection: object, record: object) -> None:
        opened_then.append(connection)
        raise OSError("it has gone")

    event.listen(kept.engine, "connect", fail, insert=True)
    with pytest.raises(OSError, match="it has gone"), kept.lent():
        pass
    assert [each.closed for each in opened_then] == [True]  # type: ignore[attr-defined]  # a connection of psycopg's


def test_changes__of_two_who_write_at_once__are_numbered_as_they_counted(postgresql: Server) -> None:
    """UPL-20: who has seen a change is told of every one that counts later, so nobody may be given a number before their turn."""
    first, second, follower = (Projects(Database(postgresql, 30.0)) for _ in range(3))

    def write(projects: Projects, name: str) -> None:
        with projects.database.writing() as connection:
            changed(connection, AT, "user:alice", "upload", ProjectName(name), name)

    write(first, "before")
    since = follower.revision()
    with ThreadPoolExecutor(1) as pool:
        with first.database.writing() as connection:
            changed(connection, AT, "user:alice", "upload", ProjectName("slow"), "slow")
            waiting = pool.submit(write, second, "fast")
            while not (waiting.done() or _somebody_waits(follower.database)):
                pass
            revision, seen = follower.touched(since)
        waiting.result(30)
    assert seen | follower.touched(revision)[1] == {"slow", "fast"}
    for each in (first, second, follower):
        each.database.close()


def _somebody_waits(database: Database) -> bool:
    with database.reading() as connection:
        wanted = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return bool(connection.execute(text(wanted)).scalar())
