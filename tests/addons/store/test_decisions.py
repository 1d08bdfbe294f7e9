"""Decisions in their database: made, ended once, kept for ever."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import Table
from sqlalchemy.types import TypeEngine

import addons.store
from addons.store.database import Database, DatabaseUnavailable, Server
from addons.store.decision import Draft, Subject
from addons.store.decisions import TOLD_ON
from addons.store.tables import METADATA, VERSIONS
from tests.addons.store.making import AT, draft, opened

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
DRAFTS = st.builds(
    Draft,
    kind=st.sampled_from(["deny", "yank", "allow"]),
    subject=st.builds(Subject, project=st.none() | TEXTS, files=st.lists(TEXTS, max_size=2).map(tuple)),
    reason=TEXTS,
    author=TEXTS,
    id=st.none() | TEXTS,
    until=st.none() | st.timedeltas(MOMENT, 9 * DAY).map(lambda left: AT + left),
    past=st.lists(TEXTS, max_size=2).map(tuple),
)


def test_database__that_nobody_decided_anything_in__is_not_made_by_looking(tmp_path: Path) -> None:
    """A gateway without decisions leaves nothing in anybody's home."""
    decisions = opened(tmp_path)
    assert (decisions.history(), decisions.end(lambda each: True, "j.doe", "x", AT)) == ((), ())
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drafts=st.lists(DRAFTS, min_size=1, max_size=3, unique_by=lambda each: (each.reason, each.subject.project)))
def test_decisions__whatever_is_in_them__are_read_as_they_were_made(place: Path | Server, drafts: list[Draft]) -> None:
    """Texts of any script, and instants to the microsecond."""
    decisions = opened(place)
    made = decisions.make(drafts, AT)
    _, standing = decisions.in_force(AT)
    decisions.end(lambda each: True, "other", "over", AT)
    decisions.database.close()
    assert standing == made
    assert [each.draft for each in made] == drafts


def test_decision__that_is_ended__is_kept_with_who_when_and_why(place: Path | Server) -> None:
    """And is in force no more; a second end changes nothing of the first."""
    decisions = opened(place)
    decisions.make([draft(), draft("other")], AT)
    [ended] = decisions.end(lambda each: each.number == 1, "a.boss", "false alarm", AT + DAY)
    assert decisions.end(lambda each: each.number == 1, "b.boss", "again", AT + 2 * DAY) == ()
    history = decisions.history()
    assert history[0] == ended
    assert (ended.ended, ended.ended_by, ended.ended_why) == (AT + DAY, "a.boss", "false alarm")
    assert [each.number for each in decisions.in_force(AT)[1]] == [2]


def test_decision__that_says_the_same_as_one_in_force__is_not_made_again(place: Path | Server) -> None:
    """A script that runs twice decides once; another end, or a decision that is over, is another matter."""
    decisions = opened(place)
    [first] = decisions.make([draft(until=AT + DAY)], AT)
    assert decisions.make([draft(until=AT + DAY, author="other")], AT) == (first,)
    assert [each.number for each in decisions.make([draft(until=AT + 2 * DAY)], AT)] == [2]
    decisions.end(lambda each: True, "j.doe", "x", AT)
    assert [each.number for each in decisions.make([draft(until=AT + DAY)], AT)] == [3]


def test_decision__that_ended_by_itself__is_given_a_day_longer_so_that_it_can_be_said(place: Path | Server) -> None:
    """Then nobody has to read it any more, but in the history."""
    decisions = opened(place)
    [made] = decisions.make([draft(until=AT + DAY)], AT)
    assert (made.is_in_force(AT + DAY - MOMENT), made.is_in_force(AT + DAY)) == (True, False)
    assert decisions.in_force(AT + DAY + TOLD_ON - MOMENT)[1] == (made,)
    assert decisions.in_force(AT + DAY + TOLD_ON)[1] == ()
    assert decisions.history() == (made,)


def test_revision__after_each_change__is_another(place: Path | Server) -> None:
    """Made or ended, and seen by who has the database open already."""
    follower, writer = opened(place), opened(place)
    writer.make([draft()], AT)
    seen = [follower.revision(), follower.revision()]
    writer.make([draft("other")], AT)
    seen.append(follower.revision())
    writer.end(lambda each: True, "j.doe", "x", AT)
    seen.append(follower.revision())
    assert (seen[0], len(set(seen))) == (seen[1], 3)


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET author = 'nobody'"])
@pytest.mark.parametrize("table", ["decisions", "endings"])
def test_row__changed_or_removed_by_mistake__stays_as_it_is(place: Path | Server, statement: str, table: str) -> None:
    """The history is for ever."""
    decisions = opened(place)
    decisions.make([draft()], AT)
    decisions.end(lambda each: True, "j.doe", "x", AT)
    before = decisions.history()
    with pytest.raises(DatabaseUnavailable, match="kept for ever"), decisions.database.writing() as connection:
        connection.execute(text(statement.format(table)))
    assert decisions.history() == before


def test_change__that_fails_half_way__is_not_made_at_all(place: Path | Server) -> None:
    """All decisions of one command, or none."""
    decisions = opened(place)
    with pytest.raises(DatabaseUnavailable):
        decisions.make([draft(), draft("other", reason=None)], AT)
    assert decisions.history() == ()


def test_files__of_the_store__are_the_users_own(tmp_path: Path) -> None:
    """Names of people and what is dangerous is nobody else's business."""
    opened(tmp_path).make([draft()], AT)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "store").iterdir()}
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700
    assert modes.pop("wheelgate.sqlite") == 0o600
    assert set(modes.values()) <= {0o600}


def test_versions__that_the_program_knows__are_those_of_the_scripts() -> None:
    """In their order; a script that is forgotten in the list would make every database a newer one."""
    config = Config()
    config.set_main_option("script_location", str(Path(addons.store.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(script.revision for script in scripts)[::-1] == VERSIONS


def test_scripts__all_of_them__make_the_tables_that_the_program_uses(tmp_path: Path) -> None:
    """Column for column: name, type and whether it may be empty."""

    def columns(connection: Connection, table: Table) -> set[tuple[str, str, bool]]:
        rows = connection.execute(text(f"PRAGMA table_info({table.name})"))
        return {(row.name, row.type, bool(row.notnull or row.pk)) for row in rows}

    def wanted(table: Table, dialect: Dialect) -> set[tuple[str, str, bool]]:
        def typed(type_: TypeEngine[object]) -> str:
            return type_.compile(dialect)

        return {(each.name, typed(each.type), not each.nullable) for each in table.columns}

    database = Database(tmp_path)
    with database.writing() as connection:
        for table in METADATA.sorted_tables:
            assert columns(connection, table) == wanted(table, connection.dialect)
