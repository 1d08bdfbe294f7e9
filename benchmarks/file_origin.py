"""An upstream with files, of any size and as fast as TLS goes, as far away as one likes, that counts what it is asked for.

    python -m benchmarks.file_origin FOLDER '{"bulk": [1048576]}'

FOLDER has `origin.pem` (key and chain); the second argument is an `Offer`. It prints its port when all is made; then it
answers each line of its standard input with a line of JSON: how often each path was asked for. It serves until that ends.
A thread for each connection sends straight out of memory, and OpenSSL works outside of Python's lock.
"""

import gzip
import hashlib
import json
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

from benchmarks import bulk
from benchmarks.documents import JSON, PYPI_FILES
from benchmarks.projects import groups

_PAGE = f"Cache-Control: max-age=600, public\r\nVary: Accept, Accept-Encoding\r\nContent-Type: {JSON}\r\n"
_FILE = "Cache-Control: max-age=365000000, immutable, public\r\nContent-Type: application/octet-stream\r\n"
_GONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
_MOST_HEAD = 65_536


@dataclass(frozen=True)
class Offer:
    """What it has: files of these sizes on the page `bulk`, a group of projects; and how far away it is.

    `latency` is the time of a round trip, in seconds: one to connect, one for TLS, one for each answer.
    """

    bulk: Sequence[int] = ()
    group: str = ""
    scale: float = 1.0  # of the projects' pages
    latency: float = 0.0


@dataclass(frozen=True)
class Answer:
    """An answer as it is sent: the pieces of its body are made anew for each."""

    head: bytes
    pieces: Callable[[], Iterable[bytes | memoryview]]
    tag: str
    known: bytes  # the answer to who has it already


def _answer(fields: str, length: int, tag: str, pieces: Callable[[], Iterable[bytes | memoryview]]) -> Answer:
    fields += f'Date: {formatdate(usegmt=True)}\r\nETag: "{tag}"\r\n'  # squid counts an age from that date only
    head = f"HTTP/1.1 200 OK\r\n{fields}Content-Length: {length}\r\n\r\n"
    return Answer(head.encode(), pieces, f'"{tag}"', f"HTTP/1.1 304 Not Modified\r\n{fields}\r\n".encode())


def _whole(fields: str, body: bytes) -> Answer:
    return _answer(fields, len(body), hashlib.sha256(body).hexdigest()[:32], lambda: [body])


def numbered(sizes: Sequence[int]) -> Sequence[bulk.Bulk]:
    """Give the files of these sizes: each has its place in the list for a number."""
    return [bulk.Bulk(size, number) for number, size in enumerate(sizes)]


def ready_made(offer: Offer) -> Mapping[tuple[str, bool], Answer]:
    """Make all answers, by path and whether it is asked for as `localhost`: links stay there then.

    A page is always sent in gzip, which all that ask here take.
    """
    pages: dict[str, bytes] = {}
    files: dict[str, Answer] = {}
    if offer.bulk:
        all_bulk = bulk.offered(numbered(offer.bulk))
        pages[bulk.PROJECT] = bulk.page(all_bulk)
        for one in all_bulk:
            files[one.path] = _answer(_FILE, one.bulk.size, one.sha256[:32], one.bulk.pieces)
    if offer.group:
        for project in groups()[offer.group].all:
            pages[project.name] = project.page(offer.scale)
            files[project.path] = _whole(_FILE, project.wheel)
            files[f"{project.path}.metadata"] = _whole(_FILE, project.metadata)
    answers = {(path, local): answer for path, answer in files.items() for local in (False, True)}
    for name, page in pages.items():
        for local, body in ((False, page), (True, page.replace(PYPI_FILES.encode(), b""))):
            zipped = gzip.compress(body, 6, mtime=0)
            answers[f"/simple/{name}/", local] = _whole(f"{_PAGE}Content-Encoding: gzip\r\n", zipped)
    return answers


@dataclass
class Origin:
    """Answers connections, each in a thread of its own."""

    answers: Mapping[tuple[str, bool], Answer]
    latency: float
    asked: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        """Take connections, for ever."""
        while True:
            link, _ = listener.accept()
            threading.Thread(target=self._converse, args=(link, context), daemon=True).start()

    def _converse(self, link: socket.socket, context: ssl.SSLContext) -> None:
        with link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            time.sleep(self.latency * 2)
            try:
                with context.wrap_socket(link, server_side=True) as secured:
                    self._answer_all(secured)
            except OSError:  # whoever asked is gone
                return

    def _answer_all(self, secured: ssl.SSLSocket) -> None:
        received = b""
        while True:
            while b"\r\n\r\n" not in received:
                part = secured.recv(_MOST_HEAD)
                if not part:
                    return
                received += part
            head, _, received = received.partition(b"\r\n\r\n")
            time.sleep(self.latency)
            self.send(secured, head.decode("latin-1"))

    def send(self, secured: ssl.SSLSocket, head: str) -> None:
        """Answer the request with this head."""
        first, *lines = head.split("\r\n")
        path = first.split(" ")[1]
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        with self._lock:
            self.asked[path] += 1
        answer = self.answers.get((path, fields.get("host", "").startswith("localhost")))
        if answer is None:
            secured.sendall(_GONE)
        elif answer.tag == fields.get("if-none-match"):
            secured.sendall(answer.known)
        else:
            self._send_whole(secured, answer)

    def _send_whole(self, secured: ssl.SSLSocket, answer: Answer) -> None:
        pieces = iter(answer.pieces())
        secured.sendall(answer.head + bytes(next(pieces)))  # one packet, if it is small
        for piece in pieces:
            secured.sendall(piece)


def main() -> None:
    """Serve, as the command line says."""
    offer = Offer(**json.loads(sys.argv[2]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(sys.argv[1]) / "origin.pem")
    context.set_alpn_protocols(["http/1.1"])
    origin = Origin(ready_made(offer), offer.latency)
    with socket.create_server(("127.0.0.1", 0), backlog=500) as listener:
        threading.Thread(target=origin.serve, args=(listener, context), daemon=True).start()
        print(listener.getsockname()[1], flush=True)
        for _ in sys.stdin:
            print(json.dumps(origin.asked), flush=True)


if __name__ == "__main__":
    main()
