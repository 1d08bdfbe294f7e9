"""Who was proven to be whom a moment ago: a job that uploads a dozen files has its service asked once."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress

from addons.clients.proofs import Proofs
from addons.clients.slowing import MOST_REMEMBERED, remember
from addons.upload.author import Author
from addons.upload.identity.failing import NotAsked, NotProven, TooMany, Wrong

SECONDS = 60.0
"""For how long a service's word counts."""

MOST_ASKING = 64
"""How many different secrets may be on their way to services at a time."""

type Ask = Callable[[], Awaitable[Author]]


class Lately:
    """Asks, once for all who say the same at a time, and remembers what came of it: never a secret, only its HMAC.

    `clock` gives seconds. What was wrong is remembered by `proofs`, which counts it against the address. Belongs to one event loop.
    """

    def __init__(self, proofs: Proofs, clock: Callable[[], float] = time.monotonic) -> None:
        self._proofs = proofs
        self._clock = clock
        self._authors: OrderedDict[bytes, tuple[float, Author]] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[Author]] = {}

    async def author(self, service: str, user: str, secret: str, where: str, ask: Ask) -> Author:
        """Give who it is, as `service` has it. Raises NotProven."""
        key = self._proofs.key(service, user, secret)
        known = self._authors.get(key)
        if known is not None and self._clock() - known[0] < SECONDS:
            return known[1]
        if self._proofs.remembered(key) is False:
            raise Wrong(f"{service} said a moment ago that this is wrong")
        if self._proofs.are_too_many(where):
            raise TooMany
        task = self._asking.get(key)
        if task is None:
            if len(self._asking) >= MOST_ASKING:
                raise NotAsked(service, "too many wait for an answer")
            task = asyncio.ensure_future(self._asked(key, where, ask))
            self._asking[key] = task
            task.add_done_callback(lambda done: self._over(key, done))
        return await asyncio.shield(task)  # another may be waiting for it, too

    async def _asked(self, key: bytes, where: str, ask: Ask) -> Author:
        began = self._clock()
        try:
            author = await ask()
        except Wrong:
            self._proofs.note(key, where, right=False)
            raise
        remember(self._authors, key, (began, author), MOST_REMEMBERED)
        return author

    def _over(self, key: bytes, task: asyncio.Task[Author]) -> None:
        self._asking.pop(key, None)
        with suppress(NotProven, asyncio.CancelledError):
            task.result()  # whoever asked may have left
