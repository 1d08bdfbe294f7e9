"""The bytes of the store's files, as their pages say them to be, or not to their end."""

import asyncio
import hashlib
import logging
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from addons.cache.blobs import Blob
from addons.cache.counts import Counts
from addons.cache.promised import Damaged
from addons.cache.proofs import Mark, Proofs, mark_of
from addons.off_loop import opened_by
from addons.simple.distributions import distribution
from addons.simple.page import File
from addons.sources.source import FileGone, Reading, Span
from addons.sources.standing import MetadataReader
from addons.store.shelf import Shelf

logger = logging.getLogger(__name__)

_PART = 1 << 18  # bytes read from disk at a time
_SOON_PROVEN = 8_000_000  # bytes that are hashed before anything of them is given out: some milliseconds
_MOST_WRONG = 1000  # damaged files that are remembered, so that they are said once and refused at once
_MOST_METADATA = 64_000_000  # bytes of core metadata that are read at all: nothing that the store takes has as much


class StoredFiles:
    """Files by sha256. The first reading by a process hashes a file, and so does the first one after it was written to.

    A small one is hashed before any of it is given, of a larger one the last byte waits for it. A damaged file is left where
    it lies: there is no other.
    """

    def __init__(self, source: str, shelf: Shelf, metadata: MetadataReader) -> None:
        self._source = source
        self._shelf = shelf
        self._metadata = metadata
        self._proofs = Proofs(self._say)
        self._wrong: set[tuple[str, Mark]] = set()

    @asynccontextmanager
    async def read(self, file: File, span: Span | None) -> AsyncIterator[Reading]:
        """Read a file as `Source.read` says. Raises FileGone."""
        sha256 = file.hashes["sha256"]
        async with AsyncExitStack() as stack:
            try:
                handle = await stack.enter_async_context(opened_by(lambda: self._open(sha256)))
            except OSError as error:
                raise self._gone(file, f"cannot be read in the store ({error.strerror})") from error
            blob = Blob(sha256, handle.fileno(), self._proofs, Counts())
            if not await self._may_begin(file, sha256, handle, blob.size):
                raise self._gone(file, "is damaged in the store")

            def begun(start: int, stop: int) -> AsyncIterator[bytes]:
                return self._chunks(file, blob, start, stop)

            whole = span or Span(0, blob.size)
            onward = None if span is not None else lambda start: begun(start, blob.size)
            yield Reading(blob.size, begun(whole.start, whole.stop), onward)

    def _open(self, sha256: str) -> BinaryIO:
        return os.fdopen(os.open(self._shelf.path(sha256), os.O_RDONLY | os.O_CLOEXEC), "rb")

    async def _may_begin(self, file: File, sha256: str, handle: BinaryIO, size: int) -> bool:
        mark = mark_of(handle.fileno())
        if self._proofs.known(sha256, mark):
            return True
        if (sha256, mark) in self._wrong or size != file.size:
            self._say(sha256, mark)
            return False
        proof = self._proofs.prove(sha256, handle.fileno())
        return size >= _SOON_PROVEN or await asyncio.shield(proof)

    async def _chunks(self, file: File, blob: Blob, start: int, stop: int) -> AsyncIterator[bytes]:
        at = start
        while at < stop:
            try:
                part = await blob.read(at, min(_PART, stop - at))
            except Damaged as error:
                raise self._gone(file, f"is damaged in the store: {error}") from error
            at += len(part)
            yield part

    def _gone(self, file: File, words: str) -> FileGone:
        return FileGone(f"{file.filename} from source {self._source} {words}")

    def _say(self, sha256: str, mark: Mark) -> None:
        if (sha256, mark) not in self._wrong:
            if len(self._wrong) >= _MOST_WRONG:
                self._wrong.clear()
            self._wrong.add((sha256, mark))
            path = self._shelf.path(sha256)
            logger.error("source %s: %s is damaged, and is not given: put a copy of it back", self._source, path)

    async def core_metadata(self, file: File, sha256: str | None) -> bytes:
        """Give a file's core metadata: the bytes of this sha256, or without one what the file itself has. Raises FileGone."""
        if sha256 is not None:
            return await asyncio.to_thread(self._beside, file, sha256)
        async with self.read(file, None) as reading:  # which proves it
            async for _ in reading.chunks:
                pass
        return await asyncio.to_thread(self._inside, file, self._shelf.path(file.hashes["sha256"]))

    def _beside(self, file: File, sha256: str) -> bytes:
        path = self._shelf.path(sha256)
        try:
            with path.open("rb") as handle:
                content = handle.read(_MOST_METADATA)
                mark = mark_of(handle.fileno())
        except OSError as error:
            raise self._gone(file, f"has metadata that cannot be read in the store ({error.strerror})") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            self._say(sha256, mark)
            raise self._gone(file, "has metadata that is damaged in the store")
        return content

    def _inside(self, file: File, path: Path) -> bytes:
        named = distribution(file.filename)
        try:
            if named is None:
                raise ValueError("is not named like a wheel or an sdist")
            return self._metadata(path, named)
        except (OSError, ValueError) as error:
            raise self._gone(file, f"has no core metadata: it {error}") from error

    async def close(self) -> None:
        """Stop what is being hashed."""
        await self._proofs.close()
