"""Archives damaged at random and on purpose: refused in words, or read as the standard library reads them."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from addons.metadata.archive import Bounds, NotADistribution, sdist_metadata, wheel_metadata
from tests.addons.metadata.archives import (
    INFO,
    METADATA,
    SDIST,
    SDIST_NAME,
    WHEEL,
    WHEEL_NAME,
    ZIP_SDIST,
    Counted,
    named,
    zipped,
)  # fmt: skip
from tests.addons.metadata.test_tar_headers import LONG, NAME, block, long, pax, record
from tests.addons.metadata.test_zip_ambiguity import described, end_64, entry_64, field, sizes_of

STORED = zipped({"a.py": b"x", f"{INFO}/METADATA": METADATA}, zipfile.ZIP_STORED, comment=b"a comment")
WHEELS = [WHEEL, STORED, described(), end_64(WHEEL), entry_64(WHEEL, "20 24 42", field(*sizes_of(WHEEL)))]
TARS = [
    gzip.decompress(SDIST),
    pax(record("path", NAME) + record("mtime", "1.5")) + block("cut", content=METADATA) + bytes(1024),
    long(LONG.encode()) + block("cut", content=METADATA) + bytes(1024),
    block("foo_bar-1.0/a", tarfile.SYMTYPE)
    + block("foo_bar-1.0/b", content=b"b" * 700)
    + block(NAME, content=METADATA),
]
SIGNATURES = [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"]
STRUCTURES = (
    [WHEEL[at : at + 120] for at in range(0, len(WHEEL), 40)] + SIGNATURES + [b"\xff" * 4, b"\xff" * 8, bytes(8)]
)

places = st.integers(0, 4096)
changes = st.lists(
    st.tuples(st.just("write"), places, st.binary(min_size=1, max_size=4) | st.sampled_from(SIGNATURES + STRUCTURES[-3:]))
    | st.tuples(st.just("insert"), places, st.binary(min_size=1, max_size=30) | st.sampled_from(STRUCTURES))
    | st.tuples(st.just("cut"), places, st.binary(max_size=30))
    | st.tuples(st.just("flip"), places, st.binary(min_size=1, max_size=1))
    | st.tuples(st.just("count"), places, st.sampled_from([b"\x01", b"\x02", b"\x08", b"\x10", b"\xff"])),
    max_size=4,
)  # fmt: skip


def changed(content: bytes, what: list[tuple[str, int, bytes]]) -> bytes:
    """Do changes to bytes: to write over, to insert, to cut out, to turn a bit, to count a number up."""
    made = bytearray(content)
    for how, place, piece in what:
        at = place % (len(made) + 1)
        match how:
            case "write":
                made[at : at + len(piece)] = piece
            case "insert":
                made[at:at] = piece
            case "cut":
                del made[at : at + len(piece)]
            case "flip" if at < len(made):
                made[at] ^= 1 << piece[0] % 8
            case "count" if at < len(made):
                made[at] = (made[at] + piece[0]) % 256
    return bytes(made)


def corrected(content: bytes, grown: int) -> bytes:
    """Move the end record's offset by what the archive has grown, so that the damage is found later, or not at all."""
    at = content.rfind(b"PK\x05\x06")
    if at < 0 or at + 20 > len(content):
        return content
    offset = (int.from_bytes(content[at + 16 : at + 20], "little") + grown) % (1 << 32)
    return content[: at + 16] + offset.to_bytes(4, "little") + content[at + 20 :]


def read(reader: Callable[..., bytes], content: bytes, name: str, reads: int) -> bytes | None:
    """Read within the bounds of a small archive; None if it is refused, which must be said in printable words."""
    counted = Counted(content)
    try:
        found = reader(counted.read, len(content), named(name), Bounds(metadata=4096, unpacked=1 << 16, members=40))
    except NotADistribution as error:
        found, words = None, str(error)
    else:
        words = ""
    assert words.isascii()
    assert words.isprintable()
    assert len(counted.reads) <= reads
    assert sum(count for _, count in counted.reads) <= len(content) + 10
    return found


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(WHEELS), changes, st.booleans())
def test_wheel__damaged_or_spliced__is_refused_or_read_as_zipfile_reads_it(
    sound: bytes, what: list[tuple[str, int, bytes]], correct: bool
) -> None:
    """MET-11: nothing but NotADistribution is raised, no byte is read twice, and zipfile sees the same METADATA."""
    content = changed(sound, what)
    if correct:
        content = corrected(content, len(content) - len(sound))
    found = read(wheel_metadata, content, WHEEL_NAME, 5)
    if found is not None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            assert archive.read(name) == found


@settings(max_examples=300, deadline=None)
@given(changes)
def test_zip_sdist__damaged_or_spliced__is_refused_or_read_as_zipfile_reads_it(
    what: list[tuple[str, int, bytes]],
) -> None:
    """The same for a zipped sdist."""
    found = read(sdist_metadata, content := changed(ZIP_SDIST, what), "foo_bar-1.0.zip", 6)
    if found is not None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            [name] = [name for name in archive.namelist() if name.endswith("/PKG-INFO")]
            assert archive.read(name) == found


def resealed(content: bytes) -> bytes:
    """Give every block that looks like a tar header the right checksum, so that what it says is believed."""
    made = bytearray(content)
    for at in range(0, len(made) - 511, 512):
        if made[at + 257 : at + 262] == b"ustar":
            made[at + 148 : at + 156] = b" " * 8
            made[at + 148 : at + 156] = b"%06o\0 " % sum(made[at : at + 512])
    return bytes(made)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(TARS), changes, st.booleans())
def test_tar_sdist__damaged_or_spliced__is_refused_or_read_as_tarfile_reads_it(
    sound: bytes, what: list[tuple[str, int, bytes]], reseal: bool
) -> None:
    """MET-11: damage within the tar, also with right checksums: nothing else is raised, tarfile sees the same PKG-INFO."""
    unpacked = resealed(changed(sound, what)) if reseal else changed(sound, what)
    found = read(sdist_metadata, gzip.compress(unpacked, 1, mtime=0), SDIST_NAME, 3)
    if found is not None:
        with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
            first = next(member for member in archive if member.name.endswith("/PKG-INFO"))
            content = archive.extractfile(first)
            assert content is not None
            assert content.read() == found


@settings(max_examples=200, deadline=None)
@given(changes, st.binary(max_size=200))
def test_sdist__of_any_bytes__is_refused_or_read(what: list[tuple[str, int, bytes]], rubbish: bytes) -> None:
    """Damage of the gzip stream, and what is no archive: what a turned bit makes of PKG-INFO's text, only a hash tells."""
    for content in (changed(SDIST, what), rubbish, b"\x1f\x8b" + rubbish, b"PK" + rubbish):
        assert len(read(sdist_metadata, content, SDIST_NAME, 6) or b"") <= 4096
