"""The connections below httpx, on asyncio's own transports: what a large file costs is mostly what stands there.

httpcore's usual one takes TLS records one by one, 16 KiB each, through two libraries; asyncio's takes what there is, up to
256 KiB, at a third of the CPU time. Addresses are tried as RFC 8305 has it by the library that aiohttp has for that, as asyncio's
own way fails under eager tasks, which mitmproxy turns on (CPython 3.12). This is httpcore's own place for other connections ("Network
Backends" in its documentation).
"""

import asyncio
import os
import select
import socket
import ssl
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, override

import aiohappyeyeballs
import httpcore

_MOST_WAITING = 1 << 19  # bytes that have come and nobody has read: the sender is held up then
_FAMILIES_APART = 0.25  # seconds, RFC 8305 section 5


class Wires(httpcore.AsyncNetworkBackend):
    """Opens connections, of which at most so many bytes are given at once (`most`; None: as many as there are)."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect within `timeout` seconds. Raises httpcore.ConnectTimeout or ConnectError.

        Neither an address of one's own nor options of sockets can be had, as nothing here asks for them.
        """
        if local_address is not None or socket_options is not None:
            raise NotImplementedError
        with _told(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                loop = asyncio.get_running_loop()
                # In bytes: Python has other errors than DNS for a str that is no name.
                found = await loop.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
                connected = await aiohappyeyeballs.start_connection(
                    found, happy_eyeballs_delay=_FAMILIES_APART, interleave=1
                )
                _, wire = await loop.create_connection(_Wire, sock=connected)
        return _Stream(wire, self._most)

    @override
    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class _Wire(asyncio.Protocol):
    """What has come over a connection, in the pieces in which it came."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self._over = False  # nothing more will come
        self._lost = False  # asyncio has let go of the transport, and one such fails when it is aborted (CPython 3.12)
        self._fault: str | None = None  # in words, as an exception that is raised again grows
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._waiting += len(data)
        self._news.set()
        if self._waiting > _MOST_WAITING and not self.transport.is_closing():
            self.transport.pause_reading()

    @override
    def eof_received(self) -> None:
        tls: ssl.SSLObject | None = self.transport.get_extra_info("ssl_object")
        self._end(None if tls is None or _said_farewell(tls) else "TLS was cut off: no closure alert came")

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._end("closed on this side" if exc is None else str(exc) or type(exc).__name__)

    def _end(self, fault: str | None) -> None:
        if not self._over:  # what is said after the end is not about what came before it
            self._over, self._fault = True, fault
        self._news.set()
        self._writable.set()

    @override
    def pause_writing(self) -> None:
        self._writable.clear()

    @override
    def resume_writing(self) -> None:
        self._writable.set()

    @property
    def stirred(self) -> bool:
        """Whether something has come that nobody has read, or the end has; also what asyncio has not yet been told of."""
        if self._over or self._pieces or self.transport.is_closing():
            return True
        asked = select.poll()
        asked.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(asked.poll(0))

    async def secure(self, context: ssl.SSLContext, hostname: str | None) -> None:
        """Go on in TLS. Raises OSError; the connection is of no use then.

        What came before was said by anybody, and must not be read as the words of whom TLS has verified.
        """
        if self._over or self._pieces:
            raise ConnectionError("the other end did not wait for TLS")
        loop = asyncio.get_running_loop()
        secured = await loop.start_tls(self.transport, self, context, server_hostname=hostname)
        if secured is None:
            raise ConnectionError("the connection ended in the handshake")
        self.transport = secured

    def drop(self) -> None:
        """End the connection at once."""
        if not self._lost:
            self.transport.abort()

    async def read(self, most: int | None) -> bytes:
        """Give the next piece, or so many bytes of it; none at an orderly end. Raises ConnectionError if there was another one."""
        while not self._pieces:
            if self._over:
                self._blame()
                return b""
            self._news.clear()
            await self._news.wait()
        piece = self._pieces.popleft()
        if most is not None and len(piece) > most:
            self._pieces.appendleft(piece[most:])
            piece = piece[:most]
        before, self._waiting = self._waiting, self._waiting - len(piece)
        if before > _MOST_WAITING >= self._waiting and not self.transport.is_closing():
            self.transport.resume_reading()
        return piece

    async def write(self, content: bytes) -> None:
        """Send, and wait until the other end takes it. Raises ConnectionError."""
        if not self._over:
            self.transport.write(content)
            await self._writable.wait()
        self._blame()
        if self._over:
            raise ConnectionError("the other end has closed the connection")

    def _blame(self) -> None:
        if self._fault is not None:
            raise ConnectionError(self._fault)


def _said_farewell(tls: ssl.SSLObject) -> bool:
    """Tell whether the other end has closed TLS (close_notify), without which anybody may have cut it off.

    A body that ends with its connection is whole only then (RFC 9112 section 9.8); asyncio does not tell.
    """
    try:
        return tls.read(1) == b""
    except ssl.SSLError:
        return False


class _Stream(httpcore.AsyncNetworkStream):
    """One connection, as httpcore uses it."""

    def __init__(self, wire: _Wire, most: int | None) -> None:
        self._wire = wire
        self._most = most

    @override
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Give what has come: `max_bytes` is a wish, and whoever asks takes more."""
        with _told(httpcore.ReadTimeout, httpcore.ReadError):
            async with asyncio.timeout(timeout):
                return await self._wire.read(self._most)

    @override
    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send."""
        if buffer:
            with _told(httpcore.WriteTimeout, httpcore.WriteError):
                async with asyncio.timeout(timeout):
                    await self._wire.write(buffer)

    @override
    async def aclose(self) -> None:
        """End the connection, without farewells in TLS that the other end may never answer."""
        self._wire.drop()

    @override
    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Go on in TLS. Raises httpcore.ConnectTimeout or ConnectError, and has closed the connection then."""
        try:
            with _told(httpcore.ConnectTimeout, httpcore.ConnectError):
                async with asyncio.timeout(timeout):
                    await self._wire.secure(ssl_context, server_hostname)
        except BaseException:
            await self.aclose()
            raise
        return self

    @override
    def get_extra_info(self, info: str) -> Any:
        """Give what httpcore asks for: whether a connection that nobody uses has anything to say is its way to see an end."""
        names = {"ssl_object": "ssl_object", "client_addr": "sockname", "server_addr": "peername", "socket": "socket"}
        if info == "is_readable":
            return self._wire.stirred
        return self._wire.transport.get_extra_info(names[info]) if info in names else None


@contextmanager
def _told(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """Raise in httpcore's words what goes wrong. Nothing of a cancellation is swallowed."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:  # of which ssl's errors are a kind
        raise broken(_words(error)) from error


def _words(error: OSError) -> str:
    """Say what is wrong without the address, which may be nobody's business: clients are told it."""
    if isinstance(error, ssl.SSLError) or error.errno is None:
        return str(error)
    return (error.strerror or "no such name") if isinstance(error, socket.gaierror) else os.strerror(error.errno)
