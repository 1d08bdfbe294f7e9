"""The body of a request to the origin, as it comes."""

from collections.abc import AsyncIterator

from aiohttp import ClientError, StreamReader, http_exceptions, web

from addons.origin.tickets import BrokenOff

_CUT_SHORT = (OSError, EOFError, ClientError, http_exceptions.HttpProcessingError, web.RequestPayloadError)


async def pieces(content: StreamReader) -> AsyncIterator[bytes]:
    """Give what has come, and wait for more; whoever sends is held up while nobody asks. Raises BrokenOff."""
    try:
        async for piece in content.iter_any():
            yield piece
    except _CUT_SHORT as error:
        raise BrokenOff(type(error).__name__) from error
