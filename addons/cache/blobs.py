"""The file store: files by their sha256 in a folder, shared by all processes that use it.

files/<two hex digits>/<sha256>   a file under the hash that it has: proven, whole, never changed
growing/<sha256>                  one that is being fetched, locked by the process that writes it
"""

import asyncio
import hashlib
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from addons.cache.counts import Counts
from addons.cache.growing import Beside, Growing
from addons.cache.layout import Layout
from addons.cache.part_file import PartFile, Write, sweep
from addons.cache.promised import Fetch, Promise, Readable, read_at
from addons.cache.room import Limits, Room, kept_files, used_lately
from addons.off_loop import opened

logger = logging.getLogger(__name__)


_MOST_KEEPING = 2  # files that are being fsynced at a time: all threads of the process together are a handful


class Found(NamedTuple):
    """A kept file: where it lies, and its length in bytes."""

    path: Path
    size: int


class Blob:
    """A kept file that is open."""

    def __init__(self, descriptor: int, size: int, counts: Counts) -> None:
        self.size = size
        self._counts = counts
        self._descriptor = descriptor

    async def read(self, at: int, count: int) -> bytes:
        """Give bytes as `Readable.read` says."""
        if at >= self.size:
            return b""
        part = await read_at(self._descriptor, min(count, self.size - at), at)
        self._counts.bytes_from_disk += len(part)
        return part

    async def arrived(self, at: int, count: int) -> bytes:
        """Give bytes as `Readable.arrived` says."""
        return await self.read(at, count)


class Blobs:
    """Files by sha256. Must be used in one event loop; `write` writes to disk (os.write).

    Nothing of the folder has to be there: what is missing is made when it is needed, again and again. A disk that does
    not take a file is said in the log, and fails no reading: that raises NotKept, and upstream is there to go on with.
    `under_way`: what is being fetched or put away.
    """

    def __init__(self, folder: Path, limits: Limits, write: Write = os.write) -> None:
        self.counts = Counts()
        self._folder = folder
        self._files = Layout(folder).files
        self._parts = Layout(folder).growing
        self._write = write
        self._room = Room(self._files, limits)
        self._beside = Beside(self._room, self.counts, self._say, self.begin, asyncio.Semaphore(_MOST_KEEPING))
        self._growing: dict[Promise, Growing] = {}
        self.under_way: set[Growing] = set()
        self._said: set[str] = set()
        self._begun: asyncio.Task[None] | None = None

    def limit(self, limits: Limits) -> None:
        """Go by other limits from now on."""
        self._room.limit(limits)

    async def begin(self) -> None:
        """Take away what processes that died have left; nothing is fetched before that is done."""
        if self._begun is None:
            self._begun = asyncio.ensure_future(asyncio.to_thread(self._sweep))
        await asyncio.shield(self._begun)

    def _sweep(self) -> None:
        try:
            for path in list(self._parts.iterdir()):
                sweep(path)
        except FileNotFoundError:
            pass  # nothing was ever kept
        except OSError as error:
            self._say(error.strerror or type(error).__name__)

    async def close(self) -> None:
        """Stop what is being fetched, and leave nothing of it; what is there already is kept."""
        while self.under_way:
            for growing in self.under_way:
                growing.stop(at_once=True)
            await asyncio.wait([growing.task for growing in self.under_way])

    # Files

    def path(self, sha256: str) -> Path:
        """Give the place of a file, whether it is there or not."""
        return self._files / sha256[:2] / sha256

    def find(self, sha256: str) -> Found | None:
        """Give a kept file, or None. Waits for the disk: call it in a thread."""
        path = self.path(sha256)
        try:
            return Found(path, path.stat().st_size)
        except OSError:
            return None

    def drop(self, sha256: str) -> None:
        """Forget a file; who reads it reads on. Waits for the disk. Raises OSError."""
        self.path(sha256).unlink(missing_ok=True)

    def verify(self) -> Iterator[tuple[str, bool]]:
        """Hash all kept files anew: the name of each, and whether it is right; what is not is forgotten.

        Waits for the disk, for as long as that takes to read them all. Raises OSError.
        """
        for kept in kept_files(self._files):
            with suppress(FileNotFoundError):
                with kept.path.open("rb") as file:
                    right = hashlib.file_digest(file, "sha256").hexdigest() == kept.path.name
                if not right:
                    kept.path.unlink()
                yield kept.path.name, right

    def growing(self, promise: Promise) -> Growing | None:
        """Give a file that this process is fetching; read it inside its `joined()`."""
        growing = self._growing.get(promise)
        return None if growing is None or growing.stopped else growing

    @asynccontextmanager
    async def reading(self, promise: Promise, fetch: Fetch | None) -> AsyncIterator[Readable | None]:
        """Give the file: kept, or growing, or fetched from now on; without a `fetch` None if it is neither.

        Raises what the fetch does, NotKept or Mismatch, if the file's length can be had of it only.
        """
        if self.growing(promise) is None:
            async with self._kept(promise) as blob:
                if blob is not None or (fetch is None and self.growing(promise) is None):
                    yield blob
                    return
        with self._joined(promise, fetch) as growing:
            await growing.length()
            yield growing

    @asynccontextmanager
    async def _kept(self, promise: Promise) -> AsyncIterator[Blob | None]:
        async with AsyncExitStack() as stack:
            try:
                file = await stack.enter_async_context(opened(self.path(promise.sha256), "rb"))
                stat = os.fstat(file.fileno())
                whole = promise.size in (None, stat.st_size)
                if not whole:
                    await asyncio.to_thread(self.drop, promise.sha256)
                elif not used_lately(stat.st_mtime):
                    await asyncio.to_thread(os.utime, file.fileno())
            except OSError:
                yield None
                return
            self.counts.hits += whole
            self.counts.damaged += not whole
            yield Blob(file.fileno(), stat.st_size, self.counts) if whole else None

    def _joined(self, promise: Promise, fetch: Fetch | None) -> AbstractContextManager[Growing]:
        growing = self.growing(promise)
        if growing is not None:
            self.counts.joined += 1
            return growing.joined()
        assert fetch is not None
        self.counts.misses += 1
        part = PartFile(self._parts / promise.sha256, self.path(promise.sha256), self._write)
        growing = self._growing[promise] = Growing(part, promise, fetch, self._beside)
        self.under_way.add(growing)
        growing.task.add_done_callback(lambda done: self._ended(promise, growing))
        return growing.joined()

    def _ended(self, promise: Promise, growing: Growing) -> None:
        self.under_way.discard(growing)
        if self._growing.get(promise) is growing:
            del self._growing[promise]
        if growing.kept:
            self._said.clear()  # it works again: the next fault is news

    def _say(self, words: str) -> None:
        if words not in self._said:
            self._said.add(words)
            logger.warning("cache %s: files pass through it and are not kept: %s", self._folder, words)

    def snapshot(self) -> dict[str, int]:
        """Give the numbers of what happened since the store was opened."""
        return {**self.counts.snapshot(), "evicted": self._room.evicted, "growing": len(self.under_way)}
