"""Opening a file without waiting for the disk: only if the system has all that it takes in memory (openat2, RESOLVE_CACHED).

A hop to a thread and back takes ten times as long as that. Python has no name for this system call, whose number is the same on
all processors that Linux wheels are built for. Source: openat2(2), Linux 5.12.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Callable

_OPENAT2 = ctypes.c_long(437)
_RESOLVE_CACHED = 0x20
_HERE = -100  # AT_FDCWD
_HOW = struct.Struct("=3Q")  # struct open_how: flags, mode, resolve


def _system_call() -> Callable[..., int] | None:
    try:
        call: Callable[..., int] = ctypes.CDLL(None, use_errno=True).syscall
    except (OSError, AttributeError):  # another C library than Linux's
        return None
    return call if sys.platform == "linux" else None


_CALL = _system_call()


def open_at_once(path: str, flags: int) -> int | None:
    """Give the descriptor of a file that is opened for reading; None where the disk would be waited for, or cannot be opened.

    What is wrong with it, opening it in the usual way tells.
    """
    if _CALL is None:
        return None
    how = _HOW.pack(flags | os.O_LARGEFILE, 0, _RESOLVE_CACHED)
    descriptor = _CALL(_OPENAT2, _HERE, os.fsencode(path), how, ctypes.c_size_t(len(how)))
    return descriptor if descriptor >= 0 else None
