"""Bodies that can be read in parts without being held: what an answer sends, and what the faults put in its place."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, override

CHUNK = 65_521  # bytes; a prime, so that a pattern that starts again never falls on a block's border
_BLOCK = hashlib.shake_256(b"wheelgate's fake PyPI").digest(CHUNK) * 2


class Body(Protocol):
    """Bytes of a known length that can be read from any place, as often as wanted."""

    @property
    def size(self) -> int:
        """The length in bytes."""

    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to `end` (exclusive; None: the end), in pieces of at most CHUNK bytes."""


@dataclass(frozen=True)
class Held(Body):
    """Bytes held in memory."""

    content: bytes

    @property
    @override
    def size(self) -> int:
        return len(self.content)

    @override
    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        stop = self.size if end is None else end
        for at in range(start, stop, CHUNK):
            yield self.content[at : min(at + CHUNK, stop)]


@dataclass(frozen=True)
class Pattern(Body):
    """`length` bytes that look random, are always the same, and are made when they are read."""

    length: int

    @property
    @override
    def size(self) -> int:
        return self.length

    @override
    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        stop = self.length if end is None else end
        for at in range(start, stop, CHUNK):
            offset = at % CHUNK
            yield _BLOCK[offset : offset + min(CHUNK, stop - at)]


@dataclass(frozen=True)
class Joined(Body):
    """Several bodies, one after the other."""

    parts: tuple[Body, ...]

    @property
    @override
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    @override
    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        stop = self.size if end is None else end
        before = 0  # bytes of the parts that are done with
        for part in self.parts:
            low, high = max(start - before, 0), min(stop - before, part.size)
            if low < high:
                yield from part.chunks(low, high)
            before += part.size


@dataclass(frozen=True)
class Part(Body):
    """The bytes of another body from `start` up to `end` (exclusive)."""

    whole: Body
    start: int
    end: int

    @property
    @override
    def size(self) -> int:
        return self.end - self.start

    @override
    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        stop = self.size if end is None else end
        return self.whole.chunks(self.start + start, self.start + stop)


def flipped(body: Body, offset: int) -> Body:
    """The same body with every bit of the byte at `offset` turned over (of the last byte if there are fewer)."""
    if not body.size:
        return body
    at = min(offset, body.size - 1)
    wrong = bytes([read(Part(body, at, at + 1))[0] ^ 0xFF])
    return Joined((Part(body, 0, at), Held(wrong), Part(body, at + 1, body.size)))


def read(body: Body) -> bytes:
    """The whole body, in memory."""
    return b"".join(body.chunks())


def digests(body: Body) -> tuple[str, str]:
    """The SHA-256 and the BLAKE2b-256 of a body, lower-case hex, read once and never held."""
    sha256, blake2b = hashlib.sha256(), hashlib.blake2b(digest_size=32)
    for chunk in body.chunks():
        sha256.update(chunk)
        blake2b.update(chunk)
    return sha256.hexdigest(), blake2b.hexdigest()
