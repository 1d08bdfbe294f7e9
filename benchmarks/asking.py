"""Asking a server once, over a connection of its own, as pip would; and what is asked, of whom."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PATIENCE = 60.0  # seconds without any answer after which a run is given up
PIECE = 1 << 18


class WrongAnswer(Exception):
    """A contender answered what was not asked for, or ended a connection in the middle. In words."""


@dataclass(frozen=True)
class Target:
    """Where a load goes: the address to dial, whether CONNECT leads on from there, and whom TLS is verified against."""

    address: tuple[str, int]
    ca: Path
    proxied: bool
    host: str = "pypi.org"

    @cached_property
    def context(self) -> ssl.SSLContext:
        """TLS as pip has it: verified, HTTP/1.1 only."""
        context = ssl.create_default_context(cafile=self.ca)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def connect(self) -> ssl.SSLSocket:
        """Open a connection, through CONNECT where there is a proxy, with its TLS handshake done."""
        return self.context.wrap_socket(self.dial(), server_hostname=self.host)

    def dial(self) -> socket.socket:
        """Open a connection on which TLS is to begin, through CONNECT where there is a proxy."""
        link = socket.create_connection(self.address, PATIENCE)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.proxied:
            link.sendall(f"CONNECT {self.host}:443 HTTP/1.1\r\nHost: {self.host}:443\r\n\r\n".encode())
            said = b""
            while not said.endswith(b"\r\n\r\n"):
                part = link.recv(1024)
                if not part:
                    raise WrongAnswer("the proxy ended the connection instead of answering to CONNECT")
                said += part
            if b" 200 " not in said[:20]:
                raise WrongAnswer(f"the proxy refused: {ascii(said)[:200]}")
        return link


@dataclass(frozen=True)
class Asked:
    """What is asked, of whom, and the status that the answer must have."""

    target: Target
    request: bytes
    status: int


class Heads:
    """What each head says: its status, and how many bytes follow (None: chunks). A server repeats its heads."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[bytes, int | None]] = {}

    def __call__(self, head: bytes) -> tuple[bytes, int | None]:
        found = self._known.get(head)
        if found is None:
            if len(self._known) > 1000:
                self._known.clear()
            found = self._known[head] = self._parse(head)
        return found

    def _parse(self, head: bytes) -> tuple[bytes, int | None]:
        lines = head.split(b"\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
        status = lines[0].split(b" ")[1]
        if status in (b"304", b"204"):
            return status, 0
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            return status, None
        return status, int(fields[b"content-length"])


def ask_once(target: Target, request: bytes) -> tuple[bytes, bytes]:
    """Ask over a connection of its own; gives the answer's head and its body, chunks joined. Raises WrongAnswer."""
    with target.connect() as secured:
        secured.sendall(request)
        head, _, body = _until(secured, b"", lambda received: b"\r\n\r\n" in received).partition(b"\r\n\r\n")
        _, length = Heads()(head)
        if length is None:
            return head, _joined(_until(secured, body, lambda received: received.endswith(b"0\r\n\r\n")))
        return head, _until(secured, body, lambda received: len(received) >= length)


def _until(secured: ssl.SSLSocket, start: bytes, done: Callable[[bytearray], bool]) -> bytes:
    received = bytearray(start)
    while not done(received):
        part = secured.recv(PIECE)
        if not part:
            raise WrongAnswer("the connection ended in the middle")
        received += part
    return bytes(received)


def _joined(chunks: bytes) -> bytes:
    body, rest = b"", chunks
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        body, rest = body + rest[:length], rest[length + 2 :]
        if not length:
            break
    return body
