"""A mirror that has pages, hashes and files with ranges, but no metadata: what it is asked for, and how much it sends.

    python -m benchmarks.plain_mirror FOLDER '{"graphs": ["jupyter"]}'

FOLDER has `origin.pem` (key and chain); the second argument is a `Having`. It prints its port when all is made; then it
reads a line of JSON at a time, the new latency in seconds or null, and writes what it has sent until now. It serves until that ends.
"""

import gzip
import json
import re
import socket
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import override

from benchmarks.documents import JSON, PYPI_FILES
from benchmarks.file_origin import Origin
from benchmarks.graphs import RELEASES, Member, graph
from benchmarks.made_wheels import MadeWheel
from tests.fakepypi.bodies import Body, Held

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_GONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Having:
    """What it has: these sets of projects, and `heavy-0`, …: a wheel for each pair of its bytes and its members."""

    graphs: Sequence[str] = ()
    heavy: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True)
class Kept:
    """A body with its head's fields; `parts`: ranges of it are given."""

    fields: str
    body: Body
    parts: bool


def contents(having: Having) -> Mapping[tuple[str, bool], Kept]:
    """Make all there is, by path and whether it is asked for as `localhost`: links stay there then."""
    found: dict[tuple[str, bool], Kept] = {}
    members = [(member, member.wheels) for name in having.graphs for member in graph(name).members.values()]
    for number, (size, count) in enumerate(having.heavy):
        name = f"heavy-{number}"
        wheel = MadeWheel(name, RELEASES[-1], size=size, members=count, described=20_000)
        members.append((Member(name, (), 20, (wheel.tag,), size, 0), [wheel]))
    for member, wheels in members:
        page = member.page(wheels)
        for local, body in ((False, page), (True, page.replace(PYPI_FILES.encode(), b""))):
            fields = f"Content-Type: {JSON}\r\nCache-Control: max-age=600\r\nContent-Encoding: gzip\r\n"
            zipped = gzip.compress(body, 6, mtime=0)
            found[f"/simple/{member.name}/", local] = Kept(fields, Held(zipped), False)
        for wheel in wheels:
            fields = f'Content-Type: application/octet-stream\r\nAccept-Ranges: bytes\r\nETag: "{wheel.digests[0]}"\r\n'
            for local in (False, True):
                found[wheel.path, local] = Kept(fields, wheel.body, True)
    return found


@dataclass
class Mirror(Origin):
    """Answers out of `kept`, and counts by kind: requests, and bytes of heads and bodies."""

    kept: Mapping[tuple[str, bool], Kept] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)

    @override
    def send(self, secured: ssl.SSLSocket, head: str) -> None:
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        kept = self.kept.get((target, fields.get("host", "").startswith("localhost")))
        kind = "page" if target.startswith("/simple/") else "metadata" if target.endswith(".metadata") else "whole"
        if kind == "whole" and (method == "HEAD" or "range" in fields):
            kind = "range"
        with self._lock:
            self.requests[kind] += 1
        for part in _answered(kept, method, fields.get("range", "")):
            secured.sendall(part)
            with self._lock:
                self.sent[kind] += len(part)

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """What was asked for and sent until now, by kind."""
        with self._lock:
            return {"requests": dict(self.requests), "sent": dict(self.sent)}


def _answered(kept: Kept | None, method: str, wanted: str) -> Iterator[bytes]:
    if kept is None:
        yield _GONE
        return
    size, status, said = kept.body.size, "200 OK", ""
    first, last = 0, size
    found = _RANGE.fullmatch(wanted) if kept.parts else None
    if found is not None and any(found.groups()):
        first = int(found[1]) if found[1] else max(size - int(found[2]), 0)
        last = min(int(found[2]) + 1, size) if found[1] and found[2] else size
        status, said = "206 Partial Content", f"Content-Range: bytes {first}-{last - 1}/{size}\r\n"
    head = f"HTTP/1.1 {status}\r\n{kept.fields}{said}Content-Length: {last - first}\r\n\r\n".encode()
    if method == "HEAD":
        yield head
        return
    chunks = kept.body.chunks(first, last)
    yield head + next(chunks, b"")  # one packet, if it is small
    yield from chunks


def main() -> None:
    """Serve, as the command line says."""
    having = Having(**json.loads(sys.argv[2]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(sys.argv[1]) / "origin.pem")
    context.set_alpn_protocols(["http/1.1"])
    mirror = Mirror({}, 0.0, kept=contents(having))
    with socket.create_server(("127.0.0.1", 0), backlog=500) as listener:
        threading.Thread(target=mirror.serve, args=(listener, context), daemon=True).start()
        print(listener.getsockname()[1], flush=True)
        for line in sys.stdin:
            latency = json.loads(line)
            mirror.latency = mirror.latency if latency is None else latency
            print(json.dumps(mirror.counts()), flush=True)


if __name__ == "__main__":
    main()
