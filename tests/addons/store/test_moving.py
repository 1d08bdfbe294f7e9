"""Exports and imports of the store, between engines too."""

import json
import stat
from pathlib import Path

import pytest

from addons.simple.names import ProjectName
from addons.store.checking import Check
from addons.store.database import Database, Server
from addons.store.exporting import export
from addons.store.importing import Import, Taken, opened
from addons.store.manifest import NotAnExport
from addons.storekeeper import metadata_of
from tests.addons.store.files import AT, BOB, Stored, anybody, same

DEMO = ProjectName("demo")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Stored:
    """A store of SQLite's with two projects, one of which had a file that was deleted, and a token."""
    stored = Stored(Database(tmp_path / "elsewhere"), tmp_path / "elsewhere")
    for version in ("1.0", "2.0", "3.0"):
        stored.upload(version=version)
    stored.upload("other")
    stored.projects.set_role(DEMO, BOB, "maintainer", anybody, by="user:alice", at=AT)
    stored.projects.yank(DEMO, ["demo-1.0-py3-none-any.whl"], "broken", anybody, by="user:alice", at=AT)
    stored.delete("demo", ["demo-2.0-py3-none-any.whl"])
    with stored.database.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO tokens (id, hash, principal, groups, shown, may_claim, note, made, by)"
            " VALUES ('t1', 'argon2-hash', 'user:alice', '[\"a\"]', 't1…', 0, '', '2026-11-23T10:00:00.000000+00:00', 'a')"
        )
    return stored


def taken(stored: Stored, path: Path, *, dry_run: bool = False) -> list[Taken]:
    """Import an export."""
    taking = Import(stored.database, stored.shelf, "tests", AT)
    with opened(path) as (lines, have):
        found = list(taking.projects(lines, have, dry_run=dry_run))
        taking.others(lines, dry_run=dry_run)
    return found


@pytest.mark.parametrize("name", ["moving", "moving.tar"])
def test_export__imported_elsewhere__is_the_same_store(
    stored: Stored, elsewhere: Stored, tmp_path: Path, name: str
) -> None:
    """Projects, roles, files, tombstones, changes; a second import changes nothing."""
    path = tmp_path / name
    export(elsewhere.database, elsewhere.shelf, path, frozenset(), AT)
    assert taken(stored, path, dry_run=True) == [Taken(project="demo", new=2), Taken(project="other", new=1)]
    assert stored.standing() is None
    assert taken(stored, path) == [Taken(project="demo", new=2), Taken(project="other", new=1)]
    for project in ("demo", "other"):
        assert same(stored.standing(project), elsewhere.standing(project))
    assert stored.projects.deleted("demo-2.0-py3-none-any.whl") == elsewhere.projects.deleted(
        "demo-2.0-py3-none-any.whl"
    )
    there = [each.what for each in stored.projects.changes(DEMO)]
    assert there == [*(each.what for each in elsewhere.projects.changes(DEMO)), "import"]
    assert taken(stored, path) == [Taken(project="demo", there=2), Taken(project="other", there=1)]
    assert [each.what for each in stored.projects.changes(DEMO)] == there
    assert list(Check(stored.database, stored.shelf, metadata_of).findings(AT)) == []


def test_export__of_one_project__has_that_alone_and_no_tokens(elsewhere: Stored, tmp_path: Path) -> None:
    """Hashes of tokens are in no export, unless they were asked for; nobody else can read it."""
    path = tmp_path / "one"
    export(elsewhere.database, elsewhere.shelf, path, frozenset({"other"}), AT)
    text = (path / "manifest.jsonl").read_text()
    assert [(line["type"], line.get("name")) for line in map(json.loads, text.splitlines())] == [
        ("export", None),
        ("project", "other"),
    ]
    assert "argon2" not in text
    assert {stat.S_IMODE(each.stat().st_mode) for each in (path, *path.rglob("*"))} == {0o700, 0o600}


