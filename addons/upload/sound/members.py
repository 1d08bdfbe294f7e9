"""The members of a wheel: a ZIP archive that reads the same from its front as from its directory (UPL-10).

Source: APPNOTE.TXT 4.3 and 4.4. Every byte belongs to a member, to the directory or to the end record, so nothing can be
hidden; what a member's own header says is what the directory says.
"""

import stat
import struct
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from addons.metadata.bounded import BOUNDS, NotADistribution, Read, Stretches, shown
from addons.metadata.zip_directory import FULL, LOCAL_HEADER, Entry, entries, larger, path
from addons.metadata.zip_end import Directory, find_directory
from addons.upload.sound.bounds import MOST_NAME, most_unpacked
from addons.upload.sound.words import damaged, few, unsound

PIECE = 256 * 1024
"""Bytes that are held at a time."""
_HEADER = struct.Struct("<4s5H3L2H")
_MEMBER, _END = b"PK\x03\x04", b"PK\x05\x06"
_END_SIZE, _LONGEST_DESCRIPTOR = 22, 24
_DESCRIBED, _UTF_8 = 1 << 3, 1 << 11
_STORED, _DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class Members:
    """The files of an archive by name, as its directory lists them, and what is wrong with it.

    `readable`: whether the files may be unpacked: they are no bomb.
    """

    files: Mapping[str, Entry]
    problems: Sequence[str]
    readable: bool


def zip_members(read: Read, length: int) -> Members:
    """List the members of a ZIP archive; nothing is unpacked. Never raises NotADistribution: that is a problem."""
    try:
        archive = Stretches(read, length)
        where = find_directory(archive, BOUNDS)
        listed = list(entries(archive.get(where.start, where.size), where))
        del archive
        problems = list(_ends(read, length, where))
        misplaced = list(few(_places(read, where, listed)))
    except NotADistribution as error:
        return Members({}, [damaged(error)], readable=False)
    named = list(_named(listed))
    bombs = list(_bombs(listed, length))
    alike = _alike([name for name, _ in named])
    problems += [*bombs, *misplaced, *few(_odd(listed)), *few(_names(listed)), *few(alike)]
    return Members({name: each for name, each in named if not name.endswith("/")}, problems, readable=not bombs)


def _ends(read: Read, length: int, where: Directory) -> Iterator[str]:
    if where.shift:
        yield unsound("has bytes before its first member")
    end = read(length - _END_SIZE, _END_SIZE)
    if not end.startswith(_END) or end[-2:] != b"\0\0":
        yield unsound("has a comment, or bytes behind its end")
    if not where.count:
        yield unsound("has no members")


def _places(read: Read, where: Directory, listed: Sequence[Entry]) -> Iterator[str]:
    """Members lie one right behind the other, from the first byte to the directory, each with a header that agrees."""
    at, described = where.shift, 0
    for entry in sorted(listed, key=lambda each: each.offset):
        if not at <= entry.offset <= at + described:
            yield unsound(f"has what is in no directory, or members over each other, before {shown(entry.name)}")
        try:
            data = data_of(read, entry, where.start)
        except NotADistribution as error:
            yield damaged(error)
            return
        at, described = data + entry.packed, _LONGEST_DESCRIPTOR if entry.flags & _DESCRIBED else 0
    if not at <= where.start <= at + described:
        yield unsound("has what is in no directory behind its last member, or a directory that members reach into")


def data_of(read: Read, entry: Entry, end: int) -> int:
    """Give where a member's data begins, behind its own header, which must say what the directory says (4.3.7).

    `end` is where no member reaches. Raises NotADistribution.
    """
    name_end = entry.offset + LOCAL_HEADER + len(entry.name)
    if entry.offset < 0 or name_end > end:
        raise NotADistribution(f"is damaged: its member {shown(entry.name)} is not where its directory says")
    head = read(entry.offset, name_end - entry.offset)
    if len(head) < name_end - entry.offset or not head.startswith(_MEMBER):
        raise NotADistribution(f"is damaged: its member {shown(entry.name)} is not where its directory says")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _HEADER.unpack_from(head)
    data: int = name_end + extra_length
    if data + entry.packed > end:
        raise NotADistribution(f"is damaged: its member {shown(entry.name)} reaches into its directory")
    extra = read(name_end, extra_length)
    if extra or FULL in (size, packed):
        size, packed = larger(entry.name, extra, (size, packed))
    if flags & _DESCRIBED:  # which is refused anyway, and says nothing here
        crc, packed, size = entry.crc, entry.packed, entry.size
    said = (name_length, head[LOCAL_HEADER:], flags, method, crc, packed, size)
    if said != (len(entry.name), entry.name, entry.flags, entry.method, entry.crc, entry.packed, entry.size):
        raise NotADistribution(f"is ambiguous: its directory and the header of {shown(entry.name)} disagree")
    return data


