"""The page of a project of the store, made of how the project stands."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from addons.simple.distributions import version
from addons.simple.page import File, Page
from addons.sources.standing import FinalCheck
from addons.store.shelf import Shelf
from addons.store.stored import Standing, StoredFile

_QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Shown:
    """A page, and the sha256 of its files' core metadata, by that of the files: also of those whose page announces none."""

    page: Page
    metadata: Mapping[str, str]


def is_listed(status: str) -> bool:
    """Tell whether a project of this status is in the list of projects: one in quarantine is not (YNK-09)."""
    return status != _QUARANTINED


def shown(standing: Standing, source: str, shelf: Shelf, check_final: FinalCheck | None) -> Shown:
    """Make the page. Of a project in quarantine it has no files (PEP 792).

    Wheels' metadata is announced; with `check_final` that of sdists too, if it passes (MET-07), for which it is read.
    """
    stored = () if standing.status == _QUARANTINED else sorted(standing.files, key=_order)
    files = tuple(_file(each, shelf, check_final) for each in stored)
    versions = tuple(dict.fromkeys(each.file.version for each in stored))
    status, reason = standing.status, standing.status_reason
    digest = hashlib.blake2b(msgspec.json.encode((files, versions, status, reason)), digest_size=16)
    page = Page(
        project=standing.project,
        files=files,
        versions=versions,
        status=status,
        status_reason=reason,
        source=source,
        version=digest.hexdigest(),
    )
    return Shown(page, _metadata(stored))


def _metadata(stored: Iterable[StoredFile]) -> Mapping[str, str]:
    files = (each.file for each in stored)
    return {file.sha256: file.metadata_sha256 for file in files if file.metadata_sha256 is not None}


def _order(stored: StoredFile) -> tuple[object, ...]:
    found = version(stored.file.version)
    return (found is not None, *((found,) if found is not None else ()), stored.file.filename)


def _file(stored: StoredFile, shelf: Shelf, check_final: FinalCheck | None) -> File:
    new = stored.file
    return File(
        filename=new.filename,
        url=shelf.path(new.sha256).as_uri(),
        hashes={"sha256": new.sha256},  # as PyPI's pages have it
        requires_python=new.requires_python,
        size=new.size,
        upload_time=_moment(stored.uploaded),
        yanked=False if stored.yanked is None else stored.yanked or True,
        core_metadata=_announced(stored, shelf, check_final),
    )


def _announced(stored: StoredFile, shelf: Shelf, check_final: FinalCheck | None) -> bool | dict[str, str]:
    sha256 = stored.file.metadata_sha256
    if sha256 is None:
        return False
    if stored.file.filetype == "sdist":
        try:
            if check_final is None:
                return False
            check_final(shelf.path(sha256).read_bytes())
        except (OSError, ValueError):
            return False
    return {"sha256": sha256}


def _moment(at: datetime) -> str:
    """Write an instant as PyPI writes upload times."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
