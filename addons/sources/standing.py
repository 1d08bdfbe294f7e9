"""What one file in a folder is: looked at once, true as long as it stands unchanged."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path

from addons.simple.distributions import Distribution, distribution
from addons.simple.names import ProjectName
from addons.simple.page import File

type MetadataReader = Callable[[Path, Distribution], bytes]
"""Reads the core metadata out of a distribution; raises ValueError, in words, for what is none."""


type FinalCheck = Callable[[bytes], None]
"""Raises ValueError for an sdist's core metadata that a build may change."""


class NotListed(ValueError):
    """The file is no distribution that a client could install. In words that follow `it`."""


@dataclass(frozen=True)
class Stand:
    """Which file it was that was looked at: inode, size in bytes, times in nanoseconds.

    `changed` is the content's, which whoever writes a file can set; `touched` the inode's own (ctime), which they can't.
    """

    inode: int
    size: int
    changed: int
    touched: int


@dataclass(frozen=True)
class Described:
    """One file of a folder: where it lies, its entry on the page, and its core metadata."""

    path: Path
    stand: Stand
    project: ProjectName
    file: File
    metadata: bytes


def identity(status: os.stat_result) -> Stand:
    """Give what tells this file from what it may be replaced by."""
    return Stand(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def describe(
    path: Path, stand: Stand, read_metadata: MetadataReader, check_final: FinalCheck | None = None
) -> Described:
    """Hash the file and read its metadata. Raises NotListed or OSError.

    Wheels' metadata is announced; with `check_final` that of sdists too, if it passes (MET-07).

    Its time of change stands for the upload time, which cool-down rules need (JSN-11).
    """
    named = distribution(path.name)
    if named is None:
        raise NotListed("is not named like a wheel or an sdist")
    try:
        metadata = read_metadata(path, named)
    except ValueError as error:
        raise NotListed(str(error)) from error
    with path.open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    announced = named.kind == "wheel" or (check_final is not None and _is_final(metadata, check_final))
    file = File(
        filename=path.name,
        url=path.as_uri(),
        hashes={"sha256": sha256},
        requires_python=_requires_python(metadata),
        size=stand.size,
        upload_time=_upload_time(stand),
        core_metadata={"sha256": hashlib.sha256(metadata).hexdigest()} if announced else False,
    )
    return Described(path, stand, named.project, file, metadata)


def _is_final(metadata: bytes, check_final: FinalCheck) -> bool:
    try:
        check_final(metadata)
    except ValueError:
        return False
    return True


def _requires_python(metadata: bytes) -> str | None:
    value = BytesHeaderParser().parsebytes(metadata).get("Requires-Python")
    return str(value).strip() or None if value is not None else None


def _upload_time(stand: Stand) -> str:
    changed = datetime.fromtimestamp(stand.changed / 1e9, UTC)
    return changed.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
