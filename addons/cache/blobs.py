"""The file store: files by their sha256 in a folder, shared by all processes that use it.

files/<two hex digits>/<sha256>   a file under the hash that it has: proven, whole, never changed
growing/<sha256>                  one that is being fetched, locked by the process that writes it
"""

import asyncio
import hashlib
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from addons.cache.counts import Counts
from addons.cache.growing import Beside, Growing
from addons.cache.layout import Layout
from addons.cache.part_file import PartFile, Write, sweep
from addons.cache.plain_files import is_plain, open_plain, open_plain_at_once
from addons.cache.promised import Fetch, Promise, Readable, read_at
from addons.cache.proofs import Mark, Proofs, mark_of
from addons.cache.room import Limits, Room, kept_files, used_lately
from addons.off_loop import opened_by

logger = logging.getLogger(__name__)


_SOON_PROVEN = 8_000_000  # bytes that are hashed before anything of them is given out: some milliseconds
_MOST_KEEPING = 2  # files that are being fsynced at a time: all threads of the process together are a handful


class Found(NamedTuple):
    """A kept file: where it lies, and its length in bytes."""

    path: Path
    size: int


class Blob:
    """A kept file that is open."""

    def __init__(self, sha256: str, descriptor: int, proofs: Proofs, counts: Counts) -> None:
        self.size = os.fstat(descriptor).st_size
        self._sha256 = sha256
        self._descriptor = descriptor
        self._proofs = proofs
        self._counts = counts

    async def read(self, at: int, count: int) -> bytes:
        """Give bytes as `Readable.read` says."""
        stop = min(at + count, self.size)
        if at < stop == self.size:
            stop = await self._proofs.readable_to(self._sha256, self._descriptor, at, stop)
        return await self.arrived(at, stop - at)

    async def arrived(self, at: int, count: int) -> bytes:
        """Give bytes as `Readable.arrived` says."""
        if at >= self.size:
            return b""
        part = await read_at(self._descriptor, min(count, self.size - at), at)
        self._counts.bytes_from_disk += len(part)
        return part


