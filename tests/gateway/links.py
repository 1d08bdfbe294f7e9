"""Raw connections inside a gateway's TLS: bytes in, answers out, and which road they took."""

import asyncio
import logging
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import override

from mitmproxy import ctx

from addons.answering.answering import Answering
from addons.answering.request import Request
from addons.answers import Answer
from addons.lane import Lane
from addons.origin.tickets import Delivery
from tests.gateway import planting
from tests.gateway.running import JSON, RunningGateway

_DATE = re.compile(rb"\r\nDate: [^\r]*")


def asked(target: str = "/simple/demo/", *headers: str, method: str = "GET", host: str = "pypi.org") -> bytes:
    """Give the bytes of a request such as clients send."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", f"Accept: {JSON}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


@dataclass(frozen=True)
class Got:
    """One answer, taken apart."""

    status: int
    head: bytes
    body: bytes


class Link:
    """One connection, kept open; answers are read one by one, by their length."""

    def __init__(self, secured: ssl.SSLSocket) -> None:
        self.socket = secured
        self._received = bytearray()

    def ask(self, request: bytes, method: str = "GET") -> Got:
        """Send and read one answer."""
        self.socket.sendall(request)
        return self.read(method)

    def read(self, method: str = "GET") -> Got:
        """Read one answer. Raises EOFError if the connection ends first."""
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            self._more()
        head = bytes(self._received[:end])
        status = int(head.split(b" ", 2)[1])
        found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        length = int(found[1]) if found and method != "HEAD" and status != 304 else 0
        while len(self._received) < end + 4 + length:
            self._more()
        body = bytes(self._received[end + 4 : end + 4 + length])
        del self._received[: end + 4 + length]
        return Got(status, head, body)

    def some(self, count: int) -> None:
        """Wait until so many bytes have come; they are not taken. Raises EOFError if the connection ends first."""
        while len(self._received) < count:
            self._more()

    def rest(self) -> bytes:
        """Give what comes until the gateway ends the connection, without dates."""
        try:
            while part := self.socket.recv(1_000_000):
                self._received += part
        except (ConnectionError, ssl.SSLError):  # with what it had not read
            pass
        return undated(bytes(self._received))

    def half_close(self) -> None:
        """Say that nothing more will be asked, in TCP: answers may still come."""
        socket.socket.shutdown(self.socket, socket.SHUT_WR)  # SSLSocket's own would give up TLS too

    def _more(self) -> None:
        part = self.socket.recv(1_000_000)
        if not part:
            raise EOFError
        self._received += part


@contextmanager
def link(gateway: RunningGateway, *, connect: str = "pypi.org", sni: str | None = "pypi.org") -> Iterator[Link]:
    """Open a connection that trusts the gateway's CA, under whatever names."""
    context = ssl.create_default_context(cafile=gateway.authority.ca_path)
    context.check_hostname = False
    with gateway.tunnel(connect) as bare, context.wrap_socket(bare, server_hostname=sni) as secured:
        yield Link(secured)


def exchange(gateway: RunningGateway, *pieces: bytes, connect: str = "pypi.org", sni: str | None = "pypi.org") -> bytes:
    """Send all pieces, each in a record of its own, and give what comes back until the gateway ends the connection.

    The last request must end it. Dates are taken out.
    """
    with link(gateway, connect=connect, sni=sni) as one:
        one.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                one.socket.sendall(piece)
        except (ConnectionError, ssl.SSLError):  # ended before all was sent
            pass
        return one.rest()


def undated(received: bytes) -> bytes:
    """Take out the dates of answers."""
    return _DATE.sub(b"", received)


def lane_of(gateway: RunningGateway) -> Lane:
    """Give the gateway's lane."""
    found = ctx.master.addons.get(Lane.name)
    assert isinstance(found, Lane)
    return found


def answered(gateway: RunningGateway) -> int:
    """Give how many requests the lane has answered by now."""
    return lane_of(gateway).supply.answered


def at_once(gateway: RunningGateway) -> int:
    """Give how many of them no layer has seen."""
    return lane_of(gateway).supply.answered_at_once


class Scripted(Answering):
    """An answering of a test's: the same answer to everything, begun when it is let, with a count of what was asked."""

    def __init__(self, answer: Answer) -> None:  # with nothing to answer from
        self._answer = answer
        self.asked: list[str] = []
        self.begun = threading.Event()

    @override
    async def answer(self, request: Request) -> Answer | Delivery:
        """Give it."""
        self.asked.append(request.target)
        self.begun.set()
        await self._until_let()
        return self._answer

    async def _until_let(self) -> None:
        return


class Delivered(Answering):
    """An answering that has one file for everything."""

    def __init__(self, delivery: Delivery) -> None:  # with nothing to answer from
        self._delivery = delivery

    @override
    async def answer(self, request: Request) -> Answer | Delivery:
        """Give it."""
        return self._delivery


class Held(Scripted):
    """An answering that waits until a test lets it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.let = threading.Event()

    @override
    async def _until_let(self) -> None:
        await asyncio.to_thread(self.let.wait, 10)


def script(gateway: RunningGateway, answering: Answering) -> None:
    """Put an answering in force."""
    planting.break_answering(gateway, answering)


@contextmanager
def said(words: str) -> Iterator[threading.Event]:
    """Give an event that is set when the gateway logs these words."""
    heard = threading.Event()

    class Ear(logging.Handler):
        @override
        def emit(self, record: logging.LogRecord) -> None:
            if words in record.getMessage():
                heard.set()

    ear, logger = Ear(), logging.getLogger("addons")
    logger.addHandler(ear)
    try:
        yield heard
    finally:
        logger.removeHandler(ear)
