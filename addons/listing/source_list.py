"""One source's list: fetched, read and sorted once for all, and renewed when its source says that it is old."""

import asyncio
import logging
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from addons.cache.flight import Flights
from addons.listing.apart import StepFailed, apart
from addons.listing.lasting_lists import LastingLists, ListStamp
from addons.listing.orders import ReadOrder, ReadOutcome
from addons.listing.workshop import Workshop, remove
from addons.sources.index_list import MOST_BYTES
from addons.sources.listed import ListDocument, Lister
from addons.sources.source import SourceUnavailable
from proxyconf.settings import MOST_FRESH_SECONDS

logger = logging.getLogger(__name__)

MOST_STALE_SECONDS = 300.0
"""How long past its freshness a public source's list may be given while the new one is being fetched and built."""

_LEAST_FRESH_SECONDS = 5.0  # a public list is some ten megabytes: it isn't asked for by every request, whatever it says
_RETRY_SECONDS = 30.0  # between two tries at a source that was unavailable
_SET_BACK = -2.0  # seconds: a stamp from further in the future was made before somebody set the clock back
_TURN_SECONDS = 60.0  # that another process is waited for: it fetches tens of megabytes, which are to come once


@dataclass(frozen=True)
class Names:
    """A source's projects, sorted, in the file at `path`. Times are of the workshop's clock, in seconds."""

    document: ListDocument
    path: Path
    confirmed: float
    fresh_until: float


