"""One finished file of a project list, read as any source's files are."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from addons.simple.page import File
from addons.sources.source import FileGone, Reading, Span

_PART = 1 << 18  # bytes read from disk at a time


@dataclass(frozen=True)
class ListFile:
    """A form of the list in one coding, on disk. `file` tells its size in bytes and its sha256."""

    path: Path
    file: File

    @asynccontextmanager
    async def read(self, file: File, span: Span | None) -> AsyncIterator[Reading]:
        """Read it, or a span of it; what is open stays readable when a newer list replaces it. Raises FileGone."""
        size = self.file.size or 0
        try:
            handle = await asyncio.to_thread(self.path.open, "rb")
        except OSError as error:
            raise FileGone(f"the project list cannot be read ({error.strerror})") from error
        try:
            yield Reading(size, _parts(handle.fileno(), span or Span(0, size)))
        finally:
            handle.close()


async def _parts(descriptor: int, span: Span) -> AsyncIterator[bytes]:
    at = span.start
    while at < span.stop:
        part = await asyncio.to_thread(os.pread, descriptor, min(_PART, span.stop - at), at)
        if not part:
            raise FileGone("the project list became shorter while it was read")
        at += len(part)
        yield part
