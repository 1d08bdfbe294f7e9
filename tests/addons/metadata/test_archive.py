import gzip
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from addons.metadata.archive import NotADistribution, core_metadata
from tests.addons.metadata.archives import (
    INFO,
    METADATA,
    SDIST,
    SDIST_NAME,
    WHEEL,
    WHEEL_NAME,
    ZIP_SDIST,
    link,
    named,
    patched,
    tarred,
    zipped,
)  # fmt: skip

type Put = Callable[[bytes, str], Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Put bytes into a file of this name."""

    def put(content: bytes, name: str) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return put


def of_wheel(put: Put, content: bytes) -> bytes:
    return core_metadata(put(content, WHEEL_NAME), named(WHEEL_NAME))


def of_sdist(put: Put, content: bytes, name: str = SDIST_NAME) -> bytes:
    return core_metadata(put(content, name), named(name))


@pytest.mark.parametrize("folder", [INFO, "Foo.Bar-1.0.dist-info", "FOO-bar-1.0.0.dist-info", "foo-bar.dist-info"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_wheel__with_one_dist_info__gives_its_bytes(put: Put, folder: str, method: int) -> None:
    """MET-03, MET-06: verbatim, to the last line break, also where the folder's name is not normalised."""
    odd = METADATA.replace(b"\n", b"\r\n") + b"\r\n\xff\xfe no newline at the end"
    assert of_wheel(put, zipped({"a.py": b"", f"{folder}/METADATA": odd, f"{folder}/RECORD": b""}, method)) == odd


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"foo_bar.py": b""},
        {f"{INFO}/RECORD": b""},
        {f"{INFO}/METADATA/": b""},
        {f"{INFO}/sub/METADATA": METADATA},
        {f"src/{INFO}/METADATA": METADATA},
        {"METADATA": METADATA},
        {f"{INFO}/metadata": METADATA},
        {"foo_bar-1.0.egg-info/METADATA": METADATA},
        {"other-1.0.dist-info/METADATA": METADATA},
        {f"{INFO}/METADATA": METADATA, "foo_bar-2.0.dist-info/METADATA": METADATA},
        {f"{INFO}/METADATA": METADATA, "other-1.0.dist-info/METADATA": METADATA},
        {f"{INFO}/METADATA": METADATA, f"{INFO}/Metadata": METADATA},
        {f"{INFO}/METADATA": METADATA, "FOO_BAR-1.0.DIST-INFO/RECORD": b""},
        {f"{INFO}/METADATA": METADATA, "other.dist-info": b""},
    ],
)
def test_wheel__without_exactly_one_metadata_of_its_project__is_none(put: Put, members: dict[str, bytes]) -> None:
    """MET-05: none, two, or another project's: no client would take it."""
    with pytest.raises(NotADistribution, match="exactly one"):
        of_wheel(put, zipped(members))


def test_wheel__with_the_member_twice__is_none(put: Put) -> None:
    """Two readers could take two different ones."""
    path = put(WHEEL, WHEEL_NAME)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(f"{INFO}/METADATA", b"other")
    with pytest.raises(NotADistribution, match="exactly one"):
        core_metadata(path, named(WHEEL_NAME))


