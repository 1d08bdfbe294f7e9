"""Documents on disk: bytes that outlast the process, shared, bounded, and never an error."""

import asyncio
import os
import pickle
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import override

import pytest
from diskcache import Cache

from addons.cache.documents import Documents, Stamp, Stored
from addons.cache.plain_disk import PlainDisk, Tampered
from tests.deploying import ROOT

KEY = '["pypi", "https://pypi.org/simple/", "", "https://pypi.org/simple/demo/"]'
PAGE = Stored(200, "https://pypi.org/simple/demo/", {"content-type": "text/html", "etag": '"1"'}, b"<html>" * 10)
LARGE = Stored(200, "https://pypi.org/simple/demo/", {}, os.urandom(100_000))


class Wall:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where they are kept; not there yet."""
    return tmp_path / "cache" / "documents"


@pytest.fixture
async def documents(folder: Path) -> AsyncIterator[Documents]:
    """The documents in that folder."""
    made = Documents(folder, wall=Wall())
    yield made
    await made.close()


async def kept(documents: Documents, stored: Stored = PAGE, key: str = KEY, asked: float = 500.0) -> bytes:
    """Keep a document, and give its digest."""
    digest = await documents.keep(key, stored, asked, asked + 600)
    assert digest
    return digest


async def had(folder: Path, digest: bytes, key: str = KEY) -> Stored | None:
    """Give what another process finds there."""
    other = Documents(folder, wall=Wall())
    try:
        return await other.find(key, digest)
    finally:
        await other.close()


def rows(folder: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Do something to the database behind everybody's back."""
    link = sqlite3.connect(folder / "cache.db")
    with link:
        found = link.execute(statement, values).fetchall()
    link.close()
    return found


def size(folder: Path) -> int:
    """Give how many bytes lie there."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def mode(folder: Path) -> int:
    """Give who may do what with it."""
    return folder.stat().st_mode & 0o777


def write_values(folder: Path, content: bytes) -> None:
    """Write something else into the large values."""
    for path in folder.rglob("*.val"):
        path.write_bytes(content)


# What is kept


@pytest.mark.parametrize("stored", [PAGE, LARGE], ids=["in the database", "in a file"])
async def test_document__that_was_kept__is_there_for_all_processes_and_after_a_restart(
    documents: Documents, folder: Path, stored: Stored
) -> None:
    """Whole, with all that is known of it."""
    digest = await kept(documents, stored)
    assert await documents.find(KEY, digest) == stored
    assert await documents.stamp(KEY) == Stamp(500.0, 1100.0, digest)
    assert await had(folder, digest) == stored


async def test_document__of_another_process__is_seen_at_once(documents: Documents, folder: Path) -> None:
    """A real second process, while the first one has the database open."""
    await kept(documents)
    script = (
        "import asyncio, sys, pathlib\n"
        "from addons.cache.documents import Documents, Stored\n"
        "made = Documents(pathlib.Path(sys.argv[1]))\n"
        "asyncio.run(made.keep(sys.argv[2], Stored(200, 'u', {}, b'new'), 600.0, 700.0))\n"
        "made._thread.shutdown()\n"
    )
    command = (sys.executable, "-c", script, str(folder), KEY)
    await asyncio.to_thread(subprocess.run, command, check=True, cwd=ROOT)
    stamp = await documents.stamp(KEY)
    assert stamp is not None
    assert await documents.find(KEY, stamp.digest) == Stored(200, "u", {}, b"new")


async def test_document__under_another_key_or_digest__is_not_there(documents: Documents) -> None:
    """CCH-10: what one source said is no other's word."""
    digest = await kept(documents)
    assert await documents.find(KEY + "x", digest) is None
    assert await documents.find(KEY, b"0" * 16) is None
    assert await documents.stamp(KEY + "x") is None


async def test_document__confirmed__has_its_new_time_and_the_same_bytes(documents: Documents) -> None:
    """CCH-07: a 304 costs a few bytes, however large the page is."""
    digest = await kept(documents)
    await documents.confirm(KEY, Stamp(900.0, 1500.0, digest))
    assert await documents.stamp(KEY) == Stamp(900.0, 1500.0, digest)
    assert await documents.find(KEY, digest) == PAGE


async def test_document__asked_for_before_its_takedown__does_not_come_back(documents: Documents) -> None:
    """CCH-08: a slow answer of another process is no reason to forget that it is gone; a later one is."""
    digest = await kept(documents)
    await documents.forget(KEY, 800.0)
    assert await documents.find(KEY, digest) is None
    assert await documents.keep(KEY, PAGE, 700.0, 2000.0) == b""
    assert await documents.stamp(KEY) == Stamp(800.0, 0.0, b"")
    assert await documents.keep(KEY, PAGE, 801.0, 2000.0) == digest