def test_export__with_tokens__takes_them_along(stored: Stored, elsewhere: Stored, tmp_path: Path) -> None:
    """So that they go on to be good; twice is once."""
    path = tmp_path / "all.tar"
    export(elsewhere.database, elsewhere.shelf, path, frozenset(), AT, tokens=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for _ in range(2):
        taken(stored, path)
    with stored.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT id, hash FROM tokens").all() == [("t1", "argon2-hash")]


@pytest.mark.parametrize("way", ["other bytes", "deleted here", "deleted there", "other name"])
def test_import__what_is_in_the_way__refuses_the_whole_project_and_names_it(
    stored: Stored, elsewhere: Stored, tmp_path: Path, way: str
) -> None:
    """Nothing of that project is taken in; the others are."""
    export(elsewhere.database, elsewhere.shelf, tmp_path / "moving", frozenset(), AT)
    words = {"other bytes": "other bytes", "deleted here": "deleted here", "deleted there": "deleted there"}
    if way == "other bytes":
        stored.upload(version="3.0", more="x")
    elif way == "deleted there":
        stored.upload(version="2.0")
    elif way == "deleted here":
        stored.upload(version="3.0")
        stored.delete("demo", ["demo-3.0-py3-none-any.whl"])
    else:
        new = elsewhere.standing()
        assert new is not None
        file = new.files[-1].file
        renamed = type(file)(
            **{**{name: getattr(file, name) for name in file.__struct_fields__}, "filename": "demo-9-py3-none-any.whl"}
        )
        stored.projects.add(DEMO, "demo", renamed, anybody, owner=BOB, by="b", at=AT)
    before = stored.standing()
    [demo, other] = taken(stored, tmp_path / "moving")
    assert words.get(way, "under another name") in " ".join(demo.refused)
    assert (demo.new, other.new) == (0, 1)
    assert same(stored.standing(), before)


def test_import__into_a_project_that_is_there__leaves_its_owners(
    stored: Stored, elsewhere: Stored, tmp_path: Path
) -> None:
    """An old export takes nobody's project away, and gives nobody a role back."""
    export(elsewhere.database, elsewhere.shelf, tmp_path / "moving", frozenset(), AT)
    stored.upload(version="4.0", owner=BOB)
    taken(stored, tmp_path / "moving")
    standing = stored.standing()
    assert standing is not None
    assert dict(standing.roles) == {BOB: "owner"}
    assert len(standing.files) == 3


@pytest.mark.parametrize("harm", ["bytes", "gone", "manifest", "newer", "path"])
def test_import__of_a_damaged_export__is_refused_in_words(
    stored: Stored, elsewhere: Stored, tmp_path: Path, harm: str
) -> None:
    """No wrong byte is taken, and no name leads out of the folder."""
    path = tmp_path / "moving"
    export(elsewhere.database, elsewhere.shelf, path, frozenset({"demo"}), AT)
    some, manifest = next((path / "files").glob("*/*")), path / "manifest.jsonl"
    if harm == "bytes":
        some.write_bytes(b"x")
    elif harm == "gone":
        some.unlink()
    elif harm == "manifest":
        manifest.write_text("{}")
    else:
        old, new = {"newer": ('"wheelgate":1', '"wheelgate":2'), "path": ('"sha256":"', '"sha256":"../')}[harm]
        manifest.write_text(manifest.read_text().replace(old, new))
    with pytest.raises(NotAnExport):
        taken(stored, path)
    assert stored.standing() is None
    assert list(stored.shelf.incoming.iterdir()) == []


def test_import__again__puts_bytes_back_that_were_lost(stored: Stored, elsewhere: Stored, tmp_path: Path) -> None:
    """So an export is a backup of what lies on the disk, too."""
    export(elsewhere.database, elsewhere.shelf, tmp_path / "moving.tar", frozenset(), AT)
    taken(stored, tmp_path / "moving.tar")
    for each in list(stored.shelf.folder.glob("*/*")):
        each.unlink()
    taken(stored, tmp_path / "moving.tar")
    assert list(Check(stored.database, stored.shelf, metadata_of).findings(AT)) == []


def test_export__where_bytes_are_lost__writes_nothing(elsewhere: Stored, tmp_path: Path) -> None:
    """No export looks whole that is not; what is there is not overwritten either."""
    next(elsewhere.shelf.folder.glob("*/*")).unlink()
    for name in ("moving", "moving.tar"):
        with pytest.raises(ValueError, match="store check"):
            export(elsewhere.database, elsewhere.shelf, tmp_path / name, frozenset(), AT)
    (tmp_path / "there").mkdir()
    with pytest.raises(ValueError, match="is there already"):
        export(elsewhere.database, elsewhere.shelf, tmp_path / "there", frozenset(), AT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "there"]


def test_export__back_from_postgresql__is_the_same_store(elsewhere: Stored, postgresql: Server, tmp_path: Path) -> None:
    """From SQLite to a server, and back."""
    away, home = Stored(Database(postgresql), tmp_path / "away"), Stored(Database(tmp_path / "home"), tmp_path / "home")
    for source, target, name in ((elsewhere, away, "there.tar"), (away, home, "back.tar")):
        export(source.database, source.shelf, tmp_path / name, frozenset(), AT, tokens=True)
        taken(target, tmp_path / name)
    assert same(home.standing(), elsewhere.standing())
    assert [each.what for each in home.projects.changes(DEMO)][:-2] == [
        each.what for each in elsewhere.projects.changes(DEMO)
    ]
    away.database.close()
