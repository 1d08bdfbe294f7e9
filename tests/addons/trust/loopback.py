"""A CONNECT proxy that is itself the TLS server of every host, for real clients in tests. No address outside is dialled."""

import contextlib
import ssl
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self, override
from urllib.parse import unquote

Answers = Mapping[tuple[str, str], tuple[str, bytes]]
"""(host, path) -> (content type, body); what is not in it is 404."""


class Handler(BaseHTTPRequestHandler):
    """One client connection: CONNECT, TLS with the leaf, then requests for the host that CONNECT named."""

    server: "Loopback"
    protocol_version = "HTTP/1.1"
    timeout = 20
    host = ""

    def do_CONNECT(self) -> None:
        """Takes the tunnel and ends its TLS here, with the one leaf there is."""
        self.host = self.path.rpartition(":")[0]
        self.server.connects.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        try:
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        except OSError as error:  # the client refused the leaf
            self.server.refusals.append(str(error))
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def do_GET(self) -> None:
        """Answers from the table of the server."""
        path = unquote(self.path)
        self.server.requests.append((self.command, self.host, path))
        content_type, body = self.server.answers.get((self.host, path), ("text/plain", None))
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if self.command == "GET" and body:
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 -- the name that http.server looks for

    @override
    def finish(self) -> None:
        for end in (self.wfile, self.rfile, self.connection):
            with contextlib.suppress(OSError):  # the client was faster
                end.close()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the test reads the lists of the server."""


class Loopback(ThreadingHTTPServer):
    """The server, as a context manager. `leaf` is a PEM file with key and certificate, as the gateway has it."""

    daemon_threads = True

    def __init__(self, answers: Answers, leaf: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.connects: list[str] = []
        self.requests: list[tuple[str, str, str]] = []
        self.refusals: list[str] = []
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(leaf)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """What a client takes as HTTPS_PROXY."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @override
    def __enter__(self) -> Self:
        self._thread.start()
        return self

    @override
    def __exit__(self, *args: Any) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is no error of the test."""
