"""Other hosts than PyPI's: servers of the test's own on the loopback, and TLS made by hand to reach them."""

import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import override

import trustme

_PART = b"x" * 65_536


class Heard:
    """A server elsewhere, and what it has heard."""

    def __init__(self) -> None:
        self.port = 0
        self.requests: list[tuple[str, str, dict[str, str]]] = []  # method, target, headers (names in lower case)
        self.taken = 0  # bytes of bodies


class _Handler(BaseHTTPRequestHandler):
    """`/<n>` answers with n bytes; a body that is sent is read and counted."""

    protocol_version = "HTTP/1.1"
    heard: Heard

    def do_GET(self) -> None:  # the name is the standard library's
        self.heard.requests.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        left = int(self.headers.get("Content-Length", "0"))
        while left:
            part = self.rfile.read(min(left, len(_PART)))
            left -= len(part)
            self.heard.taken += len(part)
        size = int(self.path.rpartition("/")[2] or "0")
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        for at in range(0, size, len(_PART)):
            self.wfile.write(_PART[: size - at])

    do_POST = do_GET  # noqa: N815 - as above

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def http_server(ca: trustme.CA | None = None, *names: str) -> Iterator[Heard]:
    """Serve HTTP on 127.0.0.1; with a `ca` over TLS, as `names`."""

    class Handler(_Handler):
        heard = Heard()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        Handler.heard.port = server.server_port
        if ca is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            ca.issue_cert(*names).configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Handler.heard
        finally:
            server.shutdown()
            thread.join(10)


@contextmanager
def echo_server() -> Iterator[int]:
    """Send back whatever comes, on one connection; gives the port."""

    def echo() -> None:
        link, _ = listener.accept()
        with link:
            while part := link.recv(65_536):
                link.sendall(part)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=echo)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def echoed(link: socket.socket, sent: bytes) -> bytes:
    """Send bytes while reading as many back, and give them."""
    sender = threading.Thread(target=link.sendall, args=(sent,))
    sender.start()
    received = b""
    while len(received) < len(sent) and (part := link.recv(65_536)):
        received += part
    sender.join(10)
    return received


def tls_within(outer: ssl.SSLSocket, context: ssl.SSLContext, name: str, request: bytes) -> bytes:
    """Make a second TLS connection inside the first, send a request in it and give what comes back until the end."""
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    inner = context.wrap_bio(coming, going, server_hostname=name)
    said, received = False, b""
    while True:
        try:
            inner.do_handshake()
            said = said or inner.write(request) > 0
            received += inner.read(65_536)
        except ssl.SSLWantReadError:
            outer.sendall(going.read())
            if not (part := outer.recv(65_536)):
                return received
            coming.write(part)
        except ssl.SSLZeroReturnError:
            return received


def sha256(content: bytes) -> str:
    """Give the hash, for comparing long bodies without printing them."""
    return hashlib.sha256(content).hexdigest()
