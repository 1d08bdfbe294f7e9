"""Where everything lies in the folder of the cache."""

import re
from dataclasses import dataclass
from pathlib import Path

SHA256 = re.compile(r"[0-9a-f]{64}")
"""The names of kept files."""


@dataclass(frozen=True)
class Layout:
    """The folders below `folder`; none of them has to be there."""

    folder: Path

    @property
    def files(self) -> Path:
        """Files by their sha256, in folders by its first two digits."""
        return self.folder / "files"

    @property
    def growing(self) -> Path:
        """Files that are being fetched."""
        return self.folder / "growing"

    @property
    def documents(self) -> Path:
        """What indexes answered: a diskcache."""
        return self.folder / "documents"

    @property
    def lists(self) -> Path:
        """Indexes' lists of projects, as they were sent."""
        return self.folder / "lists"

    @property
    def purged(self) -> Path:
        """An empty file for each project that was purged lately: running gateways look there."""
        return self.folder / "purged"

    def file(self, sha256: str) -> Path:
        """Give the place of a file, whether it is there or not; of what is no sha256 (hex) a place where nothing lies."""
        name = sha256.lower() if SHA256.fullmatch(sha256.lower()) else "0" * 64
        return self.files / name[:2] / name