class Blobs:
    """Files by sha256. Must be used in one event loop; `write` writes to disk (os.write).

    Nothing of the folder has to be there: what is missing is made when it is needed, again and again. A disk that does
    not take a file is said in the log, and fails no reading: that raises NotKept, and upstream is there to go on with.
    `under_way`: what is being fetched or put away; `on_kept` is told the sha256 of what has been. `wall` gives seconds since 1970.
    """

    def __init__(
        self, folder: Path, limits: Limits, write: Write = os.write, wall: Callable[[], float] = time.time
    ) -> None:
        self.counts = Counts()
        self._folder = folder
        self._files = Layout(folder).files
        self._parts = Layout(folder).growing
        self._write = write
        self._wall = wall
        self._room = Room(self._files, limits, wall=wall)
        self._proofs = Proofs(self._drop_wrong)
        keeping = asyncio.Semaphore(_MOST_KEEPING)
        self._beside = Beside(self._room, self.counts, self._say, self.begin, keeping, self._proofs)
        self._growing: dict[Promise, Growing] = {}
        self.under_way: set[Growing] = set()
        self._said: set[str] = set()
        self._begun: asyncio.Task[None] | None = None
        self.on_kept: Callable[[str], object] = lambda sha256: None

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
            paths = list(self._parts.iterdir())
        except FileNotFoundError:
            return  # nothing was ever kept
        except OSError as error:
            self._say(error.strerror or type(error).__name__)
            return
        for path in paths:
            try:
                sweep(path)
            except OSError as error:
                self._say(error.strerror or type(error).__name__)

    async def close(self) -> None:
        """Stop what is being fetched, and leave nothing of it; what is there already is kept."""
        while self.under_way:
            for growing in self.under_way:
                growing.stop(at_once=True)
            await asyncio.wait([growing.task for growing in self.under_way])
        await self._proofs.close()

    # Files

    def path(self, sha256: str) -> Path:
        """Give the place of a file, whether it is there or not."""
        return self._files / sha256[:2] / sha256

    def find(self, sha256: str) -> Found | None:
        """Give a kept file, or None. Waits for the disk: call it in a thread."""
        path = self.path(sha256)
        try:
            return Found(path, path.lstat().st_size) if is_plain(path) else None
        except OSError:
            return None

    async def proven(self, sha256: str) -> Path | None:
        """Give the place of a kept file, once it is proven to be right; None if there is none. Counts as no use of it."""
        try:
            async with opened_by(lambda: os.fdopen(open_plain(self.path(sha256), os.O_RDONLY), "rb")) as file:
                known = self._proofs.known(sha256, mark_of(file.fileno()))
                right = known or await asyncio.shield(self._proofs.prove(sha256, file.fileno()))
        except OSError:
            return None
        return self.path(sha256) if right else None

    async def put_away(self, sha256: str) -> None:
        """Wait until a file that was read to its end has its name, or will not get it: its last byte goes out before."""
        tasks = [growing.task for promise, growing in self._growing.items() if promise.sha256 == sha256]
        if tasks:
            await asyncio.wait(tasks)

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
                file = self._open_at_once(promise.sha256)
                if file is None:
                    file = await stack.enter_async_context(opened_by(lambda: self._open(promise.sha256)))
                else:
                    stack.enter_context(file)
                blob = Blob(promise.sha256, file.fileno(), self._proofs, self.counts)
                right = await self._right(promise, file.fileno(), blob.size)
            except OSError:
                yield None
                return
            self.counts.hits += right
            yield blob if right else None

    async def _right(self, promise: Promise, descriptor: int, size: int) -> bool:
        if self._proofs.known(promise.sha256, mark_of(descriptor)):
            return True
        proof = self._proofs.prove(promise.sha256, descriptor)
        # Whoever says another length may be wrong himself: the hash decides.
        if size < _SOON_PROVEN or promise.size not in (None, size):
            return await asyncio.shield(proof)
        return True  # so far: its last byte waits for the proof

    def _open(self, sha256: str) -> BinaryIO:
        descriptor = open_plain(self.path(sha256), os.O_RDONLY)
        self._touch(sha256, descriptor)
        return os.fdopen(descriptor, "rb")

    def _open_at_once(self, sha256: str) -> BinaryIO | None:
        """Open a file that the disk need not be waited for, nor written to: it was used just now."""
        descriptor = open_plain_at_once(self.path(sha256))
        if descriptor is None:
            return None
        if not used_lately(mark_of(descriptor).changed / 1e9, self._wall()):
            os.close(descriptor)
            return None
        return os.fdopen(descriptor, "rb")

    def _touch(self, sha256: str, descriptor: int) -> None:
        mark, now = mark_of(descriptor), self._wall()
        if not used_lately(mark.changed / 1e9, now):
            with suppress(OSError):  # of a folder that may only be read
                os.utime(descriptor, (now, now))
            if self._proofs.known(sha256, mark):
                self._proofs.note(sha256, mark_of(descriptor))

    def _drop_wrong(self, sha256: str, mark: Mark) -> None:
        """Drop a file that does not hash to its name, unless it has been replaced. Waits for the disk."""
        self.counts.damaged += 1
        path = self.path(sha256)
        logger.error("%s does not hash to its name any more: it is dropped, and fetched anew when it is wanted", path)
        with suppress(OSError):
            if path.lstat().st_ino == mark.inode:
                path.unlink()

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
            self.on_kept(promise.sha256)

    def _say(self, words: str) -> None:
        if words not in self._said:
            self._said.add(words)
            logger.warning("cache %s: files pass through it and are not kept: %s", self._folder, words)

    def snapshot(self) -> dict[str, int]:
        """Give the numbers of what happened since the store was opened."""
        return {**self.counts.snapshot(), "evicted": self._room.evicted, "growing": len(self.under_way)}
