"""Forgetting a project: its documents, and the files that its kept pages name. Waits for the disk."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from addons.cache.documents import forget
from addons.cache.kept_documents import KeptDocument, KeptDocuments
from addons.cache.layout import Layout
from addons.cache.purges import Purges
from addons.cache.survey import files_of, known_of, of_project
from addons.cache.writing import PATIENCE, write
from addons.simple.names import ProjectName
from addons.simple.page import File


class Purged(NamedTuple):
    """How many documents and files were forgotten, and of how many bytes together."""

    documents: int
    files: int
    bytes: int


def purge(layout: Layout, project: ProjectName, at: datetime, patience: float = PATIENCE) -> Purged:
    """Forget a project, and tell running gateways. Whoever reads a file reads on. Raises OSError, Unreadable, NotWritten.

    Each document leaves a stamp as a takedown does: what was asked for before `at` does not come back, from memory or
    from a fetch that is under way.
    """
    now = at.timestamp()
    with KeptDocuments(layout.documents) as kept:
        entries = kept.entries()
        mine = dict(of_project(entries, project))
        files = [file for entry, kind in mine.items() if kind == "page" for file in files_of(kept, entry, project)]
        known = [known_of(kept, entry) for entry, kind in mine.items() if kind == "announced"]
    beside = _beside(files)
    gone = [each for each in entries if each in mine or (each.whose is not None and each.whose.url in beside)]
    if gone:
        write(layout.documents, lambda cache: forget(cache, [each.key for each in gone], now), patience)
    count, size = _unlink(layout, [*_named(files), *(each.sha256 for entries in known for each in entries.values())])
    Purges(layout.purged).tell(project, now)
    return Purged(len([each for each in gone if each.size]), count, size + _size(gone))


def _beside(files: Iterable[File]) -> set[str]:
    """Give the addresses of documents that belong to files, wherever their page says that they are."""
    return {address for file in files for address in (file.provenance, f"{file.url}.metadata") if address}


def _named(files: Iterable[File]) -> Iterator[str]:
    """Give the sha256 of files, and of what their page announces of them."""
    for file in files:
        for hashes in (file.hashes, file.core_metadata):
            if isinstance(hashes, dict):
                yield hashes.get("sha256", "").lower()


def _unlink(layout: Layout, sha256s: Iterable[str]) -> tuple[int, int]:
    sizes = []
    for path in map(layout.file, set(sha256s) - {""}):
        with suppress(FileNotFoundError):
            size = path.stat().st_size
            path.unlink()
            sizes.append(size)
    return len(sizes), sum(sizes)


def _size(entries: Iterable[KeptDocument]) -> int:
    return sum(entry.size for entry in entries)
