"""One page out of several sources' pages of one project, where the configuration asks for it.

Without it a source answers alone (PEP 766, index priority). Sources of the rules: Simple API; PEP 700, 740, 792.
"""

import hashlib
import logging
from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec

from addons.simple.page import File, Page, union, versions_of
from addons.simple.standing import emptied_if_quarantined

logger = logging.getLogger(__name__)

# What an index says of itself among others: it says nothing of the index that the gateway shows (PEP 708, PEP 752).
_CLAIMS = frozenset({"tracks", "alternate-locations", "namespace", "namespaces"})
_SERIAL = "_last-serial"
_TELLING = frozenset(
    {"sha256", "sha512", "sha384", "blake2b_256"}
)  # hashes by which two files are known to be the same


def merged(pages: Sequence[tuple[str, Page]]) -> Page:
    """Return one page of all files; `pages` are the sources' names and pages, the highest in rank first, at least one.

    Of two files of one name and other bytes, the lower is dropped and logged; of the same bytes, the higher's entry
    stays, with what it lacks and the lower says of those bytes. The status is the highest source's: if it is
    quarantined, so is the page, and empty; a lower source that is contributes nothing. `sources` says whose each file
    is, and `version` changes exactly when a part's does.
    """
    first = emptied_if_quarantined(pages[0][1])
    lower = [part for part in pages[1:] if "quarantined" not in {part[1].status, first.status}]
    parts = [(pages[0][0], first), *lower]
    files, owners = _files(parts)
    return msgspec.structs.replace(
        first if len(pages) == 1 else _without_files(parts),
        files=files,
        sources=owners,
        version=hashlib.sha256(repr([(name, page.version) for name, page in pages]).encode()).hexdigest(),
    )


def without_claims(page: Page) -> Page:
    """Return the page without what its index says of itself among other indexes (VER-06, VER-07).

    Such words mean nothing, or something else, on any page but the public one, unmerged.
    """
    if _CLAIMS.isdisjoint(page.unknown) and _CLAIMS.isdisjoint(page.meta):
        return page
    return msgspec.structs.replace(page, unknown=_unclaimed(page.unknown), meta=_unclaimed(page.meta))


def _unclaimed(keys: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if key not in _CLAIMS}


def _files(parts: Sequence[tuple[str, Page]]) -> tuple[tuple[File, ...], dict[str, str]]:
    """Return the files of all parts, and for each filename the name of its source."""
    files: dict[str, File] = {}
    owners: dict[str, str] = {}
    odd: list[str] = []
    for name, page in parts:
        for file in page.files:
            other = files.setdefault(file.filename, file)
            if other is file:
                owners[file.filename] = name
            elif _same_bytes(other, file):
                files[file.filename] = _together(other, file)
            else:
                odd.append(f"{ascii(file.filename)[:200]} of {name} is not known to be that of {owners[file.filename]}")
    if odd:
        logger.warning("merged page of %s: %d files dropped: %s", parts[0][1].project, len(odd), "; ".join(odd[:3]))
    return tuple(files.values()), owners


def _same_bytes(one: File, two: File) -> bool:
    """Tell whether the hashes prove that two files are the same; md5 and sha1 can disprove it only."""
    shared = one.hashes.keys() & two.hashes.keys()
    return not _TELLING.isdisjoint(shared) and all(one.hashes[name] == two.hashes[name] for name in shared)


def _together(high: File, low: File) -> File:
    """Return the higher source's entry with what the lower's adds of the same bytes.

    Where to have the file and its core metadata is the higher's to say: that source will be asked for them. What is
    yanked anywhere is yanked, in the higher's words if it has any.
    """
    both = msgspec.structs.replace(
        high,
        hashes=high.hashes if low.hashes.keys() <= high.hashes.keys() else low.hashes | high.hashes,
        requires_python=high.requires_python if high.requires_python is not None else low.requires_python,
        size=high.size if high.size is not None else low.size,
        upload_time=high.upload_time if high.upload_time is not None else low.upload_time,
        yanked=high.yanked if isinstance(high.yanked, str) else low.yanked or high.yanked,
        provenance=high.provenance if high.provenance is not None else low.provenance,
        unknown=high.unknown if low.unknown.keys() <= high.unknown.keys() else low.unknown | high.unknown,
    )
    return both if both != high else high


def _without_files(parts: Sequence[tuple[str, Page]]) -> Page:
    """Return what the merged page says of itself: the highest source's words, all versions, the public serial."""
    pages = [page for _, page in parts]
    first = pages[0]
    versions = None
    if any(page.versions is not None for page in pages):
        versions = union((), chain.from_iterable(versions_of(page) for page in pages))
    meta: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for page in reversed(pages):
        meta |= page.meta
        unknown |= page.unknown
    serials = [page.meta[_SERIAL] for page in pages if _SERIAL in page.meta]
    if serials:
        meta[_SERIAL] = serials[-1]  # public sources are the lowest (MRG-09)
    return msgspec.structs.replace(first, versions=versions, meta=_unclaimed(meta), unknown=_unclaimed(unknown))
