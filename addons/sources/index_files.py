"""The files of a Simple index: read over HTTP, and checked against what the page says of them while they pass."""

import hashlib
import logging
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus

import httpx
import msgspec

from addons.fetch.upstream import Upstream
from addons.fetch.verified import NotAsPromised, verified
from addons.simple.page import File
from addons.sources.admitted import FileHosts, heard
from addons.sources.bodies import Body
from addons.sources.revalidated import ABSENT
from addons.sources.source import FileGone, Reading, Refused, SourceUnavailable, Span, Stretch, Unranged
from addons.sources.stretches import behind, chained, cut, stretch_of

logger = logging.getLogger(__name__)

_MOST_RESUMED = 3  # times that one download is taken up again
_NUMBER = re.compile(r"[0-9]{1,19}")
_WITH_BODY = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)
_REFUSALS = (  # what servers answer where there is nothing, besides 404: S3 says 403 of what it may not list
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.NOT_IMPLEMENTED,
)
_NO_RANGES = (  # what servers answer who know none, or no such one
    HTTPStatus.OK,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    HTTPStatus.NOT_IMPLEMENTED,
)


class IndexFiles:
    """Reads files and core metadata of one source."""

    def __init__(self, source: str, upstream: Upstream, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._upstream = upstream
        self._hosts = FileHosts(source, clock)

    @asynccontextmanager
    async def _get(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[Body]:
        """GET a file as a stream; of a host that is down SourceUnavailable comes at once.

        The turn lasts until the body has ended, or been left: while one finds out how its host is, nobody else waits for it.
        """
        with self._hosts.admitted(url) as turn:
            async with self._upstream.file(url, headers) as response:
                if response.status_code not in _WITH_BODY:
                    heard(turn, response.status_code, url)
                yield Body(self._source, url, response, turn)

    @asynccontextmanager
    async def download(
        self, file: File, at: int, resumed: Callable[[], object] = lambda: None
    ) -> AsyncIterator[Reading]:
        """Fetch a file from byte `at` on, over as many connections as that takes; its hash is not checked.

        Where upstream breaks off, the rest is asked for a few times, if it can be told what the rest is; `resumed` is
        called each time. Raises FileGone or SourceUnavailable.
        """
        async with AsyncExitStack() as stack:
            body = await stack.enter_async_context(self._rest(file, at, None))
            length = _length(body.response) if body.response.status_code == HTTPStatus.OK else None
            whole = msgspec.structs.replace(file, size=length) if file.size is None else file
            chunks = self._onwards(whole, body, at)
            yield Reading(whole.size, self._unbroken(whole, (body.response, chunks), at, stack, resumed))

    async def _unbroken(
        self,
        file: File,
        first: tuple[httpx.Response, AsyncIterator[bytes]],
        at: int,
        stack: AsyncExitStack,
        resumed: Callable[[], object],
    ) -> AsyncIterator[bytes]:
        (response, chunks), times = first, 0
        known = response.headers.get("etag", "")
        while True:
            try:
                async for chunk in chunks:
                    at += len(chunk)
                    yield chunk
                return
            except SourceUnavailable as error:
                times += 1
                if times > _MOST_RESUMED or file.size is None or not 0 < at < file.size:
                    raise
                logger.info("%s: taken up again at byte %d: %s", file.filename, at, error)
            resumed()
            chunks = self._resumed(file, at, known, stack)

    async def _resumed(self, file: File, at: int, known: str, stack: AsyncExitStack) -> AsyncIterator[bytes]:
        await stack.aclose()
        body = await stack.enter_async_context(self._rest(file, at, known))
        async for chunk in self._onwards(file, body, at):
            yield chunk

    @asynccontextmanager
    async def _rest(self, file: File, at: int, known: str | None) -> AsyncIterator[Body]:
        headers = {"Range": f"bytes={at}-"} if at else {}
        if at and known and not known.startswith("W/"):  # RFC 9110 section 13.1.5: a weak tag proves nothing here
            headers["If-Range"] = known
        async with self._get(file.url, headers) as body:
            yield body

    def _onwards(self, file: File, body: Body, at: int) -> AsyncIterator[bytes]:
        """Give the bytes from `at` on out of the answer to a request for them; all of a file without ranges is one."""
        response = body.response
        if not at or response.status_code == HTTPStatus.OK:
            self._expect(file, response, HTTPStatus.OK)
            self._check_length(file, response)
            return behind(body.chunks(), at)
        self._expect(file, response, HTTPStatus.PARTIAL_CONTENT)
        if file.size is None or response.headers.get("content-range") != f"bytes {at}-{file.size - 1}/{file.size}":
            raise SourceUnavailable(f"source {self._source}: gave another range of {file.filename} than was asked for")
        return body.chunks()

    async def rest(self, file: File, at: int, before: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """Give a file's bytes from `at` on, proven with those `before`. Raises FileGone or SourceUnavailable."""
        async with self.download(file, at) as reading:
            chunks = verified(chained(before, reading.chunks), file.hashes, reading.size)
            async for chunk in behind(self._promised(file, chunks), at):
                yield chunk

    @asynccontextmanager
    async def read(self, file: File, span: Span | None) -> AsyncIterator[Reading]:
        """Read a file from upstream: whole and checked by length and hash as it passes, or a span, unchecked.

        A span cannot be checked against the hash of the whole; the client that joins spans checks what it has joined.
        """
        wanted = {} if span is None else {"Range": f"bytes={span.start}-{span.stop - 1}"}
        async with self._get(file.url, wanted) as body:
            yield self._whole(file, body) if span is None else self._part(file, body, span)

    def _whole(self, file: File, body: Body) -> Reading:
        self._expect(file, body.response, HTTPStatus.OK)
        length = self._check_length(file, body.response)
        size = file.size if length is None else length
        return Reading(size, self._promised(file, verified(body.chunks(), file.hashes, size)))

    def _part(self, file: File, body: Body, span: Span) -> Reading:
        response = body.response
        if response.status_code == HTTPStatus.OK:  # a server without ranges: what comes before the span is passed over
            self._expect(file, response, HTTPStatus.OK)
            return Reading(self._check_length(file, response), cut(body.chunks(), span))
        self._expect(file, response, HTTPStatus.PARTIAL_CONTENT)
        said = response.headers.get("content-range", "")
        total = said.removeprefix(f"bytes {span.start}-{span.stop - 1}/")
        size = int(total) if _NUMBER.fullmatch(total) else None
        if (size is None and total != "*") or (None not in (size, file.size) and size != file.size):
            raise SourceUnavailable(f"source {self._source}: gave another range of {file.filename} than was asked for")
        return Reading(size, cut(body.chunks(), Span(0, span.stop - span.start)))

    async def stretch(self, file: File, at: int | None, count: int) -> Stretch:
        """Ask for a stretch as `Source.stretch` says (MET-12). A server without ranges is asked for no more than the head."""
        wanted = f"bytes=-{count}" if at is None else f"bytes={at}-{at + count - 1}"
        async with self._get(file.url, {"Range": wanted}) as body:
            length = _length(body.response)
            if body.response.status_code == HTTPStatus.OK and length is not None and 0 < length <= count and not at:
                self._expect(file, body.response, HTTPStatus.OK)  # all of it is what was asked for, or less
                content = b"".join([chunk async for chunk in cut(body.chunks(), Span(0, length))])
                return self._of_its_length(file, Stretch(0, content, length, body.response.headers.get("etag", "")))
            if body.response.status_code in _NO_RANGES:
                raise Unranged(f"source {self._source}: gives no ranges of {file.filename}")
            self._expect(file, body.response, HTTPStatus.PARTIAL_CONTENT)
            return self._of_its_length(file, await stretch_of(body.response, body.chunks(), at, count))

    def _of_its_length(self, file: File, found: Stretch | None) -> Stretch:
        if found is None or file.size not in (None, found.length):
            raise Unranged(f"source {self._source}: gave another range of {file.filename} than was asked for")
        return found

    @staticmethod
    def _check_length(file: File, response: httpx.Response) -> int | None:
        length = _length(response)
        if None not in (file.size, length) and length != file.size:
            raise FileGone(f"{file.filename} has {length} bytes at its source, its page says {file.size}")
        return length

    def _expect(self, file: File, response: httpx.Response, status: HTTPStatus) -> None:
        if response.status_code in ABSENT:
            raise FileGone(f"{file.filename} is on its page, but not at its source any more")
        if response.status_code != status:
            raise SourceUnavailable(f"source {self._source}: answered {response.status_code} for {file.filename}")
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise SourceUnavailable(f"source {self._source}: sent {file.filename} encoded, which breaks its hash")

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
        with self._hosts.admitted(file.url) as turn:
            path, mark, query = file.url.partition("?")
            answer = await self._upstream.document(f"{path}.metadata{mark}{query}", {})
            heard(turn, answer.status, answer.url)
        if answer.status in ABSENT:
            raise FileGone(f"the metadata of {file.filename} is not at its source")
        if answer.status != HTTPStatus.OK:
            error = Refused if answer.status in _REFUSALS else SourceUnavailable
            raise error(f"source {self._source}: answered {answer.status} for metadata of {file.filename}")
        announced = file.core_metadata.get("sha256") if isinstance(file.core_metadata, dict) else None
        if announced is not None and hashlib.sha256(answer.body).hexdigest() != announced.lower():
            raise FileGone(f"the metadata of {file.filename} is not what its page announces")
        return answer.body


def _length(response: httpx.Response) -> int | None:
    text = response.headers.get("content-length", "")
    return int(text) if _NUMBER.fullmatch(text) else None
