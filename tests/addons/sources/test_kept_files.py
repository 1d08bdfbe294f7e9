"""Files of an index through the store: what upstream is asked, how often, and what comes of each of its faults."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from addons.cache.blobs import Blobs
from addons.cache.part_file import PartFile
from addons.cache.room import Limits
from addons.simple.page import File
from addons.sources.index_files import IndexFiles
from addons.sources.kept_files import KeptFiles, promise_of
from addons.sources.source import FileGone, Reading, SourceUnavailable, Span
from tests.addons.cache.fetching import AMPLE, Disk, as_kept, lying, settled
from tests.addons.fetch.upstreams import upstream
from tests.fakepypi import (
    Corrupt,
    ExtraBytes,
    FakeFile,
    FakePyPI,
    GzipBody,
    Hang,
    IgnoreRange,
    LoginPage,
    NoContentLength,
    Redirect,
    Reset,
    Status,
    Truncate,
    WrongRange,
)

SIZE = 2_000_000
LAST = SIZE - 1


@pytest.fixture
def made(pypi: FakePyPI) -> FakeFile:
    """A file that is large enough for spans of it to be asked of upstream."""
    return pypi.big("demo", "1.0", SIZE)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """An empty store."""
    return Blobs(tmp_path / "cache", AMPLE)


def listed(made: FakeFile, **changes: Any) -> File:
    """Give the file as its page lists it."""
    return File(
        **{"filename": made.filename, "url": made.url, "hashes": dict(made.hashes), "size": made.size, **changes}
    )


@asynccontextmanager
async def kept_files(pypi: FakePyPI, blobs: Blobs) -> AsyncIterator[KeptFiles]:
    """Give the reader of the source `pypi`, which is soon impatient."""
    async with upstream(pypi, connect_seconds=0.3, read_seconds=0.3) as asked:
        yield KeptFiles("pypi", IndexFiles("pypi", asked), blobs)
        await blobs.close()


@contextmanager
def held(blobs: Blobs, made: FakeFile) -> Iterator[None]:
    """Hold the file's lock, as another process would, so that nothing is fetched until all have come who are to share."""
    part = PartFile(blobs.path("x").parents[2] / "growing" / made.sha256, blobs.path("never"))
    part.claim(None)
    try:
        yield
    finally:
        part.discard()
        part.close()


async def rest(reading: Reading, got: bytearray) -> None:
    """Gather what comes of a reading, however it ends."""
    async for chunk in reading.chunks:
        got += chunk


async def gather(files: KeptFiles, file: File, got: bytearray, span: Span | None = None) -> None:
    """Read a file or a span of it, and gather what comes, however it ends."""
    async with files.read(file, span) as reading:
        await rest(reading, got)


async def whole(files: KeptFiles, file: File, span: Span | None = None) -> bytes:
    """Read a file, or a span of it, to its end."""
    got = bytearray()
    await gather(files, file, got, span)
    return bytes(got)


# Faults: (what goes wrong, what comes of it, how often upstream is asked)


HEALED = [
    (Truncate(1), [0, 1]),
    (Truncate(1_000_000), [0, 1_000_000]),
    (Truncate(LAST), [0, LAST]),
    (Reset("body", 1_000_000), [0, 1_000_000]),
    (Reset("body", LAST), [0, LAST]),
    (Hang("body", 1_000_000), [0, 1_000_000]),
    (Hang("body", LAST), [0, LAST]),
    (Reset("headers"), [0, 0]),
]


@pytest.mark.parametrize(("kind", "asked"), HEALED, ids=repr)
async def test_download__that_breaks_off_once__is_taken_up_where_it_was(
    pypi: FakePyPI, made: FakeFile, blobs: Blobs, kind: Any, asked: list[int]
) -> None:
    """In the middle and before the last byte: the rest is asked for by Range and If-Range, the hash is of the whole."""
    pypi.fault(made.path, kind, times=1)
    async with kept_files(pypi, blobs) as files:
        assert await whole(files, listed(made)) == made.content
        await settled(blobs)
    seen = pypi.asked(made.path)
    ranges = [request.headers.get("range", "bytes=0-") for request in seen]
    assert ranges == [f"bytes={at}-" for at in asked]
    assert [request.headers.get("if-range") for request in seen if "range" in request.headers] == [
        f'"{made.sha256[:32]}"' for at in asked if at
    ]
    assert lying(blobs.path("x").parents[2]) == as_kept(made.content)


