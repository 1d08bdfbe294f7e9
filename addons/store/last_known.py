"""A copy of the decisions that were in force last, beside the cache: for a gateway that starts where the database has gone.

It is no second database: nobody decides by it while the database is there.
"""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from addons.store.decision import Decision


class LastKnown:
    """The copy of what was in the database at `database` (a path, or a URL), in `folder`, which other databases' copies may lie in, too."""

    def __init__(self, folder: Path, database: Path | str) -> None:
        digest = hashlib.sha256(os.fsencode(database)).hexdigest()[:16]
        self.path = folder.absolute() / f"decisions-{digest}.json"
        self._database = database

    @property
    def gone(self) -> str:
        """What is to be said where there is a copy and no database."""
        anew = f"stop the gateways and remove {self.path}, too"
        return f"{self._database}: the database of decisions is gone; put a copy of it back (or, to begin anew, {anew})"

    def read(self) -> tuple[Decision, ...] | None:
        """Give the decisions; None: none were ever known. Raises OSError, and ValueError for a copy that was damaged."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        return msgspec.json.decode(content, type=tuple[Decision, ...])

    def read_or_refuse(self) -> tuple[Decision, ...] | None:
        """Give what `read` gives. Raises ValueError, in words, where that cannot be known."""
        try:
            return self.read()
        except (OSError, ValueError) as error:
            raise ValueError(f"{self.gone}; and what was known of it last cannot be read there") from error

    def write(self, decisions: Sequence[Decision]) -> None:
        """Put another in the place of the copy. Raises OSError."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(decisions))
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
