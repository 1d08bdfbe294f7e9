"""Reading wheels by ranges: few requests, few bytes, one state of the file (MET-12)."""

import random
import zipfile
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.announcing.ranges import MOST_BYTES, MOST_REQUESTS, TooMuch, by_ranges
from addons.metadata.archive import Read, wheel_metadata
from addons.metadata.bounded import NotADistribution
from addons.sources.source import Stretch, Unranged
from tests.addons.metadata.archives import INFO, METADATA, WHEEL, WHEEL_NAME, named, zipped

TAIL = 66_000
PADDING = random.Random(5).randbytes(300_000)


class Remote:
    """A file that lies elsewhere; `tag` gives the state of it for each request."""

    def __init__(self, content: bytes, tag: Callable[[int], str] = lambda number: "") -> None:
        self.content = content
        self.asked: list[tuple[int | None, int]] = []
        self._tag = tag

    async def __call__(self, at: int | None, count: int, /) -> Stretch:
        """Give a stretch, as RFC 9110 says."""
        begin = max(len(self.content) - count, 0) if at is None else at
        assert 0 <= begin < len(self.content)
        self.asked.append((at, count))
        tag = self._tag(len(self.asked))
        return Stretch(begin, self.content[begin : begin + count], len(self.content), tag)


def of_wheel(read: Read, length: int) -> bytes:
    """Read METADATA of foo-bar 1.0."""
    return wheel_metadata(read, length, named(WHEEL_NAME))


def wheel(*, before: bytes = b"", behind: bytes = b"", metadata: bytes = METADATA) -> bytes:
    """A wheel with something before and behind its METADATA."""
    return zipped(
        {"foo_bar/before": before, f"{INFO}/METADATA": metadata, "foo_bar/behind": behind}, zipfile.ZIP_STORED
    )


@pytest.mark.parametrize("is_known", [True, False])
async def test_small_wheel__by_ranges__takes_one_request(is_known: bool) -> None:
    """MET-12: of a length that the page says, or by a suffix range."""
    remote = Remote(WHEEL)
    assert await by_ranges(of_wheel, remote, len(WHEEL) if is_known else None, TAIL) == METADATA
    assert remote.asked == [(0, len(WHEEL)) if is_known else (None, TAIL)]


@pytest.mark.parametrize("is_known", [True, False])
async def test_large_wheel__by_ranges__takes_its_end_and_its_member(is_known: bool) -> None:
    """MET-12, MET-08: members in any order; two requests, and few bytes beside the tail."""
    content = wheel(behind=PADDING)
    remote = Remote(content)
    assert await by_ranges(of_wheel, remote, len(content) if is_known else None, TAIL) == METADATA
    assert len(remote.asked) == 2
    assert remote.asked[1][1] < 1000


async def test_requests__without_end__end_at_the_sixth() -> None:
    """MET-11: an archive that always points elsewhere says nothing of its source."""
    remote = Remote(bytes(10**6))

    def parse(read: Read, length: int) -> bytes:
        return b"".join(read(at, 1) for at in range(0, length, 10_000))

    with pytest.raises(TooMuch, match=f"{MOST_REQUESTS} requests"):
        await by_ranges(parse, remote, 10**6, 10)
    assert len(remote.asked) == MOST_REQUESTS


async def test_bytes__more_than_eight_mebibytes__are_not_asked_for() -> None:
    """MET-11: neither at once nor together."""
    length = 3 * MOST_BYTES
    remote = Remote(bytes(length))
    with pytest.raises(TooMuch, match="8 MiB"):
        await by_ranges(lambda read, length: read(0, MOST_BYTES - 5), remote, length, 10)
    assert remote.asked == [(length - 10, 10)]
    half = MOST_BYTES // 2
    with pytest.raises(TooMuch):
        await by_ranges(lambda read, length: read(0, half) + read(half, half), remote, length, 10)
    assert sum(count for _, count in remote.asked) < MOST_BYTES


async def test_wheel__that_changes_between_two_requests__is_begun_anew() -> None:
    """MET-12: bytes of two states are never joined; the new one is read out of its own parts."""
    content = wheel(behind=PADDING)
    other = wheel(behind=PADDING, metadata=METADATA.replace(b"2.1", b"2.2"))
    remote = Remote(content, lambda number: "old" if number == 1 else "new")

    async def changing(at: int | None, count: int, /) -> Stretch:
        found = await remote(at, count)
        remote.content = other
        return found

    assert await by_ranges(of_wheel, changing, len(content), TAIL) == METADATA.replace(b"2.1", b"2.2")
    assert len(remote.asked) == 3


async def test_wheel__of_another_tag_each_time__is_given_up() -> None:
    """MET-12: a host whose copies differ has no ranges to speak of; that is its fault, not the file's."""
    numbers = count()
    remote = Remote(wheel(behind=PADDING), lambda number: str(next(numbers)))
    with pytest.raises(Unranged, match="not the same") as caught:
        await by_ranges(of_wheel, remote, None, TAIL)
    assert not isinstance(caught.value, TooMuch)
    assert len(remote.asked) == MOST_REQUESTS


async def test_wheel__of_another_length_than_the_page_says__is_not_read() -> None:
    """MET-12: it is another file."""
    with pytest.raises(Unranged, match="its page says"):
        await by_ranges(of_wheel, Remote(WHEEL), len(WHEEL) - 1, TAIL)


async def test_empty_file__by_ranges__is_asked_for_nothing() -> None:
    """MET-12: there is no range of it that could be written down."""
    remote = Remote(b"")
    with pytest.raises(NotADistribution):
        await by_ranges(of_wheel, remote, 0, TAIL)
    assert remote.asked == []


@given(st.integers(0, 90_000), st.integers(0, 200_000), st.integers(1, 100_000), st.booleans())
async def test_metadata__by_ranges__is_what_the_whole_wheel_has(
    before: int, behind: int, tail: int, is_known: bool
) -> None:
    """MET-03, MET-12: wherever it lies, and whatever is fetched first, at most four requests give the very bytes."""
    content = wheel(before=PADDING[:before], behind=PADDING[:behind])
    remote = Remote(content)
    assert await by_ranges(of_wheel, remote, len(content) if is_known else None, tail) == METADATA
    assert len(remote.asked) <= 4