async def test_download__from_a_server_without_ranges__is_taken_up_all_the_same(
    pypi: FakePyPI, made: FakeFile, blobs: Blobs
) -> None:
    """It sends the whole again; what is there already is passed over."""
    pypi.fault(made.path, Truncate(1_000_000), times=1)
    pypi.fault(made.path, IgnoreRange())
    async with kept_files(pypi, blobs) as files:
        assert await whole(files, listed(made)) == made.content
    assert len(pypi.asked(made.path)) == 2


@pytest.mark.parametrize(
    ("kinds", "error", "words", "asked"),
    [
        ([Hang("connect")], SourceUnavailable, "did not answer in time", 0),
        ([Reset("connect")], SourceUnavailable, "could not be reached|broke the connection", 0),
        ([Reset("headers")], SourceUnavailable, "broke the connection", 2),
        ([Hang("headers")], SourceUnavailable, "did not answer in time", 1),
        ([Status(500)], SourceUnavailable, "answered 500", 1),
        ([Status(404)], FileGone, "not at its source", 1),
        ([LoginPage()], FileGone, "bytes at its source", 1),
        ([Redirect("https://example.org/x")], SourceUnavailable, "no host that", 1),
        ([GzipBody()], SourceUnavailable, "encoded", 1),
        ([GzipBody(labelled=False)], FileGone, "bytes at its source", 1),
        ([Truncate(0)], SourceUnavailable, "broke off", 1),
        ([Truncate(1000)], SourceUnavailable, "broke off", 4),
        ([Reset("body", 0)], SourceUnavailable, "broke off", 1),
        ([Reset("body", 1000)], SourceUnavailable, "broke off", 4),
        ([Hang("body", 1000)], SourceUnavailable, "broke off", 4),
        ([Corrupt(0)], FileGone, "sha256", 1),
        ([Corrupt(1_000_000)], FileGone, "sha256", 1),
        ([Corrupt(LAST)], FileGone, "sha256", 1),
        ([ExtraBytes()], FileGone, "longer than", 1),
        ([Status(200, b"x" * 5)], FileGone, "has 5 bytes", 1),
        ([Truncate(1000), WrongRange()], SourceUnavailable, "another range", 4),
        ([Truncate(1000), WrongRange(f"bytes 1000-{LAST}/{SIZE + 1}")], SourceUnavailable, "another range", 4),
    ],
    ids=repr,
)
async def test_download__that_stays_broken__is_an_error_and_leaves_no_trace(
    pypi: FakePyPI, made: FakeFile, blobs: Blobs, kinds: list[Any], error: type[Exception], words: str, asked: int
) -> None:
    """Ten clients share each attempt, none of them gets the whole, and once upstream is well all is well."""
    async with kept_files(pypi, blobs) as files:
        for kind in kinds:
            pypi.fault(made.path, kind)
        got = [bytearray() for _ in range(10)]
        async with AsyncExitStack() as stack:
            with held(blobs, made):
                readings = [await stack.enter_async_context(files.read(listed(made), None)) for _ in got]
            faults = await asyncio.gather(*map(rest, readings, got), return_exceptions=True)
        assert [type(fault) for fault in faults] == [error] * 10
        with pytest.raises(error, match=words):
            raise faults[0] or AssertionError
        assert max(map(len, got)) < SIZE
        assert len(pypi.asked(made.path)) == asked
        await settled(blobs)
        assert lying(blobs.path("x").parents[2]) == {}
        pypi.lift()
        assert await whole(files, listed(made)) == made.content


async def test_download__of_unknown_length_that_breaks_off__is_not_taken_up(
    pypi: FakePyPI, made: FakeFile, blobs: Blobs
) -> None:
    """FIL-15: nobody could tell whether what comes then is the rest."""
    pypi.fault(made.path, NoContentLength())
    pypi.fault(made.path, Truncate(1000), times=1)
    file = listed(made, size=None)
    async with kept_files(pypi, blobs) as files:
        with pytest.raises(SourceUnavailable, match="broke off"):
            await whole(files, file)
        assert len(pypi.asked(made.path)) == 1
        async with files.read(file, None) as reading:
            got = bytearray()
            await rest(reading, got)
        assert (reading.size, bytes(got)) == (None, made.content)
        await settled(blobs)
        async with files.read(file, None) as reading:
            assert reading.size == SIZE


