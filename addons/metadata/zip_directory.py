"""What a ZIP archive's central directory lists (APPNOTE.TXT 4.3.12, 4.5.3, 4.6.9), strictly read."""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from addons.metadata.bounded import NotADistribution, shown
from addons.metadata.zip_end import Directory

_ENTRY = struct.Struct("<4s6H3L5H2L")
_SIGNATURE = b"PK\x01\x02"
_NEWEST = 63  # version needed to extract, times ten: zipfile refuses a whole archive for a newer one
_HIDDEN = 1 | 1 << 5 | 1 << 6 | 1 << 13  # encrypted, patched, strongly encrypted, masked
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075
FULL = 0xFFFFFFFF  # "look into ZIP64's extra field"
LOCAL_HEADER = 30  # bytes, without name and extra field
_LONGEST_REST = 0xFFFF + 24  # bytes: what an entry does not tell of its member: local extra field, data descriptor
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Entry:
    """One member as the directory has it. Offsets and sizes in bytes; `end` is where the next thing begins.

    `comment` is the length of its comment, `attributes` are those outside of the archive: of a file of Unix, its mode above
    bit 16.
    """

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    end: int = 0
    comment: int = 0
    attributes: int = 0


def entries(content: bytes, where: Directory) -> Iterator[Entry]:
    """Read the whole directory, entry by entry. Raises NotADistribution."""
    at = count = 0
    while at < len(content):
        if not content.startswith(_SIGNATURE, at) or at + _ENTRY.size > len(content):
            raise NotADistribution("is damaged: its directory does not list members only")
        _, _, needed, flags, method, _, _, *fields = _ENTRY.unpack_from(content, at)
        crc, packed, size, name_length, extra_length, comment_length, disk, _, outside, offset = fields
        name_at = at + _ENTRY.size
        extra_at = name_at + name_length
        at = extra_at + extra_length + comment_length
        if at > len(content):
            raise NotADistribution("is damaged: its directory ends within an entry")
        name, extra = content[name_at:extra_at], content[extra_at : extra_at + extra_length]
        if needed & 0xFF > _NEWEST or flags & _HIDDEN:
            raise NotADistribution("has encrypted members, or such as no client can unpack")
        sizes = (size, packed, offset)
        if extra or FULL in sizes:
            size, packed, offset = larger(name, extra, sizes)
        if disk:
            raise NotADistribution("is one part of an archive in several")
        count += 1
        yield Entry(name, flags, method, crc, packed, size, offset + where.shift, 0, comment_length, outside)
    if count != where.count:
        raise NotADistribution("is ambiguous: its directory has not as many members as it says")


def larger[*Sizes](name: bytes, extra: bytes, sizes: tuple[*Sizes]) -> tuple[*Sizes]:
    """Give the sizes with those that are full replaced by what ZIP64's extra field says, in its order (MET-09).

    A field that says something else than a size that is not full, and another name for the member, are refused.
    """
    fields = list(extra_fields(name, extra))
    for kind, content in fields:
        if kind == _UNICODE_PATH and not _same_name(name, content):
            raise NotADistribution(f"is ambiguous: its member {shown(name)} has two names")
    found = [content for kind, content in fields if kind == _ZIP64]
    full = [size for size in sizes if size == FULL]
    if not full and not found:
        return sizes
    if len(found) != 1 or len(found[0]) % 8:
        raise NotADistribution(f"is ambiguous: its member {shown(name)} has not one ZIP64 field of its sizes")
    values = list(struct.unpack(f"<{len(found[0]) // 8}Q", found[0]))
    if full and len(values) == len(full):
        return tuple(values.pop(0) if size == FULL else size for size in sizes)  # type: ignore[return-value] # same length
    if full or values != list(sizes[: len(values)]):
        raise NotADistribution(f"is ambiguous: the ZIP64 field of its member {shown(name)} says something else")
    return sizes


def extra_fields(name: bytes, extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Split an extra field into kinds and contents; up to 3 bytes of padding are passed over, as zipfile does."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        at += 4 + length
        if at > len(extra):
            raise NotADistribution(f"is damaged: an extra field of its member {shown(name)} is cut off")
        yield kind, extra[at - length : at]


def _same_name(name: bytes, content: bytes) -> bool:
    """Tell whether a Unicode path field names what the entry names, or is out of date by its checksum (4.6.9)."""
    if len(content) < 5 or content[0] != 1:
        return False
    return content[5:] == name or int.from_bytes(content[1:5], "little") != zlib.crc32(name)


def path(name: bytes) -> str:
    """Give a member's name as text. Raises NotADistribution if systems read it differently, or it leads out."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise NotADistribution(f"has a member whose name is no UTF-8: {shown(name)}") from None
    parts = text.removesuffix("/").split("/")
    if "\0" in text or "\\" in text or _DRIVE.match(text) or any(part in ("", ".", "..") for part in parts):
        raise NotADistribution(f"has a member with an absolute, relative or ambiguous name: {shown(name)}")
    return text


def check_layout(spans: list[tuple[int, int]], where: Directory) -> list[int]:
    """Check that members (from, least end) lie one behind the other before the directory, with no room for hidden ones.

    Gives all offsets in order, the directory's last. Raises NotADistribution.
    """
    spans.sort()
    spans.append((where.start, where.start))
    for (_, end), (begin, _) in pairwise(spans):
        if end > begin:
            raise NotADistribution("is ambiguous: its members lie over each other, or behind its directory")
        if begin - end > _LONGEST_REST:
            raise NotADistribution("is ambiguous: between its members lies what its directory does not list")
    return [begin for begin, _ in spans]
