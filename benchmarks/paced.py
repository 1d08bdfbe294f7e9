"""What a client meets while others keep the gateway busy: one request every so often, whatever became of the last."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.asking import PIECE, Asked, Heads, WrongAnswer

EVERY = 0.01  # seconds


class Paced:
    """Asks at a fixed pace over one connection; a late answer makes those behind it late, and that counts."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._secured = asked.target.connect()
        self._heads = Heads()
        self._ended = threading.Event()
        self.latencies: list[float] = []  # seconds, from the moment when it should have been asked
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Ask until it is told to end."""
        try:
            due = time.perf_counter()
            while not self._ended.is_set():
                time.sleep(max(0.0, due - time.perf_counter()))
                self._ask()
                self.latencies.append(time.perf_counter() - due)
                due += EVERY
        except (OSError, WrongAnswer) as error:
            self.failure = error

    def _ask(self) -> None:
        self._secured.sendall(self._asked.request)
        received = b""
        left = 1
        while left > 0:
            part = self._secured.recv(PIECE)
            if not part:
                raise WrongAnswer("the connection ended in the middle")
            received += part
            end = received.find(b"\r\n\r\n")
            if end >= 0:
                status, length = self._heads(received[:end])
                if int(status) != self._asked.status or length is None:
                    raise WrongAnswer(ascii(received)[:300])
                left = end + 4 + length - len(received)

    def end(self) -> None:
        """Ask no more."""
        self._ended.set()

    def close(self) -> None:
        """Close the connection."""
        self._secured.close()


@contextmanager
def paced(asked: Asked) -> Iterator[Sequence[float]]:
    """Ask beside what is done meanwhile; the latencies are whole when it ends. Raises WrongAnswer or OSError then."""
    client = Paced(asked)
    thread = threading.Thread(target=client.run)
    thread.start()
    try:
        yield client.latencies
    finally:
        client.end()
        thread.join()
        client.close()
    if client.failure is not None:
        raise client.failure
