"""What was proven by passwords and what was not: outlives configurations, and costs the event loop nothing."""

import asyncio
import hashlib
import hmac
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock

from addons.clients.slowing import MINUTE, MOST_FAILURES, MOST_REMEMBERED, PerMinute, Telling, remember

logger = logging.getLogger(__name__)

MOST_WAITING = 64
"""How many passwords may wait for being verified; one takes about 50 ms and 64 MiB."""

_POOL = ThreadPoolExecutor(max_workers=2, thread_name_prefix="wheelgate-passwords")  # two at a time over the process

type Verify = Callable[[str, str], bool | None]
"""Says whether a password is that of an argon2 hash; None: it could not be found out. May take its time."""


def verify(encoded: str, password: str) -> bool | None:
    """Verify with argon2 (RFC 9106); None if there is no memory for it, which says nothing of the password."""
    import argon2  # only who has such users pays for it

    try:
        return argon2.PasswordHasher().verify(encoded, password)
    except argon2.exceptions.VerifyMismatchError:
        return False
    except (argon2.exceptions.Argon2Error, MemoryError) as error:
        logger.warning("a client's password cannot be verified: %s", ascii(str(error))[:200])
        return None


def digest(text: str) -> bytes:
    """Give the sha256 of a password or a token."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


class Proofs:
    """Remembers who proved what, and who failed to, never a password: only its HMAC under a key that this process made up.

    `clock` gives seconds. What is remembered is so for as long as the stored hash is the same, as that is part of it; a
    failure for a minute. All of it may be asked from any thread but `found_out`, which belongs to one event loop.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, verify: Verify = verify) -> None:
        self._clock = clock
        self._verify = verify
        self._key = secrets.token_bytes(32)
        self._lock = Lock()
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._wrong: OrderedDict[bytes, float] = OrderedDict()
        self._failures = PerMinute(MOST_FAILURES, clock)
        self._under_way: dict[bytes, asyncio.Future[bool | None]] = {}
        self._telling = Telling(clock)

    def key(self, *parts: str) -> bytes:
        """Give what a claim is remembered by: who claims it, what is stored of it, and the password."""
        written = b"".join(
            len(raw).to_bytes(8) + raw for raw in (part.encode("utf-8", "surrogateescape") for part in parts)
        )
        return hmac.digest(self._key, written, "sha256")

    def remembered(self, key: bytes) -> bool | None:
        """Tell what came of a claim before; None if that is not known, or no more."""
        with self._lock:
            if key in self._right:
                self._right.move_to_end(key)
                return True
            failed = self._wrong.get(key)
            return False if failed is not None and self._clock() - failed < MINUTE else None

    def note(self, key: bytes, where: str, right: bool) -> None:
        """Remember what came of a claim, and count it against where it came from if it was wrong."""
        with self._lock:
            if right:
                remember(self._right, key, None, MOST_REMEMBERED)
            else:
                remember(self._wrong, key, self._clock(), MOST_REMEMBERED)
                self._failures.add(where)

    def are_too_many(self, where: str) -> bool:
        """Tell whether so many claims from there were wrong that no more are looked at for now."""
        with self._lock:
            return self._failures.too_many(where)

    def is_due(self, where: str, name: str) -> bool:
        """Tell whether a failure is worth a line of the log; it counts as said then."""
        with self._lock:
            return self._telling.is_due(where, name)

    async def found_out(self, key: bytes, where: str, encoded: str, password: str, *, decoy: bool) -> bool | None:
        """Verify a password off the event loop, once for all who ask at a time, and remember what came of it.

        With `decoy` it is wrong in any case, and takes as long. None: it was not found out, as too many wait, or there have
        been too many wrong ones from there meanwhile.
        """
        future = self._under_way.get(key)
        if future is None:
            if len(self._under_way) >= MOST_WAITING:
                return None
            work = partial(self._work, key, where, encoded, password, decoy)
            future = asyncio.get_running_loop().run_in_executor(_POOL, work)
            self._under_way[key] = future
            future.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(future)  # another may be waiting for it, too

    def _work(self, key: bytes, where: str, encoded: str, password: str, decoy: bool) -> bool | None:
        if self.are_too_many(where):
            return None
        right = self._verify(encoded, password)
        if right is None:
            return None
        right = right and not decoy
        self.note(key, where, right)
        return right
