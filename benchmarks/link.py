"""One connection of a load generator: a request under way at a time, its answer counted and not kept."""

import ssl
import time

from benchmarks.asking import PATIENCE, Asked, Heads, WrongAnswer
from benchmarks.poured import Poured


class Link:
    """A kept connection, which has one request under way at a time."""

    def __init__(self, asked: Asked, heads: Heads, *, poured: bool = False, blocking: bool = False) -> None:
        self._target = asked.target
        self._request = asked.request
        self._status = str(asked.status).encode()
        self._heads = heads
        self._poured = poured  # for bodies of many records
        self._blocking = blocking
        self.answered = 0
        self.received = 0  # bytes of the body that have come
        self.open()

    def open(self) -> None:
        """Connect, again if need be."""
        self.secured = Poured(self._target) if self._poured else self._target.connect()
        self.secured.settimeout(PATIENCE if self._blocking else 0)

    def ask(self, request: bytes = b"") -> None:
        """Send the request, or another one."""
        self.received = 0
        self._start = b""  # of the answer, while its head is not whole
        self._left: int | None = -1  # bytes that are still to come; -1: the head is not whole; None: chunks
        self._tail = b""
        self.asked = time.perf_counter()
        self.secured.sendall(request or self._request)

    def read(self, buffer: memoryview) -> bool:
        """Read what has come; gives whether the answer is whole.

        Raises ConnectionError at the connection's end, and WrongAnswer.
        """
        while True:
            try:
                count = self.secured.recv_into(buffer)
            except ssl.SSLWantReadError:
                return False
            if not count:
                raise ConnectionResetError
            if self._take(buffer, count):
                self.answered += 1
                return True

    def _take(self, buffer: memoryview, count: int) -> bool:
        if self._left == -1:
            self._start += buffer[:count]
            end = self._start.find(b"\r\n\r\n")
            if end < 0:
                return False
            status, self._left = self._heads(self._start[:end])
            if status != self._status:
                raise WrongAnswer(f"{status.decode()} instead of {self._status.decode()}: {ascii(self._start)[:300]}")
            count = len(self._start) - end - 4
            self._tail = self._start[-5:]
        elif self._left is None:
            self._tail = (self._tail + bytes(buffer[max(0, count - 5) : count]))[-5:]
        self.received += count
        if self._left is None:
            return self._tail == b"0\r\n\r\n"
        self._left -= count
        return self._left == 0

    @property
    def idle(self) -> bool:
        """Whether nothing of the answer has come yet: the server may just have closed a connection that it was done with."""
        return self._left == -1 and not self._start
