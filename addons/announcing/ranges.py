"""Reading little of an archive that lies elsewhere: what the reader lacks is fetched, and it begins again.

MET-12. uv reads remote wheels like this; what it lacks, it asks for in one more request.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from addons.metadata.bounded import Read
from addons.off_loop import off_loop
from addons.sources.source import Stretch, Unranged

MOST_REQUESTS = 6
"""For one wheel. An honest one takes two: its directory and what stands before it, and the member."""

MOST_BYTES = 8 * 1024 * 1024
"""Fetched of one wheel. The largest directories that there are have some 2 MB."""


class Fetch(Protocol):
    """Fetches `count` bytes of a file from `at` on; with `at` None the last ones of it.

    Raises Unranged where nothing but the whole is to be had.
    """

    def __call__(self, at: int | None, count: int, /) -> Awaitable[Stretch]: ...


class TooMuch(Unranged):
    """The file's structure asks for more requests or bytes than it gets: that says nothing of its source. In words."""


class _Lacking(Exception):
    def __init__(self, at: int, count: int) -> None:
        super().__init__()
        self.at, self.count = at, count


class _Fetched:
    """What was fetched of one state of a file."""

    def __init__(self, fetch: Fetch, length: int | None) -> None:
        self._fetch = fetch
        self._promised = self.length = length
        self._state: tuple[str, int] | None = None
        self._stretches: list[Stretch] = []
        self._requests, self._bytes = 0, 0
        self.changed = False

    def read(self, at: int, count: int) -> bytes:
        """Give what is there; raises _Lacking."""
        if not count:
            return b""
        for stretch in self._stretches:
            begin = at - stretch.at
            if begin >= 0 and begin + count <= len(stretch.content):
                return stretch.content[begin : begin + count]
        raise _Lacking(at, count)

    async def more(self, at: int | None, count: int) -> None:
        """Fetch what is lacking; of a file that has changed since, nothing that was fetched before counts. Raises Unranged."""
        if self._requests >= MOST_REQUESTS or self._bytes + count > MOST_BYTES:
            raise self._too_much()
        stretch = await self._fetch(at, count)
        self._requests, self._bytes = self._requests + 1, self._bytes + len(stretch.content)
        if self._promised not in (None, stretch.length):
            raise Unranged(f"it has {stretch.length} bytes, and its page says {self._promised}")
        state = stretch.tag, stretch.length
        if self._state not in (None, state):
            self.changed = True
            self._stretches.clear()
        self._state, self.length = state, stretch.length
        self._stretches.append(stretch)

    def _too_much(self) -> Unranged:
        if self.changed:
            return Unranged("it is not the same from one request to the next")
        return TooMuch(f"more than {MOST_REQUESTS} requests or {MOST_BYTES >> 20} MiB of it would be needed")


async def by_ranges(parse: Callable[[Read, int], bytes], fetch: Fetch, length: int | None, tail: int) -> bytes:
    """Give what `parse` reads out of the remote file; its last `tail` bytes are fetched first.

    What changes meanwhile is begun anew. Raises Unranged, TooMuch, or NotADistribution as `parse` does.
    """
    fetched = _Fetched(fetch, length)
    if length != 0:  # of an empty file there is no range
        begin = None if length is None else max(length - tail, 0)
        await fetched.more(begin, tail if length is None else min(tail, length))
    while True:
        assert fetched.length is not None
        try:
            return await off_loop(True, parse, fetched.read, fetched.length)
        except _Lacking as lacking:
            await fetched.more(lacking.at, lacking.count)
