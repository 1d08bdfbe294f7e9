"""What a legacy JSON document is made of: the page's release, PyPI's documents of it, or a file's core metadata."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from addons.announcing.announcer import Announcer
from addons.announcing.obtaining import NoMetadata
from addons.answering.offer import Found
from addons.legacy.agreeing import Document, describes, project_document, release_document, vulnerabilities
from addons.legacy.composing import composed_info
from addons.legacy.shelf import Release, Shelf, key
from addons.simple.page import File
from addons.sources.source import FileGone, LegacyDocument, Source, SourceUnavailable

_DECODER = msgspec.json.Decoder(dict[str, Any])
_ENCODER = msgspec.json.Encoder()
_ASKED_FILES = 3  # of a release, until one of them has core metadata
_UNIVERSAL = re.compile(r"-none-any\.whl\Z")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What one document is made of. `whole`: it is the project's, else only that of the release `about`.

    `project` is PyPI's document of the project, `own` its document of the release; None where there is none or it is
    not needed.
    """

    found: Found
    shelf: Shelf
    about: Release
    whole: bool
    project: LegacyDocument | None
    own: LegacyDocument | None

    @property
    def documents(self) -> list[LegacyDocument]:
        """PyPI's documents: first the one that is to be rewritten."""
        ordered = (self.project, self.own) if self.whole else (self.own, self.project)
        return [document for document in ordered if document is not None]

    @property
    def stale(self) -> float | None:
        """How old (seconds) the oldest of it is that stands in for an answer of its source; None if nothing does."""
        parts = (self.found.stale, *(document.stale for document in self.documents))
        return max((stale for stale in parts if stale is not None), default=None)

    @property
    def described(self) -> bool:
        """Whether one of PyPI's documents is about this very release."""
        return any(is_about(document, self.about) for document in self.documents)

    @property
    def suffices(self) -> bool:
        """Whether PyPI's `info` holds: not where another source has files of the release, whose metadata then count."""
        return self.described and all(_source(self.found, file).direct for file in self.about.files)


async def gather(found: Found, shelf: Shelf, about: Release, *, whole: bool, max_age: float | None) -> Facts:
    """Ask for the documents: the one that is to be rewritten, and the other one if that is of another release.

    PyPI hears only of releases that it has files of: an own source's version is nobody else's business (MRG-06).
    What is in hand is given without suspending. Raises SourceUnavailable.
    """
    source = public_source(found)
    project = own = None
    if source is not None and whole:
        project = await source.legacy(found.project, None, max_age)
    if source is not None and _has(found, about, source) and not is_about(project, about):
        own = await source.legacy(found.project, about.text, max_age)
    if source is not None and not whole and own is None:  # a plain mirror has only the project's
        project = await source.legacy(found.project, None, max_age)
    return Facts(found=found, shelf=shelf, about=about, whole=whole, project=project, own=own)


def public_source(found: Found) -> Source | None:
    """Give the first source of the page whose files PyPI's documents are about."""
    return next((part.source for part in found.parts if part.source.direct), None)


def is_about(document: LegacyDocument | None, about: Release) -> bool:
    """Tell whether the document's `info` is of the release."""
    return document is not None and document.describes is not None and key(document.describes) == about.key


def _has(found: Found, about: Release, source: Source) -> bool:
    return any(_source(found, file) is source for file in about.files)


def _source(found: Found, file: File) -> Source:
    offered = found.file(file.filename)
    return offered.source if offered is not None else found.parts[0].source


async def composed(facts: Facts, announcer: Announcer | None = None) -> dict[str, Any]:
    """Make `info` out of the core metadata of one of the release's files, the likeliest to have them first.

    The `announcer` has it where the source gives none, but the file does. Raises SourceUnavailable where a file's announced metadata cannot be had now.
    """
    project, about = facts.found.project, facts.about
    for file in sorted(about.files, key=_hope)[:_ASKED_FILES]:
        metadata = await _core_metadata(facts.found, file, announcer)
        if metadata is not None:
            return composed_info(project, about, metadata, built=file.filename.endswith(".whl"))
    return composed_info(project, about, None, built=False)


def _hope(file: File) -> tuple[bool, bool, bool]:
    wheel = file.filename.endswith(".whl")
    return not wheel, not file.core_metadata, _UNIVERSAL.search(file.filename) is None


async def _core_metadata(found: Found, file: File, announcer: Announcer | None) -> bytes | None:
    """Give a file's metadata, also where the page does not announce them: plain mirrors have them all the same."""
    offered = found.file(file.filename)
    if offered is None:
        return None
    try:
        if announcer is None or not file.filename.endswith(".whl"):
            return await offered.source.core_metadata(offered.file)
        return await announcer.affordable(offered.source, offered.project, offered.file)
    except (FileGone, NoMetadata):
        return None
    except SourceUnavailable:
        if offered.file.core_metadata:
            raise
        return None


def rendered(facts: Facts, info: Mapping[str, Any] | None) -> tuple[bytes, Mapping[str, Any]]:
    """Give the document as JSON, and what the response's headers are made of; `info` None: PyPI's own holds.

    Raises SourceUnavailable if PyPI's documents cannot be rewritten.
    """
    try:
        made = _made(facts, info)
        return _ENCODER.encode(made), {"_last-serial": made.get("last_serial", "")}
    except (ValueError, RecursionError) as error:
        words = ascii(str(error))[:200]
        raise SourceUnavailable(f"PyPI's document of {facts.found.project} cannot be rewritten: {words}") from error


def _made(facts: Facts, info: Mapping[str, Any] | None) -> dict[str, Any]:
    documents = [_DECODER.decode(document.content) for document in facts.documents]
    about: Document = next((document for document in documents if describes(document, facts.about)), {})
    known = vulnerabilities(about) or []
    rewritten: Document = documents[0] if documents else _serial(facts.found)
    told = about["info"] if info is None else info
    if facts.whole:
        return project_document(rewritten, facts.shelf, facts.about, told, known)
    return release_document(rewritten, facts.about, told, known)


def _serial(found: Found) -> dict[str, int]:
    """Give the serial that the page has (MRG-09), as a number: mirrors write a text."""
    text = str(found.page.meta.get("_last-serial", ""))
    return {"last_serial": int(text)} if re.fullmatch(r"[0-9]{1,18}", text) else {}
