"""Following the decisions: they are in force everywhere within a second, and the last known ones while the database is not to be had."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from addons.store.decision import Decision
from addons.store.decisions import Decisions, Revision
from addons.store.last_known import LastKnown

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25

type Put = Callable[[Sequence[Decision]], Awaitable[None]]
"""Puts decisions in force. Raises ValueError, in words, for some that no policy can be made of."""


class Following:
    """What one gateway knows of the decisions. `fault` says what is wrong with their database, "" if nothing is."""

    def __init__(self, decisions: Decisions, last_known: LastKnown, clock: Callable[[], datetime]) -> None:
        self.known: tuple[Decision, ...] = ()
        self.fault = ""
        self._decisions = decisions
        self._last_known = last_known
        self._clock = clock
        self._seen = False  # whether there was ever a database: one that never was is not gone
        self._revision: Revision | None = None  # None: what is there has to be read
        self._copied = True

    def at_start(self) -> tuple[Decision, ...]:
        """Give the decisions to begin with. Waits for the disk.

        Those of the database; where it has gone, the last known ones, which is a fault. Raises ValueError, in words, where it
        is there and cannot be read: nobody knows then what was decided.
        """
        if self._decisions.database.is_there:
            self._know(*self._decisions.in_force(self._clock()))
        elif (left := self._last_known.read_or_refuse()) is not None:
            self.known, self._seen = left, True
            self._blame(self._last_known.gone)
        return self.known

    async def follow(self, put: Put) -> None:
        """Put in force what is decided from now on, until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look(put)

    async def look(self, put: Put) -> None:
        """Look once, and put in force what was decided meanwhile. While that cannot be had, what is known stays."""
        try:
            found = await asyncio.to_thread(self._news)
            if found is not None:
                await self._take(put, *found)
        except (ValueError, OSError) as error:
            self._blame(str(error))
        else:
            if self.fault:
                logger.warning("%s: the database of decisions can be read again", self._decisions.database.where)
            self.fault = ""

    def _news(self) -> tuple[Revision, tuple[Decision, ...]] | None:
        """Give what is in force, if it may be other than what is known. Raises ValueError, in words."""
        if not self._decisions.database.is_there:
            if self._seen:
                raise ValueError(self._last_known.gone)
            return None
        if self._revision is not None and self._decisions.revision() == self._revision:
            return None
        return self._decisions.in_force(self._clock())

    async def _take(self, put: Put, revision: Revision, found: tuple[Decision, ...]) -> None:
        if found != self.known:
            await put(found)
            logger.warning("decisions: %d in force from now on", sum(each.is_in_force(self._clock()) for each in found))
        await asyncio.to_thread(self._know, revision, found)

    def _know(self, revision: Revision, found: tuple[Decision, ...]) -> None:
        self.known, self._revision, self._seen = found, revision, True
        try:
            self._last_known.write(found)
        except OSError as error:
            if self._copied:
                reason = error.strerror or str(error)
                logger.warning("%s: the decisions in force are not copied there: %s", self._last_known.path, reason)
            self._copied = False
        else:
            self._copied = True

    def _blame(self, words: str) -> None:
        if words != self.fault:
            logger.error("%s - the decisions known last stay in force", words)
        self.fault, self._revision = words, None

    def facts(self) -> Mapping[str, object]:
        """Give how it stands as JSON has it: `database` (where it is), `in_force` (how many), `fault` (null if there is none)."""
        at = self._clock()
        standing = sum(each.is_in_force(at) for each in self.known)
        return {"database": self._decisions.database.where, "in_force": standing, "fault": self.fault or None}

    def close(self) -> None:
        """Let go of the database."""
        self._decisions.database.close()
