"""Where the bytes of own files lie: content-addressed, under the sha256 that they have (files/ab/cdef…, in the store's folder).

Bytes lie there before a row of the database names them, so bytes without a row are nobody's: left by an upload that was not
acknowledged, or by a file that was deleted. `sweeping` takes them away, and locks a folder while it does.
"""

import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import override

from addons.store.folders import make_folder, sync

LEFTOVER_AGE = timedelta(hours=1)
"""After which what lies in `incoming` was left by a process that died: no upload takes as long."""


class ShelfUnavailable(OSError):
    """The bytes cannot be kept now. In words that say where, why and what to do; nothing of them is under its name."""

    @override
    def __str__(self) -> str:
        return str(self.strerror)


class Shelf:
    """The folder `files` of a store. What lies in it under a name has that sha256; spool files of uploads lie in `incoming`."""

    def __init__(self, folder: Path) -> None:
        self.store = folder.absolute()
        self.folder = self.store / "files"
        self.incoming = self.store / "incoming"

    def path(self, sha256: str) -> Path:
        """Give the path at which these bytes lie, if they do."""
        return self.folder / sha256[:2] / sha256[2:]

    def prepare(self, at: datetime) -> int:
        """Make the folders, and give how many leftovers of processes that died were removed. For the start of a gateway.

        Raises ShelfUnavailable.
        """
        with self._in_words():
            for folder in (self.folder, self.incoming):
                make_folder(folder)
                folder.chmod(0o700)
            left = list(self.leftovers(at, LEFTOVER_AGE))
            for path in left:
                path.unlink(missing_ok=True)
        return len(left)

    def leftovers(self, at: datetime, age: timedelta) -> Iterator[Path]:
        """Give what lies in `incoming` and was not written to for so long. Raises OSError."""
        with suppress(FileNotFoundError):
            for path in self.incoming.iterdir():
                with suppress(FileNotFoundError):
                    if at.timestamp() - path.stat().st_mtime >= age.total_seconds():
                        yield path

    def put(self, spooled: Path, sha256: str) -> None:
        """Take a whole file of `incoming`, whose sha256 was computed as it was written, under its name; fsynced.

        The spool file is left to who made it. Bytes that lie there already are read again, and replaced if they are damaged.
        Raises ShelfUnavailable, an OSError.
        """
        place = self.path(sha256)
        with self._in_words():
            spooled.chmod(0o600)
            sync(spooled)
            make_folder(place.parent)
            with locked(place.parent, fcntl.LOCK_SH):
                self._link(spooled, place, sha256)
                sync(place.parent)
            sync(self.folder)

    def put_bytes(self, content: bytes, sha256: str) -> None:
        """Take bytes that are in hand (core metadata), as `put` does. Raises ShelfUnavailable, an OSError."""
        with self._in_words():
            make_folder(self.incoming)
            handle, name = tempfile.mkstemp(dir=self.incoming)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                self.put(Path(name), sha256)
            finally:
                Path(name).unlink(missing_ok=True)

    def _link(self, spooled: Path, place: Path, sha256: str) -> None:
        try:
            os.link(spooled, place)
        except FileExistsError:
            if self.is_right(sha256, spooled.stat().st_size):
                os.utime(place)  # as new: it may be nobody's, and is somebody's soon
                return
            beside = place.with_name(f".{place.name}.{os.getpid()}.{spooled.name}")
            os.link(spooled, beside)
            beside.replace(place)

    def renew(self, sha256: str) -> None:
        """Have bytes that lie there count as put there now: somebody comes for them. Raises ShelfUnavailable."""
        with self._in_words():
            os.utime(self.path(sha256))

    def is_right(self, sha256: str, size: int | None = None) -> bool:
        """Tell whether whole and right bytes lie under this name; all of them are read. Raises OSError."""
        try:
            with self.path(sha256).open("rb") as file:
                if size is not None and os.fstat(file.fileno()).st_size != size:
                    return False
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except (FileNotFoundError, IsADirectoryError):
            return False

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except ShelfUnavailable:
            raise
        except OSError as error:
            known = _WORDS.get(error.errno or 0)
            reason = known or f"cannot be written: {error.strerror or error}"
            raise ShelfUnavailable(error.errno, f"{self.store}: the store {reason}") from error


@contextmanager
def locked(folder: Path, how: int) -> Iterator[None]:
    """Hold a folder of files: shared by who puts bytes there, alone for who takes some away. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


_WORDS = {
    errno.ENOSPC: "cannot be written: the disk is full; make room, and upload again",
    errno.EDQUOT: "cannot be written: this user's share of the disk is full; make room, and upload again",
    errno.EFBIG: "cannot be written: this user may have no file as large; raise the limit (ulimit -f)",
    errno.EROFS: "cannot be written: its disk is read-only",
    errno.EACCES: "cannot be written: let this user write the folder",
    errno.EPERM: "cannot be written: let this user write the folder",
    errno.EIO: "cannot be written: its disk has faults",
}
