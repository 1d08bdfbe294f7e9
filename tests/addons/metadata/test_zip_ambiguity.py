"""No two readers may see different core metadata in one ZIP archive: what they could read in two ways is refused."""

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from typing import override

import pytest

from addons.metadata.archive import Bounds, NotADistribution, wheel_metadata
from tests.addons.metadata.archives import INFO, METADATA, WHEEL, WHEEL_NAME, Counted, named, patched, wheel, zipped

OTHER = METADATA + b"Summary: another\n"
LIKE_IT = WHEEL.replace(b"foo_bar.py", b"fooobar.py")
END = WHEEL.rindex(b"PK\x05\x06")
DIRECTORY = WHEEL.index(b"PK\x01\x02")
ENTRY = WHEEL.index(b"PK\x01\x02", DIRECTORY + 4)  # METADATA's
HEADER = WHEEL.index(b"PK\x03\x04", 4)  # its own


class Unseekable(io.BytesIO):
    """A stream that zipfile cannot go back in: it writes sizes behind the data."""

    @override
    def tell(self) -> int:
        """Say that there are no positions."""
        raise OSError


def described() -> bytes:
    """A wheel with data descriptors: its local headers say nothing of sizes."""
    stream = Unseekable()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.py", b"x")
        archive.writestr(f"{INFO}/METADATA", METADATA)
        archive.writestr(f"{INFO}/RECORD", b"")
    return stream.getvalue()


def forced_64() -> bytes:
    """A wheel whose local header has its sizes in ZIP64's extra field, though they are small."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{INFO}/METADATA", "w", force_zip64=True) as member,
    ):
        member.write(METADATA)
    return stream.getvalue()


def end_64(content: bytes, fill: bool = True, **changed: int) -> bytes:
    """Put the records of ZIP64 before the end record, which says "look there", with what is changed in them."""
    at = content.rindex(b"PK\x05\x06")
    count, size, offset = struct.unpack_from("<H2L", content, at + 10)
    said = {"size": size, "offset": offset, "count": count, "length": 44, "disks": 1, "locator": at} | changed
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", said["length"], 45, 45, 0, 0, *[said["count"]] * 2, said["size"], said["offset"]
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, said["locator"], said["disks"])
    full = struct.pack("<2H2L", 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    end = patched(content[at:], 8, full) if fill else content[at:]
    return content[:at] + record + locator + end


def entry_64(content: bytes, full: str, extra: bytes) -> bytes:
    """Give METADATA's entry an extra field, and say in the fields named (their offsets in the entry) to look there."""
    end = content.rindex(b"PK\x05\x06")
    entry = content.index(f"{INFO}/METADATA".encode(), content.index(b"PK\x01\x02")) - 46
    for at in full.split():
        content = patched(content, entry + int(at), b"\xff" * 4)
    content = patched(content, entry + 30, struct.pack("<H", len(extra)))
    size = int.from_bytes(content[end + 12 : end + 16], "little") + len(extra)
    content = patched(content, end + 12, struct.pack("<L", size))
    behind = entry + 46 + len(f"{INFO}/METADATA")
    return content[:behind] + extra + content[behind:]


def sizes_of(content: bytes) -> tuple[int, int, int]:
    """The size, packed size and offset of METADATA's entry."""
    entry = content.index(f"{INFO}/METADATA".encode(), content.index(b"PK\x01\x02")) - 46
    packed, size = struct.unpack_from("<2L", content, entry + 20)
    return size, packed, struct.unpack_from("<L", content, entry + 42)[0]


def field(*values: int, kind: int = 1) -> bytes:
    return struct.pack(f"<2H{len(values)}Q", kind, 8 * len(values), *values)


def unicode_path(name: bytes, of: bytes) -> bytes:
    return struct.pack("<2HBL", 0x7075, 5 + len(name), 1, zlib.crc32(of)) + name


def _appended() -> bytes:
    stream = io.BytesIO(b"#!/bin/sh\n" * 9)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(f"{INFO}/METADATA", METADATA)
    return stream.getvalue()


def _gap(counted: int = 0) -> bytes:
    """A wheel with a few bytes behind METADATA; `counted` of them belong to it by what both headers say."""
    content = zipped({f"{INFO}/METADATA": METADATA})
    at, packed = content.index(b"PK\x01\x02"), sizes_of(content)[1]
    content = patched(content, 18, struct.pack("<L", packed + counted))
    content = patched(content, at + 20, struct.pack("<L", packed + counted))
    content = patched(content, content.rindex(b"PK\x05\x06") + 16, struct.pack("<L", at + 4))
    return content[:at] + b"more" + content[at:]