@pytest.mark.parametrize("damage", [b"", b"PK", b"no archive", WHEEL[:-10], WHEEL[: len(WHEEL) // 2], WHEEL[:60]])
def test_wheel__damaged__is_none(put: Put, damage: bytes) -> None:
    """An unfinished copy says nothing, in words."""
    with pytest.raises(NotADistribution, match=r"is no readable ZIP archive|exactly one"):
        of_wheel(put, damage)


def test_wheel__with_metadata_that_fails_its_checksum__is_none(put: Put) -> None:
    """MET-11: the CRC is checked, so that half a disk block more or less is seen."""
    stored = zipped({f"{INFO}/METADATA": METADATA}, zipfile.ZIP_STORED)
    with pytest.raises(NotADistribution, match="CRC"):
        of_wheel(put, stored.replace(b"Name: foo-bar", b"Name: foo-baz"))


@pytest.mark.parametrize("read", ["wheel", "sdist"])
def test_zip__encrypted__is_none(put: Put, read: str) -> None:
    """MET-11: what asks for a password is refused in words; it once ended the whole folder in a RuntimeError."""
    content = WHEEL if read == "wheel" else ZIP_SDIST
    central = content.rindex(
        b"PK\x01\x02", 0, content.index(b"METADATA" if read == "wheel" else b"PKG-INFO", content.index(b"PK\x01\x02"))
    )
    locked = content[: central + 8] + b"\x01\x00" + content[central + 10 :]
    with pytest.raises(NotADistribution, match="encrypted"):
        _ = of_wheel(put, locked) if read == "wheel" else of_sdist(put, locked, "foo_bar-1.0.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip__packed_in_an_unusual_way__is_none(put: Put, method: int) -> None:
    """MET-11: stored or deflated, as every client can read it."""
    with pytest.raises(NotADistribution, match="unusual"):
        of_wheel(put, zipped({f"{INFO}/METADATA": METADATA}, method))
    with pytest.raises(NotADistribution, match="unusual"):
        of_sdist(put, zipped({"a-1.0/PKG-INFO": METADATA}, method), "foo_bar-1.0.zip")


def test_zip__that_says_it_unpacks_to_much__is_not_unpacked(put: Put) -> None:
    """MET-11: a bomb is told by its declared size."""
    bomb = bytes(10 * 1024 * 1024 + 1)
    with pytest.raises(NotADistribution, match="10 MiB"):
        of_wheel(put, zipped({f"{INFO}/METADATA": bomb}))
    with pytest.raises(NotADistribution, match="10 MiB"):
        of_sdist(put, zipped({"foo_bar-1.0/PKG-INFO": bomb}), "foo_bar-1.0.zip")


def test_zip__that_lies_about_its_size__gives_no_more_than_it_said(put: Put) -> None:
    """A bomb that declares a small size, twice, is unpacked to a byte more, and told by that."""
    content = zipped({f"{INFO}/METADATA": bytes(1_000_000)})
    central = content.index(b"PK\x01\x02")
    small = struct.pack("<L", 10)
    with pytest.raises(NotADistribution, match="not as long as it says"):
        of_wheel(put, patched(patched(content, 22, small), central + 24, small))
    with pytest.raises(NotADistribution, match="disagree"):
        of_wheel(put, patched(content, central + 24, small))


def test_sdist__with_pkg_info_in_its_top_folder__gives_its_bytes(put: Put) -> None:
    """Verbatim, out of tar.gz and zip alike."""
    assert of_sdist(put, SDIST) == METADATA
    assert of_sdist(put, ZIP_SDIST, "foo_bar-1.0.zip") == METADATA


def test_sdist__with_dots_before_its_names__is_read(put: Put) -> None:
    """`tar czf` of a folder writes `./` before each name."""
    assert of_sdist(put, tarred(("./foo_bar-1.0/PKG-INFO", METADATA))) == METADATA


@pytest.mark.parametrize(
    "members",
    [
        [],
        [("PKG-INFO", METADATA)],
        [("foo_bar-1.0/src/PKG-INFO", METADATA)],
        [("foo_bar-1.0/foo_bar.egg-info/PKG-INFO", METADATA)],
        [("foo_bar-1.0/pkg-info", METADATA)],
        [(link("foo_bar-1.0/PKG-INFO", tarfile.SYMTYPE, "/etc/hostname"), b"")],
        [(link("foo_bar-1.0/PKG-INFO", tarfile.LNKTYPE, "elsewhere"), b"")],
        [(link("foo_bar-1.0/PKG-INFO", tarfile.DIRTYPE), b"")],
        [(link("foo_bar-1.0/PKG-INFO", tarfile.FIFOTYPE), b"")],
    ],
)
def test_sdist__without_a_file_pkg_info_in_its_top_folder__is_none(
    put: Put, members: list[tuple[str | tarfile.TarInfo, bytes]]
) -> None:
    """Never the one of an egg-info folder, and never what a link leads to (MET-07)."""
    with pytest.raises(NotADistribution, match="no PKG-INFO"):
        of_sdist(put, tarred(*members))


def test_sdist__as_zip_without_pkg_info__is_none(put: Put) -> None:
    """The same for a zipped one."""
    with pytest.raises(NotADistribution, match="no PKG-INFO"):
        of_sdist(put, zipped({"foo_bar-1.0/a/PKG-INFO": METADATA}), "foo_bar-1.0.zip")


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", b"no archive", SDIST[:12], SDIST[:40], b"\x1f\x8b" + SDIST[4:]])
def test_sdist__damaged__is_none(put: Put, damage: bytes) -> None:
    """An unfinished copy says nothing, in words."""
    with pytest.raises(NotADistribution, match=r"is no readable archive|no PKG-INFO"):
        of_sdist(put, damage)


@pytest.mark.parametrize("size", [10 * 1024 * 1024 + 1, 2**40])
def test_sdist__with_a_huge_pkg_info__is_not_read(put: Put, size: int) -> None:
    """A bomb is told by its declared size, before a byte of it is unpacked."""
    info = tarfile.TarInfo("foo_bar-1.0/PKG-INFO")
    info.size = size
    with pytest.raises(NotADistribution, match="10 MiB"):
        of_sdist(put, gzip.compress(info.tobuf() + bytes(1024)))


def test_sdist__with_a_huge_member_before_it__is_not_unpacked(put: Put) -> None:
    """To pass over a member is to unpack it: behind terabytes nothing is looked for."""
    info = tarfile.TarInfo("foo_bar-1.0/big.bin")
    info.size = 2**40
    with pytest.raises(NotADistribution, match="no PKG-INFO"):
        of_sdist(put, gzip.compress(info.tobuf() + bytes(1024)))
