"""What the processes of a contender take: CPU seconds, and memory, now and at most (Linux: /proc)."""

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_EVERY = 0.05  # seconds between two looks at the memory


def family(pids: Iterable[int]) -> Sequence[int]:
    """Give these processes and all their descendants that run now."""
    found: list[int] = []
    left = list(pids)
    while left:
        pid = left.pop()
        if pid not in found:
            found.append(pid)
            left += _children(pid)
    return found


def _children(pid: int) -> Iterator[int]:
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            yield from map(int, listed.read_text().split())
        except (FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            continue


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU seconds that they and all their children have taken, those that have ended included."""
    return sum(_cpu(pid) for pid in family(pids))


def memory(pids: Iterable[int]) -> int:
    """Bytes of memory that are theirs and their children's (PSS: what is shared is divided by those who share it)."""
    return sum(_pss(pid) for pid in family(pids))


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # nginx ends one of its own after a minute, which has done little
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


class Peak:
    """The most memory that was seen, in bytes."""

    def __init__(self) -> None:
        self.bytes = 0

    def look(self, pids: Iterable[int]) -> None:
        """Look now."""
        self.bytes = max(self.bytes, memory(pids))


@contextmanager
def watched(pids: Sequence[int]) -> Iterator[Peak]:
    """Look at the memory of these processes and their children twenty times a second, and once more at the end."""
    peak, ended = Peak(), threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY):
            peak.look(pids)

    thread = threading.Thread(target=watch)
    if pids:
        thread.start()
    try:
        yield peak
    finally:
        ended.set()
        if pids:
            thread.join()
    peak.look(pids)
