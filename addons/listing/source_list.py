"""One source's list: fetched, read and sorted once for all, and renewed when its source says that it is old."""

import asyncio
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from addons.cache.flight import Flights
from addons.listing.apart import StepFailed, apart
from addons.listing.orders import ReadOrder, ReadOutcome
from addons.listing.workshop import Workshop, remove
from addons.sources.index_list import MOST_BYTES
from addons.sources.listed import ListDocument, Lister
from addons.sources.source import SourceUnavailable

logger = logging.getLogger(__name__)

MOST_STALE_SECONDS = 300.0
"""How long past its freshness a public source's list may be given while the new one is being fetched and built."""

MOST_KEPT_SECONDS = 86_400.0
"""How long a public source's list is given while the source is unavailable (CCH-08)."""

_LEAST_FRESH_SECONDS = 5.0  # a public list is some ten megabytes: it isn't asked for by every request, whatever it says
_RETRY_SECONDS = 30.0  # between two tries at a source that was unavailable


@dataclass(frozen=True)
class Names:
    """A source's projects, sorted, in the file at `path`. Times are of the workshop's clock, in seconds."""

    document: ListDocument
    path: Path
    confirmed: float
    fresh_until: float


class SourceList:
    """The list of one source."""

    def __init__(self, source: Lister, workshop: Workshop) -> None:
        self.source = source
        self.kept: Names | None = None
        self._workshop = workshop
        self._before: Names | None = None  # what `kept` replaced; its file is gone
        self._retry_at = 0.0
        self._flights: Flights[None, None] = Flights()

    def counts(self, max_age: float | None, patience: float) -> bool:
        """Tell whether `kept` is at most `max_age` seconds old, and at most `patience` seconds past its time."""
        return self.kept is not None and self.overdue(self.kept.document.version, max_age) <= patience

    async def renew(self) -> None:
        """See to it that `kept` is what the source has now.

        Of an own source: what it has after this call, so that a project which just came shows at once. Raises
        SourceUnavailable.
        """
        flight = self._flights.begin if self.source.own else self._flights.share
        await flight(None, lambda: self._workshop.doing(self._ask()))

    def overdue(self, version: str, max_age: float | None = None) -> float:
        """Tell for how many seconds this version has been out of date; 0 if it is not, infinite if nothing is known."""
        if self.kept is None:
            return float("inf")
        now = self._workshop.clock()
        if self.kept.document.version == version:
            if now < self._retry_at and now - self.kept.confirmed <= MOST_KEPT_SECONDS:
                return 0.0
            until = self.kept.fresh_until
            fresh = now < until and (max_age is None or now - self.kept.confirmed <= max_age)
            return 0.0 if fresh else max(now - until, 1e-9)
        if self._before is not None and self._before.document.version == version:
            return max(now - self._before.fresh_until, 1e-9)
        return float("inf")

    async def _ask(self) -> None:
        try:
            await self._fetch()
        except SourceUnavailable as error:
            if not self._may_outlive(error):
                raise

    def _may_outlive(self, error: SourceUnavailable) -> bool:
        """Tell whether the list that is kept stands in. An own source's never does: MRG-03."""
        now = self._workshop.clock()
        if self.source.own or self.kept is None or now - self.kept.confirmed > MOST_KEPT_SECONDS:
            return False
        self._retry_at = now + _RETRY_SECONDS
        age = now - self.kept.confirmed
        logger.warning("%s; its project list of %.0f s ago is given meanwhile", error, age)
        return True

    async def _fetch(self) -> None:
        known = self.kept.document if self.kept is not None else None
        async with self._workshop.scratch() as path:
            raw, names = path.with_suffix(".raw"), path.with_suffix(".names")
            document = await self.source.projects(raw, known)
            now = self._workshop.clock()
            least = 0.0 if self.source.own else _LEAST_FRESH_SECONDS
            found = Names(document, names, now, now + max(document.fresh_seconds, least))
            if self.kept is not None and document.version == self.kept.document.version:
                self.kept = replace(found, path=self.kept.path)
                await asyncio.to_thread(remove, [raw])
                return
            async with self._workshop.step:  # nobody builds of the file that goes
                await self._read(document, raw, names)
                gone = [raw] if self.kept is None else [raw, self.kept.path]
                self._before, self.kept = self.kept, found
                await asyncio.to_thread(remove, gone)

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
