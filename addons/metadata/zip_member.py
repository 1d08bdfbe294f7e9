"""One member out of a ZIP archive, in as few reads as there can be: tail, directory, the member itself."""

import struct
import zlib
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace

from addons.metadata.bounded import Bounds, NotADistribution, Stretches
from addons.metadata.zip_directory import FULL, LOCAL_HEADER, Entry, check_layout, entries, larger, path
from addons.metadata.zip_end import check_beginning, find_directory

_HEADER = struct.Struct("<4s5H3L2H")
_SIGNATURE, _DESCRIPTOR_SIGNATURE = b"PK\x03\x04", b"PK\x07\x08"
_COMPARED = 1 | 1 << 3 | 1 << 11  # flags: encrypted, sizes behind the data, name in UTF-8
_DESCRIBED = 1 << 3
_STORED, _DEFLATED = 0, 8  # what every client can unpack (MET-11)
_UNSUSPICIOUS = 1024 * 1024  # bytes, of whatever ratio

type Choose = Callable[[list[str]], str]
"""Picks the member wanted out of those that could be it; raises NotADistribution for none, or more than one."""


def zip_member(archive: Stretches, wanted: Callable[[str], bool], choose: Choose, bounds: Bounds) -> bytes:
    """Give the content of the member that `choose` picks out of the `wanted`. Raises NotADistribution.

    The central directory counts (MET-08), and whatever else tells of the member must agree with it.
    """
    where = find_directory(archive, bounds)
    candidates: list[tuple[str, Entry]] = []
    spans: list[tuple[int, int]] = []
    for entry in entries(archive.get(where.start, where.size), where):
        spans.append((entry.offset, entry.offset + LOCAL_HEADER + len(entry.name) + entry.packed))
        if wanted(name := path(entry.name)):
            candidates.append((name, entry))
    chosen = choose([name for name, _ in candidates])
    entry = next(entry for name, entry in candidates if name == chosen)
    offsets = check_layout(spans, where)
    check_beginning(archive, offsets[0])
    return _content(archive, replace(entry, end=offsets[bisect_right(offsets, entry.offset)]), bounds)


def _content(archive: Stretches, entry: Entry, bounds: Bounds) -> bytes:
    _check_size(entry, bounds)
    member = archive.get(entry.offset, entry.end - entry.offset)
    begin = _data(member, entry)
    packed, rest = member[begin : begin + entry.packed], member[begin + entry.packed :]
    if len(packed) != entry.packed or not _descriptor_agrees(rest, entry):
        raise NotADistribution("is ambiguous: its core metadata is not followed by the next member")
    content = packed if entry.method == _STORED else _inflated(packed, entry.size)
    if len(content) != entry.size or zlib.crc32(content) != entry.crc:
        raise NotADistribution("is damaged: the CRC of its core metadata is wrong, or its size")
    return content


def _check_size(entry: Entry, bounds: Bounds) -> None:
    if entry.method not in (_STORED, _DEFLATED):
        raise NotADistribution("has core metadata that is packed in an unusual way")
    if max(entry.size, entry.packed) > bounds.metadata:
        raise NotADistribution(f"has core metadata of more than {bounds.metadata >> 20} MiB")
    if entry.size > max(_UNSUSPICIOUS, entry.packed * bounds.ratio):
        raise NotADistribution(f"has core metadata that unpacks to more than {bounds.ratio} times its size")


def _data(member: bytes, entry: Entry) -> int:
    """Give where the data begins behind the local header, which must say what the directory says (4.3.7)."""
    if len(member) < LOCAL_HEADER or not member.startswith(_SIGNATURE):
        raise NotADistribution("is damaged: its core metadata is not where its directory says")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _HEADER.unpack_from(member)
    begin: int = LOCAL_HEADER + name_length + extra_length
    name, extra = member[LOCAL_HEADER : LOCAL_HEADER + name_length], member[LOCAL_HEADER + name_length : begin]
    if (name, method, flags & _COMPARED) != (entry.name, entry.method, entry.flags & _COMPARED):
        raise NotADistribution("is ambiguous: its directory and its core metadata's own header disagree")
    if extra or FULL in (size, packed):
        size, packed = larger(name, extra, (size, packed))
    said, listed = (crc, packed, size), (entry.crc, entry.packed, entry.size)
    if said != listed and not (flags & _DESCRIBED and all(a in (0, b) for a, b in zip(said, listed, strict=True))):
        raise NotADistribution("is ambiguous: its directory and its core metadata's own header disagree")
    return begin


def _descriptor_agrees(rest: bytes, entry: Entry) -> bool:
    """Tell whether what stands between data and next member is nothing, or the data descriptor announced (4.3.9)."""
    if not entry.flags & _DESCRIBED:
        return not rest
    said = [struct.pack(form, entry.crc, entry.packed, entry.size) for form in ("<3L", "<LQQ")]
    return rest in [*said, *(_DESCRIPTOR_SIGNATURE + one for one in said)]


def _inflated(packed: bytes, size: int) -> bytes:
    """Unpack one deflated stream, never more than a byte beyond its size."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = stream.decompress(packed, size + 1)
    except zlib.error:
        raise NotADistribution("is damaged: its core metadata cannot be unpacked") from None
    # The end of the stream may stand behind its last byte.
    if len(content) == size and not stream.eof:
        content += stream.decompress(stream.unconsumed_tail, 1)
    if not stream.eof or stream.unused_data or stream.unconsumed_tail:
        raise NotADistribution("is damaged: its core metadata is not as long as it says, so its CRC says nothing")
    return content
