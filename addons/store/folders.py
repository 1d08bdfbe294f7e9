"""Folders of the store: the user's own, and there after a loss of power too."""

import errno
import os
from pathlib import Path


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, for this user only, and have each on disk. Raises OSError."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "is no folder", str(path)) from None
    except FileNotFoundError:
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        sync(path.parent)
    else:
        sync(path.parent)


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
