"""What was found in an archive. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from addons.metadata.bounded import shown
from addons.upload.sound.words import unsound


@dataclass(frozen=True)
class Contents:
    """What is wrong with an archive, and its core metadata, None without any that can be read.

    `names` are its files; those of licences, which core metadata names, begin with `licenses`.
    """

    problems: Sequence[str]
    metadata: bytes | None = None
    names: frozenset[str] = frozenset()
    licenses: str = ""

    def missing_licenses(self, named: Sequence[str]) -> Iterator[str]:
        """Yield which License-File is not there (PEP 639, "License-File")."""
        for name in named:
            if f"{self.licenses}{name}" not in self.names:
                yield unsound(f"has no {shown(name)}, which its core metadata names as a License-File")
