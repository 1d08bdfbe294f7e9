"""Sdists as archives: one top folder, nothing that leads out of it, nothing beside it."""

import gzip
import io
import tarfile
import tracemalloc
from collections.abc import Callable

import pytest

from proxyconf.soundness import SoundRule
from tests.addons.metadata.archives import link, tarred, zipped
from tests.addons.metadata.test_tar_headers import block, long, packed, pax, record
from tests.addons.upload.sound.making import METADATA, SDIST_NAME, Examine, sdist

TOP = "foo_bar-1.0"
INFO = (f"{TOP}/PKG-INFO", METADATA)
INFO_BLOCK = block(INFO[0], content=METADATA)


def linked(name: str, kind: bytes, target: str) -> bytes:
    """An sdist with a link."""
    return tarred(INFO, (f"{TOP}/a.py", b"x"), (link(f"{TOP}/{name}", kind, target), b""))


def hidden_zip() -> bytes:
    """An sdist with a stored member in which zipfile finds the end of a ZIP archive."""
    end = b"PK\x05\x06" + bytes(16) + (8).to_bytes(2, "little")
    raw = tarred(INFO, (f"{TOP}/a.bin", end))
    return gzip.compress(gzip.decompress(raw), 0)


ODD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "is no gzipped tar archive"),
    "one byte": (lambda: b"\x1f", "is no gzipped tar archive"),
    "no gzip": (lambda: gzip.decompress(sdist()), "is no gzipped tar archive"),
    "zip": (lambda: zipped({INFO[0]: METADATA}), "is a ZIP archive, too"),
    "zip within": (hidden_zip, "is a ZIP archive, too"),
    "cut off": (lambda: sdist()[:-20], "is no readable archive: it is cut off"),
    "damaged": (lambda: sdist()[:30] + b"\xff" * 9 + sdist()[39:], "is no readable archive"),
    "no tar": (lambda: gzip.compress(b"x" * 2000), "a tar header is damaged"),
    "nothing": (lambda: gzip.compress(b""), "has no PKG-INFO in its top folder"),
    "bytes behind": (lambda: sdist() + b"x", "has bytes behind its gzip stream"),
    "two streams": (lambda: sdist() + sdist(), "has bytes behind its gzip stream"),
    "more behind its end": (lambda: packed(INFO_BLOCK, bytes(1024), b"x" * 512), "has more behind its end"),
    "no PKG-INFO": (lambda: sdist({"PKG-INFO": None}), "has no PKG-INFO in its top folder 'foo_bar-1.0'"),
    "PKG-INFO below": (lambda: sdist({"PKG-INFO": None, "a/PKG-INFO": METADATA}), "has no PKG-INFO in its top folder"),
    "other top": (lambda: sdist(top="Foo-Bar-1.0"), "has a member that is not in its top folder 'foo_bar-1.0'"),
    "two tops": (lambda: tarred(INFO, ("other/a.py", b"")), "has a member that is not in its top folder"),
    "beside": (lambda: tarred(INFO, ("a.py", b"")), "has a member that is not in its top folder"),
    "above": (lambda: tarred(INFO, (f"{TOP}/../a.py", b"")), "has a member with an absolute name, or one with '..'"),
    "absolute": (lambda: tarred(INFO, (f"/{TOP}/a.py", b"")), "has a member with an absolute name"),
    "backslashes": (lambda: tarred(INFO, (f"{TOP}/a\\..\\..\\b", b"")), "has a member with an absolute name, or one"),
    "drive": (lambda: tarred(INFO, ("C:/a.py", b"")), "has a member with an absolute name"),
    "control": (lambda: tarred(INFO, (f"{TOP}/a\x07.py", b"")), "has a member with control characters"),
    "twice": (lambda: tarred(INFO, INFO), "has two members with the name 'foo_bar-1.0/PKG-INFO'"),
    "twice with dots": (lambda: tarred(INFO, (f"./{TOP}//PKG-INFO", METADATA)), "has two members with the name"),
    "folder and file": (
        lambda: tarred(INFO, (link(f"{TOP}/a", tarfile.DIRTYPE), b""), (f"{TOP}/a", b"")),
        "has two members with the name",
    ),
    "file as folder": (lambda: tarred(INFO, (f"{TOP}/a", b""), (f"{TOP}/a/b", b"")), "has files in what is no folder"),
    "link out": (lambda: linked("b", tarfile.SYMTYPE, "../../etc/passwd"), "has a link out of its top folder"),
    "absolute link": (lambda: linked("b", tarfile.SYMTYPE, "/etc/passwd"), "has a link out of its top folder"),
    "link to the top": (lambda: linked("b", tarfile.SYMTYPE, ".."), "has a link out of its top folder"),
    "hard link out": (lambda: linked("b", tarfile.LNKTYPE, "etc/passwd"), "has a link out of its top folder"),
    "hard link to nothing": (lambda: linked("b", tarfile.LNKTYPE, f"{TOP}/none"), "has a link to what is not there"),
    "long link out": (
        lambda: packed(INFO_BLOCK, pax(record("linkpath", "/etc/passwd")), block(f"{TOP}/b", tarfile.SYMTYPE)),
        "has a link out of its top folder",
    ),
    "linked PKG-INFO": (lambda: tarred((f"{TOP}/a", b""), (link(INFO[0], tarfile.SYMTYPE, "a"), b"")), "that is a link"),
    "device": (lambda: tarred(INFO, (link(f"{TOP}/null", tarfile.CHRTYPE), b"")), "has a member that is a device"),
    "pipe": (lambda: tarred(INFO, (link(f"{TOP}/pipe", tarfile.FIFOTYPE), b"")), "has a member that is a device"),
    "sparse": (lambda: packed(INFO_BLOCK, block(f"{TOP}/a", tarfile.GNUTYPE_SPARSE)), "has sparse members"),
    "sparse pax": (
        lambda: packed(INFO_BLOCK, pax(record("GNU.sparse.major", "1")), block(f"{TOP}/a")),
        "has sparse members",
    ),
    "long name": (lambda: packed(INFO_BLOCK, long(b"a" * 2000), block("cut")), "names of more than 1024 characters"),
    "long header": (lambda: packed(INFO_BLOCK, pax(record("comment", "a" * 99_999))), "a tar header of more than 64 KiB"),
    "large PKG-INFO": (lambda: sdist(metadata=METADATA + b"\n" * (5 << 20)), "has a PKG-INFO of more than 4 MiB"),
    "license": (lambda: sdist(metadata=METADATA + b"License-File: LICENSE\n"), "has no 'LICENSE', which its core"),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_sdist__with_an_odd_archive__is_refused_with_its_reason(what: str, examine: Examine) -> None:
    """UPL-11, UPL-23: each fault is a line that says what it is, and nothing is raised."""
    make, words = ODD[what]
    found = examine(make(), SDIST_NAME).problems
    assert [line for line in found if line.startswith("Invalid distribution file. It ") and words in line], found


