"""The members of a gzipped tar archive, front to back, holding a piece of it at a time.

The standard library's tarfile reads each header block; what stands around the blocks is read here: tarfile takes extended
headers of any length into memory, recurses from one to the next, and its expressions need quadratic time for some
(CVE-2024-6232). Sources: POSIX.1-2017 pax, "Extended Header"; GNU tar, "Basic Tar Format".
"""

import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from addons.metadata.bounded import Bounds, NotADistribution, Read, shown

_PIECE = 256 * 1024  # bytes
_BLOCK = 512
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_LONG = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_EMPTY = (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)
PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE)
"""The kinds of members that are regular files."""
_DIGITS, _ROOM = 20, 8**11  # of a size in a pax header; bytes that a size in a plain header can say
NOWHERE = "has no PKG-INFO in its top folder"


@dataclass(frozen=True, slots=True)
class Member:
    """One member as its headers say: `kind` is tarfile's type, `link` what a link points at, "" for others. Size in bytes."""

    name: str
    kind: bytes
    size: int
    link: str = ""


class Unpacked:
    """The bytes of the archive's first gzip stream, in order. Raises NotADistribution where it is damaged.

    `until` is what is wrong where a bound is reached, in words that "in the first so many MiB" follows.
    """

    def __init__(self, read: Read, length: int, bounds: Bounds, until: str = f"{NOWHERE}, not") -> None:
        self._read, self._length, self.bounds, self.until = read, length, bounds, until
        self._at = self._total = self._taken = 0
        self._gzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._rest = b""  # of which so many are taken as `_taken` says

    def _more(self) -> bytes:
        """Give the next piece, empty at the end."""
        while not self._gzip.eof:
            packed = self._gzip.unconsumed_tail or self._packed()
            try:
                piece = self._gzip.decompress(packed, _PIECE)
            except zlib.error:
                raise NotADistribution("is no readable archive: its gzip stream is damaged") from None
            self._total += len(piece)
            if self._total > self.bounds.unpacked:
                raise NotADistribution(f"{self.until} in the first {self.bounds.unpacked >> 20} MiB")
            if piece:
                return piece
        return b""

    def _packed(self) -> bytes:
        count = min(_PIECE, self._length - self._at)
        packed = self._read(self._at, count) if count else b""
        if not packed:
            raise NotADistribution("is no readable archive: it is cut off")
        self._at += len(packed)
        return packed

    def take(self, count: int) -> bytes:
        """Give so many bytes; nothing if the archive ended before the first of them."""
        pieces, missing = [], count
        while missing:
            if self._taken == len(self._rest):
                self._rest, self._taken = self._more(), 0
            if not self._rest:
                break
            pieces.append(self._rest[self._taken : self._taken + missing])
            missing -= len(pieces[-1])
            self._taken += len(pieces[-1])
        if missing not in (0, count):
            raise NotADistribution("is no readable archive: it ends within a member")
        return b"".join(pieces)

    def skip(self, count: int) -> None:
        """Unpack so many bytes and forget them."""
        if count > self.bounds.unpacked:  # told by what it declares, before a byte of it is unpacked
            raise NotADistribution(f"{self.until} in the first {self.bounds.unpacked >> 20} MiB")
        while count:
            taken = self.take(min(count, _PIECE))
            if not taken:
                raise NotADistribution("is no readable archive: it ends within a member")
            count -= len(taken)

    def finish(self) -> None:
        """Unpack what is left, which must be nothing but zeros, and the gzip stream must end with the file."""
        rest = self._rest[self._taken :]
        while rest or (rest := self._more()):
            if rest.strip(b"\0"):
                raise NotADistribution("has more behind its end")
            rest = b""
        if self._gzip.unused_data or self._at != self._length:
            raise NotADistribution("has bytes behind its gzip stream")


@dataclass(slots=True)
class _Ahead:
    """What extended headers say of the member that follows them."""

    long: dict[bytes, bytes] = field(default_factory=dict)
    pax: dict[bytes, bytes] | None = None


