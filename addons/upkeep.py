"""What is done for the store beside uploads while a gateway runs.

Names are made ready to compare with, orphans handed over, bytes swept, and services let go of that no configuration names.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

from addons.assembly import Present
from addons.deciders import MakesDeciders
from addons.store.database import Database, DatabaseUnavailable
from addons.store.roles import Roles
from addons.store.shelf import Shelf
from addons.store.sweeping import sweep
from addons.upload.rights.orphan_watch import OrphanWatch

logger = logging.getLogger(__name__)

_SWEEP_SECONDS = 3600.0  # more than an upload may take, which may still ask a service of a configuration before


class Upkeep:
    """Leaves the store alone where none is configured. `clock` gives the time (aware, UTC)."""

    def __init__(
        self, present: Present, deciders: MakesDeciders, database: Database, shelf: Shelf, clock: Callable[[], datetime]
    ) -> None:
        self._present = present
        self._deciders = deciders
        self._database = database
        self._shelf = shelf
        self._clock = clock
        self._orphans = OrphanWatch(Roles(database), lambda: present.assembly.settings.uploads.ownership.orphans, clock)

    def works(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Give all that is to be done, most of it without end."""
        return self._deciders.warm(), self._orphans.run(), self._sweeping()

    async def close(self) -> None:
        """Let go of services and of the database."""
        await self._deciders.close()

    async def _sweeping(self) -> None:
        while True:
            if self._present.stored is not None:
                await self._sweep()
            await self._deciders.retire()
            await asyncio.sleep(_SWEEP_SECONDS)

    async def _sweep(self) -> None:
        try:
            files, size = await asyncio.to_thread(sweep, self._database, self._shelf, self._clock())
        except (DatabaseUnavailable, OSError) as error:
            logger.error("the store cannot be swept: %s", error)
        else:
            if files:
                logger.info("the store was swept: %d files, %d bytes that were nobody's", files, size)