SIZE, PACKED, OFFSET = sizes_of(WHEEL)
SOUND: dict[str, Callable[[], bytes]] = {
    "data descriptors": described,
    "sizes of ZIP64 in the local header": forced_64,
    "an end record of ZIP64": lambda: end_64(WHEEL),
    "an end record of ZIP64 that nobody is sent to": lambda: end_64(WHEEL, fill=False),
    "sizes of ZIP64": lambda: entry_64(WHEEL, "20 24 42", field(SIZE, PACKED, OFFSET)),
    "an offset of ZIP64": lambda: entry_64(WHEEL, "42", field(OFFSET)),
    "sizes of ZIP64 that are told twice": lambda: entry_64(WHEEL, "", field(SIZE, PACKED)),
    "an unknown extra field": lambda: entry_64(WHEEL, "", field(7, kind=0x5455) + b"\0"),
    "its own name as Unicode path": lambda: entry_64(
        WHEEL, "", unicode_path(f"{INFO}/METADATA".encode(), f"{INFO}/METADATA".encode())
    ),
    "a comment": lambda: zipped({f"{INFO}/METADATA": METADATA}, comment=b"c" * 0xFFFF),
    "bytes before it": lambda: b"#!/bin/sh\n" * 9 + WHEEL,
    "bytes before it that its offsets know of": _appended,
    "an archive in it": lambda: zipped({"a.zip": WHEEL, f"{INFO}/METADATA": METADATA}, zipfile.ZIP_STORED),
    "a directory of more than 64 KiB": lambda: zipped(
        {f"{INFO}/METADATA": METADATA} | {f"{'n' * 200}/{number}.py": b"" for number in range(500)}
    ),
}


@pytest.mark.parametrize("what", SOUND)
def test_wheel__that_is_unusual_but_clear__is_read(what: str) -> None:
    """MET-08, MET-09, MET-10: what all readers take alike is no reason to refuse; zipfile is one of them."""
    content = SOUND[what]()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert wheel(content) == archive.read(f"{INFO}/METADATA") == METADATA


