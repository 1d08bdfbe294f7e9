"""Reading little of an archive: what is wrong with one, how much of it is looked at, and a few stretches of its bytes.

Nothing here knows where the archive lies: on disk, or behind range requests, where each stretch is a request.
"""

from collections.abc import Callable
from dataclasses import dataclass

type Read = Callable[[int, int], bytes]
"""Gives `count` bytes from `at` on, both within the archive's length; what it raises itself goes through."""


class NotADistribution(ValueError):
    """The archive is damaged, ambiguous, or without its core metadata. In words that follow `it`."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is looked at before an archive is refused; more than any honest one needs."""

    directory: int = 16 * 1024 * 1024  # bytes of a ZIP archive's central directory
    members: int = 100_000  # entries of a directory, headers of a tar archive
    metadata: int = 10 * 1024 * 1024  # bytes of core metadata, packed or not; PyPI's files have a few thousand
    ratio: int = 100  # times its packed size, of core metadata larger than 1 MiB
    headers: int = 1024 * 1024  # bytes of core metadata before its description
    extended: int = 64 * 1024  # bytes of one extended header of a tar archive
    unpacked: int = 1024 * 1024 * 1024  # bytes of a tar archive unpacked to find its PKG-INFO


BOUNDS = Bounds()


def shown(name: bytes | str) -> str:
    """Write a name that somebody else chose so that it can stand in a log: ASCII, one line, short."""
    return ascii(name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name)[:200]


class Stretches:
    """The bytes of an archive that were read, each once: neighbouring structures are got in one go."""

    def __init__(self, read: Read, length: int) -> None:
        self._read, self.length = read, length
        self._had: list[tuple[int, bytes]] = []

    def get(self, at: int, count: int) -> bytes:
        """Give `count` bytes from `at` on; read is only what was not. Raises NotADistribution if they lie outside."""
        if at < 0 or count < 0 or at + count > self.length:
            raise NotADistribution("is damaged: it points outside of itself")
        for start, piece in self._had:
            if start <= at and at + count <= start + len(piece):
                return piece[at - start : at - start + count]
        for start, piece in self._had:
            if at < start <= at + count <= start + len(piece):
                return self._fresh(at, start - at) + piece[: at + count - start]
        return self._fresh(at, count)

    def _fresh(self, at: int, count: int) -> bytes:
        piece = self._read(at, count)
        if len(piece) != count:
            raise NotADistribution("became shorter while it was read")
        self._had.append((at, piece))
        return piece
