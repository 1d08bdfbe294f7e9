"""`purge` and what is known of metadata; what of it bundles carry, and whose it is."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from addons.bundle.gathering import Gathering, Origin
from addons.cache.announced import Entry, read, written
from addons.cache.documents import Documents
from addons.cache.layout import Layout
from addons.cache.purging import purge
from addons.cache.whose import announced_key, kind_of, whose_of
from addons.simple.names import ProjectName, normalise
from tests.addons.bundle.carrying import Side
from tests.addons.bundle.carrying import furnished as furnished_side
from tests.addons.cache.furnished import DEMO, INDEX, NOW, OTHER, fill, key, sha256

AT = datetime.fromtimestamp(NOW + 1, UTC)
ASIDE = key("https://mirror.example.org/simple/", "aside").replace(INDEX, "https://mirror.example.org/simple/")


def put(layout: Layout, content: bytes) -> Path:
    """Keep metadata."""
    path = layout.file(sha256(content))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


async def note(layout: Layout, index_key: str, project: str, **found: bytes) -> None:
    """Note what is known of files' metadata."""
    documents = Documents(layout.documents, wall=lambda: NOW)
    entries = {sha256(file.encode()): Entry("file", NOW, sha256(content)) for file, content in found.items()}
    entries["ee" * 32] = Entry("file", NOW, reason="has none")
    await documents.change(announced_key(index_key, ProjectName(project)), lambda before: written(entries))
    await documents.close()


async def known(layout: Layout, project: str) -> set[str]:
    """What is known."""
    documents = Documents(layout.documents, wall=lambda: NOW + 2)
    content = await documents.own(announced_key(key(INDEX), ProjectName(project)))
    await documents.close()
    return set(read(content))


async def test_purge__of_a_project__takes_its_metadata_of_all_sources_and_no_others(tmp_path: Path) -> None:
    """CCH-09, MET-02: what was read out of its files, by whichever index they came; another project's stays."""
    layout = Layout(tmp_path / "cache")
    await fill(layout.folder)
    mine, aside, others = (put(layout, content) for content in (b"demo 1", b"demo 2", b"other"))
    await note(layout, key(INDEX), "demo", wheel=b"demo 1", gone=b"made way")
    await note(layout, ASIDE, "demo", wheel=b"demo 2")
    await note(layout, key(INDEX), "other", wheel=b"other")
    gone = purge(layout, normalise("demo"), AT)
    assert gone.files == 3
    assert (mine.exists(), aside.exists(), others.exists()) == (False, False, True)
    assert (layout.file(sha256(DEMO)).exists(), layout.file(sha256(OTHER)).exists()) == (False, True)
    assert await known(layout, "demo") == set()
    assert await known(layout, "other") == {sha256(b"wheel"), "ee" * 32}


async def test_purge__of_a_document_that_another_version_wrote__takes_it_and_no_file_elsewhere(tmp_path: Path) -> None:
    """CCH-09: a name that is none leads nowhere."""
    layout = Layout(tmp_path / "cache")
    await fill(layout.folder)
    outside = tmp_path / "outside"
    outside.write_bytes(b"")
    documents = Documents(layout.documents, wall=lambda: NOW)
    for number, content in enumerate((b"\xc1", written({"x": Entry("file", NOW, os.fspath(outside))}))):
        project = ProjectName("demo" if number else "other")
        await documents.change(announced_key(key(INDEX), project), lambda before, content=content: content)  # type: ignore[misc] # bound at once
    await documents.close()
    for name in ("demo", "other"):
        purge(layout, normalise(name), AT)
        assert await known(layout, name) == set()
    assert outside.exists()


@pytest.mark.parametrize("project", [None, "demo", "foo-bar"])
def test_announced__by_its_key__is_of_its_project(project: str | None) -> None:
    """CCH-09: which `purge` and `wheelgate cache` go by; what is known of a source is of none."""
    whose = whose_of(announced_key(key(INDEX), ProjectName(project) if project else None))
    assert whose is not None
    assert kind_of(whose) == ("announced", project)


def test_bundle__of_a_cache__has_metadata_and_not_what_is_known_of_it(tmp_path: Path) -> None:
    """MET-02: it is found out anew out of the files that are there, on the other side."""
    side = furnished_side(tmp_path / "open")
    before = gathered(side)
    side.keep(f"{INDEX}tower/#metadata", written({"aa" * 32: Entry("file", 1.0, reason="x")}))
    side.keep(f"{INDEX}#metadata", b"\x92\xc3\xc3")
    assert gathered(side) == before
    assert not any("#metadata" in url for url in before)


def gathered(side: Side) -> set[str]:
    """The addresses of all documents that a bundle would have."""
    with side.documents() as carried, (side.folder / "spool").open("wb") as spool:
        found = Gathering(carried, side.path, [Origin("pypi", INDEX, "")], spool).all()
    return {each.url for each in found.documents} | {each.url for each in found.gone}
