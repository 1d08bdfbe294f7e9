"""Wheels as archives: what PyPI's own checks refuse, and what could be read in two ways."""

import io
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from typing import override

import pytest

from addons.metadata.bounded import NotADistribution
from addons.metadata.zip_directory import Entry
from addons.upload.sound.members import unpacked
from tests.addons.metadata.archives import Counted, patched, zipped
from tests.addons.upload.sound.making import INFO, METADATA, WHEEL, WHEEL_NAME, Examine, files, recorded, wheel

DAMAGED = "Invalid distribution file. It "


def special(name: str, content: bytes = b"", **attributes: object) -> bytes:
    """A wheel with one more member, of which these attributes are otherwise."""
    stream = io.BytesIO(zipped(recorded(files({name: content}) if content else files())))
    with zipfile.ZipFile(stream, "a") as archive:
        info = zipfile.ZipInfo(name if not content else f"{name}2", (2024, 1, 2, 3, 4, 4))
        for attribute, value in attributes.items():
            setattr(info, attribute, value)
        archive.writestr(info, content or b"target", info.compress_type)
    return stream.getvalue()


def streamed() -> bytes:
    """A wheel that was written to what cannot be sought in."""

    class Pipe(io.BytesIO):
        @override
        def seekable(self) -> bool:
            return False

        @override
        def seek(self, *_: object) -> int:
            raise io.UnsupportedOperation

    stream = Pipe()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in recorded(files()).items():
            archive.writestr(name, content)
    return stream.getvalue()


def twice() -> bytes:
    """A wheel with one name twice."""
    stream = io.BytesIO(wheel())
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("foo_bar.py", b"x = 2\n")
    return stream.getvalue()


def gap() -> bytes:
    """A wheel with a whole member between two others that no directory lists."""
    with zipfile.ZipFile(io.BytesIO(wheel())) as archive:
        second = archive.infolist()[1].header_offset
        directory = archive.start_dir
    hidden = zipped({"hidden.py": b"evil"})[: -22 - 46 - len("hidden.py")]
    content = bytearray(wheel()[:second] + hidden + wheel()[second:])
    at = content.find(b"PK\x01\x02", directory)
    while at >= 0:
        offset = int.from_bytes(content[at + 42 : at + 46], "little")
        content[at + 42 : at + 46] = (offset + (len(hidden) if offset >= second else 0)).to_bytes(4, "little")
        at = content.find(b"PK\x01\x02", at + 46)
    content[-6:-2] = (directory + len(hidden)).to_bytes(4, "little")
    return bytes(content)


def local(at: int, piece: bytes) -> bytes:
    """A wheel whose first member has something else in its own header than the directory has."""
    return patched(wheel(), at, piece)


def named(name: str) -> bytes:
    """A wheel with a member of this name, listed in RECORD."""
    return wheel({name: b"y = 2\n"})


def both(old: bytes, new: bytes, content: bytes) -> bytes:
    """An archive with something else in a member's own header and in the directory."""
    assert content.count(old) == 2
    return content.replace(old, new)


def behind() -> bytes:
    """A wheel with bytes between its last member and its directory."""
    content = wheel()
    start = int.from_bytes(content[-6:-2], "little")
    return content[:start] + b"hidden" + content[start:-6] + (start + 6).to_bytes(4, "little") + content[-2:]


FILE = struct.pack("<3L", zlib.crc32(b"x = 1\n"), 6, 6)
STORED = zipped(recorded(files()), zipfile.ZIP_STORED)
ACCENT = wheel({"caf\N{LATIN SMALL LETTER E WITH ACUTE}.py": b"y"})

