"""One file on its way to whoever asked, on either road: its status and headers once its first bytes are in hand, its body."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus

import msgspec

from addons.answers import Answer, bad_upstream, unavailable
from addons.origin.ranges import Asked, NotSatisfiable, asked
from addons.origin.tickets import Delivery
from addons.sources.source import FileGone, Reading, SourceUnavailable
from addons.sources.stretches import behind

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """A file that can be sent: status, headers without the length, the body's length in bytes (None: unknown), the body.

    Of a HEAD there is the length that GET would have, and no body.
    """

    status: HTTPStatus
    headers: Mapping[str, str]
    length: int | None
    chunks: AsyncIterator[bytes]


class _OtherLength(Exception):
    """The page is wrong about the length (now `size`, bytes), and not about the hash: ranges are told by what there is."""

    def __init__(self, size: int | None) -> None:
        super().__init__(size)
        self.size = size


@asynccontextmanager
async def opened(delivery: Delivery, method: str, headers: Mapping[str, str]) -> AsyncIterator[Opened | Answer]:
    """Give the file, or the range of it that was asked for (`headers` by lower-case names), or why there is none, in words.

    That it is given is noted when the body is first asked for: whoever looks at the file and leaves it takes nothing.
    What goes wrong later is raised by `chunks`, SourceUnavailable or FileGone: the connection is to be broken off then,
    so that nobody takes the part for the whole.
    """
    try:
        stretch = _stretch(delivery, method, headers)
    except NotSatisfiable as error:
        yield _not_satisfiable(error)
        return
    if method == "HEAD" and delivery.file.size is not None:
        yield Opened(HTTPStatus.OK, delivery.headers, delivery.file.size, _nothing(delivery.given))
        return
    async with AsyncExitStack() as stack:
        yield await _begun(delivery, method, headers, stretch, stack)


async def _begun(
    delivery: Delivery, method: str, headers: Mapping[str, str], stretch: Asked | None, stack: AsyncExitStack
) -> Opened | Answer:
    try:
        try:
            return await _reading(delivery, method, stretch, stack)
        except _OtherLength as error:
            await stack.aclose()
            true = replace(delivery, file=msgspec.structs.replace(delivery.file, size=error.size))
            return await _reading(true, method, _stretch(true, method, headers), stack)
    except NotSatisfiable as error:
        return _not_satisfiable(error)
    except SourceUnavailable as error:
        logger.warning("%s: %s", delivery.file.filename, error)
        return unavailable(f"wheelgate: {error}", error.retry_seconds)
    except FileGone as error:
        logger.error("%s", error)
        return bad_upstream(f"wheelgate: {error}")


async def _reading(delivery: Delivery, method: str, stretch: Asked | None, stack: AsyncExitStack) -> Opened:
    # A resumed download (`bytes=N-`) is read whole, so that its end is proven by the hash of the whole as well.
    whole = stretch is None or stretch.to_the_end
    reading: Reading = await stack.enter_async_context(
        delivery.source.read(delivery.file, None if whole or stretch is None else stretch.span)
    )
    if None not in (reading.size, delivery.file.size) and reading.size != delivery.file.size:
        raise _OtherLength(reading.size)
    chunks = _from(reading, stretch.span.start) if whole and stretch is not None else reading.chunks
    first = await anext(chunks, b"")
    if stretch is None:
        head = method == "HEAD"
        body = _nothing(delivery.given) if head else _counted(first, chunks, reading.size, delivery.given)
        return Opened(HTTPStatus.OK, delivery.headers, reading.size, body)
    span = stretch.span
    headers = {**delivery.headers, "Content-Range": f"bytes {span.start}-{span.stop - 1}/{delivery.file.size}"}
    length = span.stop - span.start
    return Opened(HTTPStatus.PARTIAL_CONTENT, headers, length, _counted(first, chunks, length, delivery.given))


def _stretch(delivery: Delivery, method: str, headers: Mapping[str, str]) -> Asked | None:
    # Without a length no range can be told, and the whole is a right answer. Ranges are GET's (RFC 9110 section 14.2).
    if delivery.file.size is None or method != "GET":
        return None
    return asked(headers.get("range"), headers.get("if-range"), delivery.headers.get("ETag"), delivery.file.size)


def _not_satisfiable(error: NotSatisfiable) -> Answer:
    headers = {"Content-Range": f"bytes */{error.size}", "Cache-Control": "no-store"}
    return Answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers)


async def _nothing(given: Callable[[], object]) -> AsyncIterator[bytes]:
    given()
    none: tuple[bytes, ...] = ()
    for chunk in none:
        yield chunk


async def _counted(
    first: bytes, chunks: AsyncIterator[bytes], length: int | None, given: Callable[[], object]
) -> AsyncIterator[bytes]:
    """Pass the body on, and raise SourceUnavailable if it ends early or late: the client would wait for the rest."""
    given()
    count = len(first)
    if first:
        yield first
    async for chunk in chunks:
        count += len(chunk)
        yield chunk
    if length not in (None, count):
        raise SourceUnavailable(f"{count} bytes came where {length} were to come")


def _from(reading: Reading, start: int) -> AsyncIterator[bytes]:
    return behind(reading.chunks, start) if reading.onward is None else reading.onward(start)
