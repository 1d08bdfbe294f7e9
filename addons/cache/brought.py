"""Files that are brought into the store by hand: written, proven and named as those that are fetched are.

For a process beside the gateway. All of it waits for the disk.
"""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from addons.cache.part_file import PartFile, Stand, Write
from addons.cache.promised import Promise
from addons.cache.room import Limits, Room

_LOOK_SECONDS = 0.1  # another process cannot tell us that it is done with a file: only looking can


def place_of(folder: Path, sha256: str) -> Path:
    """Give the place of a file in the store in `folder`, whether it is there or not."""
    return folder / "files" / sha256[:2] / sha256


class Brought:
    """The file store in `folder`, whose files are limited as `limits` says."""

    def __init__(self, folder: Path, limits: Limits, write: Write = os.write) -> None:
        self._folder = folder
        self._room = Room(folder / "files", limits)
        self._write = write

    def has(self, promise: Promise) -> bool:
        """Tell whether a file of this name and length is there. Raises OSError."""
        try:
            return place_of(self._folder, promise.sha256).stat().st_size == promise.size
        except FileNotFoundError:
            return False

    def use(self, promise: Promise) -> None:
        """Make a file used now, if it is there: others make way before it."""
        with suppress(OSError):
            os.utime(place_of(self._folder, promise.sha256))

    def bring(self, promise: Promise, pieces: Iterable[bytes]) -> None:
        """Write a file and give it its name, if it is what was promised; else nothing of it stays.

        What a process that died has left of it is written anew. Raises OSError, NotKept (no room), Mismatch, and what
        the pieces raise.
        """
        final = place_of(self._folder, promise.sha256)
        part = PartFile(self._folder / "growing" / promise.sha256, final, self._write)
        if not self.has(promise):
            final.unlink(missing_ok=True)  # it lost bytes
        self._room.make(final, promise.size or 0)
        settled = 0
        try:
            if self._mine(part):
                part.append(pieces, promise.size)
                part.prove(promise)
                part.keep()
            settled = promise.size or 0
        finally:
            part.discard()
            part.close()
            self._room.settle(final, settled)

    @staticmethod
    def _mine(part: PartFile) -> bool:
        """Wait until it is ours to write; False if another process, which fetches it, has brought it to its end."""
        stand = part.claim(None)
        while stand is Stand.ELSEWHERE:
            time.sleep(_LOOK_SECONDS)
            stand, _ = part.look(None)
            if stand in (Stand.LOST, Stand.MINE):
                stand = part.claim(None)
        return stand is Stand.MINE
