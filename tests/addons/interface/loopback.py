"""The least of a gateway that `wheelgate release` can ask: a proxy that says whose it is, and has an interface behind TLS."""

import asyncio
import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import override

from addons.answers import body_for, head, reason_of
from addons.front_desk import HOST as FRONT_DESK
from addons.interface.address import HOST, MOST_BODY
from addons.interface.interface import Interface
from addons.trust.authority import Authority
from addons.upload.author import Said
from tests.addons.interface.asking import AT


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, interface: Interface, authority: Authority, said: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.interface = interface
        self.said = said
        self.seen: list[str] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(authority.leaf_path)

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that does not trust the certificate goes away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_CONNECT(self) -> None:
        self.server.seen.append(self.path)
        if self.path != f"{HOST}:443":
            self.send_error(403)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
        self.close_connection = False

    def _answer(self) -> None:
        if self.path == f"http://{FRONT_DESK}/status":
            self._send(200, json.dumps({"ca_sha256": self.server.said}).encode())
            return
        path, _, query = self.path.partition("?")
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), MOST_BODY + 1))
        said = Said(self.headers.get("authorization"), None, AT)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = asyncio.run(self.server.interface.answer(self.command, path, query, headers, body, said))
        self.wfile.write(head(answer, 0.0) + body_for(answer, self.command))
        self.wfile.flush()
        self.server.seen.append(f"{self.command} {path} {answer.status} {reason_of(answer)}")

    do_GET = do_POST = _answer  # noqa: N815 - the names are the server's

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def finish(self) -> None:
        """Close what was put in the place of the first connection, too."""
        for end in (self.wfile, self.rfile, self.connection):
            with contextlib.suppress(OSError):  # the client was faster
                end.close()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def small_gateway(
    interface: Interface, authority: Authority, said: str | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Give the proxy's URL, and what is asked of it. `said`: the sha256 of the CA that it claims to have."""
    server = _Server(interface, authority, authority.fingerprint if said is None else said)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
