"""The project lists of public sources, to look up what a new name looks like: the lists that clients get, fetched once."""

import asyncio
import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path

from addons.cache.flight import Flights
from addons.listing.source_list import Names, SourceList
from addons.listing.store import ListStore
from addons.listing.workshop import Workshop, remove
from addons.simple.names import ProjectName
from addons.sources.listed import Lister
from addons.sources.source import SourceUnavailable
from addons.upload.rights.alike_file import find_alike, write_alike

_WORK_SECONDS = 60.0
"""For how long a list that was in time may have waited for its turn, until it is compared with."""


class AlikeList:
    """One source's names by what looks alike, made anew when its list is another one."""

    def __init__(self, known: SourceList, workshop: Workshop) -> None:
        self._list = known
        self._workshop = workshop
        self._flights: Flights[float, Path] = Flights()
        self._version = ""
        self._path: Path | None = None
        self._before: Path | None = None  # somebody may be about to look into the file that was just replaced

    async def find(self, project: ProjectName, max_age: float) -> Sequence[ProjectName]:
        """Give the source's names that a name looks like, in a list that is at most `max_age` seconds old.

        An older list is asked for anew, with its ETag, and stands in for nothing; that goes on for the next one if nobody waits any
        more. Raises SourceUnavailable.
        """
        try:
            path = await self._flights.share(max_age, lambda: self._workshop.doing(self._fresh(max_age)))
            return await asyncio.to_thread(find_alike, path, project)
        except (OSError, sqlite3.Error) as error:
            raise SourceUnavailable(f"source {self._list.source.name}: its names cannot be kept: {error}") from error

    async def _fresh(self, max_age: float) -> Path:
        await self._list.renew(max_age, patient=True)
        async with self._workshop.step:  # the file of names stays while it is read
            kept = self._list.kept
            if kept is None or self._workshop.clock() - kept.confirmed > max_age + _WORK_SECONDS:
                raise SourceUnavailable(f"source {self._list.source.name}: its project list cannot be had")
            if self._path is None or self._version != kept.document.version:
                await self._make(kept)
        assert self._path is not None
        return self._path

    async def _make(self, kept: Names) -> None:
        async with self._workshop.scratch() as scratch:
            path = scratch.with_suffix(".alike")
            await asyncio.to_thread(write_alike, kept.path, path)
        gone, self._before, self._path = self._before, self._path, path
        self._version = kept.document.version
        await asyncio.to_thread(remove, [gone] if gone is not None else [])

    def let_go(self) -> None:
        """Remove the files. Waits for the disk."""
        remove(each for each in (self._before, self._path) if each is not None)
        self._before, self._path, self._version = None, None, ""


class PublicLists:
    """Those of all sources that are configured. It outlives configurations, as the store of lists does."""

    def __init__(self, lists: ListStore) -> None:
        self._lists = lists
        self._known: dict[Lister, AlikeList] = {}

    def of(self, source: Lister) -> AlikeList:
        """Give the list of a source, with what is known of it."""
        if source not in self._known:
            [known] = self._lists.lists_of([source])
            self._known[source] = AlikeList(known, self._lists.workshop)
        return self._known[source]

    def leave_to(self, sources: Collection[Lister]) -> None:
        """Forget all sources but these, which a new configuration has. Waits for the disk: not for the event loop."""
        gone = [each for source, each in self._known.items() if source not in sources]
        self._known = {source: each for source, each in self._known.items() if source in sources}
        for each in gone:
            each.let_go()
