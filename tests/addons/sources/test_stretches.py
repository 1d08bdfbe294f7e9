"""Stretches of remote files: what answers to range requests are, and what they are not (RFC 9110 section 14)."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.sources.index import Index
from addons.sources.source import FileGone, Refused, SourceUnavailable, Stretch, Unranged
from addons.sources.stretches import stretch_of
from tests.addons.sources.places import DEMO, only_file, whole
from tests.fakepypi import FakePyPI, GzipBody, IgnoreRange, NoContentLength, Reset, Status, Truncate, WrongRange

PADDING = 10_000


async def chunks(content: bytes, size: int = 7) -> AsyncIterator[bytes]:
    """Give a body in pieces."""
    for at in range(0, len(content), size):
        yield content[at : at + size]


def answered(content_range: str, etag: str = "") -> httpx.Response:
    """The head of a 206."""
    return httpx.Response(206, headers={"Content-Range": content_range, "ETag": etag})


@given(st.binary(min_size=1, max_size=60), st.one_of(st.none(), st.integers(0, 59)), st.integers(1, 80))
async def test_stretch__that_a_server_gives_by_the_book__is_what_was_asked_for(
    content: bytes, at: int | None, count: int
) -> None:
    """MET-12: the bytes of the file there, fewer where it ends; the last ones without a place."""
    begin = max(len(content) - count, 0) if at is None else min(at, len(content) - 1)
    end = min(begin + count, len(content))
    response = answered(f"bytes {begin}-{end - 1}/{len(content)}", '"tag"')
    found = await stretch_of(response, chunks(content[begin:end]), None if at is None else begin, count)
    assert found == Stretch(begin, content[begin:end], len(content), '"tag"')


@given(*[st.integers(-2, 30)] * 5)
async def test_stretch__of_other_bytes__is_none(first: int, last: int, length: int, at: int, count: int) -> None:
    """MET-12: exactly what was asked for is taken, and nothing that is near it."""
    response = answered(f"bytes {first}-{last}/{length}")
    found = await stretch_of(response, chunks(bytes(max(last + 1 - first, 0))), max(at, 0), max(count, 1))
    wanted = 0 <= first == max(at, 0) and first <= last == min(first + max(count, 1), length) - 1 and length >= 0
    assert (found is not None) == wanted
    assert found is None or len(found.content) == last + 1 - first <= max(count, 1)


@given(st.text(max_size=40))
async def test_stretch__of_any_content_range__fails_on_none(text: str) -> None:
    """MET-12: what is no such header says nothing."""
    response = httpx.Response(206, headers={"Content-Range": text.encode("utf-8", "replace").replace(b"\n", b"").hex()})
    assert await stretch_of(response, chunks(b""), 0, 5) is None


@pytest.mark.parametrize("header", ["", "bytes */100", "bytes 0-4/*", "items 0-4/100", "bytes 0-4/100, 6-7/100"])
async def test_stretch__of_an_odd_content_range__is_none(header: str) -> None:
    """MET-12: of unknown length it is of no use, as parts of one length only are joined."""
    assert await stretch_of(answered(header), chunks(bytes(5)), 0, 5) is None


async def test_stretch__behind_the_end_of_a_file__is_none() -> None:
    """MET-12: a range that ends before it begins is none, whatever is asked for."""
    assert await stretch_of(answered("bytes 2-0/1"), chunks(bytes(9)), 2, 5) is None


async def test_stretch__of_a_body_that_ends_early__is_unavailable() -> None:
    """MET-12: a piece of a piece is never taken for it."""
    with pytest.raises(SourceUnavailable):
        await stretch_of(answered("bytes 0-4/100"), chunks(bytes(4)), 0, 5)


async def test_stretch__of_an_index__is_as_its_host_has_it(pypi: FakePyPI, index: Index) -> None:
    """MET-12: from a place on or the last bytes, with the length and the tag of the whole."""
    made = pypi.release("demo", "1.0", size_padding=PADDING)
    file = await only_file(index)
    tag = f'"{made.sha256[:32]}"'
    size = len(made.content)
    assert await index.stretch(file, 10, 20) == Stretch(10, made.content[10:30], size, tag)
    assert await index.stretch(file, None, 20) == Stretch(size - 20, made.content[-20:], size, tag)
    assert await index.stretch(file, None, 10**6) == Stretch(0, made.content, size, tag)
    assert await index.stretch(file, size - 5, 100) == Stretch(size - 5, made.content[-5:], size, tag)
    assert {seen.headers["accept-encoding"] for seen in pypi.asked(urlsplit(made.url).path)} == {"identity"}


@pytest.mark.parametrize("kind", [NoContentLength(), None])
async def test_whole_file__given_for_a_stretch_of_all_of_it__is_taken(pypi: FakePyPI, index: Index, kind: Any) -> None:
    """MET-12: some servers answer 200 to a range that is the whole; of unknown length it might have no end."""
    made = pypi.release("demo", "1.0")
    file = await only_file(index)
    pypi.fault(made.path, IgnoreRange())
    if kind is not None:
        pypi.fault(made.path, kind)
        with pytest.raises(Unranged):
            await index.stretch(file, None, 10**6)
        return
    for at in (0, None):
        found = await index.stretch(file, at, 10**6)
        assert (found.at, found.content, found.length) == (0, made.content, made.size)
    with pytest.raises(Unranged):
        await index.stretch(file, 1, 10**6)
    with pytest.raises(Unranged):
        await index.stretch(file, None, len(made.content) - 1)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (IgnoreRange(), Unranged),
        *((Status(status), Unranged) for status in (403, 405, 416, 501)),
        (WrongRange(), Unranged),
        (WrongRange("bytes 10-29/30"), Unranged),
        (WrongRange("bytes 10-28/10"), Unranged),
        *((Status(status), FileGone) for status in (404, 410)),
        *((Status(status), SourceUnavailable) for status in (401, 429, 500, 503)),
        (Reset(), SourceUnavailable),
        (Reset("body", 5), SourceUnavailable),
        (Truncate(5), SourceUnavailable),
        (GzipBody(), SourceUnavailable),
    ],
    ids=repr,
)
async def test_stretch__that_is_not_given__is_said_in_its_own_way(
    pypi: FakePyPI, index: Index, kind: Any, error: type[Exception]
) -> None:
    """MET-12: no ranges, no file, no answer."""
    made = pypi.release("demo", "1.0", size_padding=PADDING)
    file = await only_file(index)
    pypi.fault(made.path, kind)
    with pytest.raises(error) as caught:
        await index.stretch(file, 10, 20)
    assert type(caught.value) is error


async def test_host__that_knows_no_ranges__is_not_taken_to_be_down(pypi: FakePyPI, index: Index) -> None:
    """MET-12, CCH-17: ten files later they are given as ever; other answers of 5xx count."""
    for number in range(10):
        made = pypi.release("demo", f"1.{number}")
        pypi.fault(made.path, Status(501), times=1)
    files = (await index.page(DEMO)).files
    for file in files:
        with pytest.raises(Unranged):
            await index.stretch(file, 0, 5)
    assert len(await whole(index, files[0])) == files[0].size


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, Refused) for status in (400, 403, 405, 406, 501)),
        *((status, SourceUnavailable) for status in (401, 429, 500, 503)),
        *((status, FileGone) for status in (404, 410)),
    ],
)
async def test_metadata__that_is_not_given__is_refused_or_unavailable_or_not_there(
    pypi: FakePyPI, index: Index, status: int, error: type[Exception]
) -> None:
    """MET-04: a source that says no is told from one that does not answer."""
    made = pypi.release("demo", "1.0", announce_metadata=True)
    file = await only_file(index)
    pypi.fault(f"{made.path}.metadata", Status(status))
    with pytest.raises(error) as caught:
        await index.core_metadata(file)
    assert type(caught.value) is error
