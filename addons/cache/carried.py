"""Documents as they are carried from one cache to another: listed, read, and put there with the stamps that they had.

For a process beside the gateway; both may work on the folder at the same time. One thread, one call after the other.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from diskcache import Cache

from addons.cache.documents import MOST_BYTES, Put, Stamp, Stored, put_in, stamp_in, stored_in
from addons.cache.remade import Remade, sync
from addons.cache.whose import Whose, key_of, whose_of

_TRIES = 5  # times that the database is waited for while others write, two seconds each


class Unusable(Exception):
    """The database cannot be read or written; why stands in the log. In words."""


class Entry(NamedTuple):
    """A document of which something is known: an empty digest in the stamp says that its index has it no more."""

    whose: Whose
    stamp: Stamp


class Carried:
    """The documents in `folder`. `wall` gives seconds since the epoch. Everything raises Unusable."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES, wall: Callable[[], float] = time.time) -> None:
        self.wall = wall
        self._folder = folder
        self._cache = Remade(folder, most_bytes)

    def entries(self) -> list[Entry]:
        """Give all that is known, by key."""
        return self._do(lambda cache: list(_entries(cache)))

    def find(self, entry: Entry) -> Stored | None:
        """Give a document, if it is there in this state and undamaged."""
        return self._do(lambda cache: stored_in(cache, key_of(entry.whose), entry.stamp.digest))

    def put(self, whose: Whose, stored: Stored | None, asked: float) -> Put:
        """Keep a document that was asked for then (seconds since the epoch); None: that it was gone then.

        It is not fresh: nobody gives it without asking, so that what is brought next counts in a running gateway at once.
        """
        stamp = Stamp(asked, asked, b"")
        return self._do(lambda cache: put_in(cache, key_of(whose), stored, stamp, self.wall()))

    def sync(self) -> None:
        """Let what was put there survive a power failure."""
        self._do(sync)

    def close(self) -> None:
        """Let go of the database."""
        self._cache.close()

    def _do[T](self, work: Callable[[Cache], T]) -> T:
        for _ in range(_TRIES):
            done = self._cache.do(lambda cache: (work(cache),), None)
            if done is not None:
                return done[0]
        raise Unusable(f"{self._folder}: the documents in it cannot be read or written; the line above says why")


def _entries(cache: Cache) -> Iterator[Entry]:
    for key in cache.iterkeys():
        whose = whose_of(key)
        stamp = stamp_in(cache, key) if whose is not None else None
        if whose is not None and stamp is not None:
            yield Entry(whose, stamp)
