"""The database on a PostgreSQL server: locks, breaks, versions, and words without a password."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from addons.store.database import Database, DatabaseUnavailable, Server
from addons.store.decisions import Decisions
from addons.store.tables import METADATA
from tests.addons.store.making import AT, NEXT, draft, of_next_version, opened
from tests.postgres import PASSWORD, Postgres


def test_database__on_a_server__is_there_once_something_was_written(postgresql: Server) -> None:
    """Looking makes nothing; where it is, is said without user and password."""
    decisions = opened(postgresql)
    assert (decisions.database.is_there, decisions.history()) == (False, ())
    decisions.make([draft()], AT)
    assert (decisions.database.is_there, len(opened(postgresql).history())) == (True, 1)
    assert decisions.database.where == postgresql.url.replace("wheelgate@", "")
    assert PASSWORD not in f"{postgresql!r} {decisions.database.where}"
    decisions.database.close()


def test_gateways__that_make_it_at_once__lose_nothing(postgresql: Server) -> None:
    """The tables are made by one, under the lock."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: opened(postgresql, 30).make([draft(str(number))], AT), range(4)))
    assert len(opened(postgresql).history()) == 4


def test_tables__made_by_the_scripts__are_those_that_the_program_uses(postgresql: Server) -> None:
    """Column for column: name, and whether it may be empty."""
    with Database(postgresql).writing() as connection:
        for table in METADATA.sorted_tables:
            there = {(each["name"], each["nullable"]) for each in inspect(connection).get_columns(table.name)}
            assert there == {(each.name, each.nullable) for each in table.columns}


def test_truncate__of_what_is_kept_for_ever__is_refused(postgresql: Server) -> None:
    """As a change or a removal of one row is."""
    opened(postgresql).make([draft()], AT)
    with pytest.raises(DatabaseUnavailable, match="kept for ever"), Database(postgresql).writing() as connection:
        connection.execute(text("TRUNCATE decisions CASCADE"))


def test_writing__while_another_has_the_lock__is_refused_in_words_and_can_be_read(postgresql: Server) -> None:
    """After waiting as long as it may; nothing is half done, and the next one counts."""
    waiting, other = opened(postgresql, 0.1), opened(postgresql)
    other.make([draft()], AT)
    with other.database.writing(), pytest.raises(DatabaseUnavailable, match="is locked: another program"):
        waiting.make([draft("other")], AT)
    assert len(waiting.history()) == 1
    waiting.make([draft("other")], AT)


def test_reading__sees_one_state_and_cannot_write(postgresql: Server) -> None:
    """However long it takes; and what it would write is refused."""
    reader, writer = opened(postgresql), opened(postgresql)
    writer.make([draft()], AT)
    count = text("SELECT count(*) FROM decisions")
    with reader.database.reading() as connection:
        assert connection.execute(count).scalar() == 1
        writer.make([draft("other")], AT)
        assert connection.execute(count).scalar() == 1
    with pytest.raises(DatabaseUnavailable, match="cannot be written"), reader.database.reading() as connection:
        connection.execute(text("UPDATE projects SET display = 'x'"))


def test_database__of_older_and_newer_versions__is_brought_up_to_date_or_refused(
    postgresql: Server, tmp_path: Path
) -> None:
    """By whoever reads it first; an older program then neither reads nor writes."""
    opened(postgresql).make([draft()], AT)
    before = opened(postgresql)
    assert len(Decisions(of_next_version(tmp_path, server=postgresql)).history()) == 1
    with pytest.raises(DatabaseUnavailable, match=f"newer wheelgate .*{NEXT}.*update this one"):
        before.history()


def test_server__that_goes_and_comes__is_asked_again(postgres_server: Postgres, postgresql: Server) -> None:
    """Connections that broke are opened anew; what is said meanwhile names the server and has no password."""
    decisions = opened(postgresql)
    decisions.make([draft()], AT)
    postgres_server.stop()
    for work in (decisions.history, lambda: decisions.database.is_there):
        with pytest.raises(DatabaseUnavailable, match="cannot be reached") as raised:
            work()
        assert PASSWORD not in f"{raised.value} {raised.value.__cause__!r}"
    postgres_server.start()
    assert len(decisions.history()) == 1


def _refuse() -> str:
    raise ValueError("the variable SECRET is not set")


@pytest.mark.parametrize(
    ("password", "name", "words"),
    [
        (lambda: "wrong", "postgres", "does not let this user in"),
        (_refuse, "postgres", "its password cannot be had: the variable SECRET is not set"),
        (lambda: PASSWORD, "nothing", "is not on that server"),
    ],
)
def test_server__that_lets_nobody_in__is_said_in_words(
    postgres_server: Postgres, password: object, name: str, words: str
) -> None:
    """What to look at, and never the password."""
    place = Server(postgres_server.url(name), password)  # type: ignore[arg-type]  # as the case has it
    with pytest.raises(DatabaseUnavailable, match=words) as raised:
        _ = Database(place).is_there
    assert "wrong" not in str(raised.value)
