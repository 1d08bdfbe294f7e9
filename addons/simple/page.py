"""A project's page: its files and what is said of them, whichever form it came in.

Sources: PEP 503, 592, 658, 691, 700, 714, 740, 792.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
from packaging.version import Version

from addons.simple.distributions import version, version_of
from addons.simple.names import ProjectName


class NotAPage(ValueError):
    """What a source answered is no page; `str()` of it says why, for the operator."""


class Refusal(msgspec.Struct, frozen=True):
    """A policy's verdict on a file: the policy's name, its reason, and the ticket or advisory behind it.

    `hidden`: the file is of no use here, so no page lists it; else that is for the configuration to say. `until`: the instant at
    which the verdict ends by itself, if one is known.
    """

    policy: str
    reason: str
    id: str | None = None
    hidden: bool = False
    until: datetime | None = None


class File(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    gc=False,  # 50,000 of them are kept, and none can be part of a cycle
    rename={
        "requires_python": "requires-python",
        "upload_time": "upload-time",
        "core_metadata": "core-metadata",
        "gpg_sig": "gpg-sig",
    },
):
    """One file of a page. All texts are as the source wrote them, unescaped.

    The encoded names are PEP 691's, so that a file is written without an object in between.
    """

    filename: str
    url: str  # absolute, without fragment
    hashes: dict[str, str]  # algorithm to digest, lower-case hex; PEP 691
    requires_python: str | None = None  # PEP 503; never repaired
    size: int | None = None  # bytes; PEP 700
    upload_time: str | None = None  # the source's own text, byte for byte; PEP 700
    yanked: bool | str = False  # a text is the reason; PEP 592
    core_metadata: bool | dict[str, str] = False  # its hashes, True if they are unknown; PEP 714
    provenance: str | None = None  # absolute https URL; PEP 740
    gpg_sig: bool | None = None  # PEP 503
    unknown: dict[str, Any] = {}  # keys that this gateway does not know, untouched
    refused: Refusal | None = None  # never rendered
    allowed: tuple[str, ...] = ()  # the policies that do not refuse it, or "*"; never rendered


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A project's page. `versions` is None where the source listed none; `meta` and `unknown` hold unknown keys.

    `version` is a digest of what the source answered: equal ones, equal pages. `stale` is how old the page is (seconds)
    where it stands in for an answer that did not come. `failed` are the policies that failed on it. None of these, nor the
    sources, are rendered.
    """

    project: ProjectName
    files: tuple[File, ...]
    versions: tuple[str, ...] | None = None  # PEP 700
    status: str | None = None  # active, archived, quarantined, deprecated, or what comes next; PEP 792
    status_reason: str | None = None
    status_unknown: dict[str, Any] = {}  # unknown keys of the project-status object
    meta: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    source: str = ""  # name of the source that answered
    sources: dict[str, str] = {}  # on merged pages: filename to the name of the source that has it
    own: frozenset[str] = frozenset()  # names of those of its sources that are the organisation's own
    version: str = ""
    stale: float | None = None
    failed: tuple[str, ...] = ()


def with_files(page: Page, files: Iterable[File]) -> Page:
    """Return the page with these files instead of its own, its list of versions kept consistent (PEP 700).

    A version that thereby lost all its files leaves the list, one that came is added; a version that the source listed
    without files stays: a rule that forbids it must take it out of `versions` itself.
    """
    files = tuple(files)
    if page.versions is None:
        return msgspec.structs.replace(page, files=files)
    after = {file.filename for file in files}
    gone = [file for file in page.files if file.filename not in after]
    before = {file.filename for file in page.files}
    come = [file for file in files if file.filename not in before]
    listed = page.versions
    if gone:
        lost = _versions(gone, page.project) - _versions(files, page.project)
        listed = tuple(text for text in listed if _same(text) not in lost)
    return msgspec.structs.replace(page, files=files, versions=complete(listed, come, page.project))


def without_versions(page: Page, forbidden: Callable[[str], bool]) -> Page:
    """Return the page without the listed versions for which `forbidden(text)` is true, its files untouched."""
    if page.versions is None:
        return page
    return msgspec.structs.replace(page, versions=tuple(text for text in page.versions if not forbidden(text)))


def versions_of(page: Page) -> tuple[str, ...]:
    """Return the versions that the source listed, or those of the files where it listed none."""
    return complete((), page.files, page.project) if page.versions is None else page.versions


def complete(listed: tuple[str, ...], files: Iterable[File], project: ProjectName) -> tuple[str, ...]:
    """Return the listed versions and, behind them, those of the files that are not listed; none twice (PEP 700)."""
    known_texts = set(listed)
    # Nearly every wheel says a listed version to the letter, and needs no further thought.
    others = [
        file
        for file in files
        if not ((name := file.filename).endswith(".whl") and f"{name}-".split("-", 2)[1] in known_texts)
    ]
    here = dict.fromkeys(found for file in others if (found := version_of(file.filename, project)) is not None)
    return union(listed, map(str, here))


def union(listed: tuple[str, ...], others: Iterable[str]) -> tuple[str, ...]:
    """Return the listed versions and, behind them, the others that are not listed in any spelling (1.0 and 1.0.0)."""
    texts = set(listed)
    missing = [text for text in dict.fromkeys(others) if text not in texts]
    known = {_same(text) for text in listed} if missing else set()
    new: dict[Version | str, str] = {}
    for text in missing:
        if _same(text) not in known:
            new.setdefault(_same(text), text)
    return (*listed, *new.values())


def _versions(files: Iterable[File], project: ProjectName) -> set[Version | str]:
    return {found for file in files if (found := version_of(file.filename, project)) is not None}


def _same(text: str) -> Version | str:
    """Return what two spellings of one version share; a text that is no version is only itself."""
    return version(text) or text
