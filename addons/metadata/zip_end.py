"""Where a ZIP archive's directory lies: its end record, and the larger one of ZIP64 (APPNOTE.TXT 4.3.14 to 4.3.16).

Readers differ here: some believe the last end record, others the first whose comment reaches to the end of the file; some
ask ZIP64's record whenever there is one, others only where the small one says so. An archive is read if all of
them would read the same.
"""

import struct
from dataclasses import dataclass

from addons.metadata.bounded import Bounds, NotADistribution, Stretches

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_SIGNATURE, _LOCATOR_SIGNATURE, _SIGNATURE_64 = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
_ENTRY_SIGNATURE, _MEMBER_SIGNATURE = b"PK\x01\x02", b"PK\x03\x04"
_TAIL = _END.size + 0xFFFF + _LOCATOR.size + _END_64.size  # bytes: the longest comment, and both records of ZIP64
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory lies, in bytes, and how many members it lists.

    `shift` is what its offsets are to be corrected by: bytes that were put before the archive (MET-10).
    """

    start: int
    size: int
    count: int
    shift: int


@dataclass(frozen=True, slots=True)
class _Said:
    disk: int
    first_disk: int
    here: int
    count: int
    size: int
    offset: int


def find_directory(archive: Stretches, bounds: Bounds) -> Directory:
    """Find the central directory. Raises NotADistribution if there is none, or if two could be found."""
    tail_at = max(0, archive.length - _TAIL)
    tail = archive.get(tail_at, archive.length - tail_at)
    at = _end_record(tail)
    _, *fields, _ = _END.unpack_from(tail, at)
    said, end = _Said(*fields), at
    if tail[max(0, at - _LOCATOR.size) : at].startswith(_LOCATOR_SIGNATURE):
        end = at - _LOCATOR.size - _END_64.size
        said = _larger(tail, at, end, tail_at, said)
    if said.disk or said.first_disk or said.here != said.count:
        raise NotADistribution("is one part of an archive in several")
    if said.count > bounds.members or said.size > bounds.directory:
        raise NotADistribution(f"lists more than {bounds.members} members, or in more than {bounds.directory} bytes")
    start = tail_at + end - said.size
    found = Directory(start, said.size, said.count, start - said.offset)
    _check_shift(archive, found, said.offset)
    return found


def _end_record(tail: bytes) -> int:
    """Give where the one end record lies: the last of its signatures, with a comment that ends with the file."""
    fitting, at = [], tail.find(_SIGNATURE)
    while at >= 0:
        if at + _END.size <= len(tail) and at + _END.size + int.from_bytes(tail[at + 20 : at + 22], "little") == len(
            tail
        ):
            fitting.append(at)
        at = tail.find(_SIGNATURE, at + 1)
    if not fitting:
        raise NotADistribution("is no readable ZIP archive: no directory ends where the file ends")
    if fitting != [tail.rfind(_SIGNATURE)]:
        raise NotADistribution("is ambiguous: the comment at its end looks like another end of a ZIP archive")
    return fitting[0]


def _larger(tail: bytes, at: int, record: int, tail_at: int, said: _Said) -> _Said:
    """Read ZIP64's record right before its locator; what the small record says besides must be the same (MET-09)."""
    _, disk, offset, disks = _LOCATOR.unpack_from(tail, at - _LOCATOR.size)
    if record < 0 or not tail.startswith(_SIGNATURE_64, record):
        raise NotADistribution("is ambiguous: the ZIP64 record is not where its locator stands")
    _, length, _, _, *fields = _END_64.unpack_from(tail, record)
    larger = _Said(*fields)
    if disk or disks > 1:
        raise NotADistribution("is one part of an archive in several")
    shift = tail_at + record - larger.size - larger.offset
    if length != _END_64.size - 12 or offset + shift != tail_at + record:
        raise NotADistribution("is ambiguous: the ZIP64 record is not where its locator says")
    full = _Said(_FULL_16, _FULL_16, _FULL_16, _FULL_16, _FULL_32, _FULL_32)
    for name in _Said.__slots__:
        if getattr(said, name) not in (getattr(larger, name), getattr(full, name)):
            raise NotADistribution("is ambiguous: its end record and that of ZIP64 disagree")
    return larger


def _check_shift(archive: Stretches, found: Directory, offset: int) -> None:
    """Refuse what reads another way without the correction: there must be no second directory where offsets say."""
    if found.shift < 0 or found.start < 0:
        raise NotADistribution("is damaged: its directory would begin before the file does")
    if found.shift and found.start >= offset + 4 and archive.get(offset, 4) in (_ENTRY_SIGNATURE, _SIGNATURE):
        raise NotADistribution("is ambiguous: it has two directories, one before the other")


def check_beginning(archive: Stretches, first: int) -> None:
    """Refuse bytes before the first listed member that look like a member: who reads from the front would take it."""
    if first and archive.get(0, 4) == _MEMBER_SIGNATURE:
        raise NotADistribution("is ambiguous: it begins with a member that its directory does not list")
