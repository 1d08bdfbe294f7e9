"""Delivering one file over the origin's own connections."""

import logging

from aiohttp import web

from addons.answers import Answer
from addons.origin.delivering import Opened, opened
from addons.origin.tickets import Delivery
from addons.sources.source import FileGone, SourceUnavailable

logger = logging.getLogger(__name__)


async def deliver(request: web.BaseRequest, delivery: Delivery) -> web.StreamResponse:
    """Answer GET or HEAD with the file, or the range of it that was asked for; break off what cannot be ended."""
    named = {name: ", ".join(request.headers.getall(name)) for name in ("range", "if-range") if name in request.headers}
    async with opened(delivery, request.method, named) as file:
        if isinstance(file, Answer):
            return plain(file)
        response = web.StreamResponse(status=file.status, headers=file.headers)
        response.content_length = file.length
        await response.prepare(request)
        await _send(request, response, file, delivery.file.filename)
        return response


def plain(answer: Answer) -> web.Response:
    """Give a whole answer as aiohttp's."""
    return web.Response(status=answer.status, reason=answer.reason or None, headers=answer.headers, body=answer.body)


async def _send(request: web.BaseRequest, response: web.StreamResponse, file: Opened, filename: str) -> None:
    complete = False
    try:
        async for chunk in file.chunks:
            await response.write(chunk)
        if request.method != "HEAD":
            await response.write_eof()
        complete = True
    except (SourceUnavailable, FileGone) as error:
        logger.error("%s: broken off in the middle: %s", filename, error)
    except ConnectionError:
        logger.info("%s: the client hung up", filename)
    finally:
        if not complete and request.transport is not None:
            request.transport.abort()
