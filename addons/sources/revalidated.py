"""What an index answered, kept as long as it says, then asked about again with its validators; never twice at once.

In memory as it was read, on disk (if there is one) as it came; and given for longer while the index does not answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

from addons.cache.counts import DocumentCounts
from addons.cache.flight import Flights
from addons.cache.recent import Recent
from addons.fetch.upstream import Document
from addons.sources.asking import Asking, may_last
from addons.sources.lasting import Lasting, State, validators
from addons.sources.source import SourceUnavailable

ABSENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
"""The statuses by which an index says for certain that it does not have something."""

_ABSENT_SECONDS = 60
_MOST_MISSING = 20_000  # keys of which it is remembered that there is nothing: a few megabytes


class Absent(Exception):
    """The index said for certain that it does not have what was asked for."""


@dataclass(frozen=True)
class _Kept[V]:
    """`digest`: what it is on disk; `lasts`: whether it may stand in while the index does not answer.

    `noted`: which knowledge of the disk it agrees with.
    """

    value: V
    validators: Mapping[str, str]
    asked: float
    fresh_until: float
    digest: bytes = b""
    lasts: bool = True
    noted: float = 0.0


@dataclass(frozen=True)
class _Wanted[K, V]:
    key: K
    url: str
    headers: Mapping[str, str]
    read: Callable[[Document], Awaitable[V]]


class Revalidated[K: Hashable, V]:
    """Values read from an index's answers, by key, up to a total of what `weigh` gives.

    `absent` is what "not there" is remembered as, for a minute at most (CCH-09); without it `Keeping` says for how long.
    """

    def __init__(
        self, asking: Asking, capacity: int, weigh: Callable[[V], int], absent: Callable[[], V] | None = None
    ) -> None:
        self._asking = asking
        self._absent = absent
        self._weigh = weigh
        documents = asking.keeping.documents
        self._disk = Lasting(asking, documents) if documents is not None else None
        self._tally = documents.counts if documents is not None else DocumentCounts()
        self._recent: Recent[K, _Kept[V]] = Recent(capacity)
        self._missing: Recent[K, State] = Recent(_MOST_MISSING)  # when the index said that there is none
        self._looks: Flights[K, _Kept[V] | None] = Flights()
        self._flights: Flights[K, V] = Flights()
        self._begun: dict[K, float] = {}  # when those under way began, by the event loop's time
        self._takedowns = 0  # heard of so far: who has looked at something before may hold what is gone

    async def get(
        self,
        key: K,
        url: str,
        headers: Mapping[str, str],
        read: Callable[[Document], Awaitable[V]],
        max_age: float | None = None,
    ) -> tuple[V, float | None]:
        """Give what is kept under the key while it counts and is no older than `max_age` seconds; else ask.

        Beside it stands how old it is (seconds) if it had to stand in for an answer, else None. `read` makes the value
        of an answer that is neither "not modified" nor "absent", and raises SourceUnavailable. What is in hand is given
        without suspending. Raises Absent or SourceUnavailable.
        """
        kept, before = self._recent.find(key), self._takedowns
        if kept is not None and self._counts(kept, max_age):
            self._tally.hits += 1
            return kept.value, None
        if kept is None and self._is_missing(key, max_age):
            return self._none(key), None
        wanted = _Wanted(key, url, headers, read)
        if self._disk is not None:
            kept = await self._looks.share(key, lambda: self._look(wanted))
            if kept is not None and self._counts(kept, max_age):
                self._tally.hits += 1
                return kept.value, None
            if kept is None and self._is_missing(key, max_age):
                return self._none(key), None
        return await self._renewed(wanted, kept, before)

    def forget(self, wanted: Callable[[K], bool]) -> None:
        """Forget what is in memory under such keys: somebody has purged it from the disk."""
        for memory in (self._recent, self._missing):
            for key in filter(wanted, list(memory)):
                memory.forget(key)
        self._takedowns += 1

    def _counts(self, kept: _Kept[V], max_age: float | None) -> bool:
        now = self._asking.clock()
        return now < kept.fresh_until and (max_age is None or now - kept.asked <= max_age)

    def _is_missing(self, key: K, max_age: float | None) -> bool:
        said, most = self._missing.find(key), self._asking.keeping.absent_seconds
        return said is not None and self._asking.clock() - said.asked < min(most if max_age is None else max_age, most)

    def _none(self, key: K) -> V:
        """Give what stands for what is not there; raises Absent where nothing does."""
        if self._absent is None:
            raise Absent(key)
        return self._absent()

    # What another process, or this one before it was restarted, has left on disk

    async def _look(self, wanted: _Wanted[K, V]) -> _Kept[V] | None:
        assert self._disk is not None
        before, state = self._takedowns, await self._disk.state(wanted.url)
        kept = self._recent.find(wanted.key)
        if state is None:
            return kept
        if not state.digest:
            return self._after_takedown(wanted.key, kept, state)
        if kept is not None and kept.digest == state.digest:
            later = replace(kept, asked=state.asked, fresh_until=state.fresh_until)
            known = kept if state.asked <= kept.asked else later
            return known if known.noted == state.noted else self._keep(wanted.key, replace(known, noted=state.noted))
        if kept is not None and state.asked <= kept.asked:
            return kept
        loaded = await self._load(wanted, state)
        now = self._recent.find(wanted.key)
        if loaded is None or now is not kept or self._takedowns != before:  # upstream has told more meanwhile
            return now
        return self._keep(wanted.key, loaded)

    def _after_takedown(self, key: K, kept: _Kept[V] | None, state: State) -> _Kept[V] | None:
        """Drop what was asked for before another process was told that it is gone (invariant 9)."""
        if kept is not None and kept.asked > state.asked and kept.lasts:
            return kept
        if kept is not None and not kept.lasts:  # the memory of its absence itself
            return kept
        self._recent.forget(key)
        self._missing.keep(key, state, 1)
        self._takedowns += 1
        return None

    async def _load(self, wanted: _Wanted[K, V], state: State) -> _Kept[V] | None:
        assert self._disk is not None
        answer = await self._disk.find(wanted.url, state.digest)
        if answer is None:
            return None
        try:
            value = await wanted.read(answer)
        except SourceUnavailable:  # other code wrote it: it is asked for anew
            return None
        self._tally.from_disk += 1
        return _Kept(value, validators(answer), state.asked, state.fresh_until, state.digest, noted=state.noted)

    # Asking, and what is given if there is no answer

    async def _renewed(self, wanted: _Wanted[K, V], kept: _Kept[V] | None, before: int) -> tuple[V, float | None]:
        if kept is None or not self._stands_in(kept):
            return await self._flights.share(wanted.key, lambda: self._ask(wanted, kept)), None
        task = self._flights.start(wanted.key, lambda: self._ask(wanted, kept))
        if not task.done():
            await asyncio.wait([task], timeout=self._patience(wanted.key))
        if task.done():
            try:
                return task.result(), None
            except SourceUnavailable as error:
                words = str(error)
        else:  # it goes on, and what it brings is there for the next one
            self._asking.outage.hanging = True
            words = f"source {self._asking.source}: has not answered in time"
        if self._takedowns != before and self._recent.find(wanted.key) is None:
            raise SourceUnavailable(words)
        self._asking.outage.stood_in(wanted.url, words)
        self._tally.stale += 1
        return kept.value, max(self._asking.clock() - kept.asked, 0.0)

    def _stands_in(self, kept: _Kept[V]) -> bool:
        return kept.lasts and self._asking.clock() - kept.asked < self._asking.keeping.stale_seconds

    def _patience(self, key: K) -> float:
        """Give for how long one who has something in hand waits: of an upstream that is known to hang, not at all."""
        if self._asking.breaker.is_open or self._asking.outage.hanging:
            return 0.0
        now = asyncio.get_running_loop().time()
        return max(self._begun.get(key, now) + self._asking.keeping.patience_seconds - now, 0.0)

    async def _ask(self, wanted: _Wanted[K, V], kept: _Kept[V] | None) -> V:
        self._begun[wanted.key] = asyncio.get_running_loop().time()
        try:
            value = await self._in_turn(wanted, kept)
        except SourceUnavailable:
            self._tally.errors += 1
            raise
        finally:
            del self._begun[wanted.key]
        self._asking.outage.had(wanted.url)
        return value

    async def _in_turn(self, wanted: _Wanted[K, V], kept: _Kept[V] | None) -> V:
        """Ask, if no other process does; else what that one is told, once it is on disk (decision 26)."""
        if self._disk is None or (kept is not None and not kept.lasts):  # nothing would come to lie on disk
            return await self._answered(wanted, kept)
        missing = self._noted(wanted.key)
        async with self._disk.turn(wanted.url) as mine:
            told = await self._look(wanted)
            if told is not None and (kept is None or told.noted != kept.noted):
                return told.value
            if told is None and self._noted(wanted.key) != missing and self._is_missing(wanted.key, None):
                return self._none(wanted.key)
            if not mine and kept is not None and self._stands_in(kept):
                raise SourceUnavailable(f"source {self._asking.source}: has not answered another process in time")
            return await self._answered(wanted, told)

    def _noted(self, key: K) -> float | None:
        said = self._missing.find(key)
        return None if said is None else said.noted

    async def _answered(self, wanted: _Wanted[K, V], kept: _Kept[V] | None) -> V:
        began = self._asking.clock()
        conditional = kept.validators if kept is not None else {}
        answer = await self._asking.ask(wanted.url, {**wanted.headers, **conditional})
        until = self._asking.fresh_until(answer)
        if answer.status == HTTPStatus.NOT_MODIFIED and kept is not None:
            return await self._unchanged(wanted, replace(kept, asked=began, fresh_until=until))
        if answer.status in ABSENT:
            return await self._gone(wanted, began, until)
        answer = replace(answer, url=_plain(answer.url))
        value = await wanted.read(answer)
        self._tally.misses += 1
        digest = await self._disk.keep(wanted.url, answer, began, until) if self._disk is not None else b""
        found = _Kept(value, validators(answer), began, until, digest, may_last(answer))
        return self._keep(wanted.key, found).value

    async def _unchanged(self, wanted: _Wanted[K, V], kept: _Kept[V]) -> V:
        self._tally.revalidated += 1
        self._keep(wanted.key, kept)
        if self._disk is not None and kept.digest:
            await self._disk.confirm(wanted.url, State(kept.asked, kept.fresh_until, kept.digest))
        return kept.value

    async def _gone(self, wanted: _Wanted[K, V], began: float, until: float) -> V:
        self._tally.absent += 1
        self._recent.forget(wanted.key)
        self._missing.keep(wanted.key, State(began, 0.0, b""), 1)
        self._takedowns += 1
        if self._disk is not None:
            await self._disk.forget(wanted.url, began)
        if self._absent is None:
            self._asking.outage.had(wanted.url)
            raise Absent(wanted.key)
        kept = _Kept(self._absent(), {}, began, min(until, began + _ABSENT_SECONDS), lasts=False)
        return self._keep(wanted.key, kept).value

    def _keep(self, key: K, kept: _Kept[V]) -> _Kept[V]:
        self._missing.forget(key)
        self._recent.keep(key, kept, self._weigh(kept.value))
        return kept


def _plain(url: str) -> str:
    """Give an address without query and fragment: relative links need neither, and a signature in it is a secret."""
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))
