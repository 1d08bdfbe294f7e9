"""Small blobs, which are read and written as a whole: core metadata."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from addons.cache.blobs import Blobs
from addons.cache.promised import Damaged, Fetch, Mismatch, NotKept, Promise

_PART = 1 << 18  # bytes read from disk at a time


@dataclass(frozen=True)
class Given:
    """Bytes that are in hand, as a file on its way."""

    size: int
    chunks: AsyncIterator[bytes]


def given(content: bytes, at: int = 0) -> Given:
    """Give what stands in `content` from `at` on, as a fetch does."""
    return Given(len(content), _once(content[at:]))


async def read(blobs: Blobs, promise: Promise, fetch: Fetch | None) -> bytes:
    """Give all of a blob, which is fetched if it is not there. Raises NotKept, Damaged, Mismatch, or what the fetch raises."""
    body = b""
    async with blobs.reading(promise, fetch) as kept:
        if kept is None:
            raise NotKept("there is none")
        while part := await kept.read(len(body), _PART):
            body += part
    return body


async def keep(blobs: Blobs, sha256: str, content: bytes) -> bool:
    """Put a blob into the store, on disk and under its name when this ends; False where the disk does not take it."""

    @asynccontextmanager
    async def fetch(at: int) -> AsyncIterator[Given]:
        yield given(content, at)

    try:
        await read(blobs, Promise(sha256, None, len(content)), fetch)
    except (NotKept, Damaged, Mismatch):
        return False
    await blobs.put_away(sha256)
    return await asyncio.to_thread(blobs.find, sha256) is not None


async def _once(content: bytes) -> AsyncIterator[bytes]:
    if content:
        yield content
