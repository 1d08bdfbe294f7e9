"""What is in the cache: how much of it all, and what of one project. Only looks; waits for the disk.

Times are aware UTC, sizes bytes; all of it can be written as JSON (msgspec).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from msgspec import Struct

from addons.cache.announced import Entries, read
from addons.cache.kept_documents import KeptDocument, KeptDocuments, Unreadable
from addons.cache.layout import Layout
from addons.cache.named_files import named_files
from addons.cache.room import kept_files
from addons.cache.whose import Kind, kind_of
from addons.simple.names import ProjectName
from addons.simple.page import File


class Amount(Struct, frozen=True):
    """How many, how large together, and when the first and the last of them were used; None of none."""

    count: int
    bytes: int
    oldest_use: datetime | None = None
    newest_use: datetime | None = None


class Survey(Struct, frozen=True):
    """All that is kept. `gone`: documents that upstream said it has none of, or that were purged; no bytes of them."""

    files: Amount
    growing: Amount
    documents: Amount
    kinds: dict[str, int]
    gone: int


class DocumentOf(Struct, frozen=True):
    """A project's document. `gone`: all that is known is that upstream had none, or that it was purged, when asked."""

    kind: Kind
    source: str
    url: str
    asked: datetime | None
    fresh_until: datetime | None
    gone: bool
    bytes: int
    last_use: datetime


class FileOf(Struct, frozen=True):
    """A project's file."""

    filename: str
    source: str
    sha256: str
    bytes: int
    last_use: datetime


class ProjectSurvey(Struct, frozen=True):
    """What is kept of a project: its documents, and those of its files that its kept pages name."""

    project: str
    documents: list[DocumentOf]
    files: list[FileOf]


def survey(layout: Layout) -> Survey:
    """Look at all that is there. Raises OSError or Unreadable."""
    with KeptDocuments(layout.documents) as kept:
        entries = kept.entries()
    there = [each for each in entries if each.size]
    kinds = Counter(kind_of(each.whose)[0] if each.whose else "other" for each in there)
    return Survey(
        files=files_in(layout),
        growing=_amount(_lying(layout)),
        documents=_amount((each.size, each.used) for each in there),
        kinds=dict(sorted(kinds.items())),
        gone=len([each for each in entries if _gone(each)]),
    )


def files_in(layout: Layout) -> Amount:
    """Give how many files there are. Raises OSError."""
    return _amount((kept.size, kept.used) for kept in kept_files(layout.files))


def documents_in(layout: Layout) -> Amount:
    """Give how many documents there are; none of what cannot be read. Raises OSError."""
    try:
        return survey(layout).documents
    except Unreadable:
        return Amount(0, 0)


def survey_of(layout: Layout, project: ProjectName) -> ProjectSurvey:
    """Look at what is there of a project. Raises OSError or Unreadable."""
    found = ProjectSurvey(project, [], [])
    with KeptDocuments(layout.documents) as kept:
        for entry, kind in of_project(kept.entries(), project):
            found.documents.append(_document(entry, kind))
            if kind == "page":
                found.files.extend(_files(layout, found.documents[-1].source, files_of(kept, entry, project)))
    return found


def of_project(entries: Iterable[KeptDocument], project: ProjectName) -> Iterator[tuple[KeptDocument, Kind]]:
    """Give a project's entries, with what they are."""
    for entry in entries:
        if entry.whose is not None:
            kind, of = kind_of(entry.whose)
            if of == project:
                yield entry, kind


def files_of(kept: KeptDocuments, page: KeptDocument, project: ProjectName) -> tuple[File, ...]:
    """Give the files that a kept page lists. Raises Unreadable."""
    stored = kept.stored(page)
    return named_files(stored, project) if stored is not None else ()


def known_of(kept: KeptDocuments, announced: KeptDocument) -> Entries:
    """Give what is known of files' metadata. Raises Unreadable."""
    stored = kept.stored(announced)
    return read(stored.body) if stored is not None else {}


def _files(layout: Layout, source: str, files: Iterable[File]) -> Iterator[FileOf]:
    for file in files:
        path = layout.file(file.hashes.get("sha256", ""))
        with suppress(OSError):
            status = path.stat()
            yield FileOf(file.filename, source, path.name, status.st_size, _time(status.st_mtime))


def _document(entry: KeptDocument, kind: Kind) -> DocumentOf:
    assert entry.whose is not None
    stamp = entry.stamp
    return DocumentOf(
        kind=kind,
        source=entry.whose.source,
        url=entry.whose.url,
        asked=_time(stamp.asked) if stamp else None,
        fresh_until=_time(stamp.fresh_until) if stamp and stamp.digest else None,
        gone=_gone(entry),
        bytes=entry.size,
        last_use=_time(entry.used),
    )


def _gone(entry: KeptDocument) -> bool:
    return entry.stamp is not None and not entry.stamp.digest


def _lying(layout: Layout) -> Iterator[tuple[int, float]]:
    for path in layout.growing.glob("*"):
        with suppress(FileNotFoundError):
            status = path.stat()
            yield status.st_size, status.st_mtime


def _amount(found: Iterable[tuple[int, float]]) -> Amount:
    sizes, uses = [*zip(*found, strict=True)] or ((), ())
    if not uses:
        return Amount(0, 0)
    return Amount(len(sizes), int(sum(sizes)), _time(min(uses)), _time(max(uses)))


def _time(seconds: float) -> datetime:
    """Give a time since the epoch; what is no time that there is (a damaged stamp, an odd clock) is the first or last."""
    return datetime.fromtimestamp(min(max(seconds, 0.0), 253_402_300_799.0), UTC)
