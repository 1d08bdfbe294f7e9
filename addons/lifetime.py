"""What runs beside the flows for as long as the gateway does: the origin, the configuration's watch, the leaf's renewal."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mitmproxy.master import Master

from addons.assembly import Present
from addons.edits import Edits
from addons.events.recording import Recording
from addons.leaf import ShownLeaf
from addons.origin.server import Origin
from addons.policies.decided import books_of
from addons.policies.kinds import KINDS
from addons.store.decision import Decision
from addons.store.following import Following
from addons.upkeep import Upkeep
from proxyconf.client_checks import every_policy
from proxyconf.endings import Reminders
from proxyconf.reading import ConfigurationError
from proxyconf.settings import Settings
from proxyconf.watching import watch

logger = logging.getLogger(__name__)

_LOOK_AT_LEAF = 6 * 3600.0  # seconds
_LOOK_AT_ENDS = 60.0  # seconds


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - with `install`, the one place that reads the clock


class Lifetime:
    """Starts with mitmproxy's `running` event and ends with `done`."""

    name = "wheelgate-lifetime"

    def __init__(
        self,
        master: Master,
        present: Present,
        origin: Origin,
        leaf: ShownLeaf,
        edits: Edits,
        clock: Callable[[], datetime] = _now,
        following: Following | None = None,
        recording: Recording | None = None,
        upkeep: Upkeep | None = None,
    ) -> None:
        self.leaf = leaf
        self.show = lambda option: master.options.update(certs=option)
        self._present = present
        self._origin = origin
        self._edits = edits
        self._clock = clock
        self._following = following
        self._recording = recording
        self._upkeep = upkeep
        self._reminders = Reminders()
        self._of_decisions = Reminders("wheelgate decisions")
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def begun(self) -> bool:
        """Whether the origin listens."""
        return self._origin.address is not None

    async def running(self) -> None:
        """Start the origin, then watch."""
        await self._origin.start()
        if self._present.blobs is not None:
            self._begin(self._present.blobs.begin())
        self._begin(self._look_at_leaf())
        self._begin(self._present.hear_purges())
        self._begin(self._present.follow_store())
        self._begin(self._look_at_ends())
        if self._following is not None:
            self._begin(self._following.follow(self._decide))
        if self._recording is not None:
            self._begin(self._recording.run())
        for work in self._upkeep.works() if self._upkeep is not None else ():
            self._begin(work)
        if self._edits.configuration is not None:
            self._begin(self._follow(self._edits.configuration))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        task.add_done_callback(_say_why)
        self._tasks.append(task)

    async def done(self) -> None:
        """Stop all of it: a part that fails at that keeps no other from it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        async with AsyncExitStack() as ends:  # the last one first
            ends.callback(self.leaf.close)
            if self._following is not None:
                ends.push_async_callback(asyncio.to_thread, self._following.close)
            ends.push_async_callback(self._present.close)
            if self._upkeep is not None:
                ends.push_async_callback(self._upkeep.close)
            if self._recording is not None:
                ends.push_async_callback(self._recording.close)
            ends.push_async_callback(self._origin.stop)

    async def _follow(self, configuration: Path) -> None:
        async with aclosing(watch(configuration, known=self._present.assembly.settings, kinds=KINDS)) as changes:
            async for seen in changes:
                if isinstance(seen.outcome, ConfigurationError):
                    self._refuse(seen.outcome)
                elif seen.outcome != self._present.assembly.settings:
                    await self._swap(seen.outcome, seen.sha256, configuration)
                else:
                    self._know(seen.sha256, configuration)

    async def _swap(self, settings: Settings, sha256: str | None, configuration: Path) -> None:
        try:
            await self._present.swap(settings)
        except (ConfigurationError, ValueError, OSError) as error:
            self._refuse(error)
            return
        self._edits.take(sha256)
        logger.warning("%s: the new configuration is in force", configuration)
        self._remind()

    async def _decide(self, decisions: Sequence[Decision]) -> None:
        await self._present.decide(decisions)
        self._remind()

    async def _look_at_ends(self) -> None:
        while True:
            self._remind()
            await asyncio.sleep(_LOOK_AT_ENDS)

    def _remind(self) -> None:
        assembly, at = self._present.assembly, self._clock()
        settings = assembly.settings
        policies = every_policy(settings.policies, settings.clients, settings.profiles)
        for said in self._reminders.due(policies, at):
            logger.warning("%s: a rule that ends by itself: %s", self._edits.configuration or "the configuration", said)
        for said in self._of_decisions.due(books_of(assembly.decisions), at):
            logger.warning("a rule that ends by itself: %s", said)

    def _know(self, sha256: str | None, configuration: Path) -> None:
        corrected = self._edits.bad is not None
        self._edits.know(sha256)
        if corrected:
            logger.warning("%s: says again what is in force", configuration)

    def _refuse(self, error: Exception) -> None:
        logger.error("%s - the configuration before stays in force", self._edits.refuse(error))

    async def _look_at_leaf(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_AT_LEAF)
            await self.leaf.renew(self.show)


def _say_why(task: asyncio.Task[None]) -> None:
    """Report work that ended by a fault: requests are answered on, but edits or a new leaf are not seen any more."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("a watch of the gateway has ended, restart it: %s", error, exc_info=error)
