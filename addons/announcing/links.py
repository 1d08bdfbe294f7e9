"""What a page announces of its files' core metadata (PEP 658, PEP 714)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from addons.announcing.lines import State
from addons.cache.announced import Entry
from addons.simple.distributions import distribution
from addons.simple.page import File, Page


class Terms(NamedTuple):
    """What is announced besides wheels' metadata in hand.

    `sdists`: of sdists too, where it is final. `ahead`: of wheels whose source is known to have it, before it is in hand.
    `offline`: nothing is dialled, so nothing is ahead.
    """

    sdists: bool = False
    ahead: bool = True
    offline: bool = False


class Announced(NamedTuple):
    """What is known of one source's files of a page; `ahead`: the metadata of all its wheels can be had.

    `direct`: clients have its files where it has them.
    """

    source: str
    state: State
    ahead: bool
    direct: bool = False


def linked(page: Page, known: Sequence[Announced], alone: str, terms: Terms) -> Page:
    """Return the page with what can be announced of its files; `alone` is the source of all that have no other."""
    by_source = {each.source: each for each in known}
    if not any(each.state.entries or each.ahead for each in known):
        return page
    themselves = {
        page.sources.get(file.filename, alone) for file in page.files if file.core_metadata and not file.refused
    }
    files = []
    for file in page.files:
        source = page.sources.get(file.filename, alone)
        each = by_source.get(source)
        # A source that announces some announces all that it can: the rest may have none.
        said = None
        if each is not None and not (each.direct and "?" in file.url):  # clients put `.metadata` behind that (MET-01)
            said = _said(file, each.state.entries, each.ahead and source not in themselves, terms)
        files.append(
            file if said is None or said == file.core_metadata else msgspec.structs.replace(file, core_metadata=said)
        )
    return msgspec.structs.replace(page, files=tuple(files))


def _said(file: File, entries: Mapping[str, Entry], ahead: bool, terms: Terms) -> bool | dict[str, str] | None:
    """Give what is to be announced; None for what the source says."""
    sha256 = file.hashes.get("sha256")
    entry = entries.get(sha256) if sha256 is not None else None
    wheel = file.filename.endswith(".whl")
    if entry is not None:
        if not entry.sha256:
            return False
        return {"sha256": entry.sha256} if wheel or terms.sdists else None
    if ahead and wheel and sha256 is not None and not file.core_metadata and distribution(file.filename) is not None:
        return True
    return None
