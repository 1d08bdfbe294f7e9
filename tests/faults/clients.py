"""Light clients of a gateway: one connection each, nothing of a library, so that hundreds fit beside the gateway."""

import asyncio
import hashlib
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")
GONE = (OSError, EOFError, ssl.SSLError, asyncio.IncompleteReadError)
"""What a client sees of a gateway that is killed."""


@dataclass(frozen=True)
class Had:
    """An answer that its client takes for whole."""

    status: int
    size: int
    sha256: str


class Client:
    """A connection through a gateway to the host of a URL. Raises one of GONE, or AssertionError if it is refused."""

    def __init__(self, proxy: str, ca: Path) -> None:
        self._proxy = urlsplit(proxy)
        self._context = ssl.create_default_context(cafile=ca)

    async def connected(self, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a tunnel and TLS in it."""
        host = urlsplit(url).netloc
        reader, writer = await asyncio.open_connection(self._proxy.hostname, self._proxy.port, limit=1 << 18)
        try:
            writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in head, head
            await writer.start_tls(self._context, server_hostname=host)
        except BaseException:
            writer.transport.abort()
            raise
        return reader, writer

    @staticmethod
    def request(url: str, headers: str = "") -> bytes:
        """Give the bytes of a request."""
        parts = urlsplit(url)
        return f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: */*\r\n{headers}\r\n".encode()

    async def get(self, url: str, headers: str = "") -> Had:
        """Ask, and read and hash the body to its end."""
        reader, writer = await self.connected(url)
        try:
            writer.write(self.request(url, headers))
            head = await reader.readuntil(b"\r\n\r\n")
            found = _LENGTH.search(head)
            left, digest = int(found[1]) if found else 0, hashlib.sha256()
            size = left
            while left:
                part = await reader.read(min(left, 1 << 18))
                if not part:
                    raise EOFError
                digest.update(part)
                left -= len(part)
            return Had(int(head.split(b" ", 2)[1]), size, digest.hexdigest())
        finally:
            writer.transport.abort()
