"""A load generator: many kept connections, ready-made requests, one thread, nothing parsed that need not be.

Its sockets are non-blocking TLS ones behind one epoll: a request and its answer cost it some 20 microseconds; how busy it was
is reported (`Taken.own_cpu`), so that a reader can see that it was not what was measured.
"""

import select
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from benchmarks.asking import PATIENCE, PIECE, Asked, Heads, WrongAnswer, ask_once
from benchmarks.link import Link


@dataclass
class Taken:
    """What a run took, from the moment when each connection had had its first answer."""

    latencies: list[float] = field(default_factory=list)  # seconds, of each answer
    seconds: float = 0.0
    own_cpu: float = 0.0  # CPU seconds of the generator
    server_cpu: float = 0.0  # and of who answered

    @property
    def answers(self) -> int:
        """How many there were."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    def percentile(self, part: float) -> float:
        """The seconds within which this part (0 to 1) of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


class _Links:
    """All the connections of a run, and whoever of them has something to read."""

    def __init__(self, asked: Asked, connections: int) -> None:
        heads = Heads()
        self.all = [Link(asked, heads) for _ in range(connections)]
        self._by_number: dict[int, Link] = {}
        self._buffer = memoryview(bytearray(PIECE))
        self._poll = select.epoll()

    def __enter__(self) -> Self:
        for link in self.all:
            self._start(link)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._poll.close()
        for link in self.all:
            link.secured.close()

    def _start(self, link: Link) -> None:
        self._by_number[link.secured.fileno()] = link
        self._poll.register(link.secured.fileno(), select.EPOLLIN)
        link.ask()

    def answers(self) -> Iterator[float]:
        """Give each answer's seconds, without end; a link is asked again as soon as it is wanted that it goes on."""
        while True:
            events = self._poll.poll(PATIENCE)
            if not events:
                raise WrongAnswer(f"no answer for {PATIENCE:g} seconds")
            for number, _ in events:
                link = self._by_number[number]
                try:
                    whole = link.read(self._buffer)
                except (ConnectionError, ssl.SSLZeroReturnError, ssl.SSLEOFError) as error:
                    self._again(link, number, error)
                    continue
                if whole:
                    yield time.perf_counter() - link.asked
                    link.ask()

    def _again(self, link: Link, number: int, error: OSError) -> None:
        if not (link.idle and link.answered):
            raise WrongAnswer(f"the connection ended in the middle: {error!r}") from error
        self._poll.unregister(number)
        del self._by_number[number]
        link.secured.close()
        link.open()
        self._start(link)


def sustain(asked: Asked, *, connections: int, seconds: float, cpu: Callable[[], float]) -> Taken:
    """Ask over so many kept connections, each again as soon as it has its answer. Raises WrongAnswer."""
    taken = Taken()
    with _Links(asked, connections) as links:
        answers = links.answers()
        while not all(link.answered for link in links.all):
            next(answers)
        server, own, begun = cpu(), time.process_time(), time.perf_counter()
        for latency in answers:
            taken.latencies.append(latency)
            if time.perf_counter() - begun > seconds:
                break
        taken.seconds = time.perf_counter() - begun
        taken.own_cpu, taken.server_cpu = time.process_time() - own, cpu() - server
    return taken


def fresh_connections(asked: Asked, *, connections: int, seconds: float, cpu: Callable[[], float]) -> Taken:
    """Ask over a new connection each time, so many at once, in threads. Raises WrongAnswer."""
    server, own, begun = cpu(), time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        runs = [pool.submit(_ask_anew, asked, begun + seconds) for _ in range(connections)]
        latencies = [latency for run in runs for latency in run.result()]
    passed = time.perf_counter() - begun
    return Taken(latencies, passed, time.process_time() - own, cpu() - server)


def _ask_anew(asked: Asked, end: float) -> list[float]:
    latencies: list[float] = []
    while not latencies or time.perf_counter() < end:
        begun = time.perf_counter()
        head, _ = ask_once(asked.target, asked.request)
        if int(head.split(b" ", 2)[1]) != asked.status:
            raise WrongAnswer(ascii(head)[:300])
        latencies.append(time.perf_counter() - begun)
    return latencies