async def test_file__whose_page_has_no_length__has_the_one_that_upstream_says(
    pypi: FakePyPI, made: FakeFile, blobs: Blobs
) -> None:
    """It is known before the first byte goes out; and a download can be taken up by it."""
    pypi.fault(made.path, Truncate(1000), times=1)
    async with kept_files(pypi, blobs) as files, files.read(listed(made, size=None), None) as reading:
        assert reading.size == SIZE
        got = bytearray()
        await rest(reading, got)
        assert bytes(got) == made.content


# What is kept, and by what


async def test_file__without_a_sha256__passes_and_is_not_kept(pypi: FakePyPI, made: FakeFile, blobs: Blobs) -> None:
    """There is no name to keep it under."""
    file = listed(made, hashes={"md5": "0" * 32})
    async with kept_files(pypi, blobs) as files:
        with pytest.raises(FileGone, match="md5"):
            await whole(files, file)
        assert await whole(files, listed(made, hashes={})) == made.content
    assert lying(blobs.path("x").parents[2]) == {}


@pytest.mark.parametrize(
    ("url", "blake2b"),
    [
        ("https://files.pythonhosted.org/packages/AB/cd/" + "0" * 60 + "/x.whl", "abcd" + "0" * 60),
        ("https://files.pythonhosted.org/packages/ab/cd/" + "0" * 59 + "/x.whl", None),
        ("https://files.pythonhosted.org/packages/py3/x/x/x.whl", None),
        ("https://example.org/packages/ab/cd/" + "0" * 60 + "/x.whl", None),
    ],
)
def test_promise__of_a_file__has_the_blake2b_of_its_address_on_pypi(url: str, blake2b: str | None) -> None:
    """FIL-10: PyPI's paths are hashes; on other hosts the same path may mean anything."""
    promise = promise_of(File(filename="x.whl", url=url, hashes={"sha256": "AB" * 32}, size=5))
    assert promise is not None
    assert (promise.sha256, promise.blake2b, promise.size) == ("ab" * 32, blake2b, 5)


@pytest.mark.parametrize("sha256", ["", "ab", "../" * 21 + "x", "g" * 64, "ab" * 33])
def test_promise__of_what_is_no_sha256__is_none(sha256: str) -> None:
    """What becomes a path is nothing but hex."""
    assert promise_of(File(filename="x.whl", url="https://example.org/x.whl", hashes={"sha256": sha256})) is None


async def test_file__that_is_not_what_its_address_says__is_gone(pypi: FakePyPI, made: FakeFile, blobs: Blobs) -> None:
    """FIL-10: with the right sha256 at an address that is another hash, it is kept for nobody."""
    path = made.path.replace(made.path.split("/")[4], "0" * 60)
    moved = pypi.add(replace(made, path=path, url=f"https://files.pythonhosted.org{path}"))
    async with kept_files(pypi, blobs) as files:
        with pytest.raises(FileGone, match="BLAKE2b"):
            await whole(files, listed(moved))


# Spans


async def test_span__of_a_cold_big_file__is_asked_of_upstream_alone(
    pypi: FakePyPI, made: FakeFile, blobs: Blobs
) -> None:
    """MET-12: a client that reads a wheel's end does not wait for all of it."""
    async with kept_files(pypi, blobs) as files:
        assert await whole(files, listed(made), Span(LAST - 9, SIZE)) == made.content[-10:]
    assert [seen.headers["range"] for seen in pypi.asked(made.path)] == [f"bytes={LAST - 9}-{LAST}"]
    assert blobs.snapshot()["passed"] == 1


async def test_span__of_a_cold_small_file__is_read_out_of_the_whole(pypi: FakePyPI, blobs: Blobs) -> None:
    """The client asks for the whole next: that is one request then, and the span is proven."""
    small = pypi.release("small", "1.0", size_padding=10_000)
    async with kept_files(pypi, blobs) as files:
        assert await whole(files, listed(small), Span(10, 20)) == small.content[10:20]
        await settled(blobs)
        assert await whole(files, listed(small)) == small.content
    assert len(pypi.asked(small.path)) == 1


