"""What of a cache goes into a bundle: documents of the chosen sources, and the kept files that their pages name."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from addons.bundle.manifest import LONGEST, DocumentEntry, FileEntry, GoneEntry, moment
from addons.bundle.pages import page_of, required_by
from addons.bundle.wanted import Named
from addons.cache.carried import Carried, Entry
from addons.cache.whose import Kind, kind_of
from addons.simple.names import ProjectName
from addons.simple.page import File

_ALLOWED = ("content-type", "etag", "last-modified", "date")


class Origin(NamedTuple):
    """A source as its documents' keys have it: name, index URL, user."""

    name: str
    index_url: str
    user: str


class NothingKept(ValueError):
    """What was asked for is not in the cache. In words."""


@dataclass
class Gathered:
    """What goes in; `at` says where in the spool a body lies, by its sha256."""

    files: dict[str, FileEntry] = field(default_factory=dict)
    documents: list[DocumentEntry] = field(default_factory=list)
    gone: list[GoneEntry] = field(default_factory=list)
    at: dict[str, int] = field(default_factory=dict)
    missing: list[ProjectName] = field(default_factory=list)


type _What = tuple[Kind, ProjectName | None]
type _Kept = dict[_What, list[Entry]]


class Gathering:
    """Looks through a cache. `path` gives a kept file's place; bodies go to the `spool`, so that they cannot change."""

    def __init__(
        self, carried: Carried, path: Callable[[str], Path], origins: Sequence[Origin], spool: BinaryIO
    ) -> None:
        self._carried = carried
        self._path = path
        self._spool = spool
        self._gathered = Gathered()
        self._kept: _Kept = {}
        for entry in carried.entries():
            what = kind_of(entry.whose)
            # What is known of metadata is found out anew where the files are.
            if what[0] != "announced" and Origin(entry.whose.source, entry.whose.index, entry.whose.user) in origins:
                self._kept.setdefault(what, []).append(entry)

    def all(self) -> Gathered:
        """Gather everything. Raises NothingKept, Unusable or OSError."""
        self._take(self._kept)
        if not self._gathered.documents and not self._gathered.gone:
            raise NothingKept(
                "nothing is kept here of these sources: warm the cache first, or install through the gateway"
            )
        return self._gathered

    def projects(self, wanted: Iterable[Named], further: bool) -> Gathered:
        """Gather what is kept of these projects, and with `further` of all that their kept files require.

        Raises NothingKept, Unusable or OSError.
        """
        named = {each.project: each for each in sorted(wanted, key=lambda each: not each.optional)}
        here = {project for kind, project in self._kept if kind == "page"}  # or it is known to be gone
        missing = [each.project for each in named.values() if each.project not in here]
        if lost := sorted(project for project in missing if not named[project].optional):
            raise NothingKept(f"no page is kept of {', '.join(lost)}: warm the cache with it first")
        self._gathered.missing = sorted(missing)
        done, queue = set[ProjectName](), list(named)
        while queue:
            if (project := queue.pop()) not in done:
                done.add(project)
                files = self._take({what: self._kept[what] for what in self._kept if what[1] == project})
                queue += sorted(self._required(files)) if further else []
        self._take({what: self._kept[what] for what in self._kept if what[0] == "classifiers"})
        return self._gathered

    def _required(self, files: Iterable[FileEntry]) -> set[ProjectName]:
        return set[ProjectName]().union(*(required_by(self._path(each.sha256), each.filename) for each in files))

    def _take(self, kept: _Kept) -> list[FileEntry]:
        files = []
        for what, entries in kept.items():
            for entry in entries:
                if entry.stamp.digest:
                    files += self._document(what, entry)
                elif _plain(entry.whose.url):
                    self._gathered.gone.append(GoneEntry(
                        index=entry.whose.index, url=entry.whose.url, asked=moment(entry.stamp.asked)
                    ))  # fmt: skip
        return files

    def _document(self, what: _What, entry: Entry) -> list[FileEntry]:
        (kind, project), stored = what, self._carried.find(entry)
        if stored is None or not _plain(stored.url) or not _plain(entry.whose.url):
            return []
        sha256 = hashlib.sha256(stored.body).hexdigest()
        if sha256 not in self._gathered.at:
            self._gathered.at[sha256] = self._spool.tell()
            self._spool.write(stored.body)
        self._gathered.documents.append(
            DocumentEntry(
                sha256=sha256,
                size=len(stored.body),
                kind=kind,
                project=project,
                index=entry.whose.index,
                url=entry.whose.url,
                asked=moment(entry.stamp.asked),
                status=stored.status,
                answered_by=stored.url,
                headers={name: stored.headers[name] for name in _ALLOWED if _plain(stored.headers.get(name))},
            )
        )
        page = page_of(stored, project) if kind == "page" and project is not None else None
        return [] if page is None else self._files(page.project, entry.whose.index, page.files)

    def _files(self, project: ProjectName, index: str, files: Iterable[File]) -> list[FileEntry]:
        found = []
        for file in files:
            hashes = [(file.hashes.get("sha256", ""), file.filename)]
            if isinstance(file.core_metadata, dict):
                hashes.append((file.core_metadata.get("sha256", ""), f"{file.filename}.metadata"))
            for sha256, name in hashes:
                entry = self._file(sha256.lower(), name, project, index)
                found += [] if entry is None else [entry]
        return found

    def _file(self, sha256: str, name: str, project: ProjectName, index: str) -> FileEntry | None:
        if len(sha256) != 64 or not sha256.isalnum():
            return None
        try:
            size = self._path(sha256).stat().st_size
        except OSError:
            return None
        entry = FileEntry(sha256=sha256, size=size, filename=ascii(name)[1:-1], project=project, index=index)
        return self._gathered.files.setdefault(sha256, entry)


def _plain(text: str | None) -> bool:
    return text is not None and text.isascii() and text.isprintable() and len(text) <= LONGEST