@pytest.mark.parametrize(
    "content",
    [
        sdist(),
        sdist({"a/b.py": b""}),
        tarred((link(f"./{TOP}", tarfile.DIRTYPE), b""), (f"./{TOP}/PKG-INFO", METADATA), (f"{TOP}/A", b""), (f"{TOP}/a", b"")),
        linked("b/c.py", tarfile.SYMTYPE, "../a.py"),
        linked("b.py", tarfile.LNKTYPE, f"{TOP}/a.py"),
        packed(pax(record("comment", "abc"), tarfile.XGLTYPE), INFO_BLOCK),
        packed(INFO_BLOCK, long(f"{TOP}/{'d' * 150}".encode()), block("cut", content=b"x")),
        sdist({"LICENSES/MIT.txt": b"..."}, METADATA + b"License-File: LICENSES/MIT.txt\n"),
    ],
)  # fmt: skip
def test_sdist__that_is_unusual_but_clear__is_sound(content: bytes, examine: Examine) -> None:
    """UPL-11: links within it, long names, folders, what git archive writes."""
    assert examine(content, SDIST_NAME).problems == ()


def test_sdist__without_pyproject__is_refused_only_where_a_rule_says_so(examine: Examine) -> None:
    """UPL-11: it need not have one, but the organisation may want one."""
    content = sdist({"pyproject.toml": None})
    assert examine(content, SDIST_NAME).problems == ()
    [line] = examine(content, SDIST_NAME, rule=SoundRule(pyproject="required")).problems
    assert "has no pyproject.toml, which this project's sdists have to have" in line


def test_sdist__is_announced_by_its_metadata__only_if_no_build_may_change_it(examine: Examine) -> None:
    """MET-07, UPL-08: what is dynamic in an sdist says nothing of its wheels."""
    final, dynamic = (
        examine(sdist(), SDIST_NAME),
        examine(sdist(metadata=METADATA + b"Dynamic: Requires-Dist\n"), SDIST_NAME),
    )
    assert final.metadata == METADATA
    assert dynamic.new is not None
    assert (dynamic.metadata, dynamic.new.metadata_sha256) == (None, None)


def bomb(size: int) -> bytes:
    """A gzipped tar archive of some hundred KB with a member of so many zeros."""
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="w", compresslevel=9) as packing:
        packing.write(INFO_BLOCK + block(f"{TOP}/zeros.bin", size=size))
        for _ in range(size >> 20):
            packing.write(bytes(1 << 20))
        packing.write(bytes(1024))
    return stream.getvalue()


def test_sdist__that_is_a_bomb__is_unpacked_to_its_bound_only(examine: Examine) -> None:
    """UPL-11: 64 MiB, or fifty times its size; some pieces of it are held at most."""
    content = bomb(80 << 20)
    assert len(content) < 200_000
    tracemalloc.start()
    try:
        found = examine(content, SDIST_NAME)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "unpacks to too much: its end is not in the first 64 MiB" in found.problems[0]
    assert peak < 3 << 20


def test_sdist__with_very_many_faults__says_how_many(examine: Examine) -> None:
    """UPL-19, UPL-23: the first ones are told, and how many more there are."""
    found = examine(tarred(INFO, *((f"other/{number}", b"") for number in range(500))), SDIST_NAME).problems
    assert len(found) == 21
    assert found[-1] == "Invalid distribution file. It has 480 more faults of these kinds."
