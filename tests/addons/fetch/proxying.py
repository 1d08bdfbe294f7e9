"""A proxy such as companies have: CONNECT only, with Basic credentials if it wants them; all it tunnels leads to one port."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class ConnectProxy:
    """A CONNECT proxy on the loopback. `asked`: what it was asked to connect to, with the credentials."""

    def __init__(self, leads_to: int, credentials: tuple[str, str] | None) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.port = 0
        self._leads_to = leads_to
        self._wanted = credentials and "Basic " + base64.b64encode(":".join(credentials).encode()).decode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until both sides are through."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        given = headers.get("proxy-authorization")
        self.asked.append((head[0].split()[1], given and base64.b64decode(given.split()[1]).decode()))
        if given != self._wanted:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._leads_to)
            await asyncio.gather(_pump(reader, server_writer), _pump(server_reader, writer))
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def connect_proxy(
    leads_to: int, credentials: tuple[str, str] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ConnectProxy]:
    """Run one until the end of the block."""
    proxy = ConnectProxy(leads_to, credentials)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, ssl=tls)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy
