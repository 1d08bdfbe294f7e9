"""Tar archives whose headers were made to be misread, to follow links, or to fill memory."""

import gzip
import io
import tarfile
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from addons.metadata.archive import Bounds, NotADistribution, core_metadata
from tests.addons.metadata.archives import METADATA, SDIST, SDIST_NAME, link, named, patched, sdist

NAME = "foo_bar-1.0/PKG-INFO"


def block(name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"", size: int | None = None) -> bytes:
    """One plain header, and its content in whole blocks."""
    info = link(name, kind)
    info.size = len(content) if size is None else size
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def pax(records: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    return block("pax", kind, records)


def long(name: bytes) -> bytes:
    return block("././@LongLink", tarfile.GNUTYPE_LONGNAME, name + b"\0")


def packed(*blocks: bytes) -> bytes:
    return gzip.compress(b"".join(blocks) + bytes(1024), 1, mtime=0)


def record(key: str, value: str) -> bytes:
    rest = f" {key}={value}\n"
    length = len(rest) + 1
    while len(f"{length}{rest}") != length:
        length += 1
    return f"{length}{rest}".encode()


INFO = block(NAME, content=METADATA)
LONG = "d" * 90 + "-1.0/PKG-INFO"


@pytest.mark.parametrize(
    "blocks",
    [
        (pax(record("comment", "a" * 40), tarfile.XGLTYPE), INFO),
        (pax(record("mtime", "1.5")), INFO),
        (pax(record("path", NAME) + record("size", str(len(METADATA)))), block("cut", content=METADATA)),
        (long(NAME.encode()), block("cut", content=METADATA)),
        (long(f"./{LONG}".encode()), block("cut", content=METADATA)),
        (block("foo_bar-1.0/" + "a" * 30, tarfile.SYMTYPE), block("foo_bar-1.0/null", tarfile.CHRTYPE), INFO),
        (block("._foo_bar-1.0", content=b"x"), INFO),
    ],
)
def test_sdist__with_extended_headers_links_and_devices__is_read_past_them(blocks: tuple[bytes, ...]) -> None:
    """MET-11: what git, GNU tar and macOS write is read as tarfile reads it, and links are passed by."""
    content = packed(*blocks)
    assert sdist(content) == METADATA
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        found = [member for member in archive if member.name.endswith("/PKG-INFO")]
        member = archive.extractfile(found[0])
        assert member is not None
        assert member.read() == METADATA


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ((pax(record("path", NAME)), pax(record("path", "b")), INFO), "two names"),
        ((pax(record("path", NAME)), long(b"b/c"), INFO), "two names"),
        ((long(b"b/c"), pax(record("path", NAME)), INFO), "two names"),
        ((long(b"b/c"), long(NAME.encode()), INFO), "two names"),
        ((pax(record("path", f"{NAME}\0b")), INFO), "two names"),
        ((pax(record("size", "7")), INFO), "two sizes"),
        ((pax(record("size", "+49")), INFO), "two sizes"),
        ((pax(record("path", NAME) * 2), INFO), "pax header is damaged"),
        ((pax(b"999 path=a\n"), INFO), "pax header is damaged"),
        ((pax(b"1" * 5000), INFO), "pax header is damaged"),
        ((pax(b"06 a=b\n"), INFO), "pax header is damaged"),
        ((pax(record("path", NAME), tarfile.XGLTYPE), INFO), "global header"),
        ((pax(record("GNU.sparse.major", "1")), INFO), "sparse"),
        ((block("foo_bar-1.0/a", tarfile.GNUTYPE_SPARSE), INFO), "sparse"),
        ((pax(b"a" * 70_000), INFO), "more than 64 KiB"),
        ((block("pax", tarfile.XHDTYPE, size=2**33 - 1), INFO), "more than 64 KiB"),
        ((block("name", tarfile.GNUTYPE_LONGNAME, size=2**40), INFO), "more than 64 KiB"),
        ((block("foo_bar-1.0", tarfile.DIRTYPE, size=512), INFO), "two sizes"),
        ((block("foo_bar-1.0/a", size=-512), INFO), "negative size"),
        ((block("other-1.0/a"), INFO), "more than one top folder"),
        ((block("../a"), INFO), "absolute or relative name"),
        ((block("/etc/a"), INFO), "absolute or relative name"),
        ((block(NAME, tarfile.SYMTYPE), INFO), "a link, folder or device"),
        ((block("foo_bar-1.0/a", size=4096),), "ends within a member"),
        ((block(NAME, content=b"Name: foo-bar\nVersion: 2.0\n"),), "of 'foo-bar' '2.0', but is named foo-bar 1.0"),
        ((b"x" * 512, INFO), "header is damaged"),
        ((bytes(512), INFO), "no PKG-INFO"),
        ((patched(pax(record("mtime", "1")), 512 + 11, record("path", "b")), INFO), "tar header is damaged"),
    ],
)
def test_sdist__that_readers_could_take_differently__is_refused(blocks: tuple[bytes, ...], words: str) -> None:
    """MET-11: two names, two sizes, two folders, and whatever would be unpacked elsewhere or without end."""
    with pytest.raises(NotADistribution, match=words):
        sdist(packed(*blocks))


def test_sdist__of_two_gzip_streams__is_read_in_the_first_only() -> None:
    """Readers differ in whether they go on: behind the first stream nothing is found, and nothing is read."""
    assert sdist(SDIST + b"rubbish") == METADATA
    with pytest.raises(NotADistribution, match="no PKG-INFO"):
        sdist(gzip.compress(b"", mtime=0) + SDIST)


@pytest.mark.parametrize(
    "blocks",
    [
        lambda: [block("foo_bar-1.0/a")] * 99,
        lambda: [pax(record("comment", "x"), tarfile.XGLTYPE)] * 99,
    ],
)
def test_sdist__with_more_headers_than_are_looked_at__is_none(blocks: Callable[[], list[bytes]]) -> None:
    """MET-11: the search has an end, whatever kind the headers are of; none leads deeper than the one before."""
    with pytest.raises(NotADistribution, match="not among its first 50 members"):
        sdist(packed(*blocks(), INFO), Bounds(members=50))


def bomb(name: str, size: int) -> bytes:
    """A gzipped tar archive with one member of zeros: a thousandth of what it unpacks to."""
    stream = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    pieces = [stream.compress(block(name, size=size))]
    pieces += [stream.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join([*pieces, stream.compress(INFO), stream.flush()])


def test_sdist__that_is_a_bomb__holds_a_few_pieces_in_memory(tmp_path: Path) -> None:
    """MET-11: 48 MiB of zeros before PKG-INFO are passed over in pieces, and with a bound less than they are, refused."""
    path = tmp_path / SDIST_NAME
    path.write_bytes(bomb("foo_bar-1.0/zeros", 48 << 20))
    tracemalloc.start()
    try:
        assert core_metadata(path, named(SDIST_NAME)) == METADATA
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    with pytest.raises(NotADistribution, match="not in the first 16 MiB"):
        sdist(path.read_bytes(), Bounds(unpacked=16 << 20))


def test_sdist__with_the_declared_size_beyond_the_bound__is_not_unpacked() -> None:
    """MET-11: what a header declares is enough to refuse it."""
    with pytest.raises(NotADistribution, match="not in the first 1024 MiB"):
        sdist(packed(block("foo_bar-1.0/a", size=2**31)))
