"""Own projects in each engine's database: races, order, what is for ever."""

import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from addons.simple.names import ProjectName
from addons.store.database import Database, DatabaseUnavailable, Server
from addons.store.principals import Principal
from addons.store.projects import NotAdded, NotThere, Projects
from addons.store.stored import Standing
from tests.addons.store.files import ALICE, AT, BOB, Stored, anybody, plain
from tests.forking import FORKED

DEMO = ProjectName("demo")


class NotYours(Exception):
    """What a permit refuses with."""


def claim(place: Path | Server, name: str) -> list[str]:
    """Upload so often to one project as one who may only to one's own; in another process. Gives what was taken."""
    projects, me = Projects(Database(place, 30.0)), Principal("user", name)

    def permit(standing: Standing | None) -> None:
        if standing is not None and me not in standing.roles:
            raise NotYours

    taken = []
    for number in range(10):
        filename = f"demo-{number}-py3-none-{name}.whl"
        try:
            projects.add(DEMO, "demo", plain(filename, filename.encode()), permit, owner=me, by=name, at=AT)
        except NotYours:
            continue
        taken.append(filename)
    return taken


def test_two_authors__race_for_one_name__one_has_it(place: Path | Server) -> None:
    """UPL-26: whoever was first owns it, and nothing of the other one's is there; the database is made by both, too."""
    with ProcessPoolExecutor(2, mp_context=FORKED) as pool:
        taken = [each.result(60) for each in [pool.submit(claim, place, name) for name in ("alice", "bob")]]
    standing = Projects(Database(place)).standing(DEMO)
    assert standing is not None
    assert sorted(map(len, taken)) == [0, 10]
    [owner] = standing.roles
    assert {each.file.filename for each in standing.files} == {*taken[0], *taken[1]}
    assert {each.by for each in standing.files} == {owner.name}


def test_adds__twenty_at_once__are_all_there_and_numbered_as_they_counted(stored: Stored) -> None:
    """UPL-16: who asks for what was touched since a revision misses none, however the changes overlap."""
    seen, stop, noted = [0], threading.Event(), set[ProjectName]()

    def follow() -> None:
        while not stop.is_set():
            look()

    def look() -> None:
        if stored.database.is_there:
            revision, touched = stored.projects.touched(seen[-1])
            seen.append(revision)
            noted.update(touched)

    def add(number: int) -> bool:
        new = plain(f"p{number % 5}-{number}-py3-none-any.whl", str(number).encode())
        return stored.projects.add(ProjectName(f"p{number % 5}"), "p", new, anybody, owner=ALICE, by="a", at=AT)

    follower = threading.Thread(target=follow)
    follower.start()
    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(add, range(20)))
    stop.set()
    follower.join()
    look()
    assert noted == {f"p{number}" for number in range(5)}
    assert seen == sorted(seen)
    assert len(stored.projects.changes()) == 20 + 5


def test_add__again__changes_nothing(stored: Stored) -> None:
    """UPL-13: the very file is there; other bytes, another name, or a deleted one are not taken."""
    new = plain("demo-1.0-py3-none-any.whl", b"one")
    other = plain("demo-1.0-py3-none-any.whl", b"two")
    renamed = plain("demo-1.0-py2-none-any.whl", b"one")

    def add(file: object) -> bool:
        return stored.projects.add(DEMO, "Demo", file, anybody, owner=ALICE, by="a", at=AT)  # type: ignore[arg-type]

    assert [add(new), add(new)] == [True, False]
    for file, why in ((other, "other-bytes"), (renamed, "other-name")):
        with pytest.raises(NotAdded, match=why):
            add(file)
    stored.delete("demo", [new.filename])
    with pytest.raises(NotAdded, match="deleted"):
        add(new)
    assert [each.what for each in stored.projects.changes()] == ["claim", "upload", "delete"]


