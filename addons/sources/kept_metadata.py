"""Core metadata of an index's files, kept on disk under the sha256 that their page announces (PEP 658)."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from addons.cache.blobs import Blobs
from addons.cache.promised import Damaged, Mismatch, NotKept, Promise
from addons.cache.small import Given, given, read
from addons.simple.page import File
from addons.sources.source import FileGone

_SHA256 = re.compile(r"[0-9a-f]{64}")


def metadata_promise(file: File) -> Promise | None:
    """Give what the page says of the file's core metadata; None if it says nothing that it could be kept by."""
    announced = file.core_metadata if isinstance(file.core_metadata, dict) else {}
    sha256 = announced.get("sha256", "").lower()
    return Promise(sha256) if _SHA256.fullmatch(sha256) else None


class KeptMetadata:
    """Reads metadata out of the store, and into it. `ask` gets it from upstream, checked against its hash."""

    def __init__(self, ask: Callable[[File], Awaitable[bytes]], blobs: Blobs) -> None:
        self._ask = ask
        self._blobs = blobs

    async def read(self, file: File) -> bytes:
        """Give a file's core metadata as `Source.core_metadata` says."""
        promise = metadata_promise(file)
        if promise is None:
            return await self._ask(file)
        try:
            return await read(self._blobs, promise, lambda at: self._fetched(file, at))
        except (NotKept, Damaged):
            return await self._ask(file)
        except Mismatch as error:
            raise FileGone(f"the metadata of {file.filename} is not what its page announces: {error}") from error

    @asynccontextmanager
    async def _fetched(self, file: File, at: int) -> AsyncIterator[Given]:
        yield given(await self._ask(file), at)
