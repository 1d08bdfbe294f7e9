"""Servers on the loopback that say what a test wants said, byte by byte, in TLS or without."""

import asyncio
import ssl
from asyncio.trsock import TransportSocket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache

import trustme

HOST = "127.0.0.1"

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """Where it is, and the writers of the connections that were made to it."""

    port: int
    connections: list[asyncio.StreamWriter]


@cache
def authority() -> trustme.CA:
    """Make the CA that all servers of a run share, and that clients are to trust."""
    return trustme.CA()


@cache
def server_tls() -> ssl.SSLContext:
    """Give what a server on the loopback speaks TLS with."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority().issue_cert(HOST, "localhost").configure_cert(context)
    return context


@cache
def client_tls() -> ssl.SSLContext:
    """Give what a client verifies such a server with."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context


@asynccontextmanager
async def raw_server(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Run `script` for each connection; whatever hangs in it ends with the block, and so do the connections."""
    tasks: list[asyncio.Task[None]] = []
    ends: list[TransportSocket] = []
    here = RawServer(0, [])

    async def follow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await script(reader, writer)

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here.connections.append(writer)
        ends.append(writer.get_extra_info("socket"))
        tasks.append(asyncio.get_running_loop().create_task(follow(reader, writer)))

    server = await asyncio.start_server(connected, HOST, 0, ssl=tls)
    here.port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield here
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for writer, end in zip(here.connections, ends, strict=True):
                if end.fileno() >= 0:
                    writer.transport.abort()


def cut_off(writer: asyncio.StreamWriter) -> None:
    """End a connection in order for TCP, yet without a word in TLS, as anybody on the way can."""
    writer.transport._ssl_protocol._transport.close()  # type: ignore[attr-defined] # there is no public way to end so


async def asked(reader: asyncio.StreamReader) -> bytes:
    """Read the head of a request."""
    return await reader.readuntil(b"\r\n\r\n")


async def never() -> None:
    """Wait for ever."""
    await asyncio.Event().wait()
