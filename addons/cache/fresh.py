"""What has just been written to a growing file, still in memory: who reads along need not ask the system for it."""

from collections.abc import Iterable

_MOST = 1_000_000  # bytes that are held for each growing file, beyond the piece that they end in


class Fresh:
    """A few pieces of one file, one behind the other."""

    def __init__(self) -> None:
        self._pieces: list[tuple[int, bytes]] = []

    def hold(self, at: int, pieces: Iterable[bytes]) -> None:
        """Hold what was written from `at` on, instead of what was held before; of much, its beginning, which is read next."""
        begin, self._pieces = at, []
        for piece in pieces:
            if at - begin >= _MOST:
                break
            self._pieces.append((at, piece))
            at += len(piece)

    def find(self, at: int, stop: int) -> bytes | None:
        """Give bytes from `at` on, before `stop`, of one piece; None if they are not held."""
        for start, piece in self._pieces:
            if start <= at < start + len(piece):
                return piece[at - start : stop - start]
        return None
