"""Stretches of files: what counts as the range that was asked for, and how much of its body is read."""

from collections.abc import AsyncIterator

import httpx
import pytest

from addons.sources.source import SourceUnavailable, Stretch
from addons.sources.stretches import stretch_of


class _Body:
    """A body in pieces; `ended` once somebody has read it to its end."""

    def __init__(self, *pieces: bytes) -> None:
        self.ended = False
        self._pieces = pieces

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        self.ended = True


def _partial(said: str) -> httpx.Response:
    return httpx.Response(206, headers={"content-range": said, "etag": '"a"'})


async def test_stretch_of__a_whole_range__is_read_to_its_end() -> None:
    """A body that is left before its end costs the connection: the next range would need a new one."""
    body = _Body(b"abc", b"de")
    found = await stretch_of(_partial("bytes 5-9/10"), body.chunks(), None, 5)
    assert found == Stretch(5, b"abcde", 10, '"a"')
    assert body.ended


async def test_stretch_of__more_bytes_than_its_range__are_not_believed_nor_read() -> None:
    """MET-12: what answers with more than was asked for cannot make the gateway hold it."""
    body = _Body(b"abcdef", b"g" * 1000)
    assert await stretch_of(_partial("bytes 0-4/10"), body.chunks(), 0, 5) is None
    assert not body.ended


async def test_stretch_of__fewer_bytes_than_its_range__is_unavailable() -> None:
    """A body that ends early is a fault of that moment, and not what the file is."""
    with pytest.raises(SourceUnavailable, match="ended before"):
        await stretch_of(_partial("bytes 0-4/10"), _Body(b"abc").chunks(), 0, 5)


async def test_stretch_of__another_range_than_asked_for__is_none() -> None:
    """MET-12: bytes from another place of the file are not taken for those asked for."""
    assert await stretch_of(_partial("bytes 1-5/10"), _Body(b"abcde").chunks(), 0, 5) is None