class SourceList:
    """The list of one source; `lasting`, if there is any, is where it lies on disk for all processes."""

    def __init__(self, source: Lister, workshop: Workshop, lasting: LastingLists | None = None) -> None:
        self.source = source
        self.kept: Names | None = None
        self._workshop = workshop
        self._key = source.list_terms.key
        self._lasting = lasting if self._key is not None else None
        self._noted: float | None = None  # which stamp on disk `kept` agrees with
        self._standing_in = False
        self._fetching: asyncio.Task[None] | None = None
        self._before: Names | None = None  # what `kept` replaced; its file is gone
        self._retry_at = 0.0
        self._flights: Flights[None, None] = Flights()

    def counts(self, max_age: float | None, patience: float) -> bool:
        """Tell whether `kept` is at most `max_age` seconds old, and at most `patience` seconds past its time."""
        return self.kept is not None and self.overdue(self.kept.document.version, max_age) <= patience

    @property
    def stale(self) -> float | None:
        """How old (seconds) `kept` is, where it stands in for what the source does not give; else None."""
        if self.kept is None or not self._standing_in:
            return None
        return max(self._workshop.clock() - self.kept.confirmed, 0.0)

    async def renew(self, max_age: float | None = None, *, patient: bool = False) -> None:
        """See to it that `kept` is what the source has now, or is no older than `max_age` (seconds).

        Of an own source: what it has after this call, so that a project which just came shows at once. Somebody waits
        for it unless it is `patient`: what is kept stands in where nothing comes in time. Raises SourceUnavailable.
        """
        flight = self._flights.begin if self.source.own else self._flights.share
        await flight(None, lambda: self._workshop.doing(self._ask(max_age, patient)))

    def overdue(self, version: str, max_age: float | None = None) -> float:
        """Tell for how many seconds this version has been out of date; 0 if it is not, infinite if nothing is known."""
        if self.kept is None:
            return float("inf")
        now = self._workshop.clock()
        if self.kept.document.version == version:
            if now < self._retry_at and self._may_stand_in():
                return 0.0
            until = self.kept.fresh_until
            fresh = now < until and (max_age is None or now - self.kept.confirmed <= max_age)
            return 0.0 if fresh else max(now - until, 1e-9)
        if self._before is not None and self._before.document.version == version:
            return max(now - self._before.fresh_until, 1e-9)
        return float("inf")

    async def _ask(self, max_age: float | None, patient: bool) -> None:
        await self._look()
        if not self.source.own and self.counts(max_age, 0.0):
            return
        task = self._begin()
        await asyncio.wait([task], timeout=self.patience if self._may_stand_in() and not patient else None)
        if not task.done():  # it goes on, and what it brings is there for the next one
            self.stand_in()
        elif (error := task.exception()) is not None:
            if not isinstance(error, SourceUnavailable) or not self._may_stand_in():
                raise error
            self._stand_in(str(error))

    @property
    def patience(self) -> float:
        """For how long (seconds) the source is waited for by somebody for whom there is something to stand in."""
        return self.source.list_terms.patience_seconds

    def _begin(self) -> asyncio.Task[None]:
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.ensure_future(self._workshop.doing(self._in_turn()))
            self._fetching.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen by somebody
        return self._fetching

    def _may_stand_in(self) -> bool:
        """Tell whether the list that is kept may be given while the source is unavailable."""
        age = inf if self.kept is None else self._workshop.clock() - self.kept.confirmed
        return age < self.source.list_terms.stale_seconds

    def stand_in(self) -> None:
        """Give what is kept, if it may be, as nothing has come in time."""
        if self._may_stand_in():
            self._stand_in(f"source {self.source.name}: has not sent its project list in time")

    def _stand_in(self, words: str) -> None:
        assert self.kept is not None
        now = self._workshop.clock()
        self._retry_at, self._standing_in = now + _RETRY_SECONDS, True
        logger.warning("%s; its project list of %.0f s ago is given meanwhile", words, now - self.kept.confirmed)

    async def _in_turn(self) -> None:
        """Fetch it, if no other process does; else take what that one has put on disk."""
        if self._lasting is None or self._key is None or self.source.own:
            await self._fetch()
            return
        noted = self._noted
        async with self._lasting.turns.taking(self._key, _TURN_SECONDS):
            await self._look()
            if self._noted == noted:
                await self._fetch()

    # What another process, or one before, has left on disk

    async def _look(self) -> None:
        if self._lasting is None or self._key is None:
            return
        stamp = await asyncio.to_thread(self._lasting.stamp, self._key)
        if stamp is None or stamp.asked == self._noted:
            return
        now, age = self._workshop.clock(), self._lasting.wall() - stamp.asked
        asked = -inf if age < _SET_BACK else now - max(age, 0.0)
        until = now + min(stamp.fresh_until - self._lasting.wall(), MOST_FRESH_SECONDS) if asked > -inf else -inf
        if self.kept is not None and asked <= self.kept.confirmed:
            return
        found = Names(stamp.document, Path(), asked, until)
        if self.kept is not None and stamp.document.version == self.kept.document.version:
            self._had(replace(found, path=self.kept.path), stamp.asked)
        elif (raw := await asyncio.to_thread(self._lasting.find, self._key, stamp)) is not None:
            await self._take_up(found, raw, stamp.asked)

    async def _take_up(self, found: Names, raw: Path, noted: float) -> None:
        try:
            async with self._workshop.scratch() as path:
                await self._replace(replace(found, path=path.with_suffix(".names")), raw, noted)
        except SourceUnavailable as error:  # other code wrote it, or it went while it was read: it is asked for anew
            logger.info("%s", error)

    def _had(self, found: Names, noted: float | None) -> None:
        self.kept, self._noted = found, noted
        self._standing_in, self._retry_at = False, 0.0

    async def _replace(self, found: Names, raw: Path, noted: float | None) -> None:
        async with self._workshop.step:  # nobody builds of the file that goes
            await self._read(found.document, raw, found.path)
            gone = [] if self.kept is None else [self.kept.path]
            self._before = self.kept
            self._had(found, noted)
            await asyncio.to_thread(remove, gone)

    # Fetching

    async def _fetch(self) -> None:
        known = self.kept.document if self.kept is not None else None
        async with self._workshop.scratch() as path:
            raw, names = path.with_suffix(".raw"), path.with_suffix(".names")
            document = await self.source.projects(raw, known)
            now = self._workshop.clock()
            least = 0.0 if self.source.own else _LEAST_FRESH_SECONDS
            found = Names(document, names, now, now + max(document.fresh_seconds, least))
            if self.kept is not None and document.version == self.kept.document.version:
                self._had(replace(found, path=self.kept.path), self._noted)
                await self._lay_down(found, None)
            else:
                await self._replace(found, raw, None)
                await self._lay_down(found, raw)
            await asyncio.to_thread(remove, [raw])

    async def _lay_down(self, found: Names, raw: Path | None) -> None:
        """Put on disk what was fetched, or that it is as it was."""
        if self._lasting is None or self._key is None:
            return
        document, wall = found.document, self._lasting.wall()
        stamp = ListStamp(
            asked=wall,
            fresh_until=wall + found.fresh_until - found.confirmed,
            sha256=document.version.rpartition(" ")[2],
            media_type=document.media_type,
            gzipped=document.gzipped,
            etag=document.etag,
            serial=document.serial,
        )
        if raw is None:
            await asyncio.to_thread(self._lasting.confirm, self._key, stamp)
        else:
            await asyncio.to_thread(self._lasting.keep, self._key, raw, stamp)
        self._noted = wall

    async def _read(self, document: ListDocument, raw: Path, names: Path) -> None:
        order = ReadOrder(
            document=str(raw),
            media_type=document.media_type,
            gzipped=document.gzipped,
            most_bytes=MOST_BYTES,
            names=str(names),
        )
        try:
            outcome = await apart("read", order, ReadOutcome)
        except (
            StepFailed
        ) as error:  # the reader itself may fall over a document: ijson does over a number of 5,000 digits
            raise SourceUnavailable(f"source {self.source.name}: its list could not be read: {error}") from error
        if outcome.refused is not None:
            raise SourceUnavailable(
                f"source {self.source.name}: what it answered is no project list: {outcome.refused}"
            )
        for words in outcome.said:
            logger.warning("source %s: %s", self.source.name, words)
