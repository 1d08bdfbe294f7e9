"""The announcer of one configuration: what its pages announce, and what is fetched before somebody asks for it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from addons.announcing.ahead import Ahead, next_of
from addons.announcing.announcing import Announcing
from addons.announcing.links import Announced, Terms, linked
from addons.cache.recent import Recent
from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from addons.sources.priority import Part
from addons.sources.source import Source

_PASSING = 1000  # files that clients are getting, and that may be kept any moment


class Beside:
    """What is done beside requests, whatever the configuration: fetching ahead, and reading metadata out of what is kept."""

    def __init__(self, announcing: Announcing, pause: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self.announcing = announcing
        self.ahead = Ahead(pause)
        self._passing: Recent[str, tuple[Source, ProjectName, File]] = Recent(_PASSING)

    def passing(self, source: Source, project: ProjectName, file: File) -> None:
        """Note that a client gets a file: once it is kept, its metadata can be read out of it."""
        if source.list_terms.key is None:
            return
        entry = self.announcing.entry(source, project, file)
        if (entry is not None and entry.is_proven) or (entry is None and isinstance(file.core_metadata, dict)):
            return  # what a page announces with its hash was compared with that
        self._passing.keep(file.hashes.get("sha256", ""), (source, project, file), 1)
        self.kept(file.hashes.get("sha256", ""))  # it may be there for long

    def kept(self, sha256: str) -> None:
        """Hear that a file is kept now."""
        found = self._passing.find(sha256)
        if found is not None:
            self.ahead.want(sha256, partial(self.announcing.compare, *found))

    async def close(self) -> None:
        """Do no more."""
        await self.ahead.close()
        await self.announcing.close()


class Announcer:
    """What is announced on these terms."""

    def __init__(self, beside: Beside, terms: Terms) -> None:
        self._beside = beside
        self._announcing = beside.announcing
        self.terms = terms

    def at_hand(self, parts: Sequence[Part]) -> tuple[Announced, ...] | None:
        """Give what `known` does, if nothing has to be waited for."""
        return self._announcing.at_hand(parts, self.terms)

    async def known(
        self, parts: Sequence[Part], offers: Callable[[Part, File], bool] = lambda part, file: True
    ) -> tuple[Announced, ...]:
        """Give what is known of a page's parts, as `Announcing.known` does: equal exactly if it was the same."""
        return await self._announcing.known(parts, self.terms, offers)

    def linked(self, page: Page, known: Sequence[Announced], alone: str) -> Page:
        """Return the page with what is announced of its files."""
        return linked(page, known, alone, self.terms)

    async def metadata(self, source: Source, project: ProjectName, file: File) -> bytes:
        """Give a file's metadata, as `Announcing.metadata` does."""
        self._beside.ahead.asked(file.filename)
        return await self._announcing.metadata(source, project, file)

    async def affordable(self, source: Source, project: ProjectName, file: File) -> bytes | None:
        """Give a file's metadata: what is announced at any price, else if little of the file is enough; None if not.

        Raises NoMetadata, FileGone or SourceUnavailable.
        """
        if file.core_metadata or source.list_terms.key is None:
            return await self._announcing.metadata(source, project, file)
        return await self._announcing.tried(source, project, file)

    def passing(self, source: Source, project: ProjectName, file: File) -> None:
        """Hear that a client gets a file."""
        self._beside.ahead.asked(file.filename)
        if self.terms.sdists or file.filename.endswith(".whl"):
            self._beside.passing(source, project, file)

    def shown(self, parts: Sequence[Part], page: Page) -> None:
        """Hear that clients are shown this page now: what they will ask for next is obtained meanwhile."""
        sources = {part.source.name: part.source for part in parts if part.source.list_terms.key is not None}
        if sources:
            self._beside.ahead.want(page.project, partial(self._look, Shown(sources, parts[0].source.name, page)))

    async def _look(self, shown: "Shown") -> None:
        wheels = [file for file in shown.page.files if self.terms.sdists or file.filename.endswith(".whl")]
        for file in await self._announcing.kept([file for file in wheels if self._lacks(shown, file)]):
            self._want(shown, file, self._announcing.compare, paced=False)
        if self.terms.ahead and not self.terms.offline:
            lacking = await next_of(shown.page, partial(self._lacks, shown), self._beside.ahead)
            for file in reversed(lacking):  # what is wanted last is done first
                self._want(shown, file, self._announcing.tried, paced=True)

    def _lacks(self, shown: "Shown", file: File) -> bool:
        source = shown.source(file)
        return source is not None and self._announcing.lacks(source, shown.page.project, file)

    def _want(
        self, shown: "Shown", file: File, work: Callable[[Source, ProjectName, File], Awaitable[object]], *, paced: bool
    ) -> None:
        source, project = shown.source(file), shown.page.project
        assert source is not None
        self._beside.ahead.want((project, file.filename), partial(work, source, project, file), paced=paced)


@dataclass(frozen=True)
class Shown:
    """A page as clients see it, the indexes that it came from, and which of all sources has the files without another."""

    indexes: Mapping[str, Source]
    alone: str
    page: Page

    def source(self, file: File) -> Source | None:
        """Give the index of a file; None of an own file."""
        return self.indexes.get(self.page.sources.get(file.filename, self.alone))
