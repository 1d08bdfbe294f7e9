"""A small HTTP server in threads, in TLS or without, that does what a test wants done with each request."""

import ssl
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, override

type Reply = tuple[int, Mapping[str, str], bytes]


class Served:
    """A server, from `with` to its end. `moods`: how it answers in place of what it should; `asked`: which paths it was asked for.

    Moods: "" (as it should), "slow" (not before `woken`), "html", "redirect", "list" (JSON of another shape), "huge", "error", "down"
    (the connection is closed), "coded" (in gzip).
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.mood = ""
        self.asked: list[str] = []
        self.woken = threading.Event()
        self._scheme = "http" if tls is None else "https"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(), bind_and_activate=True)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def reply(self, path: str, headers: Mapping[str, str]) -> Reply:
        """Give what it answers as it should."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.woken.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _moody(self, path: str, headers: Mapping[str, str]) -> Reply | None:
        self.asked.append(path)
        if self.mood == "slow":
            self.woken.wait(30)
            return None
        html, plain = {"Content-Type": "text/html"}, {"Content-Type": "application/json"}
        moods: dict[str, Reply | None] = {
            "html": (200, html, b"<html><title>Sign in</title></html>"),
            "redirect": (302, {"Location": f"{self.url}/elsewhere"}, b""),
            "list": (200, plain, b'["what nobody asked for"]'),
            "huge": (200, plain, b'{"x": "' + b"x" * 2_000_000 + b'"}'),
            "error": (500, plain, b'{"message": "500 Internal Server Error"}'),
            "coded": (200, {**plain, "Content-Encoding": "gzip"}, b"\x1f\x8b"),
            "down": None,
        }
        return moods[self.mood] if self.mood else self.reply(path, headers)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30
            wbufsize = -1  # head and body in one segment

            def do_GET(self) -> None:
                said = served._moody(self.path, {name.lower(): value for name, value in self.headers.items()})
                if said is None:
                    self.close_connection = True
                    return
                try:
                    self._say(*said)
                except OSError:  # whoever asked has left
                    self.close_connection = True

            def _say(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            @override
            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
