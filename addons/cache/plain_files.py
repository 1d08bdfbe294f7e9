"""Opening what should be a plain file, in a folder where anything may lie by now: links, folders, pipes.

All of this waits for the disk, unless it says otherwise: it belongs into threads.
"""

import errno
import os
import shutil
import stat
from pathlib import Path

from addons.cache.at_once import open_at_once

# Neither led elsewhere by a link nor held up for ever by a pipe that nobody writes to.
_CAREFULLY = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_NO_FILE = frozenset({errno.ELOOP, errno.EISDIR, errno.ENXIO})  # a link, a folder, a socket


class Obstructed(OSError):
    """What lies there is no plain file."""


def open_plain(path: Path, flags: int) -> int:
    """Open a plain file (made with mode 600, if the flags have O_CREAT) and give its descriptor.

    Raises Obstructed for anything else, OSError.
    """
    try:
        descriptor = os.open(path, flags | _CAREFULLY, 0o600)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise _obstructed() from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _obstructed()
    return descriptor


def open_plain_at_once(path: Path) -> int | None:
    """Open a plain file to read it, and give its descriptor; None where only `open_plain` can tell. Waits for nothing."""
    descriptor = open_at_once(str(path), os.O_RDONLY | _CAREFULLY)
    if descriptor is not None and not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return descriptor


def _obstructed() -> Obstructed:
    return Obstructed(errno.EEXIST, "something else lies in its place")


def is_plain(path: Path) -> bool:
    """Tell whether a plain file lies there."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def clear(path: Path) -> None:
    """Take away what lies there, whatever it is; what a link leads to stays. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
