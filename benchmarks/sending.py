"""Uploads as twine sends them: the form's fields, then the file, made while it is sent; one after the other over a connection."""

import itertools
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from benchmarks.asking import PIECE, Heads, Target, WrongAnswer
from benchmarks.made_wheels import MadeWheel

_BOUNDARY = "a-boundary-that-is-in-no-file"
_HOST = "upload.pypi.org"
_PROJECT = "acme-uploaded"


@dataclass(frozen=True)
class Sent:
    """What uploads took: bytes of their files, seconds in all, and of each from its first byte to its answer."""

    size: int
    seconds: float
    each: Sequence[float]


class Wheels:
    """Wheels that nobody has uploaded yet; of each project some tens of releases."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def take(self, count: int, size: int, described: int = 2_000) -> Sequence[MadeWheel]:
        """Give so many, whose payload has so many bytes."""
        numbers = [next(self._numbers) for _ in range(count)]
        return [
            MadeWheel(f"{_PROJECT}-{n // 50}", f"1.{n}", size=size, described=described, markup="text/markdown")
            for n in numbers
        ]


def _field(name: str, value: str) -> bytes:
    return f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def upload(wheel: MadeWheel, token: str) -> Iterator[bytes]:
    """Yield a request in pieces: its head, the fields and the file."""
    fields = {
        "name": wheel.name,
        "version": wheel.version,
        "metadata_version": "2.1",
        "filetype": "bdist_wheel",
        "pyversion": "py3",
        "sha256_digest": wheel.digests[0],
        ":action": "file_upload",
        "protocol_version": "1",
    }
    start = b"".join(_field(name, value) for name, value in fields.items())
    said = f'form-data; name="content"; filename="{wheel.filename}"'
    start += f"--{_BOUNDARY}\r\nContent-Disposition: {said}\r\nContent-Type: application/octet-stream\r\n\r\n".encode()
    end = f"\r\n--{_BOUNDARY}--\r\n".encode()
    lines = [
        "POST /legacy/ HTTP/1.1",
        f"Host: {_HOST}",
        "User-Agent: twine/6.2.0",
        "Accept: */*",
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}",
        f"Authorization: Basic {b64encode(f'__token__:{token}'.encode()).decode()}",
        f"Content-Length: {len(start) + wheel.body.size + len(end)}",
    ]
    yield "\r\n".join([*lines, "", ""]).encode() + start
    yield from wheel.body.chunks()
    yield end


def _send(link: ssl.SSLSocket, wheel: MadeWheel, token: str) -> float:
    begun = time.perf_counter()
    for piece in upload(wheel, token):
        link.sendall(piece)
    said = b""
    while b"\r\n\r\n" not in said:
        said += _some(link)
    head, _, body = said.partition(b"\r\n\r\n")
    status, length = Heads()(head)
    if status != b"200" or length is None:
        raise WrongAnswer(ascii(said)[:400])
    while len(body) < length:
        body += _some(link)
    return time.perf_counter() - begun


def _some(link: ssl.SSLSocket) -> bytes:
    part = link.recv(PIECE)
    if not part:
        raise WrongAnswer("the connection ended before the answer")
    return part


def send(target: Target, wheels: Sequence[MadeWheel], token: str, clients: int = 1) -> Sent:
    """Upload them all, by so many clients at once, each over a connection that is there before. Raises WrongAnswer."""
    for wheel in wheels:
        assert wheel.digests  # known before the time counts
    ready = threading.Barrier(clients + 1)

    def client(mine: Sequence[MadeWheel]) -> list[float]:
        with replace(target, host=_HOST).connect() as link:
            ready.wait()
            return [_send(link, wheel, token) for wheel in mine]

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(client, wheels[number::clients]) for number in range(clients)]
        ready.wait()
        begun = time.perf_counter()
        each = [seconds for done in running for seconds in done.result()]
        passed = time.perf_counter() - begun
    return Sent(sum(wheel.body.size for wheel in wheels), passed, each)
