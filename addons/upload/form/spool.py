"""Files that are on their way in: written into the folder `incoming` of the store, under names that nobody can choose.

All of this waits for the disk.
"""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import override

from addons.upload.formed import Spooled


def remove(path: Path) -> None:
    """Take a file of ours away; raises nothing, as what is left is swept up later."""
    with suppress(OSError):
        path.unlink()


class Written:
    """A new file of ours (mode 0600) that is being written. Raises OSError."""

    def __init__(self, incoming: Path, kind: str) -> None:
        incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=incoming, prefix=f"{kind}-")
        self.path = Path(name)
        self.size = 0
        self._file = os.fdopen(handle, "wb", buffering=0)

    def write(self, piece: bytes) -> None:
        """Write more."""
        rest = memoryview(piece)
        while rest:
            rest = rest[self._file.write(rest) :]
        self.size += len(piece)

    def close(self) -> None:
        """End it."""
        self._file.close()

    def remove(self) -> None:
        """Take it away, whatever has become of it; raises nothing."""
        with suppress(OSError):
            self._file.close()
        remove(self.path)


class Spool(Written):
    """The file of an upload, hashed as it is written. `filename` is what its client calls it, and is not used for anything."""

    def __init__(self, incoming: Path, filename: str) -> None:
        super().__init__(incoming, "upload")
        self._filename = filename
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._blake2b = hashlib.blake2b(digest_size=32)

    @override
    def write(self, piece: bytes) -> None:
        """Write and hash more."""
        super().write(piece)
        for digest in (self._md5, self._sha256, self._blake2b):
            digest.update(piece)

    def end(self) -> Spooled:
        """End it, and give what it has become."""
        self.close()
        hashes = (self._md5.hexdigest(), self._sha256.hexdigest(), self._blake2b.hexdigest())
        return Spooled(self.path, self._filename, self.size, *hashes)
