"""The lane's shortcut: from the client's socket to the lane and back, past the layers that would only pass it on.

Between a client's socket and the lane stand a reading task of mitmproxy's, six layers or more, and one more turn of the
event loop: half of what a ready answer costs. None of them has anything to do with a request that comes in one TLS record
on a connection that the lane has to itself, and whose answer is in hand. Such a one is answered where its bytes arrive.

OpenSSL is the one place where a client's bytes are queued, and it is only looked into (SSL_peek): what is not answered here
still lies there, and mitmproxy is told to read. So there is nothing to be undone, and no order to be kept up.
"""

import asyncio
import logging
import socket
from typing import Protocol, override

from mitmproxy.connection import Client
from mitmproxy.proxy import events
from mitmproxy.proxy.server import ConnectionHandler
from OpenSSL import SSL

from addons.lane_sealing import sealed

logger = logging.getLogger(__name__)

_APPLICATION_DATA = 23  # RFC 8446 section 5.1
_RECORD_HEAD = 5
_SHORTEST = 64  # bytes of a record: alerts and key updates have less, unless they are padded, and requests have more
_LONGEST = 4_096


class Quick(Protocol):
    """What answers at once, or not at all."""

    @property
    def busy(self) -> bool:
        """Whether what comes now has to wait for something before it."""

    def at_once(self, sent: bytes) -> bytes | None:
        """Give the answer (at most some 128 KiB) if `sent` is one request and its answer is in hand."""


class Shortcut(asyncio.Protocol):
    """Stands before mitmproxy's own protocol at one client's transport, and gives it all that is not answered here."""

    def __init__(self, handler: ConnectionHandler, client: Client, tls: SSL.Connection, quick: Quick) -> None:
        end = handler.transports[client]
        if not isinstance(end.reader, asyncio.StreamReader) or not isinstance(end.writer, asyncio.StreamWriter):
            raise TypeError("not a connection of asyncio's own streams")
        self._handler = handler
        self._client = client
        self._tls = tls
        self._quick = quick
        self._reader = end.reader
        self._transport = end.writer.transport
        protocol = self._transport.get_protocol()
        if not isinstance(protocol, asyncio.Protocol):
            raise TypeError("not a protocol of asyncio's own streams")
        self._usual = protocol
        self._told: asyncio.Task[None] | None = None  # mitmproxy, to read what OpenSSL has
        self._transport.set_protocol(self)

    @override
    def data_received(self, data: bytes) -> None:
        """Answer what can be answered now; pass on the rest."""
        if not self._is_alone(data):
            self._usual.data_received(data)
            return
        try:
            self._tls.bio_write(data)
            if self._answer(len(data)):
                return
        except SSL.Error:  # an alert, a key update: mitmproxy's TLS layer meets it again, and knows what to do
            pass
        except Exception:
            logger.exception("a fault in the lane's shortcut; the request goes the usual way")
        tell = self._handler.server_event(events.DataReceived(self._client, b""))
        self._told = asyncio.Task(tell, loop=asyncio.get_running_loop(), eager_start=True)

    def _is_alone(self, data: bytes) -> bool:
        """Tell whether `data` is one whole record, and nothing that came before it waits anywhere to be read."""
        size = len(data)
        return (
            _SHORTEST <= size <= _LONGEST
            and data[0] == _APPLICATION_DATA
            and int.from_bytes(data[3:_RECORD_HEAD]) == size - _RECORD_HEAD
            and not self._quick.busy
            and not self._reader._buffer  # type: ignore[attr-defined] # no public name says how much waits
            and (self._told is None or self._told.done())
        )

    def _answer(self, size: int) -> bool:
        request = self._tls.recv(size, socket.MSG_PEEK)
        answer = self._quick.at_once(request)
        if answer is None:
            return False
        self._tls.recv(len(request))
        self._handler.timeout_watchdog.register_activity()
        self._transport.write(sealed(self._tls, answer))
        return True

    @override
    def eof_received(self) -> bool | None:
        """Pass it on."""
        return self._usual.eof_received()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on."""
        self._usual.connection_lost(exc)

    @override
    def pause_writing(self) -> None:
        """Pass it on."""
        self._usual.pause_writing()

    @override
    def resume_writing(self) -> None:
        """Pass it on."""
        self._usual.resume_writing()
