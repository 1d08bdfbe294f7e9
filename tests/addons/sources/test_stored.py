"""The store as a source: what its pages say, what is given of its files, and the list of its projects."""

import hashlib
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from addons.metadata.final import check_final
from addons.simple.names import ProjectName
from addons.simple.page import File
from addons.sources.source import FileGone, ProjectAbsent, Span, Unranged
from addons.sources.stored import Stored
from addons.store.projects import Projects
from tests.addons.sources.places import DEMO, rest, whole
from tests.addons.sources.stores import own_store_in, source_of
from tests.storing import UPLOADED, anybody, release, shelved

BY = "user:alice"


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[Stored]:
    """The source of an empty store."""
    made = source_of(tmp_path)
    yield made
    await made.close()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the store lies."""
    return tmp_path / "store"


@pytest.fixture
def projects(tmp_path: Path) -> Projects:
    """The same store's projects, as another process has them."""
    return own_store_in(tmp_path).projects


async def only(source: Stored, project: ProjectName = DEMO) -> File:
    """Give the one file of a page."""
    [file] = (await source.page(project)).files
    return file


# What is on the page


async def test_page__of_a_wheel__says_all_that_a_client_needs(source: Stored, store: Path) -> None:
    """UPL-16: sha256, size, requires-python, upload time as PyPI writes it, metadata; and the project's status."""
    new = release(store, "demo", requires_python=">=3.9, <4")
    page = await source.page(DEMO)
    assert (page.versions, page.status, page.source) == (("1.0",), "active", "store")
    [file] = page.files
    assert (file.filename, file.size, file.requires_python, file.yanked) == (
        "demo-1.0-py3-none-any.whl",
        new.size,
        ">=3.9, <4",
        False,
    )
    assert (file.hashes, file.upload_time) == ({"sha256": new.sha256}, "2026-11-23T10:00:00.250000Z")
    metadata = await source.core_metadata(file)
    assert file.core_metadata == {"sha256": hashlib.sha256(metadata).hexdigest()}
    assert metadata.startswith(b"Metadata-Version: 2.2\nName: demo\n")


async def test_page__of_several_releases__has_them_in_the_order_of_their_versions(source: Stored, store: Path) -> None:
    """Whenever they were uploaded; each version once."""
    for number, (version, kind) in enumerate(
        [("10.0", "wheel"), ("9.0", "wheel"), ("9.0", "sdist"), ("9.0rc1", "wheel")]
    ):
        release(store, "demo", version, kind=kind, at=UPLOADED + timedelta(minutes=number))
    page = await source.page(DEMO)
    assert page.versions == ("9.0rc1", "9.0", "10.0")
    assert [file.filename.removeprefix("demo-") for file in page.files] == [
        "9.0rc1-py3-none-any.whl",
        "9.0-py3-none-any.whl",
        "9.0.tar.gz",
        "10.0-py3-none-any.whl",
    ]


@pytest.mark.parametrize("final", [False, True])
async def test_page__of_an_sdist__announces_its_metadata_where_it_is_final_and_wanted(
    tmp_path: Path, store: Path, final: bool
) -> None:
    """MET-07: else it is not announced; what documents are made of is there all the same, in the store or in the file."""
    release(store, "demo", kind="sdist")
    source = source_of(tmp_path, check_final if final else None)
    file = await only(source)
    assert bool(file.core_metadata) is final
    assert (await source.core_metadata(file)).startswith(b"Metadata-Version: 2.2\nName: demo\n")
    other = source_of(tmp_path)  # whose page nobody asked for
    assert (await other.core_metadata(file)).startswith(b"Metadata-Version: 2.2\nName: demo\n")


@pytest.mark.parametrize(("reason", "said"), [("broken", "broken"), ("", True), (None, False)])
async def test_page__of_a_yanked_file__says_so(
    source: Stored, store: Path, projects: Projects, reason: str | None, said: bool | str
) -> None:
    """The reason if there is one, and that it is no more."""
    new = release(store, "demo")
    projects.yank(DEMO, [new.filename], "before", anybody, by=BY, at=UPLOADED)
    projects.yank(DEMO, [new.filename], reason, anybody, by=BY, at=UPLOADED)
    assert (await only(source)).yanked == said


@pytest.mark.parametrize("status", ["archived", "deprecated", "quarantined"])
async def test_page__of_a_project_with_a_status__has_it_and_its_reason(
    source: Stored, store: Path, projects: Projects, tmp_path: Path, status: str
) -> None:
    """YNK-09: in quarantine it offers no files and is in no list; archived and deprecated ones stay as they are."""
    release(store, "demo")
    projects.set_status(DEMO, status, anybody, by=BY, at=UPLOADED, reason="looked into")
    page = await source.page(DEMO)
    assert (page.status, page.status_reason) == (status, "looked into")
    assert (len(page.files), page.versions) == ((0, ()) if status == "quarantined" else (1, ("1.0",)))
    await source.projects(tmp_path / "list")
    assert (b'"demo"' in (tmp_path / "list").read_bytes()) is (status != "quarantined")


async def test_project__whose_files_are_all_deleted__has_an_empty_page(
    source: Stored, store: Path, projects: Projects
) -> None:
    """MRG-04, MRG-06: its name is the organisation's still: nobody else is asked."""
    new = release(store, "demo")
    projects.delete(DEMO, [new.filename], "wrong", anybody, by=BY, at=UPLOADED)
    page = await source.page(DEMO)
    assert (page.files, page.versions) == ((), ())


async def test_page__of_what_nobody_uploaded__is_absent(source: Stored, store: Path) -> None:
    """MRG-03: for certain, so that the next source may be asked; where there was never a store, too."""
    with pytest.raises(ProjectAbsent):
        await source.page(DEMO)
    assert not is_there(store)


