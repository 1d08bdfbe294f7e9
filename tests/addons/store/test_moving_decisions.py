"""Decisions on their way from one store to another: each is there once, and says what it said."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from addons.simple.names import ProjectName
from addons.store.claims import Claims
from addons.store.database import Database, Server
from addons.store.decision import Decision
from addons.store.decisions import Decisions
from addons.store.exporting import export
from tests.addons.store.files import AT, Stored
from tests.addons.store.making import draft
from tests.addons.store.test_moving import taken


@pytest.fixture
def elsewhere(tmp_path: Path) -> Stored:
    """A store of SQLite's with three decisions, of which the second has ended, and a claimed name without a project."""
    stored = Stored(Database(tmp_path / "elsewhere"), tmp_path / "elsewhere")
    decisions = Decisions(stored.database)
    decisions.make([draft("a", id="CVE-1"), draft("b", "yank", client="lab")], AT)
    decisions.end(lambda each: each.draft.subject.project == "b", "j.doe", "it is well", AT + timedelta(hours=1))
    decisions.make([draft("ü", "allow", past=("delay",), until=AT + timedelta(days=9))], AT)
    Claims(stored.database).claim(ProjectName("later"), "later", None, by="j.doe", at=AT, reason="ours")
    return stored


def moved(source: Stored, target: Stored, path: Path) -> None:
    """Export a whole store, and import it elsewhere."""
    export(source.database, source.shelf, path, frozenset(), AT)
    taken(target, path)


def unnumbered(decisions: tuple[Decision, ...]) -> list[Decision]:
    """Give what decisions say without their numbers."""
    return [msgspec.structs.replace(each, number=0) for each in decisions]


def test_decisions__moved_into_an_empty_store__are_the_same_with_their_numbers(
    stored: Stored, elsewhere: Stored, tmp_path: Path
) -> None:
    """Denials, ends, claims and what was done to them; a second time changes nothing, and numbers go on behind."""
    there, here = Decisions(elsewhere.database), Decisions(stored.database)
    moved(elsewhere, stored, tmp_path / "one")
    assert here.history() == there.history()
    assert Claims(stored.database).every() == Claims(elsewhere.database).every()
    assert [each.what for each in stored.projects.changes()] == ["claim on purpose", "import"]
    moved(elsewhere, stored, tmp_path / "two.tar")
    assert (here.history(), len(stored.projects.changes())) == (there.history(), 2)
    assert here.make([draft("next")], AT)[0].number == 4


def test_decisions__moved_to_where_there_are_some__are_added_behind_them(
    stored: Stored, elsewhere: Stored, tmp_path: Path
) -> None:
    """None that is there is changed, none is there twice, and followers see that there are more."""
    there, here = Decisions(elsewhere.database), Decisions(stored.database)
    own = here.make([draft("own"), draft("a", id="CVE-1")], AT)  # the second is the very one that comes
    before = here.revision()
    moved(elsewhere, stored, tmp_path / "one")
    history = here.history()
    assert history[:2] == own
    assert unnumbered(history[1:]) == unnumbered(there.history())
    assert [each.number for each in history] == [1, 2, 3, 4]
    assert here.revision() > before


def test_decision__that_was_ended_after_it_was_moved__is_ended_by_the_next_move(
    stored: Stored, elsewhere: Stored, tmp_path: Path
) -> None:
    """With who ended it, when and why; one that was ended here stays so."""
    there, here = Decisions(elsewhere.database), Decisions(stored.database)
    moved(elsewhere, stored, tmp_path / "one")
    there.end(lambda each: each.draft.subject.project == "a", "k.roe", "a mistake", AT + timedelta(hours=2))
    here.end(lambda each: each.draft.kind == "allow", "k.roe", "no more", AT + timedelta(hours=3))
    moved(elsewhere, stored, tmp_path / "two")
    a, b, allowed = here.history()
    assert (a, b) == there.history()[:2]
    assert allowed.ended_why == "no more"


def test_decisions__to_postgresql_and_back__are_the_same(elsewhere: Stored, postgresql: Server, tmp_path: Path) -> None:
    """Nobody loses a denial on the way."""
    away, home = Stored(Database(postgresql), tmp_path / "away"), Stored(Database(tmp_path / "home"), tmp_path / "home")
    moved(elsewhere, away, tmp_path / "there.tar")
    moved(away, home, tmp_path / "back.tar")
    assert Decisions(home.database).history() == Decisions(elsewhere.database).history()
    away.database.close()


def test_decisions__of_an_export_of_one_project__are_none(elsewhere: Stored, tmp_path: Path) -> None:
    """They are of all projects; who moves one project moves no one's denials."""
    elsewhere.upload()
    export(elsewhere.database, elsewhere.shelf, tmp_path / "one", frozenset({"demo"}), AT)
    assert '"decision"' not in (tmp_path / "one" / "manifest.jsonl").read_text()