ODD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "is no readable ZIP archive"),
    "no archive": (lambda: b"hello", "is no readable ZIP archive"),
    "cut off": (lambda: wheel()[:-30], "is no readable ZIP archive"),
    "without members": (lambda: zipped({}), "has no members"),
    "bytes before": (lambda: b"#!/bin/sh\n" + wheel(), "has bytes before its first member"),
    "bytes behind": (lambda: wheel() + b"x", "is no readable ZIP archive"),
    "comment": (lambda: zipped(recorded(files()), comment=b"hello"), "has a comment, or bytes behind its end"),
    "comment of a member": (lambda: special("a.py", b"x", comment=b"hello"), "has a comment on its member"),
    "descriptors": (streamed, "has data descriptors"),
    "hidden member": (gap, "has what is in no directory, or members over each other, before"),
    "bytes before the directory": (behind, "has what is in no directory behind its last member"),
    "wrong CRC": (lambda: both(FILE, bytes(4) + FILE[4:], STORED), "the size or the CRC of its member 'foo_bar.py' is"),
    "stored with two sizes": (
        lambda: both(FILE, FILE[:8] + b"\7\0\0\0", STORED), "is ambiguous: its stored member 'foo_bar.py' has two sizes"
    ),
    "name of no alphabet": (lambda: ACCENT.replace(b"\0\x08\x08\0", b"\0\0\x08\0"), "is not marked as UTF-8"),
    "two of a name": (twice, "has two members that are one file on some systems: 'foo_bar.py' and 'foo_bar.py'"),
    "two by case": (lambda: named("FOO_bar.py"), "has two members that are one file on some systems"),
    "two by accents": (
        lambda: wheel({"caf\N{LATIN SMALL LETTER E WITH ACUTE}.py": b"", "cafe\N{COMBINING ACUTE ACCENT}.py": b""}),
        "has two members that are one file on some systems",
    ),
    "file as folder": (lambda: named("foo_bar.py/a.py"), "has a file in what is no folder"),
    "bzip2": (lambda: special("a.py", b"x", compress_type=zipfile.ZIP_BZIP2), "neither stored nor deflated"),
    "symbolic link": (lambda: special("a.py", external_attr=0o120777 << 16), "has a member that is a link or no file"),
    "device": (lambda: special("a.py", external_attr=0o020666 << 16), "has a member that is a link or no file"),
    "encrypted": (lambda: patched(wheel(), wheel().find(b"PK\x01\x02") + 8, b"\x01"), "has encrypted members"),
    "above": (lambda: named("../evil.py"), "has a member with an absolute, relative or ambiguous name"),
    "absolute": (lambda: named("/evil.py"), "has a member with an absolute, relative or ambiguous name"),
    "drive": (lambda: named("C:/evil.py"), "has a member with an absolute, relative or ambiguous name"),
    "backslash": (lambda: named("a\\..\\evil.py"), "has a member with an absolute, relative or ambiguous name"),
    "control": (lambda: named("a\x1b[2Jb.py"), "has a member with control characters in its name: 'a\\x1b[2Jb.py'"),
    "turned round": (lambda: named("a\N{RIGHT-TO-LEFT OVERRIDE}yp.exe"), "has a member with control characters"),
    "long name": (lambda: named("a" * 1100), "has a member with a name of more than 1024 characters"),
    "other name in header": (lambda: local(30, b"bar_foo"), "the header of b'foo_bar.py' disagree".replace("b'", "'")),
    "other size in header": (lambda: local(22, b"\x07"), "is ambiguous: its directory and the header of"),
    "other CRC in header": (lambda: local(14, b"\0\0\0\0"), "is ambiguous: its directory and the header of"),
    "damaged content": (lambda: patched(wheel(), 41, b"\xff\xff\xff"), "is damaged: "),
    "two dist-info": (lambda: named("other-1.0.dist-info/METADATA"), "has a folder 'other-1.0.dist-info', but should"),
    "dist-info by case": (lambda: named(f"{INFO.upper()}/METADATA"), f"has a folder '{INFO.upper()}', but should"),
    "other Wheel-Version": (lambda: wheel({f"{INFO}/WHEEL": WHEEL.replace(b": 1.0", b": 2.0")}), "has a WHEEL of the"),
    "no purelib": (lambda: wheel({f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n"}), "has a WHEEL that does"),
    "other tags": (lambda: wheel({f"{INFO}/WHEEL": WHEEL.replace(b"py3", b"py2")}), "has a WHEEL whose tags are not"),
    "no tags": (lambda: wheel({f"{INFO}/WHEEL": WHEEL[:-18]}), "has a WHEEL whose tags are not"),
    "other build": (lambda: wheel({f"{INFO}/WHEEL": WHEEL + b"Build: 7\n"}), "has a WHEEL whose Build '7' is not"),
    "large WHEEL": (lambda: wheel({f"{INFO}/WHEEL": WHEEL + b" " * (1 << 20)}), "has a WHEEL of more than 1 MiB"),
    "large METADATA": (lambda: wheel(metadata=METADATA + b"\n" * (5 << 20)), "has a METADATA of more than 4 MiB"),
    "license": (
        lambda: wheel(metadata=METADATA + b"License-File: LICENSE\n"),
        "has no 'LICENSE', which its core metadata names as a License-File",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_wheel__with_an_odd_archive__is_refused_with_its_reason(what: str, examine: Examine) -> None:
    """UPL-10, UPL-23: each fault is a line that says what it is, and nothing is raised."""
    make, words = ODD[what]
    found = examine(make())
    assert [line for line in found.problems if line.startswith(DAMAGED) and words in line], found.problems


@pytest.mark.parametrize(
    ("missing", "line"),
    [
        ("METADATA", f"Wheel '{WHEEL_NAME}' does not contain the required METADATA file: {INFO}/METADATA"),
        ("WHEEL", f"Wheel '{WHEEL_NAME}' does not contain the required WHEEL file: {INFO}/WHEEL"),
        ("RECORD", f"Wheel '{WHEEL_NAME}' does not contain the required RECORD file: {INFO}/RECORD"),
    ],
)
def test_wheel__without_a_file_of_its_dist_info__is_refused_in_pypis_words(
    missing: str, line: str, examine: Examine
) -> None:
    """UPL-10, UPL-23: METADATA, WHEEL and RECORD in the folder that the filename names."""
    members = recorded(files())
    del members[f"{INFO}/{missing}"]
    assert line in examine(zipped(members)).problems
    assert line in examine(wheel(info="Foo_Bar-1.0.dist-info")).problems


@pytest.mark.parametrize(
    "content",
    [
        b"[console_scripts]\nfoo = a b\n",
        b"[console_scripts]\n../foo = a:b\n",
        b"[console_scripts]\nfoo\n",
        b"foo = a:b\n",
        b"[a]\nb = c\nb = d\n",
        b"[a\x1b]\nb = c\n",
        b"\xff\xfe",
        b"[console_scripts]\nfoo = a:b:c\n",
    ],
)
def test_entry_points__that_are_not_well_formed__are_a_problem(content: bytes, examine: Examine) -> None:
    """UPL-10, UPL-23: what cannot be read, what names no object, and commands that would lie elsewhere."""
    found = examine(wheel({f"{INFO}/entry_points.txt": content})).problems
    assert len(found) == 1
    assert found[0].startswith(f"Wheel '{WHEEL_NAME}' has invalid entry points")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"foo_bar/": b"", "foo_bar/__init__.py": b""},
        {f"{INFO}/entry_points.txt": b"[console_scripts]\nfoo-bar = foo_bar:main [extra]\n[DEFAULT]\nX.y = a.b\n"},
        {"caf\N{LATIN SMALL LETTER E WITH ACUTE}.py": b"", "foo_bar-1.0.data/scripts/run": b"#!python\n"},
        {f"{INFO}/WHEEL": WHEEL + b"Build: 1\n"},
    ],
)
def test_wheel__that_is_unusual_but_clear__is_sound(more: dict[str, bytes], examine: Examine) -> None:
    """UPL-10: folders, other alphabets, entry points, data files, build numbers."""
    content = wheel(more)
    name = "foo_bar-1.0-1-py3-none-any.whl" if b"Build" in more.get(f"{INFO}/WHEEL", b"") else WHEEL_NAME
    assert examine(content, name).problems == ()


def bomb(size: int) -> bytes:
    """A wheel of some hundred KB with a member of so many zeros."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        with archive.open("zeros.bin", "w") as member:
            for _ in range(size >> 20):
                member.write(bytes(1 << 20))
        for name, content in recorded(files()).items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_wheel__that_is_a_bomb__is_refused_before_it_is_unpacked(examine: Examine) -> None:
    """UPL-10: more than 64 MiB, and more than fifty times its size; some pieces of it are held at most."""
    content = bomb(80 << 20)
    assert len(content) < 100_000
    tracemalloc.start()
    try:
        found = examine(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.problems == (
        "Invalid distribution file. It unpacks to more than 50 times its size, or to more than 16 GiB.",
    )
    assert peak < 3 << 20


def test_wheel__that_unpacks_to_more_than_it_says__is_unpacked_no_further(examine: Examine) -> None:
    """UPL-10: what a member declares is what is unpacked of it, however much there is."""
    lie = (1 << 20).to_bytes(4, "little")
    content = bytearray(bomb(32 << 20))
    size = (32 << 20).to_bytes(4, "little")
    content[:] = content.replace(size, lie, 1)
    at = content.rfind(size)
    content[at : at + 4] = lie
    tracemalloc.start()
    try:
        found = examine(bytes(content))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert any("the size or the CRC of its member 'zeros.bin' is wrong" in line for line in found.problems), (
        found.problems
    )
    assert peak < 4 << 20


def test_wheel__of_which_members_share_bytes__is_refused(examine: Examine) -> None:
    """UPL-10: many entries of one member are a bomb that no ratio of a single one shows."""
    content = wheel({"a.py": b"y", "b.py": b"y"})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first, second = (archive.getinfo(name).header_offset for name in ("a.py", "b.py"))
    at = content.rfind(second.to_bytes(4, "little"), 0, len(content) - 22)
    found = examine(patched(content, at, first.to_bytes(4, "little")))
    assert any("members over each other" in line or "disagree" in line for line in found.problems)


@pytest.mark.parametrize("more", [b"more", b""])
def test_member__whose_stream_ends_before_its_bytes__is_damaged(more: bytes) -> None:
    """UPL-10: bytes that belong to a member and are none of its content could be anything."""
    content = b"x = 1\n" * 10
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed, crc = packer.compress(content) + packer.flush() + more, zlib.crc32(content)
    header = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(packed), len(content), 1, 0)
    counted = Counted(header + b"a" + packed)
    pieces = unpacked(counted.read, Entry(b"a", 0, 8, crc, len(packed), len(content), 0), len(counted.content))
    if more:
        with pytest.raises(NotADistribution, match="its member 'a' is not as long as it says"):
            list(pieces)
    else:
        assert b"".join(pieces) == content


def test_member__that_unpacks_to_more_than_it_says__is_left_at_that() -> None:
    """UPL-10: not a byte more is given than was declared, and the rest stays packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(64 << 20)) + packer.flush()
    header = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(packed), 10, 1, 0)
    counted = Counted(header + b"a" + packed)
    begun = time.thread_time()
    with pytest.raises(NotADistribution, match="the size or the CRC of its member 'a' is wrong"):
        list(unpacked(counted.read, Entry(b"a", 0, 8, 0, len(packed), 10, 0), len(counted.content)))
    assert time.thread_time() - begun < 0.02
