"""A diskcache that is made anew when it is damaged or gone: whoever uses it gets what is there, or nothing."""

import errno
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from diskcache import Cache, Timeout

from addons.cache.plain_disk import PlainDisk
from addons.cache.plain_files import clear, is_plain

logger = logging.getLogger(__name__)

_BUSY_SECONDS = 2  # how long another process that writes is waited for
_SMALL = 32_768  # bytes of a value that lie in the database itself
# What a database can answer that is as it should be: another process has it, the disk is full or may not be written to.
_PASSING = frozenset(
    {
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY),
        *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM, sqlite3.SQLITE_INTERRUPT),
    }
)
# What diskcache raises over tables that say what it never wrote (ValueError: Tampered, and what msgspec raises).
_DAMAGE = (sqlite3.Error, ValueError, TypeError, KeyError, AttributeError, AssertionError)


class Remade:
    """The cache in `folder`, of at most about `most_bytes`, the least recently used forgotten first.

    To be used from one thread. The folder is this cache's own: all that is in it may be removed.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._opened: tuple[Cache, tuple[int, int]] | None = None
        self._said = ""

    def do[T](self, work: Callable[[Cache], T], otherwise: T) -> T:
        """Give what `work` gives; `otherwise` if the cache cannot be used now, or had to be made anew."""
        try:
            done = work(self._cache())
        except (Timeout, OSError) as error:  # diskcache has Timeout for all that keeps a transaction from beginning
            self.close()
            self._cannot(f"{type(error).__name__}{_number(error)}")
        except _DAMAGE as error:
            self.close()
            if passes(error):
                self._cannot(_words(error))
            else:
                self._remake(error)
        else:
            self._said = ""
            return done
        return otherwise

    def close(self) -> None:
        """Let go of the database."""
        if self._opened is not None:
            with suppress(sqlite3.Error):
                self._opened[0].close()
            self._opened = None

    def _cache(self) -> Cache:
        if self._opened is not None and self._opened[1] == _identity(self._folder):
            return self._opened[0]
        self.close()  # it was deleted, or made anew by another process: ours would be written to in vain
        database = _database(self._folder)
        if os.path.lexists(database) and not is_plain(database):  # SQLite would wait for a pipe, and follow a link
            clear(self._folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        cache = Cache(
            str(self._folder),
            timeout=_BUSY_SECONDS,
            disk=PlainDisk,
            eviction_policy="least-recently-used",
            size_limit=self._most_bytes,
            disk_min_file_size=_SMALL,
            # Neither a write-ahead log nor a mapping: both lead to SIGBUS where somebody truncates the file below them.
            # What a power failure does to it without a sync is found out by digests, and it is made anew.
            sqlite_journal_mode="truncate",
            sqlite_mmap_size=0,
            sqlite_synchronous=0,
        )
        self._opened = cache, _identity(self._folder)
        return cache

    def _remake(self, error: Exception) -> None:
        self._say("%s: the documents in it are damaged, and are fetched anew: %s", _words(error))
        shutil.rmtree(self._folder, ignore_errors=True)

    def _cannot(self, words: str) -> None:
        self._say("%s: nothing is kept on disk meanwhile: it cannot be used: %s", words)

    def _say(self, line: str, words: str) -> None:
        """Say it in the log; once, until the cache could be used again."""
        if words != self._said:
            logger.warning(line, self._folder, words)
        self._said = words


def sync(cache: Cache) -> None:
    """Let what was written so far survive a power failure.

    Never inside a transaction: POSIX drops a process's locks on a file as soon as it closes any descriptor of that file.
    """
    descriptor = os.open(_database(Path(cache.directory)), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _database(folder: Path) -> Path:
    return folder / "cache.db"


def _identity(folder: Path) -> tuple[int, int]:
    """Give what tells this database from another one at the same path. (0, 0) is none."""
    try:
        status = _database(folder).stat()
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino


def passes(error: Exception) -> bool:
    """Tell whether a database that is as it should be can answer so."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _PASSING


def _number(error: Exception) -> str:
    code = error.errno if isinstance(error, OSError) else None
    return f" {errno.errorcode.get(code, code)}" if code is not None else ""


def _words(error: Exception) -> str:
    return ascii(str(error) or type(error).__name__)[:200]
