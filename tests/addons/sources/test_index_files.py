import hashlib
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from addons.simple.page import File
from addons.sources.index import Index
from addons.sources.source import FileGone, SourceUnavailable, Span
from tests.addons.sources.places import only_file, public_index, rest, whole
from tests.fakepypi import (
    Corrupt,
    ExtraBytes,
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

# Whole files


async def test_whole__as_the_page_says__arrives(pypi: FakePyPI, index: Index) -> None:
    """All bytes, with their size known before the first."""
    made = pypi.release("demo", "1.0", size_padding=300_000)
    async with index.read(await only_file(index), None) as reading:
        assert reading.size == made.size
        assert await rest(reading) == made.content


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Corrupt(0), "sha256"),
        (Corrupt(150_000), "sha256"),
        (Corrupt(10**9), "sha256"),
        (ExtraBytes(), "longer than"),
        (Status(200, b"short"), "has 5 bytes at its source"),
        (Status(200, b""), "has 0 bytes at its source"),
        (GzipBody(labelled=False), "bytes at its source"),
        (LoginPage(), "bytes at its source"),
        (Status(404), "not at its source any more"),
        (Status(410), "not at its source any more"),
    ],
)
@pytest.mark.parametrize("sized", [True, False])
async def test_whole__that_is_not_what_the_page_says__is_never_wholly_given(
    pypi: FakePyPI, index: Index, kind: Any, words: str, sized: bool
) -> None:
    """FIL-10: length and hash are the page's, or the file is gone; without a size the hash alone tells."""
    made = pypi.release("demo", "1.0", size_padding=300_000)
    if not sized:
        pypi.html_only("demo")
    file = await only_file(index)
    pypi.fault(made.path, kind)
    got = bytearray()
    with pytest.raises(FileGone, match=words if sized or kind in (Status(404), Status(410)) else "sha256"):
        await _gather(index, file, got)
    assert len(got) < len(made.content) + (8 if isinstance(kind, ExtraBytes) else 0)


async def _gather(index: Index, file: File, got: bytearray) -> None:
    async with index.read(file, None) as reading:
        async for chunk in reading.chunks:
            got += chunk


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Status(500), "answered 500"),
        (Status(206, b"x"), "answered 206"),
        (Status(301), "answered 301"),
        (GzipBody(), "encoded, which breaks its hash"),
        (Reset("headers"), "broke the connection"),
        (Hang("headers"), "did not answer in time"),
        (Reset("body", 100_000), "broke off in the middle"),
        (Truncate(100_000), "broke off in the middle"),
        (Hang("body", 100_000), "broke off in the middle"),
        (Redirect("https://example.org/x"), "no host that the configuration lets"),
    ],
)
async def test_whole__from_a_server_at_fault__is_unavailable(pypi: FakePyPI, kind: Any, words: str) -> None:
    """FIL-15: a part is never taken for the whole; every fault has its words."""
    made = pypi.release("demo", "1.0", size_padding=300_000)
    pypi.fault(made.path, kind)
    async with public_index(pypi, read_seconds=0.3) as index:
        file = await only_file(index)
        with pytest.raises(SourceUnavailable, match=f"source pypi: .*{words}"):
            await whole(index, file)


async def test_whole__of_unknown_length__is_checked_by_its_hash(pypi: FakePyPI, index: Index) -> None:
    """Neither page nor server say how long it is: then nobody is told a length."""
    made = pypi.release("demo", "1.0", size_padding=1000)
    pypi.html_only("demo")
    pypi.fault(made.path, NoContentLength())
    async with index.read(await only_file(index), None) as reading:
        assert reading.size is None
        assert await rest(reading) == made.content


async def test_whole__without_any_hash__is_checked_by_its_length(pypi: FakePyPI, index: Index) -> None:
    """An old index gives no hashes; what can be checked is."""
    made = pypi.release("demo", "1.0")
    pypi.add(replace(made, hashes={}))
    file = await only_file(index)
    assert await whole(index, file) == made.content
    pypi.fault(made.path, ExtraBytes())
    with pytest.raises(FileGone, match="longer"):
        await whole(index, file)


# Spans


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (100_000, 200_000), (0, 300_000), (299_999, 300_000)])
@pytest.mark.parametrize("kind", [None, IgnoreRange(), NoContentLength()])
async def test_span__of_a_file__gives_these_bytes(
    pypi: FakePyPI, index: Index, start: int, stop: int, kind: Any
) -> None:
    """From a server with ranges, from one that sends the whole instead, and without a length alike."""
    made = pypi.big("demo", "1.0", 300_000)
    if kind is not None:
        pypi.fault(made.path, kind)
    file = await only_file(index)
    assert await whole(index, file, Span(start, stop)) == made.content[start:stop]
    assert pypi.requests[-1].headers["range"] == f"bytes={start}-{stop - 1}"


