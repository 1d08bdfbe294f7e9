"""The file on disk while it is being written: who writes it, what it hashes to, and its one way to be seen.

All of this waits for the disk: it belongs into threads.
"""

import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum
from pathlib import Path

from addons.cache.plain_files import Obstructed, clear, open_plain
from addons.cache.promised import Mismatch, NotKept, Promise
from addons.cache.proofs import Mark, mark_of

type Write = Callable[[int, bytes | memoryview], int]

_PIECE = 1 << 18  # bytes hashed at a time of what a writer before us has left


class Stand(Enum):
    """How it stands with a file that is being written."""

    MINE = "we hold the lock, and write"
    ELSEWHERE = "another process holds the lock, and writes"
    DONE = "it has its name, and is as promised"
    LOST = "who wrote it gave it up, and took it away"


class PartFile:
    """A file that grows at `path` and ends at `final`, written by whoever holds the lock (flock) on it.

    The lock goes with its holder, however that dies: so a file without a live lock is a leftover, or up to be taken
    over. Every holder hashes all of it, what was there before included.
    """

    def __init__(self, path: Path, final: Path, write: Write = os.write) -> None:
        self._path = path
        self.final = final
        self._write = write
        self._descriptor = -1
        self._sha256 = hashlib.sha256(usedforsecurity=False)
        self._blake2b = hashlib.blake2b(digest_size=32)
        self._size = 0
        self._left: Mark | None = None  # as what we left it, where we write
        self._holding = False
        self._closing = threading.Lock()

    @property
    def descriptor(self) -> int:
        """The open file, to read from; -1 once it is closed."""
        return self._descriptor

    def claim(self, size: int | None) -> Stand:
        """Open the file, made if it is not there, and try to be its writer; `size` in bytes, if known. Raises OSError.

        What a writer before us has left is gone on with, unless nobody could tell where.
        """
        while True:
            self.close()
            self._descriptor = _made(self._path)
            if not self._lock():
                return Stand.ELSEWHERE
            if self._is(self._path) and self._can_go_on(size):  # else its last writer was done while we opened it
                return self._unless_done()

    def _can_go_on(self, size: int | None) -> bool:
        if self.length() <= (size or 0):
            return True
        self.discard()
        return False

    def look(self, size: int | None) -> tuple[Stand, int]:
        """Tell how it stands with a file that another process was writing, and its length in bytes. Raises OSError."""
        stand = Stand.ELSEWHERE
        if self._is(self.final):
            stand = Stand.DONE
        elif self._lock():
            mine = self._is(self._path) and self._can_go_on(size)
            stand = Stand.DONE if self._is(self.final) else Stand.MINE if mine else Stand.LOST
        return stand, self.length()  # asked last: what is done does not grow any more

    def _lock(self) -> bool:
        self._holding = _locked(self._descriptor)
        if self._holding:
            self._left = mark_of(self._descriptor)
        return self._holding

    def _unless_done(self) -> Stand:
        try:
            descriptor = open_plain(self.final, os.O_RDONLY)
        except FileNotFoundError:
            return Stand.MINE
        except Obstructed:
            clear(self.final)
            return Stand.MINE
        if not _is_right(descriptor, self.final):
            return Stand.MINE
        self.discard()
        self.close()
        self._descriptor = descriptor
        return Stand.DONE

    def length(self) -> int:
        """Give the file's length in bytes."""
        return os.fstat(self._descriptor).st_size

    def take_up(self) -> int:
        """Hash what a writer before us has left, and give how many bytes that is. Raises OSError."""
        while piece := os.pread(self._descriptor, _PIECE, self._size):
            self._hash(piece)
        os.lseek(self._descriptor, self._size, os.SEEK_SET)
        return self._size

    def append(self, pieces: Iterable[bytes], most: int | None) -> int:
        """Write and hash further bytes; gives the length after them. Raises OSError; Mismatch beyond `most` bytes.

        What is hashed is what came, and readers have what lies on disk: NotKept if somebody else wrote to it.
        """
        with self._closing:
            self._as_we_left_it()
            for piece in pieces:
                if most is not None and self._size + len(piece) > most:
                    raise Mismatch(f"the body is longer than the {most} bytes of its page")
                rest = memoryview(piece)
                while rest:
                    rest = rest[self._write(self._descriptor, rest) :]
                self._hash(piece)
            self._left = mark_of(self._descriptor)
        return self._size

    def _as_we_left_it(self) -> None:
        if mark_of(self._descriptor) != self._left:
            raise NotKept("somebody else wrote to its file")

    def _hash(self, piece: bytes) -> None:
        self._sha256.update(piece)
        self._blake2b.update(piece)
        self._size += len(piece)

    def prove(self, promise: Promise) -> Mark:
        """Raise Mismatch unless all that was written is as promised, NotKept if it lies on disk no more. Raises OSError.

        Gives the mark of what is proven.
        """
        self._as_we_left_it()
        if promise.size is not None and self._size != promise.size:
            raise Mismatch(f"the body ended after {self._size} of {promise.size} bytes")
        if (said := self._sha256.hexdigest()) != promise.sha256:
            raise Mismatch(f"the body's sha256 is {said}, its page says {promise.sha256}")
        if promise.blake2b is not None and (said := self._blake2b.hexdigest()) != promise.blake2b:
            raise Mismatch(f"the body's BLAKE2b is {said}, its address says {promise.blake2b}")
        assert self._left is not None  # we hold the lock
        return self._left

    def keep(self) -> None:
        """Give the proven file its name, so that it is there after a loss of power too. Raises OSError or NotKept."""
        os.fsync(self._descriptor)
        self.final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._is(self._path):
            raise NotKept("its folder was taken away meanwhile")
        self._path.replace(self.final)
        for folder in (self.final.parent, self.final.parent.parent):
            _fsync_folder(folder)

    def discard(self) -> None:
        """Take the file away if it is still ours and has not got its name; what is open of it can still be read."""
        with suppress(OSError):  # a folder that is not there any more has no file of ours either
            if self._holding and self._is(self._path):
                self._path.unlink()
        self.release()

    def release(self) -> None:
        """Let another process have it."""
        if self._holding:
            self._holding = False
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def sweep(self) -> None:
        """Take the file away unless another process has it now. Raises OSError."""
        sweep(self._path)

    def close(self) -> None:
        """Close the file, and with it the lock."""
        with self._closing:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
                self._holding = False

    def _is(self, path: Path) -> bool:
        """Tell whether what we have open is what lies there."""
        try:
            return os.path.samestat(path.stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False


def sweep(path: Path, remove: bool = True) -> bool:
    """Take a file away that nobody writes, and tell whether it was one; what is being written stays. Raises OSError."""
    try:
        descriptor = open_plain(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except Obstructed:
        if remove:
            clear(path)
        return True
    try:
        with suppress(FileNotFoundError):
            if _locked(descriptor) and os.path.samestat(path.stat(), os.fstat(descriptor)):
                if remove:
                    path.unlink()
                return True
    finally:
        os.close(descriptor)
    return False


def _made(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT
    try:
        return open_plain(path, flags)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except Obstructed:
        clear(path)
    return open_plain(path, flags)


def _is_right(descriptor: int, path: Path) -> bool:
    """Tell whether an open file hashes to its name; else close it, and take it away. Raises OSError."""
    with open(descriptor, "rb", closefd=False) as file:
        right = hashlib.file_digest(file, "sha256").hexdigest() == path.name
    if not right:
        os.close(descriptor)
        path.unlink(missing_ok=True)
    return right


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
