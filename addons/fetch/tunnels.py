"""Connections through a proxy that do not stay behind where they failed.

httpcore leaves a tunnel in its pool for ever, as one in use, if TLS fails behind the proxy's answer to CONNECT; after a
hundred of them nobody would get a connection any more.
"""

from typing import override

import httpcore


class ClosingProxy(httpcore.AsyncHTTPProxy):
    """A pool behind a proxy whose tunnels are closed when they cannot be made."""

    @override
    def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        """Give a connection for the origin."""
        return _Closing(super().create_connection(origin))


class _Closing(httpcore.AsyncConnectionInterface):
    """A connection that is closed unless its first request comes to an answer."""

    def __init__(self, inner: httpcore.AsyncConnectionInterface) -> None:
        self._inner = inner
        self._proven = False

    @override
    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        try:
            response = await self._inner.handle_async_request(request)
        except BaseException:
            if not self._proven:
                await self._inner.aclose()
            raise
        self._proven = True
        return response

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()

    @override
    def info(self) -> str:
        return self._inner.info()

    @override
    def can_handle_request(self, origin: httpcore.Origin) -> bool:
        return self._inner.can_handle_request(origin)

    @override
    def is_available(self) -> bool:
        return self._inner.is_available()

    @override
    def has_expired(self) -> bool:
        return self._inner.has_expired()

    @override
    def is_idle(self) -> bool:
        return self._inner.is_idle()

    @override
    def is_closed(self) -> bool:
        return self._inner.is_closed()
