"""The connections below httpx, on asyncio's own transports: what a large file costs is mostly what stands there.

httpcore's usual one takes TLS records one by one, 16 KiB each, through two libraries; asyncio's takes what there is, up to
256 KiB, at a third of the CPU time. Addresses are tried as RFC 8305 has it by the library that aiohttp has for that, as asyncio's
own way fails under eager tasks, which mitmproxy turns on (CPython 3.12). This is httpcore's own place for another one ("Network Backends" in its documentation).
"""

import asyncio
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
    """Opens connections."""

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect. Raises httpcore.ConnectTimeout or ConnectError."""
        wire = _Wire()
        with _told(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                loop = asyncio.get_running_loop()
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                connected = await aiohappyeyeballs.start_connection(
                    found,
                    local_addr_infos=await _own(local_address),
                    happy_eyeballs_delay=_FAMILIES_APART,
                    interleave=1,
                )
                await loop.create_connection(lambda: wire, sock=connected)
        for option in socket_options or ():
            wire.transport.get_extra_info("socket").setsockopt(*option)
        return _Stream(wire)

    @override
    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def _own(address: str | None) -> list[aiohappyeyeballs.AddrInfoType] | None:
    if address is None:
        return None
    return list(await asyncio.get_running_loop().getaddrinfo(address, 0, type=socket.SOCK_STREAM))


class _Wire(asyncio.Protocol):
    """What has come over a connection, in the pieces in which it came."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.over = False  # nothing more will come
        self._fault: Exception | None = None
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
        self._end()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fault = exc
        self._end()

    def _end(self) -> None:
        self.over = True
        self._news.set()
        self._writable.set()

    @override
    def pause_writing(self) -> None:
        self._writable.clear()

    @override
    def resume_writing(self) -> None:
        self._writable.set()

    @property
    def unread(self) -> bool:
        """Whether something has come that nobody has read."""
        return bool(self._pieces)

    async def read(self) -> bytes:
        """Give the next piece; none at the end. Raises OSError if the connection broke."""
        while not self._pieces:
            if self.over:
                if self._fault is not None:
                    raise self._fault
                return b""
            self._news.clear()
            await self._news.wait()
        piece = self._pieces.popleft()
        before, self._waiting = self._waiting, self._waiting - len(piece)
        if before > _MOST_WAITING >= self._waiting and not self.transport.is_closing():
            self.transport.resume_reading()
        return piece

    async def write(self, content: bytes) -> None:
        """Send, and wait until the other end takes it. Raises OSError."""
        if self.over or self.transport.is_closing():
            raise self._fault or ConnectionResetError("the connection has ended")
        self.transport.write(content)
        await self._writable.wait()
        if self._fault is not None:
            raise self._fault


class _Stream(httpcore.AsyncNetworkStream):
    """One connection, as httpcore uses it."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    @override
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Give what has come: `max_bytes` is a wish, and whoever asks takes more."""
        with _told(httpcore.ReadTimeout, httpcore.ReadError):
            async with asyncio.timeout(timeout):
                return await self._wire.read()

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
        self._wire.transport.abort()

    @override
    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Go on in TLS. Raises httpcore.ConnectTimeout or ConnectError."""
        loop, wire = asyncio.get_running_loop(), self._wire
        try:
            with _told(httpcore.ConnectTimeout, httpcore.ConnectError):
                async with asyncio.timeout(timeout):
                    secured = await loop.start_tls(wire.transport, wire, ssl_context, server_hostname=server_hostname)
        except BaseException:
            wire.transport.abort()
            raise
        if secured is None:
            raise httpcore.ConnectError("the connection ended in the handshake")
        wire.transport = secured
        return self

    @override
    def get_extra_info(self, info: str) -> Any:
        """Give what httpcore asks for: whether a connection that nobody uses has anything to say is its way to see an end."""
        names = {"ssl_object": "ssl_object", "client_addr": "sockname", "server_addr": "peername", "socket": "socket"}
        if info == "is_readable":
            return self._wire.over or self._wire.unread or self._wire.transport.is_closing()
        return self._wire.transport.get_extra_info(names[info]) if info in names else None


@contextmanager
def _told(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """Raise in httpcore's words what goes wrong. Nothing of a cancellation is swallowed."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:  # of which ssl's errors are a kind
        raise broken(str(error)) from error