async def test_document__noted_by_a_clock_that_was_set_back__is_replaced(documents: Documents) -> None:
    """What comes from the future does not keep out what is known now."""
    await kept(documents, asked=5_000_000.0)
    digest = await documents.keep(KEY, LARGE, 999_999.0, 1_000_500.0)
    assert await documents.find(KEY, digest) == LARGE


async def test_documents__more_than_there_is_room_for__push_out_those_not_used(folder: Path) -> None:
    """The size is bounded; what is used stays."""
    documents = Documents(folder, most_bytes=1_000_000)
    first = await kept(documents, LARGE, "first")
    for number in range(30):
        await kept(documents, LARGE, f"number {number}")
        assert await documents.find("first", first) == LARGE
    await documents.close()
    assert size(folder) < 1_500_000


async def test_document__that_would_push_out_all_others__is_not_kept(folder: Path) -> None:
    """One page of a hundred megabytes is not worth a thousand others."""
    documents = Documents(folder, most_bytes=700_000)
    assert await documents.keep(KEY, LARGE, 500.0, 600.0) == b""
    await documents.close()


async def test_documents__after_their_end__have_nothing(documents: Documents) -> None:
    """A fetch that ends after the gateway does no harm."""
    digest = await kept(documents)
    await documents.close()
    assert await documents.find(KEY, digest) is None
    assert await documents.keep(KEY, PAGE, 1.0, 2.0) == b""
    await documents.close()


async def test_folder__that_is_made__is_the_users_own(documents: Documents, folder: Path) -> None:
    """Pages of a private index are nobody else's business."""
    await kept(documents)
    assert mode(folder) == 0o700


# Nothing but bytes


class Planted:
    """Does something when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @override
    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self._path,)


async def test_pickle__planted_in_the_cache__is_never_loaded(
    documents: Documents, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever can write into the folder cannot run code by it: the cache is made anew, and the log says so."""
    digest = await kept(documents)
    trap = tmp_path / "sprung"
    rows(folder, "UPDATE Cache SET mode = 4, value = ?", pickle.dumps(Planted(trap)))
    assert await documents.find(KEY, digest) is None
    assert await documents.stamp(KEY) is None
    assert not trap.exists()
    assert "are damaged, and are fetched anew: 'a value is neither bytes nor text nor a number'" in caplog.text
    assert await documents.find(KEY, await kept(documents)) == PAGE


async def test_pickle__in_a_file_of_the_cache__is_never_loaded(
    documents: Documents, folder: Path, tmp_path: Path
) -> None:
    """The same for one of the large values."""
    digest = await kept(documents, LARGE)
    trap = tmp_path / "sprung"
    write_values(folder, pickle.dumps(Planted(trap)))
    rows(folder, "UPDATE Cache SET mode = 4 WHERE filename IS NOT NULL")
    assert await documents.find(KEY, digest) is None
    assert not trap.exists()


async def test_filename__that_leads_out_of_the_folder__is_neither_read_nor_removed(
    documents: Documents, folder: Path, tmp_path: Path
) -> None:
    """A row can name any file of the machine."""
    digest = await kept(documents, LARGE)
    mine = tmp_path / "mine"
    mine.write_bytes(b"mine")
    rows(folder, "UPDATE Cache SET filename = ? WHERE filename IS NOT NULL", str(mine))
    assert await documents.keep(KEY, PAGE, 999.0, 1000.0)
    assert mine.exists()
    rows(folder, "UPDATE Cache SET mode = 2, filename = ?, value = NULL", "../../mine")
    assert await documents.find(KEY, digest) is None
    assert mine.read_bytes() == b"mine"


@pytest.mark.parametrize("value", [None, ("a",), {"a": 1}, [b"a"], True])
def test_disk__of_anything_but_bytes_text_and_numbers__refuses(tmp_path: Path, value: object) -> None:
    """diskcache itself would pickle it."""
    with Cache(str(tmp_path), disk=PlainDisk) as cache:
        with pytest.raises(TypeError, match="bytes, text and numbers are kept"):
            cache.set("key", value)
        with pytest.raises(TypeError, match="a key is text"):
            cache.set(value, b"")
        cache.set("number", 1.5)
        assert (cache.get("number"), list(cache)) == (1.5, ["number"])


