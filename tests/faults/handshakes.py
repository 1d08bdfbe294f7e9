"""Addresses at which there is no PyPI to be had: nobody, somebody else, or somebody who does not speak TLS."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.fakepypi import FakePyPI

type Place = Callable[[Path], AbstractAsyncContextManager[str]]
type Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def refused(folder: Path) -> AsyncIterator[str]:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{probe.getsockname()[1]}"


@asynccontextmanager
async def untrusted(folder: Path) -> AsyncIterator[str]:
    """Somebody with PyPI's names on a certificate of a CA that nobody trusts."""
    with TemporaryDirectory(dir=folder) as elsewhere, FakePyPI(Path(elsewhere)) as other:
        yield other.address


@asynccontextmanager
async def _served(conversation: Conversation) -> AsyncIterator[str]:
    async with await asyncio.start_server(conversation, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await _hang_up(reader, writer)


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)
    writer.close()


def no_tls(folder: Path) -> AbstractAsyncContextManager[str]:
    """A server that speaks plain HTTP."""
    return _served(_speak_plainly)


def ended_handshake(folder: Path) -> AbstractAsyncContextManager[str]:
    """A server that ends the connection in the middle of the handshake."""
    return _served(_hang_up)
