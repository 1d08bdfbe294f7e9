"""How much room kept files may take: those used longest ago make way.

All of this waits for the disk: it belongs into threads.
"""

import errno
import os
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from addons.cache.promised import NotKept

_COUNTED_SECONDS = 30.0  # for how long a count of the folder is good: other processes put files there, too
_TOUCHED_SECONDS = 60.0  # a file's last use is written down no more often
_SMALL = 65_536  # bytes: such files, core metadata above all, cost a request each and hardly any room
_LONGER_SECONDS = 30 * 86_400.0  # for which they stay where larger ones make way


@dataclass(frozen=True)
class Limits:
    """How many bytes kept files may have together, and how many must stay free on their file system."""

    most: int
    least_free: int


class Kept(NamedTuple):
    """A kept file: when it was last used (seconds since 1970), its length in bytes, and where it lies."""

    used: float
    size: int
    path: Path


def kept_files(folder: Path) -> Iterator[Kept]:
    """Give the kept files: `<two hex digits>/<sha256>` below the folder.

    What vanishes meanwhile is passed over, and so is what is no plain file.
    """
    for path in folder.glob("[0-9a-f][0-9a-f]/*"):
        with suppress(FileNotFoundError):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                yield Kept(status.st_mtime, status.st_size, path)


def used_lately(used: float, now: float) -> bool:
    """Tell whether a last use (seconds since 1970, as `now`) is so recent that it is not written down anew.

    One in the future was written down by a clock that has been set back since.
    """
    return abs(now - used) < _TOUCHED_SECONDS


def stays_until(kept: Kept, now: float) -> float:
    """Give what kept files are ordered by when some must make way, the least first; `now` in seconds since 1970."""
    # A use in the future is of no known age: it must not stay for as long as the clock was wrong.
    last_use = kept.used if kept.used < now + _TOUCHED_SECONDS else 0.0
    return last_use + (_LONGER_SECONDS if kept.size <= _SMALL else 0.0)


class Room:
    """The room in one folder. `evicted` counts the files that made way."""

    def __init__(
        self,
        folder: Path,
        limits: Limits,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._limits = limits
        self._free = free
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._total = 0
        self._counted_at = -_COUNTED_SECONDS
        self._coming: dict[Path, tuple[int, int]] = {}
        self.evicted = 0

    def limit(self, limits: Limits) -> None:
        """Go by other limits from now on."""
        self._limits = limits

    def make(self, path: Path, size: int, there: int = 0) -> None:
        """Make room for what is to lie at `path`, of `size` bytes, `there` of which are written, until `settle` is told.

        Raises NotKept if there is none.
        """
        with self._lock:
            self._coming.pop(path, None)
            if size > self._limits.most:
                raise NotKept("the file is larger than the whole cache may be")
            self._coming[path] = (size, max(size - there, 0))
            if not self._fits():
                self._evict()

    def settle(self, path: Path, size: int) -> None:
        """Say that the file has got its name, with `size` bytes, or will not come (0). Raises OSError."""
        with self._lock:
            self._coming.pop(path, None)
            self._total += size
            if size and not self._fits():
                with suppress(NotKept):
                    self._evict()

    def _fits(self) -> bool:
        if self._clock() - self._counted_at >= _COUNTED_SECONDS:
            self._count()
        return self._total + self._sizes() <= self._limits.most and self._left() >= self._to_write()

    def _sizes(self) -> int:
        return sum(size for size, _ in self._coming.values())

    def _to_write(self) -> int:
        return self._limits.least_free + sum(missing for _, missing in self._coming.values())

    def _count(self) -> list[Kept]:
        # What has its name and is not settled yet counts among what is coming, and does not make way.
        found = [kept for kept in kept_files(self._folder) if kept.path not in self._coming]
        found.sort(key=lambda kept: stays_until(kept, self._wall()))
        self._total = sum(kept.size for kept in found)
        self._counted_at = self._clock()
        return found

    def _evict(self) -> None:
        files = self._count()
        if self._total + self._left() < self._to_write():  # all of them would be given up for nothing
            raise NotKept(os.strerror(errno.ENOSPC))
        for kept in files:
            if self._fits():
                return
            kept.path.unlink(missing_ok=True)
            self._total -= kept.size
            self.evicted += 1
        if not self._fits():
            raise NotKept(os.strerror(errno.ENOSPC))

    def _left(self) -> int:
        folder = self._folder
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        return self._free(folder)