async def test_span__of_a_kept_or_growing_file__asks_nobody(pypi: FakePyPI, made: FakeFile, blobs: Blobs) -> None:
    """FIL-03: it waits for its bytes and no longer."""
    gate = pypi.gate(made.path, 1_000_000)
    async with kept_files(pypi, blobs) as files, files.read(listed(made), None) as reading:
        assert await whole(files, listed(made), Span(999_000, 999_999)) == made.content[999_000:999_999]
        beyond = asyncio.ensure_future(whole(files, listed(made), Span(LAST - 9, SIZE)))
        gate.open()
        assert await beyond == made.content[-10:]
        await rest(reading, bytearray())
        await settled(blobs)
        assert await whole(files, listed(made), Span(5, 9)) == made.content[5:9]
        async with files.read(listed(made), None) as kept:
            assert kept.onward is not None
            assert b"".join([chunk async for chunk in kept.onward(LAST - 4)]) == made.content[-5:]
    assert len(pypi.asked(made.path)) == 1


# A disk that does not take it


@pytest.mark.parametrize("room", [0, 1, 1_000_000, LAST])
@pytest.mark.parametrize("kind", [None, Corrupt(0), Corrupt(LAST)], ids=repr)
async def test_disk__full__fails_no_reading_and_lets_no_wrong_byte_through(
    pypi: FakePyPI, made: FakeFile, tmp_path: Path, room: int, kind: Any
) -> None:
    """Whoever has the beginning gets the rest past the store, proven with it."""
    blobs, got = Blobs(tmp_path / "cache", AMPLE, Disk(room).write), bytearray()
    if kind is not None:
        pypi.fault(made.path, kind)
    async with kept_files(pypi, blobs) as files:
        if kind is None:
            assert await whole(files, listed(made)) == made.content
            async with files.read(listed(made), None) as reading:  # a download that is resumed where nothing is kept
                assert reading.onward is not None
                assert b"".join([part async for part in reading.onward(LAST - 9)]) == made.content[-10:]
        else:
            with pytest.raises(FileGone, match="sha256"):
                await gather(files, listed(made), got)
            assert len(got) < SIZE
    assert lying(tmp_path / "cache") == {}


@pytest.mark.parametrize("limits", [Limits(0, 0), Limits(SIZE - 1, 0), Limits(10**9, 10**18)], ids=repr)
async def test_store__without_room__lets_files_pass(
    pypi: FakePyPI, made: FakeFile, tmp_path: Path, limits: Limits
) -> None:
    """`max_gb: 0` is no store at all; upstream is asked once for each."""
    blobs = Blobs(tmp_path / "cache", limits)
    async with kept_files(pypi, blobs) as files:
        for file in (listed(made), listed(made, size=None)):
            assert await whole(files, file) == made.content
    assert len(pypi.asked(made.path)) in (2, 3)
    assert lying(tmp_path / "cache") == {}


async def test_span__of_a_growing_file_that_the_disk_gives_up__is_asked_of_upstream(
    pypi: FakePyPI, made: FakeFile, tmp_path: Path
) -> None:
    """It goes on as if there had been no store."""
    blobs = Blobs(tmp_path / "cache", AMPLE, Disk(1_000_000).write)
    gate = pypi.gate(made.path, 500_000)
    async with (
        kept_files(pypi, blobs) as files,
        files.read(listed(made), None),
        files.read(listed(made), Span(400_000, 1_500_000)) as reading,
    ):
        gate.open()
        got = bytearray()
        await rest(reading, got)
        assert bytes(got) == made.content[400_000:1_500_000]


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b""), Path.unlink], ids=["emptied", "deleted"])
async def test_kept_file__damaged_or_deleted_while_it_is_read__does_not_end_as_if_whole(
    pypi: FakePyPI, made: FakeFile, blobs: Blobs, damage: Callable[[Path], object]
) -> None:
    """What was deleted is read to its end; what was emptied breaks off, and is fetched anew for the next one."""
    async with kept_files(pypi, blobs) as files:
        await whole(files, listed(made))
        await settled(blobs)
        got = bytearray()
        async with files.read(listed(made), None) as reading:
            got += await anext(reading.chunks)
            damage(blobs.path(made.sha256))
            if blobs.find(made.sha256) is None:
                await rest(reading, got)
                assert bytes(got) == made.content
            else:
                with pytest.raises(SourceUnavailable, match="in the cache"):
                    await rest(reading, got)
        assert await whole(files, listed(made)) == made.content
