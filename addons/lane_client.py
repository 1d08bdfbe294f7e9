"""The client's end of a connection, as far as the lane must know it: whether it takes what is sent, and a pause."""

import asyncio
import logging

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client
from mitmproxy.master import Master
from mitmproxy.proxy.layers import ClientTLSLayer
from mitmproxy.proxy.server import ConnectionHandler

from addons.lane_shortcut import Quick, Shortcut

logger = logging.getLogger(__name__)


class ClientEnd:
    """Flow control towards one client, both ways, on the transport below mitmproxy's layers."""

    def __init__(
        self,
        handler: ConnectionHandler,
        writer: asyncio.StreamWriter,
        transport: asyncio.Transport,
        patience_seconds: float,
    ) -> None:
        self._handler = handler
        self._shortcut: Shortcut | None = None
        self._writer = writer
        self._transport = transport
        self._high = transport.get_write_buffer_limits()[1]
        self._patience_seconds = patience_seconds
        self._paused = False

    def cut_short(self, tls: ClientTLSLayer, quick: Quick) -> None:
        """Let `quick` answer from now on what it can answer at once, before mitmproxy sees it."""
        if self._shortcut is None:
            self._shortcut = Shortcut(self._handler, self._handler.client, tls.tls, quick)

    @property
    def full(self) -> bool:
        """Whether more waits to be sent than the transport's limit: `drained` is worth waiting for."""
        return self._transport.get_write_buffer_size() > self._high

    async def drained(self) -> None:
        """Wait until the client has taken what waits for it, or is gone; one that takes nothing for long is cut off."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._writer.drain()
        except TimeoutError:
            logger.info("a client took nothing of its answer for %.0f seconds: cut off", self._patience_seconds)
            self._transport.abort()
        except OSError:  # gone, which mitmproxy finds out by itself
            return

    def read(self, wanted: bool) -> None:
        """Go on reading from the client, or leave what it sends to its own end of the connection."""
        if wanted == self._paused and not self._transport.is_closing():
            self._paused = not wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()


def end_of(master: Master, client: Client, patience_seconds: float) -> ClientEnd | None:
    """Find the end that belongs to a client; None for kinds of connections that are not plain TCP of asyncio's."""
    server = master.addons.get("proxyserver")
    if not isinstance(server, Proxyserver) or client.id not in server.connections:
        return None
    end = server.connections[client.id].transports.get(client)
    if end is None or not isinstance(end.writer, asyncio.StreamWriter):
        return None
    transport = end.writer.transport
    handler = server.connections[client.id]
    return (
        ClientEnd(handler, end.writer, transport, patience_seconds)
        if isinstance(transport, asyncio.Transport)
        else None
    )
