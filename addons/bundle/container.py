"""The container: a tar archive that has exactly the bytes that follow from its manifest, and no others.

So nothing of it is parsed but the manifest. Every header is compared with the one that must be there: what is doubled,
in another order, a link, a device, of another name or length, or behind the end, is none of it (POSIX.1-1988 ustar).
"""

import hashlib
import os
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from addons.bundle.manifest import MOST_MANIFEST, BadBundle, Manifest, decoded

PIECE = 1 << 20
"""Bytes that are read or written at a time."""

MANIFEST, SIGNATURE = "manifest.json", "manifest.signature"
SIGNATURE_BYTES = 202

_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)
_LENGTH = re.compile(rb"[0-7]{11}\0")


type Told = Callable[[int], object]
"""Called with the number of bytes that have been got through since it was called last."""


class Member(NamedTuple):
    """An entry: its name, its bytes' sha256 and number, and where its header begins."""

    name: str
    sha256: str
    size: int
    at: int

    @property
    def content(self) -> int:
        """Where its bytes begin."""
        return self.at + _BLOCK

    @property
    def end(self) -> int:
        """Where the next header begins."""
        return self.content + _padded(self.size)


class Layout(NamedTuple):
    """Where everything lies: files first, so that a page never comes before what it names; `size` is the whole's."""

    files: tuple[Member, ...]
    bodies: tuple[Member, ...]
    size: int


def layout_of(manifest: Manifest, begin: int) -> Layout:
    """Lay out what the manifest has from the byte `begin` on."""
    files = _placed("files", ((each.sha256, each.size) for each in manifest.files), begin)
    bodies = _placed("documents", manifest.bodies.items(), files[-1].end if files else begin)
    last = (*files, *bodies)
    return Layout(files, bodies, (last[-1].end if last else begin) + len(_END))


def _placed(folder: str, entries: Iterable[tuple[str, int]], at: int) -> tuple[Member, ...]:
    placed = []
    for sha256, size in entries:
        placed.append(Member(f"{folder}/{sha256}", sha256, size, at))
        at = placed[-1].end
    return tuple(placed)


def header(name: str, size: int) -> bytes:
    """Give the header of an entry."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.USTAR_FORMAT)


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def begin_of(manifest: bytes, signed: bool) -> int:
    """Give where the entries of the manifest begin."""
    before = _BLOCK + _padded(len(manifest))
    return before + _BLOCK + _padded(SIGNATURE_BYTES) if signed else before


def write(
    out: BinaryIO,
    manifest: bytes,
    signature: bytes | None,
    members: Iterable[Member],
    pieces: Callable[[Member], Iterable[bytes]],
) -> None:
    """Write a bundle; `pieces` gives an entry's bytes. Raises OSError and what `pieces` does.

    Raises BadBundle where the bytes are not what the manifest says: they changed while it was written.
    """
    _write_entry(out, MANIFEST, manifest)
    if signature is not None:
        _write_entry(out, SIGNATURE, signature)
    for member in members:
        out.write(header(member.name, member.size))
        out.writelines(proven(member, pieces(member)))
        out.write(bytes(_padded(member.size) - member.size))
    out.write(_END)


def _write_entry(out: BinaryIO, name: str, content: bytes) -> None:
    out.write(header(name, len(content)) + content + bytes(_padded(len(content)) - len(content)))


def proven(member: Member, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pass on an entry's bytes; raises BadBundle at their end if they are not what the manifest says."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        yield piece
    if (size, digest.hexdigest()) != (member.size, member.sha256):
        raise BadBundle(f"{member.name} is not what its name and the manifest say: its bytes are other ones")


class Bundle:
    """A bundle that is open for reading; its manifest is read, and checked for what it says of itself.

    `sha256` is the manifest's own, which all the rest hangs on. `signature`: as it stands there, or None. Raises
    BadBundle and OSError.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            self.written = self._first()
            self.sha256 = hashlib.sha256(self.written).hexdigest()
            self.manifest = decoded(self.written)
            self.signature = self._signature()
            self.layout = layout_of(self.manifest, begin_of(self.written, self.signature is not None))
            self._check_size()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._file.close()

    def _first(self) -> bytes:
        first = self._file.read(_BLOCK)
        said = first[124:136]
        size = int(said[:11], 8) if _LENGTH.fullmatch(said) else -1
        if not 0 <= size <= MOST_MANIFEST or first != header(MANIFEST, size):
            raise BadBundle("it is no bundle of wheelgate's: it does not begin with a manifest")
        return self._content(MANIFEST, size)

    def _content(self, name: str, size: int) -> bytes:
        content = self._file.read(_padded(size))
        if len(content) < _padded(size):
            raise BadBundle(f"it is cut off in {name}: it was not copied to its end")
        if any(content[size:]):
            raise BadBundle(f"behind {name} lies something that belongs to nothing")
        return content[:size]

    def _signature(self) -> bytes | None:
        if self._file.read(_BLOCK) != header(SIGNATURE, SIGNATURE_BYTES):
            return None
        return self._content(SIGNATURE, SIGNATURE_BYTES)

    def _check_size(self) -> None:
        there = os.fstat(self._file.fileno()).st_size
        if there < self.layout.size:
            raise BadBundle(f"it is cut off: it has {there} of {self.layout.size} bytes; copy it again")
        if there > self.layout.size:
            raise BadBundle("behind its end lies something that belongs to nothing")

    def pieces(self, member: Member) -> Iterator[bytes]:
        """Give an entry's bytes, which are proven when the last one was given."""
        self._file.seek(member.at)
        if self._file.read(_BLOCK) != header(member.name, member.size):
            raise BadBundle(f"where {member.name} must be, there is something else")
        yield from proven(member, self._read(member.size))
        if any(self._file.read(_padded(member.size) - member.size)):
            raise BadBundle(f"behind {member.name} lies something that belongs to nothing")

    def _read(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self._file.read(min(size, PIECE))
            if not piece:
                raise BadBundle("it is cut off: it became shorter while it was read")
            size -= len(piece)
            yield piece

    def verify(self, told: Told) -> None:
        """Read all of it. Raises BadBundle or OSError."""
        for member in (*self.layout.files, *self.layout.bodies):
            self.read(member, told)
        self.check_end()

    def read(self, member: Member, told: Told) -> None:
        """Read an entry, and prove it. Raises BadBundle or OSError."""
        for piece in self.pieces(member):
            told(len(piece))

    def check_end(self) -> None:
        """Raise BadBundle unless it ends as it must."""
        self._file.seek(self.layout.size - len(_END))
        if self._file.read(len(_END) + 1) != _END:
            raise BadBundle("behind its last entry lies something that belongs to nothing")
