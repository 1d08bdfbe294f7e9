"""Delivering one file: status and headers once its first bytes are in hand, then the rest as it comes."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from http import HTTPStatus

from aiohttp import web

from addons.answers import Answer, bad_upstream, unavailable
from addons.origin.ranges import Asked, NotSatisfiable, asked
from addons.origin.tickets import Delivery
from addons.sources.source import FileGone, Reading, SourceUnavailable
from addons.sources.stretches import behind

logger = logging.getLogger(__name__)


async def deliver(request: web.Request, delivery: Delivery) -> web.StreamResponse:
    """Answer GET or HEAD with the file, or the range of it that was asked for.

    A fault before the first byte is an answer in words; one after it breaks the connection off, so that nobody takes
    the part for the whole.
    """
    try:
        stretch = _stretch(request, delivery)
    except NotSatisfiable:
        return _not_satisfiable(delivery)
    if request.method == "HEAD" and delivery.file.size is not None:
        return _response(delivery.headers, None, delivery.file.size)
    try:
        async with AsyncExitStack() as stack:
            return await _stream(request, delivery, stretch, stack)
    except SourceUnavailable as error:
        logger.warning("%s: %s", delivery.file.filename, error)
        return plain(unavailable(f"wheelgate: {error}"))
    except FileGone as error:
        logger.error("%s", error)
        return plain(bad_upstream(f"wheelgate: {error}"))


def plain(answer: Answer) -> web.Response:
    """Give a whole answer as aiohttp's."""
    return web.Response(status=answer.status, reason=answer.reason or None, headers=answer.headers, body=answer.body)


def _stretch(request: web.Request, delivery: Delivery) -> Asked | None:
    # Without a length no range can be told, and the whole is a right answer. Ranges are GET's (RFC 9110 section 14.2).
    if delivery.file.size is None or request.method != "GET":
        return None
    headers = request.headers
    return asked(headers.get("Range"), headers.get("If-Range"), delivery.headers.get("ETag"), delivery.file.size)


def _not_satisfiable(delivery: Delivery) -> web.Response:
    headers = {"Content-Range": f"bytes */{delivery.file.size}", "Cache-Control": "no-store"}
    return web.Response(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)


def _response(headers: Mapping[str, str], stretch: Asked | None, size: int | None) -> web.StreamResponse:
    if stretch is None:
        response = web.StreamResponse(headers=headers)
        response.content_length = size
        return response
    span = stretch.span
    response = web.StreamResponse(status=HTTPStatus.PARTIAL_CONTENT, headers=headers)
    response.headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
    response.content_length = span.stop - span.start
    return response


async def _stream(
    request: web.Request, delivery: Delivery, stretch: Asked | None, stack: AsyncExitStack
) -> web.StreamResponse:
    # A resumed download (`bytes=N-`) is read whole, so that its end is proven by the hash of the whole as well.
    whole = stretch is None or stretch.to_the_end
    reading: Reading = await stack.enter_async_context(
        delivery.source.read(delivery.file, None if whole or stretch is None else stretch.span)
    )
    chunks = _from(reading, stretch.span.start) if whole and stretch is not None else reading.chunks
    first = await anext(chunks, b"")
    response = _response(delivery.headers, stretch, delivery.file.size if stretch is not None else reading.size)
    await response.prepare(request)
    if request.method != "HEAD":
        await _send(request, response, first, chunks, delivery.file.filename)
    return response


async def _send(
    request: web.Request, response: web.StreamResponse, first: bytes, chunks: AsyncIterator[bytes], filename: str
) -> None:
    complete = False
    try:
        await response.write(first)
        count = len(first)
        async for chunk in chunks:
            await response.write(chunk)
            count += len(chunk)
        if response.content_length not in (None, count):  # the client would wait for the rest
            raise SourceUnavailable(f"{count} bytes came where {response.content_length} were to come")
        await response.write_eof()
        complete = True
    except (SourceUnavailable, FileGone) as error:
        logger.error("%s: broken off in the middle: %s", filename, error)
    except ConnectionError:
        logger.info("%s: the client hung up", filename)
    finally:
        if not complete and request.transport is not None:
            request.transport.abort()


def _from(reading: Reading, start: int) -> AsyncIterator[bytes]:
    return behind(reading.chunks, start) if reading.onward is None else reading.onward(start)
