"""page_simulator: what `wheelgate simulate --kept` does: two configurations judge the pages that lie in the cache, for nobody's sake."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from addons.answering.offer import Offer
from addons.assembly import Present, limits
from addons.cache.blobs import Blobs
from addons.cache.documents import Documents
from addons.cache.kept_documents import KeptDocuments
from addons.cache.layout import Layout
from addons.cache.whose import kind_of
from addons.cli_parts import clock
from addons.following import decisions_of
from addons.inspecting.comparing import Changed, Compared, compare
from addons.places import cache_folder
from addons.simple.names import InvalidName, ProjectName, normalise
from addons.simple.page import Page
from addons.sources.source import ProjectAbsent, SourceUnavailable
from addons.store.decision import Decision
from addons.view_parts import Memory
from proxyconf.settings import Settings


def simulate(now: Settings, then: Settings, projects: Sequence[ProjectName] | None) -> Compared:
    """Compare what clients get now with what they would then, of these projects or (None) of all whose pages are kept.

    Raises OSError or Unreadable, and ValueError, in words, for a configuration that cannot be built.
    """
    layout = Layout(cache_folder(now))
    return asyncio.run(
        _simulate(now, then, kept_projects(layout) if projects is None else projects, layout.documents.parent)
    )


def kept_projects(layout: Layout) -> list[ProjectName]:
    """Give the projects of which a page is kept, sorted. Raises OSError or Unreadable."""
    with KeptDocuments(layout.documents) as kept:
        entries = [each.whose for each in kept.entries() if each.whose is not None and each.size]
    return sorted({project for kind, project in map(kind_of, entries) if kind == "page" and project is not None})


def projects_in(text: str) -> list[ProjectName]:
    """Read a list of projects, one a line; behind `#` stands what is for people. Raises ValueError with the line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        name = line.partition("#")[0].strip()
        try:
            found += [normalise(name)] if name else []
        except InvalidName as error:
            raise ValueError(f"line {number}: {error}; write one project a line") from error
    return list(dict.fromkeys(found))


async def _simulate(now: Settings, then: Settings, projects: Iterable[ProjectName], folder: Path) -> Compared:
    at, compared, done = clock(), Compared(projects=0, changed=[], problems=[]), 0
    decisions = decisions_of(now, at)  # one list with either configuration
    first, second = present_of(now, folder, decisions), present_of(then, folder, decisions)
    try:
        for project in projects:
            try:
                before = await _page(first.assembly.view.offer, project, at)
                after = await _page(second.assembly.view.offer, project, at)
            except SourceUnavailable as error:
                compared.problems.append(f"{project}: {error}")
                continue
            done += 1
            if changes := await asyncio.to_thread(compare, before, after, then.contact):
                compared.changed.append(Changed(project=project, changes=changes))
    finally:
        await first.close()
        await second.close()
    return msgspec.structs.replace(compared, projects=done)


def present_of(settings: Settings, folder: Path, decisions: Sequence[Decision]) -> Present:
    """Give a configuration in force over the cache in a folder, that asks nobody. Raises ValueError, in words."""
    memory = Memory(documents=Documents(folder / "documents"), blobs=Blobs(folder, limits(settings)))
    return Present(msgspec.structs.replace(settings, offline=True), memory=memory, decisions=decisions)


async def _page(offer: Offer, project: ProjectName, at: datetime) -> Page | None:
    try:
        return (await offer.traced(project, at)).page
    except ProjectAbsent:
        return None
