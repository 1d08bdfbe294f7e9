"""What is counted of documents: each giving and each asking once, by what came of it."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from addons.cache.documents import Documents, Stored
from addons.sources.asking import Keeping
from addons.sources.index import Index
from addons.sources.source import ProjectAbsent, SourceUnavailable
from tests.addons.sources.places import DEMO, Time, public_index
from tests.fakepypi import FakePyPI, Status


@pytest.fixture
def time() -> Time:
    """A clock that the test moves."""
    return Time()


@pytest.fixture
async def documents(tmp_path: Path, time: Time) -> AsyncIterator[Documents]:
    """The documents on disk."""
    made = Documents(tmp_path / "documents", wall=time)
    yield made
    await made.close()


@pytest.fixture
async def index(pypi: FakePyPI, time: Time, documents: Documents) -> AsyncIterator[Index]:
    """An index that keeps them there, with one project."""
    pypi.release(DEMO, "1.0")
    pypi.cache_control = "max-age=60"
    async with public_index(pypi, time, keeping=Keeping(documents=documents)) as made:
        yield made


def counted(documents: Documents) -> dict[str, int]:
    """What is not nothing."""
    return {name: number for name, number in documents.counts.snapshot().items() if number}


async def test_counts__of_a_page_that_is_asked_for_again__are_one_miss_then_hits(
    index: Index, documents: Documents
) -> None:
    """Given from memory: nothing else is counted."""
    for _ in range(3):
        await index.page(DEMO)
    assert counted(documents) == {"misses": 1, "kept": 1, "hits": 2}


async def test_counts__of_a_page_that_is_out_of_date__tell_unchanged_from_new(
    index: Index, documents: Documents, pypi: FakePyPI, time: Time
) -> None:
    """A 304 is revalidated, another page is a miss."""
    await index.page(DEMO)
    time.now += 61
    await index.page(DEMO)
    assert counted(documents) == {"misses": 1, "kept": 1, "revalidated": 1}
    pypi.release(DEMO, "2.0")
    time.now += 61
    await index.page(DEMO)
    assert counted(documents) == {"misses": 2, "kept": 2, "revalidated": 1}


async def test_counts__of_an_outage__are_errors_and_what_stood_in(
    index: Index, documents: Documents, pypi: FakePyPI, time: Time
) -> None:
    """Each failed asking is an error; stale is what was given all the same."""
    await index.page(DEMO)
    pypi.fault("/", Status(503))
    time.now += 61
    assert (await index.page(DEMO)).stale is not None
    with pytest.raises(SourceUnavailable):
        await index.page("other")  # type: ignore[arg-type] # a name as good as a normalised one
    assert counted(documents) == {"misses": 1, "kept": 1, "errors": 2, "stale": 1}


async def test_counts__of_what_is_not_there__are_absent(index: Index, documents: Documents) -> None:
    """A project that nobody has is no error."""
    with pytest.raises(ProjectAbsent):
        await index.page("other")  # type: ignore[arg-type] # a name as good as a normalised one
    assert counted(documents) == {"absent": 1}


async def test_counts__of_another_process__have_what_is_on_disk_as_a_hit(
    index: Index, documents: Documents, pypi: FakePyPI, time: Time
) -> None:
    """What one has fetched, the next one reads."""
    await index.page(DEMO)
    async with public_index(pypi, time, keeping=Keeping(documents=documents)) as restarted:
        await restarted.page(DEMO)
    assert counted(documents) == {"misses": 1, "kept": 1, "hits": 1, "from_disk": 1}


async def test_forget__of_a_project__is_asked_for_again_and_no_other(
    index: Index, documents: Documents, pypi: FakePyPI, time: Time
) -> None:
    """Its page and its documents; of a document that is gone from the disk too, the whole is fetched."""
    pypi.release("other", "1.0")
    for project in (DEMO, "other"):
        await index.page(project)  # type: ignore[arg-type] # a name as good as a normalised one
        assert await index.legacy(project, None) is not None  # type: ignore[arg-type] # the same
    index.forget(DEMO)
    for path in ("/simple/demo/", "/pypi/demo/json"):
        await documents.forget(f'["pypi", "https://pypi.org/simple/", "", "https://pypi.org{path}"]', time.now)
    for project in (DEMO, "other"):
        await index.page(project)  # type: ignore[arg-type] # the same
        await index.legacy(project, None)  # type: ignore[arg-type] # the same
    assert counted(documents) == {"misses": 6, "kept": 6, "hits": 2}


async def test_counts__of_documents_that_make_way__are_evicted(tmp_path: Path) -> None:
    """diskcache evicts behind everybody's back; the entries that went are counted all the same."""
    documents = Documents(tmp_path / "small", most_bytes=2_000_000)
    for number in range(40):
        assert await documents.keep(f"key {number}", Stored(200, "", {}, b"x" * 100_000), float(number), 0.0)
    await documents.close()
    link = sqlite3.connect(tmp_path / "small" / "cache.db")
    [(left,)] = link.execute("SELECT count(*) FROM Cache").fetchall()
    link.close()
    assert documents.counts.evicted == 2 * 40 - left > 0