LYING: dict[str, tuple[Callable[[], bytes], str]] = {
    "trailing bytes": (lambda: WHEEL + b"\n", "no directory ends where the file ends"),
    "a signature in its comment": (lambda: zipped({f"{INFO}/METADATA": METADATA}, comment=b"PK\x05\x06 is it"), "comment"),
    "an archive in its comment": (lambda: zipped({f"{INFO}/METADATA": METADATA}, comment=WHEEL), "comment"),
    "half an archive in its comment": (lambda: zipped({f"{INFO}/METADATA": METADATA}, comment=WHEEL + b"x"), "comment"),
    "an archive before it": (lambda: LIKE_IT + WHEEL, "two directories"),
    "a member before it": (lambda: WHEEL[:DIRECTORY] + b"." * 400 + WHEEL, "begins with a member"),
    "a directory that is another by its offset": (
        lambda: WHEEL[:END] + WHEEL[DIRECTORY:], "two directories"
    ),
    "several disks": (lambda: patched(WHEEL, END + 4, b"\x01"), "one part"),
    "a member on another disk": (lambda: patched(WHEEL, ENTRY + 34, b"\x01"), "one part"),
    "fewer members on this disk": (lambda: patched(WHEEL, END + 8, b"\x02"), "one part"),
    "another number of members": (lambda: patched(WHEEL, END + 8, b"\x02\0\x02\0"), "not as many members"),
    "a directory beyond the file": (lambda: patched(WHEEL, END + 12, b"\xff\xff\x0f\0"), "would begin before"),
    "an absurd offset of the directory": (lambda: patched(WHEEL, END + 16, b"\xff\xff\xff\xfe"), "would begin before"),
    "an absurd offset of a member": (lambda: patched(WHEEL, ENTRY + 42, b"\xff\xff\xff\x0f"), "does not list"),
    "a directory that is cut off": (lambda: patched(WHEEL, ENTRY + 28, b"\xff\xff"), "ends within an entry"),
    "two members at one place": (lambda: patched(WHEEL, ENTRY + 42, bytes(4)), "over each other"),
    "another name in the local header": (lambda: WHEEL.replace(b"METADATA", b"METADATB", 1), "disagree"),
    "another method in the local header": (lambda: patched(WHEEL, HEADER + 8, b"\0"), "disagree"),
    "another size in the local header": (lambda: patched(WHEEL, HEADER + 22, b"\x01"), "disagree"),
    "another checksum in the local header": (lambda: patched(WHEEL, HEADER + 14, b"\0\0\0\0"), "disagree"),
    "no header": (lambda: patched(WHEEL, HEADER, b"PK\x03\x05"), "is not where its directory says"),
    "a descriptor announced in one place": (lambda: patched(WHEEL, HEADER + 6, b"\x08"), "disagree"),
    "a wrong descriptor": (lambda: described().replace(b"PK\x07\x08", b"PK\x07\x09"), "not followed by"),
    "bytes behind its deflated stream": (lambda: _gap(4), "not as long as it says"),
    "bytes behind its data": (_gap, "not followed by"),
    "a newer version needed": (lambda: patched(WHEEL, ENTRY + 6, b"\x40"), "no client can unpack"),
    "a name that is no UTF-8": (lambda: WHEEL.replace(b"foo_bar.py", b"foo\xffbar.py"), "no UTF-8"),
    "a locator that points elsewhere": (lambda: end_64(WHEEL, locator=7), "not where its locator says"),
    "a longer record of ZIP64": (lambda: end_64(WHEEL, length=60), "not where its locator says"),
    "a locator without a record": (lambda: end_64(WHEEL).replace(b"PK\x06\x06", b"PK\x06\x05"), "not where its locator stands"),
    "several disks by ZIP64": (lambda: end_64(WHEEL, disks=2), "one part"),
    "two numbers of members": (lambda: end_64(WHEEL, fill=False, count=2), "that of ZIP64 disagree"),
    "ZIP64 announced, and none there": (lambda: patched(WHEEL, ENTRY + 42, b"\xff" * 4), "not one ZIP64 field"),
    "too many sizes of ZIP64": (lambda: entry_64(WHEEL, "42", field(SIZE, PACKED, OFFSET)), "something else"),
    "other sizes of ZIP64": (lambda: entry_64(WHEEL, "", field(SIZE, 1)), "something else"),
    "two fields of ZIP64": (lambda: entry_64(WHEEL, "42", field(OFFSET) + field(0)), "not one ZIP64 field"),
    "an extra field cut off": (lambda: entry_64(WHEEL, "", field(1)[:-1]), "cut off"),
    "another name as Unicode path": (
        lambda: entry_64(WHEEL, "", unicode_path(b"x", f"{INFO}/METADATA".encode())), "two names"
    ),
    "an empty Unicode path": (lambda: entry_64(WHEEL, "", unicode_path(b"", b"")[:8]), "cut off|two names"),
}  # fmt: skip


@pytest.mark.parametrize("what", LYING)
def test_wheel__that_readers_could_take_differently__is_refused_with_its_reason(what: str) -> None:
    """MET-08 to MET-11: pip, uv and we must not see different core metadata; why it is refused is said in words."""
    content, words = LYING[what][0](), LYING[what][1]
    with pytest.raises(NotADistribution, match=words):
        wheel(content)


@pytest.mark.parametrize(
    "name", ["/a", "../a", "a/../b", f"./{INFO}/METADATA", f"{INFO}/./METADATA", f"{INFO}//METADATA", "C:/a", f"{INFO}\\METADATA"]
)  # fmt: skip
def test_wheel__with_a_name_that_leads_out_or_is_another_spelling__is_refused(name: str) -> None:
    """Unpacked, `./METADATA` lies over METADATA (pip and uv do so), and `..` outside."""
    with pytest.raises(NotADistribution, match="absolute, relative or ambiguous name"):
        wheel(zipped({f"{INFO}/METADATA": METADATA, name: OTHER}))