# Its version


async def test_version__of_a_page__is_other_after_every_change(source: Stored, store: Path, projects: Projects) -> None:
    """UPL-16: and the same where nothing changed: it is what ETags are made of."""
    new = release(store, "demo")
    seen = []
    for change in (
        lambda: release(store, "demo", "2.0"),
        lambda: projects.yank(DEMO, [new.filename], "x", anybody, by=BY, at=UPLOADED),
        lambda: projects.yank(DEMO, [new.filename], "y", anybody, by=BY, at=UPLOADED),
        lambda: projects.set_status(DEMO, "archived", anybody, by=BY, at=UPLOADED, reason="x"),
        lambda: projects.set_status(DEMO, "archived", anybody, by=BY, at=UPLOADED, reason="y"),
        lambda: projects.delete(DEMO, [new.filename], "x", anybody, by=BY, at=UPLOADED),
    ):
        seen.append((await source.page(DEMO)).version)
        change()
        source.arrived(DEMO)
    seen.append((await source.page(DEMO)).version)
    assert len(set(seen)) == len(seen) == 7
    source.arrived(DEMO)
    assert (await source.page(DEMO)).version == seen[-1]


# Its files


async def test_file__read__is_its_bytes_whole_and_in_spans(source: Stored, store: Path) -> None:
    """Any span, and from a place on."""
    release(store, "demo", padding=600_000)
    file = await only(source)
    content = await whole(source, file)
    assert hashlib.sha256(content).hexdigest() == file.hashes["sha256"]
    async with source.read(file, Span(10, 400_000)) as reading:
        assert (reading.size, await rest(reading)) == (len(content), content[10:400_000])
    async with source.read(file, None) as reading:
        assert reading.onward is not None
        assert b"".join([part async for part in reading.onward(300_000)]) == content[300_000:]
    with pytest.raises(Unranged):
        await source.stretch(file, 0, 10)


@pytest.mark.parametrize("padding", [0, 9_000_000])
async def test_file__damaged_in_the_store__is_never_given_to_its_end(
    source: Stored, store: Path, caplog: pytest.LogCaptureFixture, padding: int
) -> None:
    """A small one is not begun, of a large one the end is missing, and from then on it is not begun; said once."""
    release(store, "demo", padding=padding)
    file = await only(source)
    path = source_path(store, file.hashes["sha256"])
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    for number in range(2):
        given: list[bytes] = []
        with pytest.raises(FileGone, match="is damaged in the store"):
            await read_into(given, source, file)
        count = sum(map(len, given))
        assert count < len(content) if padding and not number else not count
    said = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [str(path) in record.getMessage() for record in said] == [True]


@pytest.mark.parametrize("harm", ["shorter", "gone"])
async def test_file__shorter_or_gone__is_gone(source: Stored, store: Path, harm: str) -> None:
    """Before its first byte: nothing else could be right."""
    release(store, "demo")
    file = await only(source)
    path = source_path(store, file.hashes["sha256"])
    path.write_bytes(path.read_bytes()[:-1])
    if harm == "gone":
        path.unlink()
    with pytest.raises(FileGone, match="in the store"):
        async with source.read(file, None):
            pass


async def test_file__damaged_and_put_back__is_given_again(source: Stored, store: Path) -> None:
    """Without a restart: what it was seen as is forgotten with it."""
    release(store, "demo")
    file = await only(source)
    path = source_path(store, file.hashes["sha256"])
    right = path.read_bytes()
    path.write_bytes(b"x" * len(right))
    with pytest.raises(FileGone):
        await whole(source, file)
    path.unlink()
    shelved(store, right)
    assert await whole(source, file) == right


@pytest.mark.parametrize("harm", ["wrong", "gone"])
async def test_metadata__damaged_in_the_store__is_not_given(source: Stored, store: Path, harm: str) -> None:
    """MET-04: what is announced is given byte for byte, or not at all."""
    new = release(store, "demo")
    file = await only(source)
    assert new.metadata_sha256 is not None
    path = source_path(store, new.metadata_sha256)
    path.write_bytes(b"Name: other\n")
    if harm == "gone":
        path.unlink()
    with pytest.raises(FileGone, match="metadata"):
        await source.core_metadata(file)


async def read_into(given: list[bytes], source: Stored, file: File) -> None:
    """Read a file, and note each part that is given of it."""
    async with source.read(file, None) as reading:
        async for part in reading.chunks:
            given += [part]


def is_there(path: Path) -> bool:
    """Tell whether anything is there."""
    return path.exists()


def source_path(store: Path, sha256: str) -> Path:
    """Give where bytes lie."""
    return store / "files" / sha256[:2] / sha256[2:]


# The list, and what is nobody's here


async def test_list__of_the_store__has_every_project_and_is_written_when_it_changed(
    source: Stored, store: Path, tmp_path: Path
) -> None:
    """UPL-16: at once; and not again while it is the known one."""
    into = tmp_path / "list"
    for name in ("demo", "Another.One"):
        release(store, name)
    first = await source.projects(into)
    assert into.read_bytes().endswith(b'"projects":[{"name":"another-one"},{"name":"demo"}]}')
    into.unlink()
    assert await source.projects(into, first) == first
    assert not into.exists()
    release(store, "third")
    source.arrived(ProjectName("third"))
    assert (await source.projects(into, first)).version != first.version
    assert b'"third"' in into.read_bytes()


async def test_documents__of_the_store__are_none(source: Stored, store: Path) -> None:
    """They are made of files and their metadata; and nothing is attested."""
    release(store, "demo")
    file = await only(source)
    assert (source.own, source.direct, source.list_terms.key) == (True, False, None)
    assert await source.legacy(DEMO, None) is None
    assert await source.provenance(file) is None
    assert await source.classifiers() is None
