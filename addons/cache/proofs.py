"""Which kept files this process has seen to hash to their names, and as what it saw them.

A name was given to the right bytes only. But disks turn bytes, and people and their programs write into folders: so the
first reading of a file by a process hashes it, and so does the first one after it was written to.
"""

import asyncio
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from addons.cache.promised import Wrong

_MOST = 20_000  # files that are remembered
_PIECE = 1 << 22  # bytes hashed at a time


class Mark(NamedTuple):
    """What tells a file from one that was put in its place or written to: device, inode, bytes, last change (ns)."""

    device: int
    inode: int
    size: int
    changed: int


def mark_of(descriptor: int) -> Mark:
    """Give the mark of an open file. Raises OSError."""
    status = os.fstat(descriptor)
    return Mark(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class Proofs:
    """The proven files, by sha256; any thread may ask and note. `wrong` is told the sha256 and the mark of a file that does not hash to it."""

    def __init__(self, wrong: Callable[[str, Mark], object]) -> None:
        self._wrong = wrong
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Mark] = OrderedDict()
        self._under_way: dict[tuple[str, Mark], asyncio.Task[bool]] = {}

    def note(self, sha256: str, mark: Mark) -> None:
        """Remember that the file that has this mark is right."""
        with self._lock:
            self._known[sha256] = mark
            self._known.move_to_end(sha256)
            if len(self._known) > _MOST:
                self._known.popitem(last=False)

    def known(self, sha256: str, mark: Mark) -> bool:
        """Tell whether it was seen to be right as it is."""
        with self._lock:
            return self._known.get(sha256) == mark

    def prove(self, sha256: str, descriptor: int) -> asyncio.Task[bool]:
        """Hash the open file, once for all who ask at a time; the descriptor may be closed meanwhile. Raises OSError."""
        key = sha256, mark_of(descriptor)
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.ensure_future(self._prove(*key, os.dup(descriptor)))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._under_way.pop(key, None))
        return task

    async def readable_to(self, sha256: str, descriptor: int, at: int, stop: int) -> int:
        """Tell how far of the bytes from `at` to the file's end, `stop`, can be given: the last one if it is proven.

        Raises Wrong, OSError.
        """
        if self.known(sha256, mark_of(descriptor)):
            return stop
        proof = self.prove(sha256, descriptor)
        if at < stop - 1:
            return stop - 1
        if not await asyncio.shield(proof):
            raise Wrong("it does not hash to its name any more")
        return stop

    async def _prove(self, sha256: str, mark: Mark, descriptor: int) -> bool:
        try:
            right = await _hashed(descriptor) == sha256 and mark_of(descriptor) == mark
        except OSError:  # what cannot be read is as good as wrong
            right = False
        finally:
            os.close(descriptor)
        if right:
            self.note(sha256, mark)
        else:
            await asyncio.to_thread(self._wrong, sha256, mark)
        return right

    async def close(self) -> None:
        """Stop what is being hashed."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _hashed(descriptor: int) -> str:
    digest, at = hashlib.sha256(usedforsecurity=False), 0
    while count := await asyncio.to_thread(_hash, digest, descriptor, at):
        at += count
    return digest.hexdigest()


def _hash(digest: "hashlib._Hash", descriptor: int, at: int) -> int:
    piece = os.pread(descriptor, _PIECE, at)
    digest.update(piece)
    return len(piece)
