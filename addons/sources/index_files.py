"""The files of a Simple index: read over HTTP, and checked against what the page says of them while they pass."""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import httpx

from addons.fetch.upstream import FetchFailed, Upstream
from addons.fetch.verified import NotAsPromised, verified
from addons.simple.page import File
from addons.sources.revalidated import ABSENT
from addons.sources.source import FileGone, Reading, SourceUnavailable, Span

_NUMBER = re.compile(r"[0-9]{1,19}")


class IndexFiles:
    """Reads files and core metadata of one source."""

    def __init__(self, source: str, upstream: Upstream) -> None:
        self._source = source
        self._upstream = upstream

    @asynccontextmanager
    async def read(self, file: File, span: Span | None) -> AsyncIterator[Reading]:
        """Read a file from upstream: whole and checked by length and hash as it passes, or a span, unchecked.

        A span cannot be checked against the hash of the whole; the client that joins spans checks what it has joined.
        """
        wanted = {} if span is None else {"Range": f"bytes={span.start}-{span.stop - 1}"}
        try:
            async with self._upstream.file(file.url, wanted) as response:
                yield self._whole(file, response) if span is None else self._part(file, response, span)
        except FetchFailed as error:
            raise SourceUnavailable(f"source {self._source}: {error}") from error

    def _whole(self, file: File, response: httpx.Response) -> Reading:
        self._expect(file, response, HTTPStatus.OK)
        length = _length(response)
        if file.size is not None and length is not None and length != file.size:
            raise FileGone(f"{file.filename} has {length} bytes at its source, its page says {file.size}")
        size = file.size if length is None else length
        chunks = self._guarded(response)
        return Reading(size, self._promised(file, verified(chunks, file.hashes, size)))

    def _part(self, file: File, response: httpx.Response, span: Span) -> Reading:
        if response.status_code == HTTPStatus.OK:  # a server without ranges: what comes before the span is passed over
            self._expect(file, response, HTTPStatus.OK)
            length = _length(response)
            if file.size is not None and length not in (None, file.size):
                raise FileGone(f"{file.filename} has {length} bytes at its source, its page says {file.size}")
            return Reading(length, _cut(self._guarded(response), span))
        self._expect(file, response, HTTPStatus.PARTIAL_CONTENT)
        said = response.headers.get("content-range", "")
        total = said.removeprefix(f"bytes {span.start}-{span.stop - 1}/")
        size = int(total) if _NUMBER.fullmatch(total) else None
        if (size is None and total != "*") or (None not in (size, file.size) and size != file.size):
            raise SourceUnavailable(f"source {self._source}: gave another range of {file.filename} than was asked for")
        return Reading(size, _cut(self._guarded(response), Span(0, span.stop - span.start)))

    def _expect(self, file: File, response: httpx.Response, status: HTTPStatus) -> None:
        if response.status_code in ABSENT:
            raise FileGone(f"{file.filename} is on its page, but not at its source any more")
        if response.status_code != status:
            raise SourceUnavailable(f"source {self._source}: answered {response.status_code} for {file.filename}")
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise SourceUnavailable(f"source {self._source}: sent {file.filename} encoded, which breaks its hash")

    async def _guarded(self, response: httpx.Response) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.aiter_raw():
                yield chunk
        except httpx.HTTPError as error:
            raise SourceUnavailable(
                f"source {self._source}: broke off in the middle ({type(error).__name__})"
            ) from error

    async def _promised(self, file: File, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in chunks:
                yield chunk
        except NotAsPromised as error:
            raise FileGone(
                f"{file.filename} from source {self._source} is not the file of its page: {error}"
            ) from error

    async def core_metadata(self, file: File) -> bytes:
        """Ask upstream for `<file>.metadata`; checked against the announced sha256 where there is one (MET-02)."""
        try:
            answer = await self._upstream.document(f"{file.url}.metadata", {})
        except FetchFailed as error:
            raise SourceUnavailable(f"source {self._source}: {error}") from error
        if answer.status in ABSENT:
            raise FileGone(f"the metadata of {file.filename} is announced, but not at its source")
        if answer.status != HTTPStatus.OK:
            raise SourceUnavailable(f"source {self._source}: answered {answer.status} for metadata of {file.filename}")
        announced = file.core_metadata.get("sha256") if isinstance(file.core_metadata, dict) else None
        if announced is not None and hashlib.sha256(answer.body).hexdigest() != announced.lower():
            raise FileGone(f"the metadata of {file.filename} is not what its page announces")
        return answer.body


def _length(response: httpx.Response) -> int | None:
    text = response.headers.get("content-length", "")
    return int(text) if _NUMBER.fullmatch(text) else None


async def _cut(chunks: AsyncIterator[bytes], span: Span) -> AsyncIterator[bytes]:
    """Give just the span out of a body; raises SourceUnavailable if the body ends before the span does."""
    at = 0
    async for chunk in chunks:
        piece = chunk[max(span.start - at, 0) : span.stop - at]
        at += len(chunk)
        if piece:
            yield piece
        if at >= span.stop:
            return
    raise SourceUnavailable("the body ended before the range that was asked for")
