"""What the lane's layers ask of the gateway, and one request that is being answered for them. Knows nothing of layers."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mitmproxy.connection import Client

from addons import answers
from addons.answers import Answer
from addons.callers import Asker, Callers, Outcome
from addons.flows import NO_VERDICT
from addons.head import Head
from addons.lane_others import Others
from addons.origin.tickets import Delivery, Receiving

logger = logging.getLogger(__name__)


class Supply:
    """What the layers need of the gateway. `answered` counts the requests that never became flows, `answered_at_once`
    those of them that no layer saw (addons/lane_shortcut.py).

    It stands beside the addon because mitmproxy looks at every attribute that an addon has.
    """

    def __init__(self, others: Others, callers: Callers, clock: Callable[[], datetime]) -> None:
        self.answered = 0
        self.answered_at_once = 0
        self.now = clock
        self._others = others
        self._callers = callers

    @property
    def open(self) -> bool:
        """Whether requests may be answered here, now."""
        return self._others.leave_it_to_us

    def asker(self, client: Client) -> Asker:
        """Who asks for a client, for as long as it is connected."""
        return self._callers.of(client)


@dataclass
class Asking:
    """One request that is being answered: its head, its length, when it came, and the answer or who works on it."""

    head: Head
    length: int
    at: datetime
    work: asyncio.Task[Outcome] | Answer

    @property
    def is_over(self) -> bool:
        """Whether the answer is there."""
        return isinstance(self.work, Answer) or self.work.done()

    async def ended(self) -> None:
        """Wait until it is; what came of it is not looked at."""
        if not isinstance(self.work, Answer):
            await asyncio.wait([self.work])

    def outcome(self) -> Answer | Delivery:
        """What came of it. Any fault refuses, and its reason is in the log."""
        if isinstance(self.work, Answer):
            return self.work
        if not self.work.done():  # nobody waited for it: our addon raised, or is gone
            self.work.cancel()
            return answers.unavailable(NO_VERDICT)
        error = None if self.work.cancelled() else self.work.exception()
        if error is None and not self.work.cancelled():
            found = self.work.result()
            if not isinstance(found, Receiving):
                return found
            error = TypeError("a request without a body was to be received")
        logger.error("a fault while answering %s", self.head.method, exc_info=error)
        return answers.fault()