def members(unpacked: Unpacked) -> Iterator[Member]:
    """Yield the members, one by one; its content is to be taken or skipped (`padded`) before the next one is asked for."""
    ahead = _Ahead()
    for _ in range(unpacked.bounds.members):
        block = unpacked.take(_BLOCK)
        if not block or not block.strip(b"\0"):
            return
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.TarError, ValueError, OverflowError):
            raise NotADistribution("is no readable archive: a tar header is damaged") from None
        if header.size < 0 or header.type == tarfile.GNUTYPE_SPARSE:
            raise NotADistribution("has sparse members, or such with a negative size")
        if header.type in (*_PAX, *_LONG, tarfile.XGLTYPE):
            _note(ahead, header.type, _extension(unpacked, header.size))
            continue
        yield _member(header, ahead)
        ahead = _Ahead()
    raise NotADistribution(f"{unpacked.until} among its first {unpacked.bounds.members} members")


def _extension(unpacked: Unpacked, size: int) -> bytes:
    if size > unpacked.bounds.extended:
        raise NotADistribution(f"has a tar header of more than {unpacked.bounds.extended >> 10} KiB")
    content = unpacked.take(padded(size))
    if len(content) < size or content[size:].strip(b"\0"):
        raise NotADistribution("is no readable archive: a tar header is damaged")
    return content[:size]


def _note(ahead: _Ahead, kind: bytes, content: bytes) -> None:
    """Remember an extended header. Two of a kind, or of both manners, are refused: readers take different ones."""
    if kind in _LONG:
        if kind in ahead.long or ahead.pax is not None:
            raise NotADistribution("is ambiguous: a member has two names")
        ahead.long[kind] = content
        return
    records = _records(content)
    if any(key.startswith(b"GNU.sparse.") for key in records):
        raise NotADistribution("has sparse members")
    if kind == tarfile.XGLTYPE:
        if records.keys() & {b"path", b"size"} or ahead.pax is not None or ahead.long:
            raise NotADistribution("is ambiguous: a global header names a member")
        return
    if ahead.pax is not None or ahead.long:
        raise NotADistribution("is ambiguous: a member has two names")
    ahead.pax = records


def _records(content: bytes) -> dict[bytes, bytes]:
    """Split a pax header into `length key=value` records, each key once."""
    records: dict[bytes, bytes] = {}
    at = 0
    while at < len(content):
        digits, space, _ = content[at : at + 8].partition(b" ")
        end = at + int(digits) if space and digits.isdigit() and not digits.startswith(b"0") else 0
        key, equals, value = content[at + len(digits) + 1 : end].partition(b"=")
        if not at < end <= len(content) or not equals or not value.endswith(b"\n") or not key or key in records:
            raise NotADistribution("is no readable archive: a pax header is damaged")
        records[key] = value[:-1]
        at = end
    return records


def _member(header: tarfile.TarInfo, ahead: _Ahead) -> Member:
    name, pax = header.name, ahead.pax or {}
    if tarfile.GNUTYPE_LONGNAME in ahead.long:
        name = ahead.long[tarfile.GNUTYPE_LONGNAME].partition(b"\0")[0].decode("utf-8", "surrogateescape")
    name = pax[b"path"].decode("utf-8", "surrogateescape") if b"path" in pax else name
    if "\0" in name:
        raise NotADistribution(f"is ambiguous: its member {shown(name)} has two names")
    return Member(name, header.type, _size(header, name, pax.get(b"size")), _link(header, ahead))


def _link(header: tarfile.TarInfo, ahead: _Ahead) -> str:
    """Give what a link points at; a member that is none points nowhere."""
    if header.type not in (tarfile.LNKTYPE, tarfile.SYMTYPE):
        return ""
    link = (ahead.pax or {}).get(b"linkpath", ahead.long.get(tarfile.GNUTYPE_LONGLINK))
    return header.linkname if link is None else link.rstrip(b"\0").decode("utf-8", "surrogateescape")


def _size(header: tarfile.TarInfo, name: str, pax: bytes | None) -> int:
    """Give the member's size; the two headers may differ only where the plain one has no room for it (8 GiB)."""
    size = int(pax) if pax is not None and pax.isdigit() and len(pax) <= _DIGITS else header.size
    if (pax is not None and pax != b"%d" % size) or (header.type in _EMPTY and size):
        raise NotADistribution(f"is ambiguous: its member {shown(name)} has two sizes")
    if size != header.size and size < _ROOM:
        raise NotADistribution(f"is ambiguous: its member {shown(name)} has two sizes")
    return size


def padded(size: int) -> int:
    """Give how many bytes a member of this size takes."""
    return -(-size // _BLOCK) * _BLOCK
