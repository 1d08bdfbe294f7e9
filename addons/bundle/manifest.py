"""What a bundle says of itself: every entry with its hash and length, and what it is. Decision 25 describes the format."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

FORMAT = "wheelgate bundle"
MAJOR, MINOR = 1, 0

MOST_MANIFEST = 64_000_000
"""Bytes of a manifest; a document takes about 500, a file 250."""

MOST_FILE = 8**11 - 1
"""Bytes of a file: what a tar header can say (8 GiB)."""

_MOST_ENTRIES = 500_000
_MOST_DOCUMENT = 125_000_000  # bytes: what the store keeps at most

LONGEST = 4000
"""Characters of a text; all of them are visible ASCII, or spaces."""

type Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
type Project = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\Z", max_length=LONGEST)]
type Line = Annotated[str, Meta(pattern=r"^[ -~]*\Z", max_length=LONGEST)]


class BadBundle(ValueError):
    """The file is no bundle, or not the one that was exported, or none that this version reads. In words."""


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A file: hash, length in bytes, name, and the project and index whose page names it."""

    sha256: Sha256
    size: Annotated[int, Meta(ge=0, le=MOST_FILE)]
    filename: Line
    project: Project
    index: Line


class DocumentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A document as its index answered it; its body is an entry of the container, of `size` bytes.

    `url` is what was asked for, and when; `answered_by` where it came from.
    """

    sha256: Sha256
    size: Annotated[int, Meta(ge=0, le=_MOST_DOCUMENT)]
    kind: Line
    project: Project | None
    index: Line
    url: Line
    asked: datetime
    status: Annotated[int, Meta(ge=200, le=299)]
    answered_by: Line
    headers: dict[Line, Line]


class GoneEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A document that its index did not have any more when it was asked then."""

    index: Line
    url: Line
    asked: datetime


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. `earlier`: files that are part of the set, and lie in bundles that were carried before."""

    format: str
    version: tuple[int, int]
    made: datetime
    files: Annotated[tuple[FileEntry, ...], Meta(max_length=_MOST_ENTRIES)]
    earlier: Annotated[tuple[FileEntry, ...], Meta(max_length=_MOST_ENTRIES)] = ()
    documents: Annotated[tuple[DocumentEntry, ...], Meta(max_length=_MOST_ENTRIES)]
    gone: Annotated[tuple[GoneEntry, ...], Meta(max_length=_MOST_ENTRIES)] = ()

    @property
    def bodies(self) -> dict[str, int]:
        """The bodies of the documents in their order: sha256 and length; what several have in common is there once."""
        return {each.sha256: each.size for each in self.documents}

    @property
    def indexes(self) -> tuple[str, ...]:
        """The URLs of the indexes that something in it is of."""
        of_files = {each.index for each in (*self.files, *self.earlier)}
        return tuple(sorted(of_files | {each.index for each in self.documents} | {each.index for each in self.gone}))

    @property
    def asked(self) -> tuple[datetime, ...]:
        """When the indexes were asked for all that is in it."""
        return (*(each.asked for each in self.documents), *(each.asked for each in self.gone))


class _Head(msgspec.Struct):
    format: str
    version: tuple[int, int]


def encoded(manifest: Manifest) -> bytes:
    """Give the manifest as it is written: JSON that people can read. Raises ValueError if it is too large for a bundle."""
    written = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    if len(written) > MOST_MANIFEST:
        raise ValueError("there is too much for one bundle: export fewer projects at a time")
    return written


def decoded(written: bytes) -> Manifest:
    """Read a manifest. Raises BadBundle. Keys that later minor versions add are passed over."""
    try:
        head = msgspec.json.decode(written, type=_Head)
        if head.format != FORMAT:
            raise BadBundle("its manifest is none of a bundle")
        if head.version[0] != MAJOR:
            raise BadBundle(
                f"it is of format {head.version[0]}.{head.version[1]}, and this wheelgate reads {MAJOR}.x: use the "
                "version that made it, or export it anew"
            )
        manifest = msgspec.json.decode(written, type=Manifest)
    except BadBundle:
        raise
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise BadBundle(f"its manifest cannot be read: {ascii(str(error))[1:-1][:200]}") from error
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    _once("a file", [each.sha256 for each in (*manifest.files, *manifest.earlier)])
    known = [(each.index, each.url) for each in manifest.documents]
    _once("a document", known + [(each.index, each.url) for each in manifest.gone])
    sizes = manifest.bodies
    if any(sizes[each.sha256] != each.size for each in manifest.documents):
        raise BadBundle("its manifest gives one body two lengths")
    if any(each.tzinfo is None for each in (manifest.made, *manifest.asked)):
        raise BadBundle("its manifest has a time without a zone")


def _once(what: str, keys: Iterable[object]) -> None:
    known = set[object]()
    for key in keys:
        if key in known:
            raise BadBundle(f"its manifest has {what} twice: {ascii(key)[:200]}")
        known.add(key)


def moment(seconds: float) -> datetime:
    """Give a time of the cache (seconds since the epoch) as a bundle writes it; what no calendar has becomes 1970."""
    sane = math.isfinite(seconds) and 0 <= seconds < 2**33
    return datetime.fromtimestamp(seconds if sane else 0.0, UTC)
