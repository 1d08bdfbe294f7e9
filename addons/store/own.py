"""A store as one who shows what lies in it has it: its projects, its bytes, and whether it is known to have been there."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from addons.store.projects import Projects
from addons.store.shelf import Shelf


class Mark:
    """A small file in `folder`, beside the cache, that says that a database at `where` has had projects.

    Without it a database that has gone could not be told from one that never was, and then the public index would be
    asked for the organisation's projects.
    """

    def __init__(self, folder: Path, where: str) -> None:
        digest = hashlib.sha256(where.encode(errors="surrogateescape")).hexdigest()[:16]
        self.path = folder.absolute() / f"projects-{digest}.txt"
        self._where = where

    @property
    def is_there(self) -> bool:
        """Whether the database is known to have been. Raises OSError where nobody can tell."""
        return self.path.exists()

    @property
    def gone(self) -> str:
        """What is to be said where it is, and the database is not there."""
        anew = f"stop the gateways and remove {self.path}, too"
        return f"{self._where}: the database of projects is gone; put a copy of it back (or, to begin anew, {anew})"

    def make(self) -> None:
        """Make it, unless it is there. Raises OSError."""
        if not self.path.exists():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.write_text(f"The database at {self._where} has projects.\n")


@dataclass(frozen=True)
class OwnStore:
    """A store: `where` is how people are told which one."""

    projects: Projects
    shelf: Shelf
    mark: Mark
    where: str

    def lost(self) -> str | None:
        """Say what is to be told where no database is, and one is known to have been. Raises OSError where nobody can tell."""
        return self.mark.gone if self.mark.is_there else None
