"""How long an upload may take, and how many may come at once: slow ones keep neither the disk nor old proofs for ever."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from addons.upload.refusal import UploadRefused


@dataclass(frozen=True)
class Patience:
    """Seconds: between two pieces of a body (`idle`), for all of it (`whole`), and for a place among those that come (`place`).

    `whole` is less than the age at which the store takes what lies in `incoming` for left behind (shelf.LEFTOVER_AGE).
    """

    idle: float = 60.0
    whole: float = 2700.0
    place: float = 30.0


async def in_time(chunks: AsyncIterator[bytes], patience: Patience) -> AsyncIterator[bytes]:
    """Give a body as it comes. Raises UploadRefused for one that does not come in time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + patience.whole
    while True:
        try:
            async with asyncio.timeout(min(patience.idle, end - loop.time())):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            words = f"Nothing came for {patience.idle:g} s, or not all within {patience.whole / 60:g} minutes"
            raise UploadRefused(400, "slow", f"The upload came too slowly. {words}: nothing was stored.") from None
        yield chunk


class Places:
    """Lets so many uploads come at once, and of one author no more than so many; the next ones wait. For one event loop."""

    def __init__(self, most: int = 64, most_of_one: int = 32) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._taken: Counter[str] = Counter()
        self._waiting: set[asyncio.Future[None]] = set()

    @asynccontextmanager
    async def place(self, author: str, patience: Patience) -> AsyncIterator[None]:
        """Hold a place. Raises UploadRefused (503) if none gets free in time."""
        try:
            async with asyncio.timeout(patience.place):
                while not self._is_free(author):
                    await self._one_left()
        except TimeoutError:
            words = "Too many uploads come at once, so this one was not begun; try again in a minute."
            raise UploadRefused(503, "busy", words) from None
        with self._held(author):
            yield

    def _is_free(self, author: str) -> bool:
        return self._taken.total() < self._most and self._taken[author] < self._most_of_one

    async def _one_left(self) -> None:
        left = asyncio.get_running_loop().create_future()
        self._waiting.add(left)
        try:
            await left
        finally:
            self._waiting.discard(left)

    @contextmanager
    def _held(self, author: str) -> Iterator[None]:
        self._taken[author] += 1
        try:
            yield
        finally:
            self._taken[author] -= 1
            if not self._taken[author]:
                del self._taken[author]
            for each in self._waiting:
                if not each.done():
                    each.set_result(None)
