"""Which address is dialled for a host, where the configuration says so in place of DNS (`upstream.connect_to`)."""

from collections.abc import Callable, Mapping
from typing import override

import httpx

from proxyconf.addresses import Address


class Dialling(httpx.AsyncBaseTransport):
    """Sends requests over pools, one for each host with an address of its own and one for all others.

    Host and TLS stay those of the name. One pool would know such hosts by their address only, and send what is for
    one of them over a connection whose certificate was verified for another.
    """

    def __init__(self, pool: Callable[[], httpx.AsyncBaseTransport], connect_to: Mapping[str, Address]) -> None:
        self._connect_to = connect_to
        self._pools = {host: pool() for host in connect_to}
        self._others = pool()

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        address = self._connect_to.get(host)
        if address is None:
            return await self._others.handle_async_request(request)
        dialled = httpx.Request(
            request.method,
            request.url.copy_with(host=address.host, port=address.port),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await self._pools[host].handle_async_request(dialled)

    @override
    async def aclose(self) -> None:
        for pool in (*self._pools.values(), self._others):
            await pool.aclose()
