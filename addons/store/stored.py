"""What the organisation's own store has of a project, as values. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from addons.simple.names import ProjectName
from addons.store.principals import Principal

type Role = Literal["owner", "maintainer"]
"""An owner may do everything to a project; a maintainer uploads, yanks and un-yanks."""

type FileType = Literal["sdist", "bdist_wheel"]


class NewFile(Struct, frozen=True, kw_only=True):
    """A file that was found sound, whose bytes lie in the store already. Hashes are lower-case hex, `size` is bytes.

    `version` is the normalised one (PEP 440); `metadata_sha256` that of its core metadata, which lies there too, None without.
    """

    filename: str
    version: str
    filetype: FileType
    size: int
    md5: str
    sha256: str
    blake2b_256: str
    requires_python: str | None = None
    metadata_sha256: str | None = None


class StoredFile(Struct, frozen=True, kw_only=True):
    """A file of the store. `uploaded` is when, `by` whose words are recorded of it; `yanked` a reason, "" without one."""

    file: NewFile
    uploaded: datetime
    by: str
    yanked: str | None = None


class Standing(Struct, frozen=True, kw_only=True):
    """A project as it stands: `display` is its name as its first author spelled it, `roles` who may what.

    `status` is PEP 792's ("active", "archived", "quarantined", "deprecated").
    """

    project: ProjectName
    display: str
    status: str
    status_reason: str | None
    made: datetime
    by: str
    roles: Mapping[Principal, Role]
    files: tuple[StoredFile, ...]

    @property
    def size(self) -> int:
        """All its files together, in bytes."""
        return sum(each.file.size for each in self.files)


class Change(Struct, frozen=True, kw_only=True):
    """One change of the store: `what` in the words of commands ("claim", "upload", "yank", "delete", "role", ...).

    `subject` is what it was done to (a filename, a version, a principal), `reason` why, if anybody said so. `number` counts
    upwards in the order in which changes counted.
    """

    number: int
    at: datetime
    by: str
    what: str
    project: str | None
    subject: str
    reason: str


class Gone(Struct, frozen=True, kw_only=True):
    """A tombstone: a filename that was deleted, and never comes back with other bytes."""

    filename: str
    sha256: str
    deleted: datetime
    by: str
    reason: str
