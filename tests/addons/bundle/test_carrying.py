"""Bundles from one cache to another: what goes in comes out, once, and nothing newer is lost."""

import json
import re
import tarfile
import time
from pathlib import Path

from addons.cache.documents import Stored
from addons.cache.whose import Whose
from tests.addons.bundle.carrying import ASKED, INDEX, Side

TOWER, STONE, APART = (f"{INDEX}{name}/" for name in ("tower", "stone", "apart"))


def projects(side: Side) -> set[str]:
    """The projects whose pages are there."""
    pages = {url.removeprefix(INDEX)[:-1] for url, (body, _) in side.content().documents.items() if body is not None}
    return {name for name in pages if "/" not in name}


def test_bundle__exported_and_imported__brings_documents_stamps_files_and_takedowns(
    open_side: Side, closed_side: Side, bundle: Path
) -> None:
    """The other side then has what this one has, to the byte and to the second."""
    done = closed_side.take(bundle)
    assert done.exit_code == 0, done.output
    assert closed_side.content() == open_side.content()
    assert "3 written" in done.stdout


def test_import__twice__writes_nothing_again(closed_side: Side, bundle: Path) -> None:
    """Idempotent, and said so."""
    closed_side.take(bundle)
    before, inodes = closed_side.content(), [path.stat().st_ino for path in closed_side.cache.glob("files/*/*")]
    done = closed_side.take(bundle)
    assert done.exit_code == 0
    assert "0 written (0 bytes), 3 were there already" in done.stdout
    assert "0 written, 5 were there already" in done.stdout
    assert closed_side.content() == before
    assert [path.stat().st_ino for path in closed_side.cache.glob("files/*/*")] == inodes


def test_bundle__opened_with_tar__is_what_it_says(bundle: Path, open_side: Side) -> None:
    """Anybody can look into it with the tools that they have: names are hashes, all members plain files."""
    with tarfile.open(bundle) as archive:
        members = archive.getmembers()
        [first] = [archive.extractfile(members[0])]
        assert first is not None
        manifest = json.load(first)
    assert members[0].name == "manifest.json"
    assert all(member.isfile() for member in members)
    names = [f"files/{each['sha256']}" for each in manifest["files"]]
    assert [member.name for member in members[1 : 1 + len(names)]] == names
    assert {name.partition("/")[2] for name in names} == set(open_side.content().files)


def test_export__of_named_projects__has_what_they_require_and_no_others(
    open_side: Side, closed_side: Side, tmp_path: Path
) -> None:
    """A set that can be installed; without dependencies only if asked for."""
    open_side.export(tmp_path / "one.wheelgate", "Tower")
    closed_side.take(tmp_path / "one.wheelgate")
    assert projects(closed_side) == {"tower", "stone"}
    open_side.export(tmp_path / "two.wheelgate", "tower", "--no-deps")
    other = Side(tmp_path / "other")
    other.take(tmp_path / "two.wheelgate")
    assert projects(other) == {"tower"}


def test_export__of_a_requirements_file__has_the_projects_that_it_names(
    open_side: Side, closed_side: Side, tmp_path: Path
) -> None:
    """With comments, options, hashes, continued lines and included files; a marker allows that one is missing."""
    (tmp_path / "more.txt").write_text("apart >= 1 # the other one\n")
    (tmp_path / "all.txt").write_text(
        f"--index-url https://pypi.org/simple\n# nothing\nstone==1.1 \\\n  --hash=sha256:{'0' * 64}\n"
        "-r more.txt\nabsent; sys_platform == 'win32'\n"
    )
    done = open_side.call("export", "-r", tmp_path / "all.txt", "-o", tmp_path / "set.wheelgate")
    assert done.exit_code == 0, done.output
    assert "absent: wanted on some machines only" in done.stdout
    closed_side.take(tmp_path / "set.wheelgate")
    assert projects(closed_side) == {"stone", "apart"}


def test_export__of_what_is_not_kept__is_refused_in_words(open_side: Side, tmp_path: Path) -> None:
    """Better here than on the other side; nothing is written."""
    done = open_side.call("export", "absent", "-o", tmp_path / "set.wheelgate")
    assert (done.exit_code, "no page is kept of absent" in done.stderr) == (1, True)
    (tmp_path / "odd.txt").write_text("\n./wheels/x.whl\n")
    done = open_side.call("export", "-r", tmp_path / "odd.txt", "-o", tmp_path / "set.wheelgate")
    assert (done.exit_code, "odd.txt:2: './wheels/x.whl' names no project" in done.stderr) == (1, True)
    done = Side(tmp_path / "empty").call("export", "-o", tmp_path / "set.wheelgate")
    assert (done.exit_code, "nothing is kept there" in done.stderr) == (1, True)
    assert list(tmp_path.glob("set*")) == []


