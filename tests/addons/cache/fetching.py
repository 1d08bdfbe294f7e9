"""What the tests of the file store share: an upstream that a test holds up and breaks, and ways to read."""

import asyncio
import errno
import hashlib
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from addons.cache.blobs import Blobs
from addons.cache.promised import Promise, Readable
from addons.cache.room import Limits

CONTENT = random.Random(4).randbytes(300_000)
AMPLE = Limits(10**9, 0)


class Broken(Exception):
    """What the upstream of these tests fails with."""


@dataclass(frozen=True)
class Coming:
    """A file on its way."""

    size: int | None
    chunks: AsyncIterator[bytes]


class Giving:
    """An upstream with one file. `begun`: from where it was fetched, one item a fetch.

    Before the byte at `stop_at` it says `reached` and waits for `go`; before that at `break_at` it fails. -1 stands for
    the time before it has answered at all.
    """

    def __init__(
        self, content: bytes = CONTENT, *, stop_at: int | None = None, break_at: int | None = None, sized: bool = True
    ) -> None:
        self.begun: list[int] = []
        self.reached, self.go = asyncio.Event(), asyncio.Event()
        self._content = content
        self._stop_at = stop_at
        self._break_at = break_at
        self._sized = sized

    @asynccontextmanager
    async def __call__(self, at: int) -> AsyncIterator[Coming]:
        """Give the file from there on."""
        self.begun.append(at)
        await self._pass(-1)
        yield Coming(len(self._content) if self._sized else None, self._chunks(at))

    async def _chunks(self, at: int) -> AsyncIterator[bytes]:
        while at < len(self._content):
            stop = min(at + 10_000, len(self._content))
            for place in (self._stop_at, self._break_at):
                if place is not None and at < place < stop:
                    stop = place
            await self._pass(at)
            yield self._content[at:stop]
            at = stop
            await asyncio.sleep(0)

    async def _pass(self, at: int) -> None:
        if at == self._stop_at and not self.go.is_set():
            self.reached.set()
            await self.go.wait()
        if at == self._break_at:
            raise Broken


def promise(content: bytes = CONTENT, *, sized: bool = True, blake2b: bool = True) -> Promise:
    """Promise this content."""
    return Promise(
        hashlib.sha256(content).hexdigest(),
        hashlib.blake2b(content, digest_size=32).hexdigest() if blake2b else None,
        len(content) if sized else None,
    )


async def read(readable: Readable, at: int = 0, stop: int | None = None) -> bytes:
    """Read to the end, or up to a place."""
    got = bytearray()
    while stop is None or at + len(got) < stop:
        part = await readable.read(at + len(got), 4096 if stop is None else stop - at - len(got))
        if not part:
            break
        got += part
    return bytes(got)


async def whole(blobs: Blobs, giving: Giving, wanted: Promise | None = None) -> bytes:
    """Read the file out of the store, or into it."""
    async with blobs.reading(wanted or promise(), giving) as readable:
        assert readable is not None
        return await read(readable)


async def gathered(blobs: Blobs, giving: Giving, wanted: Promise, got: bytearray) -> None:
    """Read the file and gather what came of it, however it ends."""
    async with blobs.reading(wanted, giving) as readable:
        assert readable is not None
        while part := await readable.read(len(got), 4096):
            got += part


async def settled(blobs: Blobs) -> None:
    """Wait until nothing is being fetched or put away any more."""
    while tasks := [growing.task for growing in blobs.under_way]:
        await asyncio.wait(tasks)


def lying(folder: Path) -> dict[str, bytes]:
    """Give all files below a folder: path to content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def as_kept(*contents: bytes) -> dict[str, bytes]:
    """Give what lies in a store that has these files and nothing else."""
    names = [hashlib.sha256(content).hexdigest() for content in contents]
    return {f"files/{name[:2]}/{name}": content for name, content in zip(names, contents, strict=True)}


class Disk:
    """A disk that is full after so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, descriptor: int, piece: bytes | memoryview) -> int:
        """Write what there is room for."""
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count = os.write(descriptor, piece[: self.room])
        self.room -= count
        return count
