"""Which projects a store has, as this process knows it: in memory, and followed, so that nothing is asked for each request."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping

from addons.cache.flight import Flights
from addons.simple.names import ProjectName
from addons.sources.source import SourceUnavailable
from addons.sources.stored_page import is_listed
from addons.store.news import News, Point, news
from addons.store.own import OwnStore

logger = logging.getLogger(__name__)

type Changed = Callable[[Iterable[ProjectName] | None], None]
"""Hears which projects are other than before; None: any may be."""


class StoredNames:
    """The names and statuses. `fault` says what is wrong with their database, "" if nothing is: then what is known stays so.

    `version` is other after every change of the list of names.
    """

    def __init__(self, source: str, store: OwnStore, changed: Changed) -> None:
        self.fault = ""
        self.version = 0
        self._source = source
        self._store = store
        self._changed = changed
        self._statuses: dict[ProjectName, str] | None = None  # None: never read
        self._point: Point | None = None
        self._seen = False  # whether there was ever a database: one that never was is not gone
        self._marked = False
        self._arrived: set[ProjectName] = set()  # and no look has begun since, or none has ended
        self._due = False
        self._flights: Flights[None, None] = Flights()

    @property
    def listed(self) -> list[ProjectName]:
        """The names in the list of projects, in no order."""
        return [name for name, status in (self._statuses or {}).items() if is_listed(status)]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._statuses or ())

    async def has(self, project: ProjectName) -> bool:
        """Tell whether the store has the project: without suspending, but for the first time.

        Raises SourceUnavailable where that is not known: who is not known to be there may be there in a database that cannot
        be read.
        """
        if self._statuses is None:
            await self._flights.share(None, self._look)
        if self._statuses is not None and project in self._statuses:
            return True
        if self.fault:
            raise self.unavailable()
        return False

    async def ready(self) -> None:
        """See to it that the names are those of now, as far as this process has changed them. Raises SourceUnavailable."""
        if self._statuses is None or self._due:
            await self._flights.begin(None, self._look)
        if self.fault:
            raise self.unavailable()

    def unavailable(self) -> SourceUnavailable:
        """Give the error of a source whose database is not to be had; where that lies is for the log."""
        return SourceUnavailable(f"source {self._source}: its database cannot be read now")

    def arrived(self, project: ProjectName) -> None:
        """Hear that this process has changed a project, or made it. On the event loop."""
        self._due = True
        self._arrived.add(project)
        if self._statuses is not None and project not in self._statuses:
            self._statuses[project] = "active"
            self.version += 1
        self._changed([project])

    def blame(self, words: str) -> None:
        """Hear that the database cannot be read now. In words."""
        if words != self.fault:
            logger.error("source %s: %s - what is known of its projects stays in force", self._source, words)
        self.fault = words

    async def look(self) -> None:
        """Look once for what changed meanwhile. While that cannot be had, what is known stays."""
        await self._flights.begin(None, self._look)

    async def _look(self) -> None:
        self._due = False
        arrived, self._arrived = self._arrived, set()
        try:
            found = await asyncio.to_thread(self._news)
        except (ValueError, OSError) as error:
            self._arrived |= arrived
            self.blame(str(error))
            return
        if found is not None:
            self._take(found)
        if self.fault:
            logger.warning("source %s: %s: the database of projects can be read again", self._source, self._store.where)
        self.fault = ""

    def _news(self) -> News | None:
        """Give what is new. Raises ValueError, in words, or OSError."""
        database, mark = self._store.projects.database, self._store.mark
        if not database.is_there:
            if self._seen or mark.is_there:
                raise ValueError(mark.gone)
            return None if self._statuses is not None else News(None, {}, anew=True)
        found = news(database, self._point)
        if found is not None and found.point is not None and not self._marked:
            self._mark()
        return found

    def _mark(self) -> None:
        """Have it on disk that there are projects: before anything is shown of them."""
        self._marked = True
        try:
            self._store.mark.make()
        except OSError as error:
            reason = error.strerror or str(error)
            logger.warning("%s: that there are projects is not noted there: %s", self._store.mark.path, reason)

    def _take(self, found: News) -> None:
        before = self._statuses
        if found.anew:
            come: Mapping[ProjectName, str] = dict.fromkeys(self._arrived, "active")
            self._statuses = {**come, **found.statuses}
        else:
            self._statuses = {**(before or {}), **found.statuses}
        is_other = not found.anew or found.point != self._point
        self._seen = self._seen or found.point is not None
        self._point = found.point
        if self._statuses != before:
            self.version += 1
        if is_other:
            self._changed(None if found.anew else found.statuses)