async def test_span__cut_out_of_the_whole__does_not_read_it_to_its_end(pypi: FakePyPI, index: Index) -> None:
    """A server that ignores ranges is left as soon as the span is through."""
    made = pypi.big("demo", "1.0", 3_000_000)
    pypi.fault(made.path, IgnoreRange())
    pypi.gate(made.path, after_bytes=100_000)
    assert await whole(index, await only_file(index), Span(50_000, 60_000)) == made.content[50_000:60_000]


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        (WrongRange("bytes 1-2/3"), SourceUnavailable, "another range"),
        (WrongRange("bytes 10-19/300001"), SourceUnavailable, "another range"),
        (WrongRange("bytes 10-20/300000"), SourceUnavailable, "another range"),
        (WrongRange("10-19"), SourceUnavailable, "another range"),
        (WrongRange(""), SourceUnavailable, "another range"),
        (Status(416), SourceUnavailable, "answered 416"),
        (Status(500), SourceUnavailable, "answered 500"),
        (Status(404), FileGone, "not at its source"),
        (Status(200, b"short"), FileGone, "has 5 bytes"),
        (GzipBody(), SourceUnavailable, "encoded"),
        (Truncate(5), SourceUnavailable, "broke off"),
        (LoginPage(), FileGone, "bytes at its source"),
    ],
)
async def test_span__that_is_not_what_was_asked_for__is_not_given(
    pypi: FakePyPI, index: Index, kind: Any, error: type[Exception], words: str
) -> None:
    """MET-12: other bytes, another file or none: in no case bytes that stand somewhere else."""
    made = pypi.big("demo", "1.0", 300_000)
    pypi.fault(made.path, kind)
    file = await only_file(index)
    with pytest.raises(error, match=words):
        await whole(index, file, Span(10, 20))


async def test_span__of_a_total_that_nobody_knows__is_taken(pypi: FakePyPI, index: Index) -> None:
    """RFC 9110 section 14.4: the total may be a star."""
    made = pypi.big("demo", "1.0", 300_000)
    pypi.fault(made.path, WrongRange("bytes 10-19/*"))
    async with index.read(await only_file(index), Span(10, 20)) as reading:
        assert reading.size is None
        assert await rest(reading) == made.content[10:20]


async def test_span__that_ends_before_it_should__is_unavailable(pypi: FakePyPI, index: Index) -> None:
    """A server that ignores the range and has less than it is not believed."""
    made = pypi.big("demo", "1.0", 300_000)
    file = msgspec.structs.replace(await only_file(index), size=None)
    pypi.fault(made.path, Status(200, b"x" * 15))
    with pytest.raises(SourceUnavailable, match="ended before the range"):
        await whole(index, file, Span(10, 20))


# Metadata


async def test_metadata__that_is_announced__is_given_byte_for_byte(pypi: FakePyPI, index: Index) -> None:
    """MET-01: at the file's URL with `.metadata` behind it, over the files host's own connection."""
    made = pypi.release("demo", "1.0", announce_metadata=True)
    assert await index.core_metadata(await only_file(index)) == made.metadata
    assert pypi.requests[-1].path == made.path + ".metadata"


async def test_metadata__announced_without_a_hash__is_taken_as_it_is(pypi: FakePyPI, index: Index) -> None:
    """`core-metadata: true` says that there is some, and nothing more."""
    made = pypi.release("demo", "1.0", announce_metadata=True)
    pypi.add(replace(made, metadata_hashes=None, extra={"core-metadata": True}))
    assert await index.core_metadata(await only_file(index)) == made.metadata


async def test_metadata__in_capital_hex__is_the_same_hash(pypi: FakePyPI, index: Index) -> None:
    """Hex has no case."""
    made = pypi.release("demo", "1.0", announce_metadata=True)
    assert made.metadata is not None
    digest = hashlib.sha256(made.metadata).hexdigest().upper()
    file = msgspec.structs.replace(await only_file(index), core_metadata={"sha256": digest})
    assert await index.core_metadata(file) == made.metadata


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        (Corrupt(3), FileGone, "is not what its page announces"),
        (LoginPage(), FileGone, "is not what its page announces"),
        (Status(200, b""), FileGone, "is not what its page announces"),
        (GzipBody(labelled=False), FileGone, "is not what its page announces"),
        (Status(404), FileGone, "is not at its source"),
        (Status(500), SourceUnavailable, "answered 500 for metadata"),
        (Reset(), SourceUnavailable, "broke the connection"),
        (Truncate(3), SourceUnavailable, "broke off"),
        (Redirect("https://example.org/x"), SourceUnavailable, "no host that the configuration lets"),
    ],
)
async def test_metadata__that_is_not_what_was_announced__is_not_given(
    pypi: FakePyPI, index: Index, kind: Any, error: type[Exception], words: str
) -> None:
    """MET-02: resolvers decide by it, so it is the announced one or none."""
    made = pypi.release("demo", "1.0", announce_metadata=True)
    file = await only_file(index)
    pypi.fault(made.path + ".metadata", kind)
    with pytest.raises(error, match=words):
        await index.core_metadata(file)


async def test_metadata__compressed_on_the_way__is_unpacked(pypi: FakePyPI, index: Index) -> None:
    """The files host compresses it for those who accept that; the hash is that of the plain bytes."""
    made = pypi.release("demo", "1.0", announce_metadata=True)
    pypi.fault(made.path + ".metadata", GzipBody())
    assert await index.core_metadata(await only_file(index)) == made.metadata


async def test_index__retired__answers_what_is_under_way(pypi: FakePyPI, index: Index) -> None:
    """A download that began under the old configuration goes on to its end."""
    made = pypi.release("demo", "1.0", size_padding=300_000)
    async with index.read(await only_file(index), None) as reading:
        await index.retire()
        assert await rest(reading) == made.content
