"""Single flight: however many ask for one thing at the same time, it is fetched once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable


class Flights[K: Hashable, V]:
    """Work under way, by key."""

    def __init__(self) -> None:
        self._under_way: dict[K, asyncio.Task[V]] = {}

    async def share(self, key: K, work: Callable[[], Awaitable[V]]) -> V:
        """Give the outcome of `work`, or of the same work already under way; an error goes to all who wait.

        One who stops waiting does not stop the others' work.
        """
        return await asyncio.shield(self.start(key, work))

    def start(self, key: K, work: Callable[[], Awaitable[V]]) -> asyncio.Task[V]:
        """Give the task of `work`, or of the same work already under way; it goes on whether or not anybody waits."""
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.ensure_future(_run(work))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        return task

    async def over(self, key: K) -> None:
        """Wait until the work under way is over, if there is any, whatever comes of it."""
        task = self._under_way.get(key)
        if task is not None:
            await asyncio.wait([task])

    async def begin(self, key: K, work: Callable[[], Awaitable[V]]) -> V:
        """Give the outcome of `work` begun after this call: of work already under way only the end is waited for."""
        await self.over(key)
        return await self.share(key, work)

    def _landed(self, key: K, task: asyncio.Task[V]) -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen, even if everybody who asked has left


async def _run[V](work: Callable[[], Awaitable[V]]) -> V:
    return await work()
