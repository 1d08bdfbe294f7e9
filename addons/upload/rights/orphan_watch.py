"""Handing over orphans while a gateway runs, every so many hours; what it does and cannot do is in the log."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from addons.store.roles import Roles
from addons.upload.rights.orphans import Orphanage
from proxyconf.ownership import Orphans as OrphanSettings

logger = logging.getLogger(__name__)

BY = "wheelgate"
"""What is recorded of who hands over when nobody does."""

LOOK_SECONDS = 60.0


class OrphanWatch:
    """Goes by the settings in force; `clock` gives the time (aware, UTC). Several gateways of one store do no harm."""

    def __init__(self, roles: Roles, settings: Callable[[], OrphanSettings], clock: Callable[[], datetime]) -> None:
        self._roles = roles
        self._settings = settings
        self._clock = clock
        self._last: datetime | None = None

    async def run(self) -> None:
        """Look, at once and then when the hours are over, until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Hand over what is orphaned, if the hours since the last time are over. What goes wrong is only in the log."""
        settings, at = self._settings(), self._clock()
        if settings.every_hours is None:
            return
        if self._last is not None and at - self._last < timedelta(hours=settings.every_hours):
            return
        self._last = at
        try:
            await asyncio.to_thread(self._hand_over, settings, at)
        except (ValueError, OSError) as error:
            logger.error("orphans are not handed over: %s", error)

    def _hand_over(self, settings: OrphanSettings, at: datetime) -> None:
        orphanage = Orphanage(self._roles, settings)
        for each in orphanage.hand_over(orphanage.find(), BY, at):
            if each.fault is None:
                logger.warning("project %s is orphaned, and is handed over to %s", each.project, each.to)
            else:
                logger.error("project %s is orphaned, and is not handed over: %s", each.project, each.fault)
