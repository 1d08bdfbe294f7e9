"""Files of an index, kept on disk: fetched once for all who ask, proven, and read from there ever after."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from urllib.parse import urlsplit

from addons.cache.blobs import Blobs
from addons.cache.promised import Damaged, Fetch, Mismatch, NotKept, Promise, Readable, Wrong
from addons.simple.page import File
from addons.sources.index_files import IndexFiles
from addons.sources.source import FileGone, Reading, SourceUnavailable, Span
from addons.sources.stretches import behind
from proxyconf import hosts

_SHA256 = re.compile(r"[0-9a-f]{64}")
_BLAKE2B = re.compile(r"/packages/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{60})/[^/]+", re.IGNORECASE)
_PART = 1 << 18  # bytes read from disk at a time
_SMALL = 1_000_000  # bytes: of such a file, a span is had by fetching the whole, which clients ask for next anyway


def promise_of(file: File) -> Promise | None:
    """Give what the page and the address of a file say of its bytes; None if nothing does that could be kept by.

    PyPI's paths are the file's BLAKE2b-256, cut after two and four digits; on other hosts they may mean anything.
    """
    sha256 = file.hashes.get("sha256", "").lower()
    if not _SHA256.fullmatch(sha256):
        return None
    url = urlsplit(file.url)
    path = _BLAKE2B.fullmatch(url.path) if hosts.normal_host(url.netloc) in hosts.FILES else None
    return Promise(sha256, "".join(path.groups()).lower() if path else None, file.size)


class KeptFiles:
    """Reads files of one source out of the store, and into it. Whether a file may be had is its page's to say."""

    def __init__(self, source: str, files: IndexFiles, blobs: Blobs) -> None:
        self._source = source
        self._files = files
        self._blobs = blobs

    @asynccontextmanager
    async def read(self, file: File, span: Span | None) -> AsyncIterator[Reading]:
        """Read a file as `Source.read` says.

        A span of what is not there is asked of upstream, unchecked, as somebody who reads the end of a big file must
        not wait for all of it; of a file that is just being fetched it waits for its bytes.
        """
        async with AsyncExitStack() as stack:
            kept = await self._kept(file, span, stack)

            def begun(start: int, stop: int | None) -> AsyncIterator[bytes]:
                assert kept is not None
                chunks = self._chunks(file, kept, start, stop)
                stack.push_async_callback(chunks.aclose)  # whoever leaves in the middle leaves no answer open
                return chunks

            if kept is None:
                self._blobs.counts.passed += 1
                yield await stack.enter_async_context(self._files.read(file, span))
            elif span is None:
                yield Reading(kept.size, begun(0, None), lambda start: begun(start, None))
            else:
                yield Reading(kept.size, begun(span.start, span.stop))

    async def _kept(self, file: File, span: Span | None, stack: AsyncExitStack) -> Readable | None:
        promise = promise_of(file)
        if promise is None:
            return None
        wanted = span is None or (file.size is not None and file.size <= _SMALL)
        try:
            return await stack.enter_async_context(self._blobs.reading(promise, self._fetch(file) if wanted else None))
        except NotKept:
            return None
        except Mismatch as error:
            raise self._not_it(file, error) from error

    def _fetch(self, file: File) -> Fetch:
        return lambda at: self._files.download(file, at, self._resumed)

    def _resumed(self) -> None:
        self._blobs.counts.resumed += 1

    def _not_it(self, file: File, error: Mismatch) -> FileGone:
        return FileGone(f"{file.filename} from source {self._source} is not the file of its page: {error}")

    async def _chunks(self, file: File, kept: Readable, start: int, stop: int | None) -> AsyncGenerator[bytes]:
        at = start
        while stop is None or at < stop:
            try:
                part = await kept.read(at, _PART if stop is None else min(_PART, stop - at))
            except (NotKept, Damaged) as error:
                if isinstance(error, Wrong) and at > start:  # what was given may be wrong: there is no going on from it
                    raise SourceUnavailable(f"{file.filename} in the cache: {error}") from error
                async with aclosing(self._past(file, kept, Span(start, at), stop)) as rest:
                    async for part in rest:
                        yield part
                return
            except Mismatch as error:
                raise self._not_it(file, error) from error
            if not part:
                return
            at += len(part)
            yield part

    async def _past(self, file: File, kept: Readable, given: Span, stop: int | None) -> AsyncGenerator[bytes]:
        """Go on past the store, which failed: whoever has the beginning gets the rest, proven all the same."""
        self._blobs.counts.passed += 1
        at = given.stop
        if stop is not None:
            async with self._files.read(file, Span(at, stop)) as reading:
                async for part in reading.chunks:
                    yield part
            return
        # Where nothing of it was read, what stands before may never have come into the store.
        known = at if given.start < at else 0
        async with aclosing(self._files.rest(file, known, self._before(file, kept, known))) as rest:
            async for part in behind(rest, at - known):
                yield part

    async def _before(self, file: File, kept: Readable, stop: int) -> AsyncIterator[bytes]:
        at = 0
        while at < stop:
            try:
                part = await kept.arrived(at, min(_PART, stop - at))
            except Damaged as error:
                raise SourceUnavailable(f"{file.filename} in the cache: {error}") from error
            at += len(part)
            yield part