def test_wheel__with_room_between_members__is_refused_where_something_could_hide() -> None:
    """Who reads from the front would find there what the directory does not list; a few bytes are an extra field."""
    hole = b"." * 66_000
    moved = zipped({f"{INFO}/METADATA": METADATA}, zipfile.ZIP_STORED)
    at = moved.index(b"PK\x01\x02")
    content = moved[:at] + hole + moved[at:]
    end = content.rindex(b"PK\x05\x06")
    with pytest.raises(NotADistribution, match="does not list"):
        wheel(patched(content, end + 16, struct.pack("<L", at + len(hole))))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"Name: foo\nVersion: 1.0\n", "of 'foo' '1.0', but is named foo-bar 1.0"),
        (b"Name: foo-bar\nVersion: 2.0\n", "of 'foo-bar' '2.0'"),
        (b"Name: foo-bar\nVersion: new\n", "'new'"),
        (b"Name: foo-bar\n\nVersion: 1.0\n", "exactly one Name and one Version"),
        (b"Name: foo-bar\nName: foo-bar\nVersion: 1.0\n", "exactly one Name and one Version"),
        (b"", "exactly one Name and one Version"),
        (b"Name: f\xff\x1b[31m\nVersion: 1.0\n", r"\\x1b"),
        (b"Name: foo-bar\nVersion: 1.0\nDescription: " + b"x" * (1 << 20), "1 MiB of headers"),
    ],
)
def test_wheel__with_metadata_of_another_name_or_version__is_refused(said: bytes, words: str) -> None:
    """MET-05: pip and uv refuse it as well; what it says instead stands in the reason, escaped."""
    with pytest.raises(NotADistribution, match=words):
        wheel(zipped({f"{INFO}/METADATA": said}, zipfile.ZIP_STORED))


@pytest.mark.parametrize(
    "said", [b"Name: Foo_.Bar\r\nVersion: v1.0.0\r\n\r\nName: other\r\n", b"version:1\nNAME: foo.bar"]
)
def test_wheel__with_metadata_that_spells_it_otherwise__is_read(said: bytes) -> None:
    """MET-06: names and versions are compared normalised, and what stands in the description is text."""
    assert wheel(zipped({f"{INFO}/METADATA": said})) == said


@pytest.mark.parametrize(
    ("members", "reads", "most"),
    [
        ({f"{INFO}/METADATA": METADATA}, 1, 70_000),
        ({"a.bin": bytes(300_000), f"{INFO}/METADATA": METADATA}, 1, 70_000),
        ({f"{INFO}/METADATA": METADATA, "a.bin": bytes(300_000)}, 2, 70_000),
        (
            {f"{INFO}/METADATA": METADATA, "b.bin": bytes(99_000)} | {f"{n:0200}.py": b"" for n in range(500)},
            3,
            200_000,
        ),
    ],
)
def test_wheel__read_by_stretches__takes_three_at_most(members: dict[str, bytes], reads: int, most: int) -> None:
    """MET-11: the tail, and only where they are not in it the rest of the directory and the member; no byte twice."""
    counted = Counted(zipped(members, zipfile.ZIP_STORED))
    assert wheel_metadata(counted.read, len(counted.content), named(WHEEL_NAME)) == METADATA
    assert len(counted.reads) == reads
    assert sum(count for _, count in counted.reads) <= most


@pytest.mark.parametrize("bounds", [Bounds(members=2), Bounds(directory=100)])
def test_wheel__with_a_directory_beyond_the_bounds__is_refused_unread(bounds: Bounds) -> None:
    """MET-11: a directory is bounded in entries and bytes, as it declares them, before it is read."""
    with pytest.raises(NotADistribution, match="lists more than"):
        wheel(WHEEL, bounds)


def test_wheel__that_unpacks_to_much_more__is_refused() -> None:
    """MET-11: what is larger than 1 MiB and unpacks to a hundred times its size is no text of anybody's."""
    with pytest.raises(NotADistribution, match="100 times"):
        wheel(zipped({f"{INFO}/METADATA": METADATA + b"\n" + b"a" * 2_000_000}))


def test_archive__that_becomes_shorter_while_it_is_read__is_refused() -> None:
    """A file may be replaced meanwhile: what comes short is said, not taken for the whole."""
    with pytest.raises(NotADistribution, match="became shorter"):
        wheel_metadata(lambda at, count: WHEEL[at : at + count - 1], len(WHEEL), named(WHEEL_NAME))


def test_wheel__that_is_a_bomb__is_unpacked_to_its_bound_only() -> None:
    """MET-11: 64 MiB of zeros that say they are 2 MiB cost no more memory than that."""
    packed = zlib.compress(bytes(64 << 20), 9, wbits=-15)
    small = zipped({f"{INFO}/METADATA": packed}, zipfile.ZIP_STORED)
    at = small.index(b"PK\x01\x02")
    for header in (0, at + 2):  # the same fields, two bytes later in the directory
        small = patched(small, header + 8, b"\x08")
        small = patched(small, header + 22, struct.pack("<L", 2 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(NotADistribution, match="not as long as it says"):
            wheel(small)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
