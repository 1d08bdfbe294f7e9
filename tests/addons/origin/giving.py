"""A source that gives what a test tells it to, and the ways to ask the origin for it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import httpx

from addons.origin.server import Origin
from addons.origin.tickets import TICKET, Delivery, Order
from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from addons.sources.source import ProjectAbsent, Reading, Span

NAME = "demo-1.0-py3-none-any.whl"


class Giving:
    """A source of one file, given in these pieces; an exception among them is raised where it stands.

    `spans`: what was read (None: the whole). `open`: how many readings are under way; `left`: one has ended.
    """

    name = "giving"
    own = False
    direct = True

    def __init__(self, *pieces: bytes | Exception, size: int | None = None) -> None:
        self.spans: list[Span | None] = []
        self.open = 0
        self.left = asyncio.Event()
        self.given = 0
        self._pieces = pieces
        self._size = size

    async def page(self, project: ProjectName) -> Page:
        raise ProjectAbsent(project)

    @asynccontextmanager
    async def read(self, file: File, span: Span | None) -> AsyncIterator[Reading]:
        """Give the pieces, or the span of them."""
        self.spans.append(span)
        self.open += 1
        try:
            if self._pieces and isinstance(self._pieces[0], Exception):
                raise self._pieces[0]
            yield Reading(self._size, self._chunks(span))
        finally:
            self.open -= 1
            self.left.set()

    async def _chunks(self, span: Span | None) -> AsyncIterator[bytes]:
        if span is not None:
            yield b"".join(piece for piece in self._pieces if isinstance(piece, bytes))[span.start : span.stop]
            return
        for piece in self._pieces:
            await asyncio.sleep(0)
            if isinstance(piece, Exception):
                raise piece
            self.given += len(piece)
            yield piece

    async def core_metadata(self, file: File) -> bytes:
        return b""

    async def retire(self) -> None:
        pass

    async def close(self) -> None:
        pass


def delivery(source: Giving, size: int | None, content: bytes = b"") -> Delivery:
    """Order a file of this size, with the headers that the gateway gives files."""
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    file = File(filename=NAME, url=f"https://example.org/{NAME}", hashes={}, size=size)
    headers = {
        "Content-Type": "application/octet-stream",
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Cache-Control": "max-age=0",
    }
    return Delivery(source, file, headers)


def of(content: bytes, *cuts: int) -> Delivery:
    """Order a file with this content, given in pieces."""
    places = [0, *cuts, len(content)]
    pieces = [content[start:stop] for start, stop in pairwise(places)]
    return delivery(Giving(*pieces, size=len(content)), len(content), content)


class Asking:
    """Asks a running origin."""

    def __init__(self, origin: Origin, client: httpx.AsyncClient) -> None:
        assert origin.address is not None
        self.origin = origin
        self.host, self.port = origin.address
        self.client = client

    async def __call__(self, order: Order, method: str = "GET", **kwargs: Any) -> httpx.Response:
        """Ask with a ticket for this order."""
        headers = {TICKET: self.origin.tickets.issue(order), **kwargs.pop("headers", {})}
        return await self.client.request(method, f"http://{self.host}:{self.port}/", headers=headers, **kwargs)

    async def raw(self, order: Order) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Ask by hand, to read and leave at will."""
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=65536)
        writer.write(f"GET / HTTP/1.1\r\nHost: x\r\n{TICKET}: {self.origin.tickets.issue(order)}\r\n\r\n".encode())
        return reader, writer


def pieces(length: int, count: int) -> Sequence[bytes]:
    """Give so many pieces of so many bytes, the same object each time."""
    return [bytes(length)] * count
