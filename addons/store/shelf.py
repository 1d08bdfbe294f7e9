"""Where the bytes of own files lie: content-addressed, under the sha256 that they have (files/ab/cdef…, in the store's folder)."""

import os
from pathlib import Path


class Shelf:
    """The folder `files` of a store. What lies in it under a name has that sha256; spool files of uploads lie in `incoming`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute() / "files"
        self.incoming = folder.absolute() / "incoming"

    def path(self, sha256: str) -> Path:
        """Give the path at which these bytes lie, if they do."""
        return self.folder / sha256[:2] / sha256[2:]

    def put(self, spooled: Path, sha256: str) -> None:
        """Take a whole file of `incoming`, whose sha256 was computed as it was written, under its name; fsynced. Raises OSError.

        The spool file is left to who made it. Bytes that lie there already are left alone.
        """
        place = self.path(sha256)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync(spooled)
        try:
            os.link(spooled, place)
        except FileExistsError:
            return
        _sync(place.parent)
        _sync(place.parent.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
