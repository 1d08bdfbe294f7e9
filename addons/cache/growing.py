"""A file that is being fetched into the cache, and may be read by any number while it grows."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from addons.cache.counts import Counts
from addons.cache.fresh import Fresh
from addons.cache.part_file import PartFile, Stand
from addons.cache.promised import Fetch, Mismatch, NotKept, Promise, read_at
from addons.cache.proofs import Proofs
from addons.cache.room import Room

_MOST_AHEAD = 16  # chunks that wait for the disk, at most: upstream is held up then
_LOOK_SECONDS = 0.05  # another process cannot tell us of new bytes: only looking at the file's length can
_HANDOVER_SECONDS = 0.5  # what all have left is kept for so long, for a process that reads along to go on with
_WORTH = 0.5  # of a file that is there when the last one leaves: then it is fetched to its end all the same
_LOOK_AT_ROOM = 64_000_000  # bytes after which it is asked anew whether the disk has room


@dataclass(frozen=True)
class Beside:
    """What all growing files of a store share: its room, its numbers, its way to tell the log why a file is not kept.

    `begin` is awaited before anything is written; `keeping` lets few at a time wait until all is on disk; `proofs` is
    told of what was proven.
    """

    room: Room
    counts: Counts
    say: Callable[[str], object]
    begin: Callable[[], Awaitable[None]]
    keeping: asyncio.Semaphore
    proofs: Proofs


class Growing:
    """One fetch of one file: written, hashed and proven in a task of its own, whoever comes and leaves.

    If another process writes the file already, it is read along, and gone on with if that process dies.
    """

    def __init__(self, part: PartFile, promise: Promise, fetch: Fetch, beside: "Beside") -> None:
        self.size = promise.size
        self.stopped = False
        self.kept = False
        self._part = part
        self._promise = promise
        self._fetch = fetch
        self._begin = beside.begin
        self._keeping = beside.keeping
        self._proofs = beside.proofs
        self._room = beside.room
        self._counts = beside.counts
        self._say = beside.say
        self._there = 0
        self._given = False
        self._proven = False
        self._fault: BaseException | None = None
        self._pending: list[bytes] = []
        self._fresh = Fresh()
        self._news, self._more, self._space = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._leaving, self._hurry = asyncio.Event(), asyncio.Event()
        self._arriving: asyncio.Task[None] | None = None
        self._readers = 0
        self.task = asyncio.ensure_future(self._run())
        self.task.add_done_callback(lambda done: self._close())

    # Reading

    @contextmanager
    def joined(self) -> Iterator["Growing"]:
        """Read along; when the last one leaves, what is not half there is given up."""
        self._readers += 1
        try:
            yield self
        finally:
            self._readers -= 1
            if not self._readers and not self._worth_it():
                self.stop()
            self._close()

    def _worth_it(self) -> bool:
        return self._proven or (self.size is not None and self._there >= self.size * _WORTH)

    def stop(self, at_once: bool = False) -> None:
        """Fetch no further. `at_once`: nobody else is to go on with it either."""
        self.stopped = True
        self._leaving.set()
        if at_once:
            self._hurry.set()
        if self._arriving is not None:
            self._arriving.cancel()

    def _close(self) -> None:
        # Beside the loop: closing what has no name any more frees its blocks.
        if self.task.done() and not self._readers:
            asyncio.get_running_loop().run_in_executor(None, self._part.close)

    async def length(self) -> int | None:
        """Give the whole file's length in bytes as soon as it can be told; None if that is at its end only."""
        while self.size is None and not self._there:
            if not await self._further():
                break
        return self.size

    async def read(self, at: int, count: int) -> bytes:
        """Give bytes as `Readable.read` says."""
        while (stop := min(at + count, self._visible())) <= at or not self._well:
            if not await self._further():
                return b""
        self._given = True
        if self._proven and stop == self._there:
            stop = await self._proofs.readable_to(self._promise.sha256, self._part.descriptor, at, stop)
        return self._fresh.find(at, stop) or await self.arrived(at, stop - at)

    async def arrived(self, at: int, count: int) -> bytes:
        """Give bytes that are there, as `Readable.arrived` says."""
        return await read_at(self._part.descriptor, count, at)

    @property
    def _well(self) -> bool:
        return self._proven or self._fault is None

    def _visible(self) -> int:
        """Tell how far it may be read: the last byte goes out when the whole is proven."""
        if self._proven:
            return self._there
        return self._there - 1 if self.size is None else min(self._there, self.size - 1)

    async def _further(self) -> bool:
        """Wait for news; False if there will be none. Raises what made the fetch fail."""
        if self._proven:
            return False
        if self._fault is not None:
            raise self._fault.with_traceback(None)
        await self.news()
        return True

    async def news(self) -> None:
        """Wait until something happens to the file."""
        await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    # Growing

    async def _run(self) -> None:
        try:
            await self._grow()
        except OSError as error:
            self._not_kept(NotKept(error.strerror or type(error).__name__))
        except NotKept as error:
            self._not_kept(error)
        finally:
            self._fault = self._fault or NotKept("it was given up")
            self._tell()

    def _not_kept(self, fault: NotKept) -> None:
        self._fault = fault
        self._counts.unkept += 1
        self._say(str(fault))

    async def _grow(self) -> None:
        try:
            await self._begin()
            await self._make_room()
            match await self._mine():
                case Stand.MINE:
                    await self._write()
                case Stand.DONE:
                    self._prove(await asyncio.to_thread(self._part.length))
                case Stand.LOST:
                    self._fault = NotKept("another process gave it up")
        finally:
            self._fresh.hold(0, ())
            await asyncio.to_thread(self._part.discard)
            await asyncio.to_thread(self._room.settle, self._part.final, self._there if self.kept else 0)

    async def _make_room(self) -> None:
        await asyncio.to_thread(self._room.make, self._part.final, self.size or self._there, self._there)

    async def _mine(self) -> Stand:
        """Wait until it is ours to write, or needs no writing any more; ELSEWHERE if all who waited have left."""
        stand = await asyncio.to_thread(self._part.claim, self.size)
        self._counts.elsewhere += stand is Stand.ELSEWHERE
        while stand is Stand.ELSEWHERE and not self.stopped:
            stand, self._there = await asyncio.to_thread(self._part.look, self.size)
            self._tell()
            if stand is Stand.LOST and not self._given:
                stand, self._there = await asyncio.to_thread(self._part.claim, self.size), 0
            elif stand is Stand.ELSEWHERE:
                await _within(_LOOK_SECONDS, self._leaving)
        return stand

    def _prove(self, size: int) -> None:
        self.size = self._there = size
        self._proven = True
        self._tell()

    async def _write(self) -> None:
        """Fetch what is not there, prove the whole and keep it; else leave nothing behind."""
        try:
            self._there = await asyncio.to_thread(self._part.take_up)
            if self._there == self.size or await self._fill():
                mark = await asyncio.to_thread(self._part.prove, self._promise)
                self._proofs.note(self._promise.sha256, mark)
                self._prove(self._there)
                async with self._keeping:
                    await asyncio.to_thread(self._part.keep)
                self.kept = True
                self._counts.kept += 1
            elif self._fault is None:
                await self._hand_over()
        except Mismatch as error:
            self._counts.mismatches += 1
            self._fault = error

    async def _fill(self) -> bool:
        """Fetch and write to the end; False if it was stopped, or the fetch failed."""
        if self.stopped:
            return False
        self._arriving = arriving = asyncio.ensure_future(self._arrive())
        arriving.add_done_callback(lambda done: self._more.set())
        try:
            while self._pending or not arriving.done():
                self._more.clear()
                if self._pending:
                    await self._append()
                else:
                    await self._more.wait()
        finally:
            arriving.cancel()
            await asyncio.wait([arriving])
            if not arriving.cancelled():
                self._fault = arriving.exception()
        return not arriving.cancelled() and self._fault is None

    async def _arrive(self) -> None:
        async with self._fetch(self._there) as arriving:
            if self.size is None and arriving.size is not None:
                self.size = arriving.size
                self._tell()
            async for chunk in arriving.chunks:
                self._pending.append(chunk)
                self._more.set()
                while len(self._pending) >= _MOST_AHEAD:
                    self._space.clear()
                    await self._space.wait()

    async def _append(self) -> None:
        pieces, self._pending = self._pending, []
        self._space.set()
        before, self._there = self._there, await asyncio.to_thread(self._part.append, pieces, self.size)
        self._counts.bytes_from_upstream += self._there - before
        self._fresh.hold(before, pieces)
        self._tell()
        if before // _LOOK_AT_ROOM < self._there // _LOOK_AT_ROOM:
            await self._make_room()

    async def _hand_over(self) -> None:
        """Give what is there to a process that reads along; if none does, it goes."""
        await asyncio.to_thread(self._part.release)
        await _within(_HANDOVER_SECONDS, self._hurry)
        await asyncio.to_thread(self._part.sweep)


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Wait for the event, but no longer than this."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
