"""What an upload's form is once it was read: its fields, and its file on disk. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Spooled:
    """The file as it came, in a folder of ours: `filename` as the client wrote it, size in bytes, hashes of what lies there.

    `path` is ours to remove. The hashes are lower-case hex.
    """

    path: Path
    filename: str
    size: int
    md5: str
    sha256: str
    blake2b_256: str


@dataclass(frozen=True)
class Form:
    """The fields, by name, each with its values in their order (UPL-05). Empty values and UNKNOWN are left out (UPL-06)."""

    fields: Mapping[str, tuple[str, ...]]

    def one(self, name: str) -> str | None:
        """Give the value of a field that is there once; None without."""
        values = self.fields.get(name, ())
        return values[0] if values else None

    def every(self, name: str) -> tuple[str, ...]:
        """Give all values of a field, in their order."""
        return self.fields.get(name, ())