def test_files__of_a_project__stand_in_one_order_in_every_engine(stored: Stored) -> None:
    """As they were uploaded, then by their names' bytes: a page's tag is the same on every gateway."""
    names = ["demo-1-py3-none-b.whl", "demo-1-py3-none-B.whl", "demo-1-py3-none-_a.whl"]
    for number, name in enumerate(names):
        stored.projects.add(DEMO, "d", plain(name, bytes([number])), anybody, owner=ALICE, by="a", at=AT)
    later = plain("demo-0-py3-none-any.whl", b"later")
    stored.projects.add(DEMO, "d", later, anybody, owner=ALICE, by="a", at=AT + timedelta(seconds=1))
    standing = stored.standing()
    assert standing is not None
    assert [each.file.filename for each in standing.files] == [*sorted(names), later.filename]


def test_permit__that_refuses__leaves_all_as_it_was(stored: Stored) -> None:
    """It is asked inside the change."""
    stored.upload()

    def refuse(standing: Standing | None) -> None:
        raise NotYours

    new = plain("demo-2.0-py3-none-any.whl", b"x", "2.0")
    with pytest.raises(NotYours):
        stored.projects.add(DEMO, "d", new, refuse, owner=BOB, by="b", at=AT)
    with pytest.raises(NotYours):
        stored.projects.set_role(DEMO, BOB, "owner", refuse, by="b", at=AT)
    assert len(stored.projects.changes()) == 2


def test_what_is_not_there__is_said_in_words(stored: Stored) -> None:
    """A project, or a file of one."""
    with pytest.raises(NotThere, match="demo is no project"):
        stored.projects.yank(DEMO, ["x.whl"], "", anybody, by="a", at=AT)
    stored.upload()
    with pytest.raises(NotThere, match=r"demo has x\.whl not in"):
        stored.delete("demo", ["x.whl"])


@pytest.mark.parametrize("table", ["changes", "tombstones"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET reason = 'none'"])
def test_record__changed_or_removed_by_mistake__stays_as_it_is(stored: Stored, table: str, statement: str) -> None:
    """Who did what is kept for ever, and so is what must not come back."""
    new = stored.upload()
    stored.delete("demo", [new.filename])
    with pytest.raises(DatabaseUnavailable, match="kept for ever"), stored.database.writing() as connection:
        connection.exec_driver_sql(statement.format(table))
    assert stored.projects.deleted(new.filename) is not None


def test_add__a_second_sdist_of_a_release__is_refused_however_the_version_is_written(stored: Stored) -> None:
    """UPL-11: 1.0 and 1.0.0 are one release (PEP 440)."""
    for filename, version in (("demo-1.0.tar.gz", "1.0"), ("demo-1.0.1.tar.gz", "1.0.1")):
        new = plain(filename, filename.encode(), version)
        stored.projects.add(DEMO, "demo", new, anybody, owner=ALICE, by="a", at=AT)
    second = plain("demo-1.0.0.tar.gz", b"second", "1.0.0")
    with pytest.raises(NotAdded) as raised:
        stored.projects.add(DEMO, "demo", second, anybody, owner=ALICE, by="a", at=AT)
    assert (raised.value.why, raised.value.filename) == ("second-sdist", "demo-1.0.tar.gz")


def test_adds__of_the_same_bytes_under_two_names_at_once__are_one_and_words(place: Path | Server) -> None:
    """UPL-13: the second is told of the first; no engine's own error comes through."""

    def add(version: str) -> str:
        projects = Projects(Database(place, 30.0))
        new = plain(f"demo-{version}-py3-none-any.whl", b"the same", version)
        try:
            projects.add(DEMO, "demo", new, anybody, owner=ALICE, by="a", at=AT)
        except NotAdded as error:
            return error.why
        finally:
            projects.database.close()
        return "added"

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(add, ("1.0", "2.0", "3.0", "4.0")))
    assert sorted(said) == ["added", *["other-name"] * 3]
