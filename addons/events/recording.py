"""Recording: what was counted goes to disk every few seconds and at the end, and what is too old goes from there."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from addons.events.served import MOST, Batch, Served, gathered
from addons.events.served_file import RecordFault, ServedFile

logger = logging.getLogger(__name__)

_SECONDS = 5.0  # between two writings: so much is lost where a gateway is killed
_FORGET_SECONDS = 3600.0  # between two looks for what is too old


class Recording:
    """Writes, beside the event loop; a fault of the disk is logged once, and what was not written waits for the next time.

    `days` says how long the record is kept now (0: not at all), `clock` the time. For one event loop.
    """

    def __init__(
        self,
        served: Served,
        file: ServedFile,
        days: Callable[[], int],
        clock: Callable[[], datetime],
        seconds: float = _SECONDS,
        most: int = MOST,
    ) -> None:
        self._served = served
        self._file = file
        self._days = days
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self._held: Batch = {}  # what the disk has not taken yet; touched by one writing at a time
        self._work: asyncio.Future[None] | None = None
        self._fault = ""
        self._failures = 0
        self._recorded = 0
        self._dropped = 0
        self._kept: tuple[int, datetime] | None = None  # the days by which was looked for what is too old, and when

    @property
    def fault(self) -> str:
        """Why the last writing failed, in words; "" if it did not."""
        return self._fault

    def facts(self) -> dict[str, int]:
        """Give how many answers were recorded on disk, how many not for want of room, how many different things wait to be
        recorded, and how often the disk refused."""
        return {
            "recorded": self._recorded,
            "dropped": self._dropped + self._served.dropped,
            "waiting": self._served.waiting + len(self._held),
            "failures": self._failures,
        }

    async def run(self) -> None:
        """Write, again and again, without end."""
        while True:
            await asyncio.sleep(self._seconds)
            await self.write()

    async def write(self) -> None:
        """Write what was counted until now; whoever is cancelled meanwhile leaves it to be written all the same."""
        while self._work is not None and not self._work.done():
            await asyncio.wait([self._work])
        if self._served.waiting or self._held or self._due():
            self._work = asyncio.ensure_future(self._written())
            await asyncio.shield(self._work)

    async def close(self) -> None:
        """Write for the last time."""
        await self.write()

    def _due(self) -> bool:
        if self._kept is None or self._kept[0] != self._days():
            return True
        return abs(self._clock() - self._kept[1]) >= timedelta(seconds=_FORGET_SECONDS)

    async def _written(self) -> None:
        try:
            fault = await asyncio.to_thread(self._write, self._served.take(), self._days(), self._clock(), self._due())
        finally:
            self._work = None
        self._failures += bool(fault)
        if fault and not self._fault:
            logger.error("what is served cannot be recorded, and is kept in memory, within bounds: %s", fault)
        elif self._fault and not fault:
            logger.warning("what is served is recorded again")
        self._fault = fault

    def _write(self, batch: Batch, days: int, at: datetime, due: bool) -> str:
        """Write, in a thread; gives the fault in words, or ""."""
        first = at.date() - timedelta(days=days - 1)
        self._dropped += gathered(self._held, batch, self._most)
        self._held = {what: times for what, times in self._held.items() if what[0] >= first}
        try:
            if due:  # first: it makes room
                self._file.forget(first)
                self._kept = (days, at)
            self._file.add(self._held)
            self._recorded += sum(times.number for times in self._held.values())
            self._held = {}
        except RecordFault as error:
            return str(error)
        return ""
