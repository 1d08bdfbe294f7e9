"""Files of any size whose bytes are known beforehand and are nowhere: not on a disk, and no gigabyte in memory.

A file is one block of noise, over and over, each time begun at another byte, and a tail of its own. All files
of one size are the same up to the tail, so that hashing the first costs seconds and each further one nothing.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.documents import PYPI_FILES, Entry, as_pypi_writes, json_page

PROJECT = "bulk"
_BLOCK = 1 << 20
_SHIFT = 4093  # a prime: no two blocks of a file begin at the same byte until there are a million of them
_TAIL = 64
_NOISE = hashlib.shake_128(b"benchmark").digest(_BLOCK) * 2


@dataclass(frozen=True)
class Bulk:
    """A file of so many bytes; its number tells it from the others of its size."""

    size: int
    number: int = 0

    @property
    def filename(self) -> str:
        """A wheel's, one release for each file."""
        return f"{PROJECT}-{self.size}.{self.number}-py3-none-any.whl"

    @property
    def tail(self) -> bytes:
        """What only this one has."""
        return hashlib.shake_128(self.filename.encode()).digest(_TAIL)

    def pieces(self) -> Iterator[memoryview]:
        """Its bytes, in pieces of at most a mebibyte, without a copy."""
        noise, left, start = memoryview(_NOISE), self.size - _TAIL, 0
        while left > 0:
            length = min(left, _BLOCK)
            yield noise[start : start + length]
            left, start = left - length, (start + _SHIFT) % _BLOCK
        yield memoryview(self.tail)


@dataclass(frozen=True)
class Offered:
    """A file, its hash, and its entry on the page, whose address is its BLAKE2b-256 as PyPI's are."""

    bulk: Bulk
    sha256: str
    entry: Entry

    @property
    def path(self) -> str:
        """Where it is on the files host."""
        return str(self.entry["url"]).removeprefix(PYPI_FILES)


def offered(files: Sequence[Bulk]) -> Sequence[Offered]:
    """Hash them all, each size once."""
    beginnings: dict[int, tuple[Any, Any]] = {}
    for size in {file.size for file in files}:
        sha256, blake2b = hashlib.sha256(), hashlib.blake2b(digest_size=32)
        *pieces, _ = Bulk(size).pieces()
        for piece in pieces:
            sha256.update(piece)
            blake2b.update(piece)
        beginnings[size] = sha256, blake2b
    return [_offered(file, *beginnings[file.size]) for file in files]


def _offered(file: Bulk, sha256: Any, blake2b: Any) -> Offered:  # hashlib has no public types
    sha256, blake2b = sha256.copy(), blake2b.copy()
    sha256.update(file.tail)
    blake2b.update(file.tail)
    return Offered(file, sha256.hexdigest(), entry(file.filename, file.size, sha256.hexdigest(), blake2b.hexdigest()))


def entry(filename: str, size: int, sha256: str, blake2b: str, described: str = "") -> Entry:
    """A file's entry on its page; `described` is the sha256 of its core metadata, if that can be had."""
    return as_pypi_writes(
        {
            "filename": filename,
            "hashes": {"sha256": sha256},
            "requires-python": None,
            "size": size,
            "upload-time": "2026-01-02T03:04:05.678901Z",
            "url": f"{PYPI_FILES}/packages/{blake2b[:2]}/{blake2b[2:4]}/{blake2b[4:]}/{filename}",
            "yanked": False,
        },
        described,
    )


def page(files: Sequence[Offered]) -> bytes:
    """The page of all of them."""
    return json_page(PROJECT, [file.entry for file in files])
