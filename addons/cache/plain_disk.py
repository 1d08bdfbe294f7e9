"""A Disk of diskcache that knows bytes, text and numbers only: what lies in a cache folder can never run code.

diskcache pickles what is of another type, and unpickles whatever a row of its database says is a pickle; and it reads
and removes the file that a row names, wherever that is. Here all three are refused.
"""

import errno
import re
from pathlib import Path
from typing import Any, override

from diskcache import Disk

from addons.cache.plain_files import is_plain

_PICKLE = 4  # diskcache.core.MODE_PICKLE, part of its format on disk
_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}\.val")


class Tampered(ValueError):
    """What lies in the folder is not what diskcache and this module write there. In words."""


class PlainDisk(Disk):  # type: ignore[misc] # diskcache has no types
    """Keeps text keys; bytes, text and numbers as values. Raises TypeError for other values, Tampered when reading."""

    @override
    def put(self, key: object) -> tuple[Any, bool]:
        """Give a key as the database has it: text, as it is."""
        if type(key) is not str:
            raise TypeError(f"a key is text, and this is {type(key).__name__}")
        return key, True

    @override
    def get(self, key: object, raw: object) -> str:
        """Give a key as it was written."""
        if not raw or type(key) is not str:
            raise Tampered("a key is no text")
        return key

    @override
    def store(self, value: object, read: bool, key: object = None) -> Any:
        """Give a value as the database has it: size, mode, filename, value."""
        if read or type(value) not in (bytes, str, int, float):
            raise TypeError(f"bytes, text and numbers are kept, and this is {type(value).__name__}")
        return super().store(value, read, key)

    @override
    def fetch(self, mode: object, filename: object, value: object, read: bool) -> Any:
        """Give a value as it was written. Raises OSError where its file is gone."""
        if mode == _PICKLE or read:
            raise Tampered("a value is neither bytes nor text nor a number")
        if filename is not None and not _is_ours(filename):
            raise Tampered("a value is said to lie outside the folder")
        if isinstance(filename, str) and not is_plain(Path(self._directory) / filename):  # a pipe would be waited for
            raise FileNotFoundError(errno.ENOENT, "a value is no file")
        return super().fetch(mode, filename, value, read)

    @override
    def remove(self, file_path: object) -> None:
        """Remove a value's file; of a row that names any other, nothing is removed."""
        if _is_ours(file_path):
            super().remove(file_path)


def _is_ours(filename: object) -> bool:
    return isinstance(filename, str) and _NAME.fullmatch(filename) is not None