def test_disk__with_a_key_that_is_a_pickle__refuses(tmp_path: Path) -> None:
    """Keys can be pickles in diskcache too."""
    with Cache(str(tmp_path), disk=PlainDisk) as cache:
        cache.set("key", b"")
        rows(tmp_path, "UPDATE Cache SET raw = 0")
        with pytest.raises(Tampered):
            list(cache)


# Damage


def overwritten(folder: Path) -> None:
    """Write nonsense over the database."""
    (folder / "cache.db").write_bytes(os.urandom(50_000))


def cut(folder: Path) -> None:
    """Take away its second half."""
    os.truncate(folder / "cache.db", (folder / "cache.db").stat().st_size // 2)


def emptied(folder: Path) -> None:
    """Take away its tables."""
    rows(folder, "DROP TABLE Cache")


def misled(folder: Path) -> None:
    """Plant settings that diskcache trips over."""
    rows(folder, "INSERT INTO Settings VALUES ('disk_unknown', 1)")


def deleted(folder: Path) -> None:
    """Delete all of it, as an operator may at any time."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def garbled(folder: Path) -> None:
    """Change one byte of each large value."""
    for path in folder.rglob("*.val"):
        path.write_bytes(path.read_bytes()[:-1] + b"\0")


def shortened(folder: Path) -> None:
    """Leave half of each large value, as a power failure may."""
    for path in folder.rglob("*.val"):
        os.truncate(path, path.stat().st_size // 2)


def without_values(folder: Path) -> None:
    """Delete the large values."""
    for path in folder.rglob("*.val"):
        path.unlink()


def of_other_types(folder: Path) -> None:
    """Let all values be numbers."""
    rows(folder, "UPDATE Cache SET mode = 1, filename = NULL, value = 5")


def piped_values(folder: Path) -> None:
    """Put pipes that nobody writes to in the place of the large values."""
    for path in folder.rglob("*.val"):
        path.unlink()
        os.mkfifo(path)


@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize(
    "damage",
    [
        piped_values,
        overwritten,
        cut,
        emptied,
        misled,
        deleted,
        garbled,
        shortened,
        without_values,
        of_other_types,
    ],
    ids=lambda damage: damage.__name__,
)
async def test_cache__that_is_damaged__is_one_without_the_document_and_works_on(
    folder: Path, damage: Callable[[Path], None], restarted: bool
) -> None:
    """No request fails of it, nothing wrong is given, and at the latest the second document is kept again."""
    documents = Documents(folder, wall=Wall())
    digest = await kept(documents, LARGE)
    if restarted:
        await documents.close()
        documents = Documents(folder, wall=Wall())
    damage(folder)
    assert await documents.find(KEY, digest) in (None, LARGE)
    await documents.keep(KEY, PAGE, 600.0, 700.0)
    digest = await documents.keep(KEY, PAGE, 601.0, 700.0)
    assert await documents.find(KEY, digest) == PAGE
    await documents.close()


async def test_cache__made_anew_by_another_process__is_the_one_that_counts(documents: Documents, folder: Path) -> None:
    """Whoever has the old database open does not go on with what nobody else sees."""
    digest = await kept(documents, LARGE)
    deleted(folder)
    other = Documents(folder, wall=Wall())
    page = await kept(other)
    await other.close()
    assert await documents.find(KEY, digest) is None
    assert await documents.find(KEY, page) == PAGE


async def test_cache__that_cannot_be_made__is_said_once_and_has_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder that is a file, or belongs to somebody else, costs speed and no request."""
    (tmp_path / "file").write_bytes(b"")
    documents = Documents(tmp_path / "file" / "documents")
    for _ in range(3):
        assert await documents.keep(KEY, PAGE, 1.0, 2.0) == b""
        assert await documents.find(KEY, b"1" * 16) is None
    await documents.close()
    [line] = caplog.messages
    assert "nothing is kept on disk meanwhile: it cannot be used: NotADirectoryError ENOTDIR" in line


async def test_cache__that_another_process_writes_to_for_long__is_not_waited_for(
    documents: Documents, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is as if nothing were kept, and nothing of it is deleted."""
    digest = await kept(documents)
    link = sqlite3.connect(folder / "cache.db", isolation_level=None)
    link.execute("BEGIN EXCLUSIVE")
    assert await documents.find(KEY, digest) is None
    link.execute("ROLLBACK")
    link.close()
    assert await documents.find(KEY, digest) == PAGE
    assert "damaged" not in caplog.text
