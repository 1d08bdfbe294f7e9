"""Explaining takes time and memory, and anybody may ask for it: a few at a time do, some wait, and the rest come later."""

import asyncio
from collections.abc import Awaitable, Callable

from addons.answers import Answer, unavailable

_AT_ONCE = 2
_WAITING = 20
_SECONDS = 5  # after which to ask again


class Turns:
    """Lets so many answers be worked out at once, and so many wait for that. For one event loop."""

    def __init__(self, at_once: int = _AT_ONCE, waiting: int = _WAITING) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most = waiting
        self._waiting = 0

    async def taken(self, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Give the answer that `work` gives when its turn has come; 503 with Retry-After if too many wait. Raises as `work`."""
        if self._free.locked() and self._waiting >= self._most:
            words = "wheelgate: too many explanations are asked for at once; ask again in a moment, or run `wheelgate explain`"
            return unavailable(words, _SECONDS)
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            return await work()
        finally:
            self._free.release()
