"""The client's end of a connection, as far as the lane must know it: whether it takes what is sent, and a pause."""

import asyncio
import logging

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client
from mitmproxy.master import Master
from mitmproxy.proxy.server import ConnectionHandler
from OpenSSL import SSL

from addons.lane_sealing import sealed
from addons.lane_shortcut import Quick, Shortcut

logger = logging.getLogger(__name__)


class ClientEnd:
    """Flow control towards one client, both ways, on the transport below mitmproxy's layers."""

    def __init__(
        self,
        handler: ConnectionHandler,
        tls: SSL.Connection,
        writer: asyncio.StreamWriter,
        transport: asyncio.Transport,
        patience_seconds: float,
    ) -> None:
        self._handler = handler
        self._tls = tls
        self._shortcut: Shortcut | None = None
        self._writer = writer
        self._transport = transport
        self._high = transport.get_write_buffer_limits()[1]
        self._patience_seconds = patience_seconds
        self._paused = False

    def cut_short(self, quick: Quick) -> None:
        """Let `quick` answer from now on what it can answer at once, before mitmproxy sees it."""
        if self._shortcut is None and not self.gone:
            self._shortcut = Shortcut(self._handler, self._handler.client, self._tls, quick)

    @property
    def gone(self) -> bool:
        """Whether nothing reaches the client any more."""
        return self._transport.is_closing()

    def give(self, content: bytes) -> None:
        """Send, past mitmproxy's layers, in whose TLS it is sealed. Raises ConnectionError if the client is gone."""
        if self.gone:
            raise ConnectionResetError
        try:
            self._transport.write(sealed(self._tls, content))
        except SSL.Error as error:  # it has said goodbye in TLS
            raise ConnectionResetError from error

    async def send(self, content: bytes) -> None:
        """Send, and wait until the client can take more; others have their turn in any case. Raises as `give`."""
        self.give(content)
        if self.full:
            await self.drained()
        else:
            await asyncio.sleep(0)

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


def end_of(master: Master, client: Client, tls: SSL.Connection, patience_seconds: float) -> ClientEnd | None:
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
        ClientEnd(handler, tls, end.writer, transport, patience_seconds)
        if isinstance(transport, asyncio.Transport)
        else None
    )
