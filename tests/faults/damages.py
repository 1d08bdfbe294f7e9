"""What can happen to a path in the cache's folder behind the gateway's back."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

from tests.deleting import delete

type Damage = Callable[[Path, Path], object]
"""Does something to the first path; the second is a file elsewhere, which must stay as it is."""


def _write(path: Path, at: int, *, whence: int = os.SEEK_SET) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        place = os.lseek(descriptor, at, whence)
        [byte] = os.pread(descriptor, 1, place) or b"\0"
        os.pwrite(descriptor, bytes([byte ^ 0xFF]), place)
    finally:
        os.close(descriptor)


def first_byte(path: Path, other: Path) -> None:
    """Turn over the first byte."""
    _write(path, 0)


def last_byte(path: Path, other: Path) -> None:
    """Turn over the last byte."""
    _write(path, -1, whence=os.SEEK_END)


def middle_byte(path: Path, other: Path) -> None:
    """Turn over a byte in the middle."""
    _write(path, path.stat().st_size // 2)


def truncated(path: Path, other: Path) -> None:
    """Take away the second half."""
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path, other: Path) -> None:
    """Take away all that is in it."""
    os.truncate(path, 0)


def longer(path: Path, other: Path) -> None:
    """Write something behind the end."""
    with path.open("ab") as file:
        file.write(b"x")


def remove(path: Path, other: Path) -> None:
    """Delete it, whatever it is."""
    if path.is_dir():
        delete(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)


def folder(path: Path, other: Path) -> None:
    """Put a folder in its place that is not empty."""
    remove(path, other)
    (path / "x").mkdir(parents=True)
    (path / "x" / "y").write_bytes(b"z")


def link(path: Path, other: Path) -> None:
    """Put a link to another file in its place."""
    remove(path, other)
    path.symlink_to(other)


def dangling(path: Path, other: Path) -> None:
    """Put a link to nothing in its place."""
    remove(path, other)
    path.symlink_to(other.with_name("nothing"))


def loop(path: Path, other: Path) -> None:
    """Put a link to itself in its place."""
    remove(path, other)
    path.symlink_to(path)


def pipe(path: Path, other: Path) -> None:
    """Put a named pipe in its place, which nobody writes to."""
    remove(path, other)
    os.mkfifo(path)


def listener(path: Path, other: Path) -> None:
    """Put a socket in its place."""
    remove(path, other)
    here = os.open(path.parent, os.O_RDONLY)  # the path itself may be longer than sockets' paths can be
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(f"/proc/self/fd/{here}/{path.name}")
    finally:
        os.close(here)


def unreadable(path: Path, other: Path) -> None:
    """Take all rights away from it (which does not keep root out)."""
    if not path.exists():
        path.mkdir(parents=True)
    path.chmod(0)


CONTENT: list[Damage] = [first_byte, middle_byte, last_byte, truncated, emptied, longer]
PLACE: list[Damage] = [remove, folder, link, dangling, loop, pipe, listener, unreadable]
