"""An upstream that is not the bottleneck: ready-made bytes over TLS, from a process of its own.

    python -m benchmarks.origin FOLDER '{"scale": 1.0}'

FOLDER has `origin.pem` (key and chain); the second argument is a `Content`. It prints its port when all answers are
made, and serves until its standard input ends.
"""

import asyncio
import gzip
import hashlib
import json
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import override

from benchmarks.documents import HTML, JSON, LARGE, LARGE_FILES, document, documents, project_list, renamed

_COMMON = (
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=600, public\r\n"
    "Access-Control-Allow-Origin: *\r\n"
    "Vary: Accept, Accept-Encoding\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-PyPI-Last-Serial: 31415926\r\n"
    "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\n"
    "Accept-Ranges: bytes\r\n"
)
_GONE = b"HTTP/1.1 404 Not Found\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Content:
    """What it has: the usual pages in this scale, so many large ones (`large0`, …), and a list of so many projects."""

    scale: float = 1.0
    large: int = 0
    listed: int = 0


Answers = Mapping[tuple[bytes, bool, bool], tuple[bytes, bytes, bytes]]
"""By path, whether HTML is wanted and whether gzip is taken: the ETag, the 200 and the 304, as they are sent."""


def ready_made(content: Content) -> Answers:
    """Make all the answers there can be."""
    answers = {}
    for project, found in documents(content.scale).items():
        for html, zipped in ((False, False), (False, True), (True, False), (True, True)):
            body = found.html if html else found.json
            answers[f"/simple/{project}/".encode(), html, zipped] = _answers(body, HTML if html else JSON, zipped)
    large = document(LARGE, round(LARGE_FILES * content.scale)).json if content.large else b""
    others = {
        f"/simple/{renamed(n)}/": large.replace(LARGE.encode(), renamed(n).encode()) for n in range(content.large)
    }
    if content.listed:
        others["/simple/"] = project_list(content.listed)
    for path, body in others.items():  # in JSON only, which is what the gateway asks for
        for zipped in (False, True):
            answers[path.encode(), False, zipped] = _answers(body, JSON, zipped)
    return answers


def _answers(body: bytes, content_type: str, zipped: bool) -> tuple[bytes, bytes, bytes]:
    body = gzip.compress(body, 6, mtime=0) if zipped else body
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    head = f"{_COMMON}Date: {formatdate(usegmt=True)}\r\nETag: {tag}\r\n"
    coding = "Content-Encoding: gzip\r\n" if zipped else ""
    described = f"Content-Type: {content_type}\r\n{coding}Content-Length: {len(body)}\r\n"
    full = f"HTTP/1.1 200 OK\r\n{head}{described}\r\n".encode() + body
    return tag.encode(), full, f"HTTP/1.1 304 Not Modified\r\n{head}\r\n".encode()


class Origin(asyncio.Protocol):
    """One connection: requests are told apart by their blank line, and have no body."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._received = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head, self._received = self._received[:end], self._received[end + 4 :]
            self._transport.write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        path = head.split(b" ", 2)[1]
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        html = b"application/vnd.pypi.simple.v1+json" not in fields.get(b"accept", b"")
        found = self._answers.get((path, html, b"gzip" in fields.get(b"accept-encoding", b"")))
        if found is None:
            return _GONE
        tag, full, known = found
        return known if fields.get(b"if-none-match") == tag else full


async def serve(folder: Path, content: Content) -> None:
    """Serve until the standard input ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "origin.pem")
    context.set_alpn_protocols(["http/1.1"])
    answers = ready_made(content)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Origin(answers), "127.0.0.1", 0, ssl=context, backlog=500)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


def main() -> None:
    """Serve, as the command line says."""
    asyncio.run(serve(Path(sys.argv[1]), Content(**json.loads(sys.argv[2]))))


if __name__ == "__main__":
    main()
