"""Bringing a bundle into a cache: files first, each proven before it has its name; documents when all else is there."""

import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from addons.bundle.container import Bundle, Member, Told
from addons.bundle.gathering import Origin
from addons.bundle.manifest import BadBundle, DocumentEntry, FileEntry, GoneEntry
from addons.cache.brought import Brought
from addons.cache.carried import Carried
from addons.cache.documents import LARGEST, MOST_BYTES, Stored
from addons.cache.promised import Mismatch, NotKept, Promise
from addons.cache.room import Limits
from addons.cache.whose import Whose

_CLOCKS_APART = timedelta(days=1)  # by which the clocks of the two sides may differ
_HEADERS = frozenset({"content-type", "etag", "last-modified", "date"})

type Targets = Mapping[str, Origin]
"""By the URL of an index: the source here that has it."""


class CannotImport(Exception):
    """The bundle is sound, and cannot be brought in here. In words."""


@dataclass
class Outcome:
    """What was done: numbers of files and documents, and of bytes of files that were written."""

    written: int = 0
    there: int = 0
    bytes_written: int = 0
    documents: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("new", "there", "newer", "gone"), 0))
    taken_down: int = 0


def targets_of(bundle: Bundle, public: Sequence[Origin], named: Sequence[Origin]) -> Targets:
    """Find the source for each index of the bundle: the named ones first, then the public ones. Raises CannotImport."""
    known: dict[str, Origin] = {}
    for origin in (*named, *public):
        known.setdefault(origin.index_url, origin)
    lost = [index for index in bundle.manifest.indexes if index not in known]
    if lost:
        raise CannotImport(
            f"it has documents of {', '.join(lost)}, and no public source of the configuration has that index: write "
            "it into `sources`, or name the source that has it with --source"
        )
    return {index: known[index] for index in bundle.manifest.indexes}


class Importing:
    """One import. `limits`: what files may take there; `at`: now. `told` hears of bytes that have been got through."""

    def __init__(self, bundle: Bundle, targets: Targets, brought: Brought, limits: Limits, at: datetime, told: Told):
        self.outcome = Outcome()
        self._bundle = bundle
        self._manifest = bundle.manifest
        self._targets = targets
        self._brought = brought
        self._limits = limits
        self._at = at
        self._told = told

    def check(self, incomplete: bool = False) -> None:
        """Raise CannotImport for all that can be told beforehand; `incomplete`: files of earlier bundles may be missing."""
        whole = sum(each.size for each in (*self._manifest.files, *self._manifest.earlier))
        if whole > self._limits.most:
            raise CannotImport(f"its files take {whole} bytes, which is more than `cache.max_gb` here: raise that")
        if sum(self._manifest.bodies.values()) > MOST_BYTES or any(
            each.size + 10_000 > LARGEST for each in self._manifest.documents
        ):
            raise CannotImport("its documents are more than the cache takes")
        last = max(self._manifest.asked, default=self._at)
        if last - self._at > _CLOCKS_APART:
            raise CannotImport(
                f"its index was asked at {last:%Y-%m-%d %H:%M} UTC, and here it is {self._at:%Y-%m-%d %H:%M} UTC: "
                "set the clock that is wrong"
            )
        missing = [each for each in self._manifest.earlier if not self._has(each)]
        if missing and not incomplete:
            raise CannotImport(
                f"{len(missing)} files of an earlier bundle are not here ({missing[0].filename}): import that one first, "
                "or do without them (--incomplete)"
            )

    def files(self) -> None:
        """Bring the files in; what is there already is passed over. Raises BadBundle, CannotImport or OSError."""
        for each in (*self._manifest.files, *self._manifest.earlier):
            self._brought.use(_promise(each))
        for member, entry in zip(self._bundle.layout.files, self._manifest.files, strict=True):
            if self._has(entry):
                self.outcome.there += 1
                self._told(member.size)
            else:
                self._bring(member, entry)

    def _has(self, entry: FileEntry) -> bool:
        return self._brought.has(_promise(entry))

    def _bring(self, member: Member, entry: FileEntry) -> None:
        try:
            self._brought.bring(_promise(entry), self._heard(self._bundle.pieces(member)))
        except NotKept as error:
            raise CannotImport(f"{entry.filename} is not kept: {error}; {self._so_far()}") from error
        except Mismatch as error:
            raise BadBundle(f"{member.name}: {error}") from error
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise CannotImport(
                f"{entry.filename} is not kept: {os.strerror(errno.ENOSPC)}; {self._so_far()}"
            ) from error
        self.outcome.written += 1
        self.outcome.bytes_written += member.size

    def _so_far(self) -> str:
        return (
            f"{self.outcome.written} files were written and stay: make room (`cache.max_gb`, `cache.min_free_gb`, the "
            "disk) and import again"
        )

    def _heard(self, pieces: Iterable[bytes]) -> Iterable[bytes]:
        for piece in pieces:
            self._told(len(piece))
            yield piece

    def documents(self, carried: Carried) -> None:
        """Bring the documents in, once all of them and all files are proven. Raises as `files`, or Unusable."""
        for member in self._bundle.layout.bodies:
            self._bundle.read(member, self._told)
        self._bundle.check_end()
        lost = [each.filename for each in self._manifest.files if not self._has(each)]
        if lost:
            raise CannotImport(
                f"{len(lost)} files made way again ({lost[0]}): raise `cache.max_gb`, or make room on the disk"
            )
        bodies = {member.sha256: member for member in self._bundle.layout.bodies}
        for document in self._manifest.documents:
            self._put(carried, document, b"".join(self._bundle.pieces(bodies[document.sha256])))
        for gone in self._manifest.gone:
            done = carried.put(self._whose(gone), None, self._asked(gone))
            self.outcome.taken_down += done == "new"
        carried.sync()

    def _put(self, carried: Carried, document: DocumentEntry, body: bytes) -> None:
        headers = {name: value for name, value in document.headers.items() if name in _HEADERS}
        stored = Stored(document.status, document.answered_by, headers, body)
        self.outcome.documents[carried.put(self._whose(document), stored, self._asked(document))] += 1

    def _asked(self, entry: DocumentEntry | GoneEntry) -> float:
        """Give when it was asked for; where the other side's clock is ahead, now: what is of tomorrow is given to nobody."""
        return min(entry.asked, self._at).timestamp()

    def _whose(self, entry: DocumentEntry | GoneEntry) -> Whose:
        return Whose(*self._targets[entry.index], entry.url)


def _promise(entry: FileEntry) -> Promise:
    return Promise(entry.sha256, size=entry.size)