def test_export__of_a_project_that_is_gone__carries_its_takedown(
    open_side: Side, closed_side: Side, tmp_path: Path
) -> None:
    """What PyPI has withdrawn is withdrawn on the closed network as well, with the next bundle."""
    closed_side.release("evil", "1.0", asked=ASKED - 10)
    open_side.export(tmp_path / "set.wheelgate", "evil")
    assert "1 document forgotten" in closed_side.take(tmp_path / "set.wheelgate").stdout
    assert closed_side.content().documents[f"{INDEX}evil/"] == (None, ASKED)


def test_export__over_a_file_that_is_no_bundle__leaves_it(open_side: Side, bundle: Path, tmp_path: Path) -> None:
    """An earlier bundle may be replaced; requirements.txt may not."""
    (tmp_path / "requirements.txt").write_text("tower\n")
    done = open_side.call("export", "-o", tmp_path / "requirements.txt")
    assert (done.exit_code, "is no bundle" in done.stderr) == (1, True)
    assert (tmp_path / "requirements.txt").read_text() == "tower\n"
    open_side.export(bundle)


def test_export__dry__writes_nothing(open_side: Side, tmp_path: Path) -> None:
    """It says how much it would be."""
    done = open_side.call("export", "-o", tmp_path / "set.wheelgate", "--dry-run")
    assert done.exit_code == 0
    assert "nothing was written" in done.stdout
    assert list(tmp_path.glob("set*")) == []


def test_import__of_older_documents__leaves_newer_ones_and_takedowns(closed_side: Side, bundle: Path) -> None:
    """What is known here later counts; a takedown that the bundle knows later counts here."""
    closed_side.release("tower", "9.0", kept=False, asked=ASKED + 10)
    closed_side.keep(STONE, None, asked=ASKED + 10)
    closed_side.release("evil", "1.0", kept=False, asked=ASKED - 10)
    before = closed_side.content().documents
    done = closed_side.take(bundle)
    assert "3 written, 0 were there already, 1 newer here, 1 taken down here since" in done.stdout
    after = closed_side.content().documents
    assert (after[TOWER], after[STONE]) == (before[TOWER], before[STONE])
    assert after[f"{INDEX}evil/"] == (None, ASKED)


def test_import__of_newer_documents__replaces_older_ones(closed_side: Side, open_side: Side, bundle: Path) -> None:
    """The next bundle's pages count; so does a project that came back."""
    closed_side.release("tower", "0.1", kept=False, asked=ASKED - 10)
    closed_side.keep(STONE, None, asked=ASKED - 10)
    closed_side.take(bundle)
    assert closed_side.content().documents == open_side.content().documents


def test_export__since_an_earlier_bundle__has_only_what_is_new(
    open_side: Side, closed_side: Side, bundle: Path, tmp_path: Path
) -> None:
    """All documents, and the files that the other side lacks; which must have had the earlier one."""
    side = Side(tmp_path / "later")
    for content in open_side.content().files.values():
        side.keep_file(content)
    for name, version in (("tower", "1.0"), ("stone", "1.1"), ("apart", "2.0"), ("fresh", "1.0")):
        side.release(name, version, *["stone>=1"] * (name == "tower"), asked=ASKED + 60)
    side.export(tmp_path / "new.wheelgate", "--since", bundle)
    with tarfile.open(tmp_path / "new.wheelgate") as archive:
        assert sum(name.startswith("files/") for name in archive.getnames()) == 1
    closed_side.refused(tmp_path / "new.wheelgate", "3 files of an earlier bundle are not here")
    closed_side.take(bundle)
    done = closed_side.take(tmp_path / "new.wheelgate")
    assert done.exit_code == 0, done.output
    assert closed_side.content().files == side.content().files
    with tarfile.open(tmp_path / "new.wheelgate") as archive:
        archive.extract("manifest.json", tmp_path, filter="data")
    side.export(tmp_path / "third.wheelgate", "--since", tmp_path / "manifest.json")
    with tarfile.open(tmp_path / "third.wheelgate") as archive:
        assert not any(name.startswith("files/") for name in archive.getnames())
    alone = Side(tmp_path / "alone")
    assert alone.take(tmp_path / "third.wheelgate", "--incomplete").exit_code == 0


