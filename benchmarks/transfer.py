"""Many downloads of one file at once: the bytes are counted and thrown away, in one thread, hashed only to look at them once."""

import hashlib
import select
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.asking import PATIENCE, PIECE, Asked, Heads, WrongAnswer
from benchmarks.link import Link


@dataclass(frozen=True)
class Moved:
    """What a run took, from the first request to the last byte; the connections were there before."""

    size: int  # bytes, of all bodies
    seconds: float
    own_cpu: float  # CPU seconds of the generator
    server_cpu: float


def transfer(asked: Asked, size: int, *, connections: int, seconds: float, cpu: Callable[[], float]) -> Moved:
    """Download a file of this size over so many connections, each again as long as the seconds are not over.

    Raises WrongAnswer.
    """
    heads = Heads()
    links = [Link(asked, heads, poured=True) for _ in range(connections)]
    try:
        server, own, begun = cpu(), time.process_time(), time.perf_counter()
        moved = _move(links, size, begun + seconds)
        passed = time.perf_counter() - begun
        return Moved(moved, passed, time.process_time() - own, cpu() - server)
    finally:
        for link in links:
            link.secured.close()


def _move(links: list[Link], size: int, end: float) -> int:
    buffer, by_number, moved = memoryview(bytearray(PIECE)), {}, 0
    with select.epoll() as poll:
        for link in links:
            by_number[link.secured.fileno()] = link
            poll.register(link.secured.fileno(), select.EPOLLIN)
            link.ask()
        while by_number:
            events = poll.poll(PATIENCE)
            if not events:
                raise WrongAnswer(f"nothing came for {PATIENCE:g} seconds")
            for number, _ in events:
                link = by_number[number]
                if not _turn(link, buffer, size):
                    continue
                moved += size
                if time.perf_counter() < end:
                    link.ask()
                else:
                    poll.unregister(number)
                    del by_number[number]
    return moved


def _turn(link: Link, buffer: memoryview, size: int) -> bool:
    try:
        whole = link.read(buffer)
    except OSError as error:
        raise WrongAnswer(f"the connection ended after {link.received:,} bytes: {error!r}") from error
    if whole and link.received != size:
        raise WrongAnswer(f"{link.received:,} bytes instead of {size:,}")
    return whole


def sha256(asked: Asked) -> str:
    """Download a file once and hash it. Raises WrongAnswer."""
    hashed, buffer = hashlib.sha256(), memoryview(bytearray(PIECE))
    with asked.target.connect() as secured:
        secured.sendall(asked.request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += _some(secured.recv(PIECE))
        head, _, body = received.partition(b"\r\n\r\n")
        status, length = Heads()(head)
        if status != b"200" or length is None:
            raise WrongAnswer(ascii(head)[:300])
        hashed.update(body)
        left = length - len(body)
        while left > 0:
            count = _some(secured.recv_into(buffer))
            hashed.update(buffer[:count])
            left -= count
    return hashed.hexdigest()


def _some[T: (bytes, int)](received: T) -> T:
    if not received:
        raise WrongAnswer("the connection ended in the middle")
    return received
