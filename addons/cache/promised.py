"""What a kept file must be, what can be read of it, and the ways in which keeping it fails."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

_NOWAIT: int | None = getattr(os, "RWF_NOWAIT", None)


class Mismatch(Exception):
    """The bytes are not those that were promised: other length or other hash. In words."""


class NotKept(Exception):
    """The disk does not take the file (full, unwritable, too small); what arrived of it can be read. In words."""


class Damaged(Exception):
    """A kept file lost bytes under the hand of its reader. In words."""


class Wrong(Damaged):
    """A kept file does not hash to its name any more: what was read of it may be wrong. In words."""


@dataclass(frozen=True)
class Promise:
    """What a file is to be: its sha256 and, where known, its BLAKE2b-256 (both in lower-case hex) and length in bytes."""

    sha256: str
    blake2b: str | None = None
    size: int | None = None


class Arriving(Protocol):
    """A file on its way: the whole file's length in bytes (None: unknown), and the bytes that are to come."""

    @property
    def size(self) -> int | None: ...

    @property
    def chunks(self) -> AsyncIterator[bytes]: ...


type Fetch = Callable[[int], AbstractAsyncContextManager[Arriving]]
"""Fetches a file from a byte on. What it raises goes to everybody who waits for the file."""


class Readable(Protocol):
    """A file that is there, or growing: `size` is its length in bytes, None as long as nobody knows."""

    @property
    def size(self) -> int | None: ...

    async def read(self, at: int, count: int) -> bytes:
        """Give up to `count` bytes from `at` on, as soon as there is one; none means that the file ends there.

        The last byte is given only if the whole is as promised. Raises Mismatch, NotKept, Damaged, Wrong, or as
        the fetch.
        """
        ...

    async def arrived(self, at: int, count: int) -> bytes:
        """Give the bytes that `read` gave once, whatever has become of the file since. Raises Damaged."""
        ...


async def read_at(descriptor: int, count: int, at: int) -> bytes:
    """Give up to `count` bytes that must be there: at once what the system has in memory, the rest from a thread.

    A hop to a thread and back takes longer than copying a quarter of a megabyte does. Raises Damaged.
    """
    try:
        part = _in_memory(descriptor, count, at) or await asyncio.to_thread(os.pread, descriptor, count, at)
    except OSError as error:
        raise Damaged(f"the disk does not give it back ({error.strerror})") from error
    if not part:
        raise Damaged("the file became shorter while it was read")
    return part


def _in_memory(descriptor: int, count: int, at: int) -> bytes:
    """Give what can be had without waiting for the disk (preadv2's RWF_NOWAIT, where system and file system know it)."""
    if _NOWAIT is None:
        return b""
    room = bytearray(count)
    try:
        there = os.preadv(descriptor, [room], at, _NOWAIT)
    except OSError:  # nothing, or no such thing here; what else is wrong is found out in the thread
        return b""
    return bytes(memoryview(room)[:there])
