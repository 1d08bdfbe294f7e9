"""The store at a glance, as the interface lists it."""

from pathlib import Path

from addons.simple.names import ProjectName
from addons.store.database import Database
from addons.store.overview import Glance, Overview
from addons.store.projects import Projects
from tests.addons.interface.asking import ALICE, AT, BOB, DEMO, SDIST, WHEEL, anything, publish


def test_projects__by_name__have_the_roles_that_are_asked_about_and_their_versions(tmp_path: Path) -> None:
    """A version counts as yanked where all of its files are; a project without files is there, too."""
    database = Database(tmp_path)
    projects, overview = Projects(database), Overview(database)
    publish(projects, SDIST, "1.0")
    publish(projects, WHEEL, "1.0")
    publish(projects, "other-1.0.tar.gz", "1.0", BOB)
    projects.delete(ProjectName("other"), ["other-1.0.tar.gz"], "x", anything, by="x", at=AT)
    for filenames, yanked in (((SDIST,), False), ((SDIST, WHEEL), True)):
        projects.yank(DEMO, filenames, "x", anything, by="x", at=AT)
        demo, other = overview.projects("", 9, [ALICE])
        assert demo == Glance(
            project=DEMO, display="demo", status="active", roles=frozenset({"owner"}), versions={"1.0": yanked}
        )
        assert (other.roles, other.versions) == (frozenset(), {})


def test_projects__nobody_asks_about__are_none(tmp_path: Path) -> None:
    """Without a database, and for a scope that has none, nothing is there and nothing is made."""
    overview = Overview(Database(tmp_path))
    assert overview.projects("", 9, [ALICE]) == ()
    assert overview.changes(DEMO, None, 9) == ()
    assert not (tmp_path / "wheelgate.sqlite").exists()
