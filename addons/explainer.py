"""explainer: what `wheelgate explain` does, with the settings and words of its command line."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from addons.assembly import Present, limits
from addons.cache.blobs import Blobs
from addons.cache.documents import Documents
from addons.cache.kept_documents import Unreadable
from addons.cache.layout import Layout
from addons.cache.survey import survey_of
from addons.cli_parts import clock
from addons.following import decisions_of
from addons.inspecting import telling
from addons.inspecting.asked import Named, Release, asked_of_index
from addons.inspecting.explained import Explanation, PageSaid
from addons.inspecting.explaining import Explaining, Terms
from addons.inspecting.inspecting import NotThere
from addons.places import cache_folder
from addons.simple.names import ProjectName
from addons.sources.source import SourceUnavailable
from addons.view_parts import Memory
from addons.viewing import view_for
from proxyconf.settings import Settings


@dataclass
class Found:
    """What was found out, of each argument; `problems` in words."""

    explained: list[Explanation] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether nothing that was asked about is refused."""
        return all(each.is_well for each in self.explained)


def explain(
    settings: Settings,
    configuration: Path | None,
    arguments: Sequence[str],
    only: str | None,
    whom: tuple[str, str] = ("", ""),
) -> Found:
    """Explain what is asked about; `only`: of its files the one of this name. Raises ValueError, in words, or OSError.

    `whom`: the names of a client group and of a profile, "" for none.
    """
    wanted = {argument: asked_of_index(argument.rpartition("/")[2]) for argument in arguments}
    return asyncio.run(_explain(settings, configuration, wanted, only, whom))


async def _explain(
    settings: Settings,
    configuration: Path | None,
    wanted: dict[str, Release | Named],
    only: str | None,
    whom: tuple[str, str],
) -> Found:
    folder, at, found = cache_folder(settings), clock(), Found()
    memory = Memory(documents=Documents(folder / "documents"), blobs=Blobs(folder, limits(settings)))
    present = Present(settings, memory=memory, decisions=decisions_of(settings, at))
    try:
        view = view_for(present.assembly, *whom, at)
        terms = Terms(settings, view.policies, configuration, in_full=True, whom=view.standing.said)
        for argument, each in wanted.items():
            try:
                explaining = Explaining(view.offer, terms, at)
                found.explained.append(await explaining.explain(argument, each, only))
            except (NotThere, SourceUnavailable) as error:
                found.problems.append(f"{argument}: {error}")
    finally:
        await present.close()
    found.explained = [_with_times(each, Layout(folder), at) for each in found.explained]
    return found


def _with_times(said: Explanation, layout: Layout, at: datetime) -> Explanation:
    """Say of each page whether it was taken from the cache: it was, if it counted before anybody asked for it."""
    try:
        kept = [each for each in survey_of(layout, ProjectName(said.project)).documents if each.kind == "page"]
    except (OSError, Unreadable):
        return said
    times = {each.source: (each.asked, each.fresh_until) for each in kept}
    return msgspec.structs.replace(
        said, pages=[_with_time(page, *times.get(page.source, (None, None)), at) for page in said.pages]
    )


def _with_time(page: PageSaid, asked: datetime | None, fresh_until: datetime | None, at: datetime) -> PageSaid:
    if asked is None or page.stale_seconds is not None:
        return msgspec.structs.replace(page, asked=asked)
    kept = asked < at and fresh_until is not None and fresh_until > at
    return msgspec.structs.replace(page, kept=kept, asked=asked, fresh_until=fresh_until)


def told(found: Found) -> Iterator[str]:
    """Give the lines for people."""
    for number, each in enumerate(found.explained):
        if number:
            yield ""
        yield from telling.text(each)


def as_json(found: Found) -> str:
    """Give all of it for programs."""
    facts = {"explained": found.explained, "problems": found.problems}
    return msgspec.json.format(msgspec.json.encode(facts), indent=2).decode()