def _odd(listed: Sequence[Entry]) -> Iterator[str]:
    if any(entry.flags & _DESCRIBED for entry in listed):
        yield unsound("has data descriptors: it was written to a stream; write it to a file that can be sought in")
    for entry in listed:
        name = shown(entry.name)
        kind = stat.S_IFMT(entry.attributes >> 16)
        if entry.comment:
            yield unsound(f"has a comment on its member {name}")
        if entry.method not in (_STORED, _DEFLATED):
            yield unsound(f"has a member that is neither stored nor deflated: {name}")
        elif entry.method == _STORED and entry.size != entry.packed:
            yield unsound(f"is ambiguous: its stored member {name} has two sizes")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or (entry.name.endswith(b"/") and entry.size):
            yield unsound(f"has a member that is a link or no file: {name}")


def _names(listed: Sequence[Entry]) -> Iterator[str]:
    for entry in listed:
        try:
            name = path(entry.name)
        except NotADistribution as error:
            yield damaged(error)
            continue
        if len(name) > MOST_NAME:
            yield unsound(f"has a member with a name of more than {MOST_NAME} characters")
        elif any(unicodedata.category(each) in _UNSHOWN for each in name):
            yield unsound(f"has a member with control characters in its name: {shown(name)}")
        elif not name.isascii() and not entry.flags & _UTF_8:
            yield unsound(f"is ambiguous: the name of its member {shown(name)} is not marked as UTF-8")


_UNSHOWN = ("Cc", "Cf", "Zl", "Zp")  # of Unicode: control, format, line and paragraph separators


def _named(listed: Sequence[Entry]) -> Iterator[tuple[str, Entry]]:
    for entry in listed:
        try:
            yield path(entry.name), entry
        except NotADistribution:
            continue


def _bombs(listed: Sequence[Entry], length: int) -> Iterator[str]:
    """The sizes are what members say; no more than that is unpacked of any."""
    if sum(entry.size for entry in listed) > most_unpacked(length):
        yield unsound("unpacks to more than 50 times its size, or to more than 16 GiB")


def _alike(named: Sequence[str]) -> Iterator[str]:
    """Names that are one file on some disk, and files that are also folders."""
    seen: dict[str, str] = {}
    for name in named:
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.rstrip("/")).casefold())
        if key in seen:
            yield unsound(f"has two members that are one file on some systems: {shown(seen[key])} and {shown(name)}")
        seen[key] = name
    for key, name in seen.items():
        folder = key.rpartition("/")[0]
        if folder in seen and not seen[folder].endswith("/"):
            yield unsound(f"has a file in what is no folder: {shown(name)}")


def unpacked(read: Read, entry: Entry, length: int) -> Iterator[bytes]:
    """Yield a member's content in pieces, never more of it than its directory says. Raises NotADistribution."""
    data = data_of(read, entry, length)
    pieces = _packed(read, data, entry.packed)
    crc = size = 0
    for piece in pieces if entry.method == _STORED else _inflated(pieces, entry):
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        if size > entry.size:
            break
        yield piece
    if size != entry.size or crc != entry.crc:
        raise NotADistribution(f"is damaged: the size or the CRC of its member {shown(entry.name)} is wrong")


def _packed(read: Read, at: int, count: int) -> Iterator[bytes]:
    while count:
        piece = read(at, min(PIECE, count))
        if not piece:
            raise NotADistribution("became shorter while it was read")
        at, count = at + len(piece), count - len(piece)
        yield piece


def _inflated(pieces: Iterator[bytes], entry: Entry) -> Iterator[bytes]:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for packed in pieces:
            yield stream.decompress(packed, PIECE)
            while stream.unconsumed_tail:
                yield stream.decompress(stream.unconsumed_tail, PIECE)
        while not stream.eof and (more := stream.decompress(b"", PIECE)):
            yield more
    except zlib.error:
        raise NotADistribution(f"is damaged: its member {shown(entry.name)} cannot be unpacked") from None
    if not stream.eof or stream.unused_data:
        raise NotADistribution(f"is damaged: its member {shown(entry.name)} is not as long as it says")