def test_import__under_another_name_and_user__goes_to_the_source_with_that_index(bundle: Path, tmp_path: Path) -> None:
    """Sources are told by their index; which one it is is said."""
    source = {"name": "world", "index": INDEX, "public": True}
    side = Side(tmp_path / "renamed", sources=[source])
    done = side.take(bundle)
    assert f"source    world ({INDEX})" in done.stdout
    with side.documents() as carried:
        assert {(entry.whose.source, entry.whose.index, entry.whose.user) for entry in carried.entries()} == {
            ("world", INDEX, "")
        }


def test_import__without_a_source_of_that_index__is_refused(bundle: Path, tmp_path: Path) -> None:
    """In words that say what to write."""
    mirror = {"name": "mirror", "index": "https://python.example.org/simple/", "public": True}
    Side(tmp_path / "mirrored", sources=[mirror]).refused(bundle, f"documents of {INDEX}, and no public source")


def test_own_source__exported_and_imported__only_by_its_name(tmp_path: Path, bundle: Path) -> None:
    """What counts as one's own is never filled by what somebody carries in, unless it is said."""
    index = "https://python.example.org/simple/"
    source = {"name": "registry", "index": index}
    open_side, closed_side = (Side(tmp_path / name, sources=[source]) for name in ("here", "there"))
    closed_side.refused(bundle, "no public source")
    with open_side.documents() as carried:
        stored = Stored(200, f"{index}mine/", {"content-type": "text/html"}, b"<title>Links for mine</title>")
        carried.put(Whose("registry", index, "", f"{index}mine/"), stored, ASKED)
    done = open_side.call("export", "-o", tmp_path / "own.wheelgate")
    assert (done.exit_code, "nothing is kept here of these sources" in done.stderr) == (1, True)
    open_side.export(tmp_path / "own.wheelgate", "--source", "registry")
    closed_side.refused(tmp_path / "own.wheelgate", "name the source that has it with --source")
    assert closed_side.take(tmp_path / "own.wheelgate", "--source", "registry").exit_code == 0
    assert closed_side.content() == open_side.content()
    done = closed_side.take(tmp_path / "own.wheelgate", "--source", "other")
    assert "'other' is no index among the sources; there are: registry" in done.stderr


def test_import__from_a_clock_that_is_ahead__is_not_from_the_future(closed_side: Side, tmp_path: Path) -> None:
    """Some hours are put right, so that the page is given; more than a day is refused, as takedowns go by time."""
    side = Side(tmp_path / "ahead")
    side.release("early", "1.0", asked=time.time() + 3600)
    side.export(tmp_path / "early.wheelgate")
    assert closed_side.take(tmp_path / "early.wheelgate").exit_code == 0
    [(_, asked)] = closed_side.content().documents.values()
    assert asked <= time.time()
    side.release("late", "1.0", asked=time.time() + 3 * 86_400)
    side.export(tmp_path / "late.wheelgate")
    closed_side.refused(tmp_path / "late.wheelgate", "set the clock that is wrong")


def test_show__of_a_bundle__lists_projects_with_files_and_times(open_side: Side, bundle: Path) -> None:
    """For whoever has to let it in; in JSON it is the manifest."""
    done = open_side.call("show", bundle)
    assert done.exit_code == 0
    assert re.search(
        r"^project   apart: 1 file, \d+ bytes; its page as of 2025-06-15 15:06 UTC$", done.stdout, re.MULTILINE
    )
    assert "signed    by nobody" in done.stdout
    assert "documents 5, " in done.stdout
    assert "verified  all of it" in done.stdout
    manifest = json.loads(open_side.call("show", "--json", bundle).stdout)
    assert {each["sha256"] for each in manifest["files"]} == set(open_side.content().files)
    assert [each["url"] for each in manifest["gone"]] == [f"{INDEX}evil/"]


def test_import__dry__verifies_and_writes_nothing(closed_side: Side, bundle: Path) -> None:
    """Not even a folder; what is damaged is found."""
    done = closed_side.take(bundle, "--dry-run")
    assert (done.exit_code, "verified  all of it" in done.stdout) == (0, True)
    content = bytearray(bundle.read_bytes())
    content[-2000] ^= 1
    bundle.write_bytes(content)
    assert closed_side.take(bundle, "--dry-run").exit_code == 1
    assert not closed_side.cache.exists()
