"""What an index answered, kept as long as it says, then asked about again with its ETag; and never asked twice at once."""

import re
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from werkzeug.http import parse_cache_control_header

from addons.cache.flight import Flights
from addons.cache.recent import Recent
from addons.fetch.upstream import Document, FetchFailed, Upstream
from addons.sources.source import SourceUnavailable
from proxyconf.settings import MOST_FRESH_SECONDS

ABSENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
"""The statuses by which an index says for certain that it does not have something."""

_ABSENT_SECONDS = 60
_AGE = re.compile(r"[0-9]{1,9}")  # RFC 9111 section 1.2.2


class Absent(Exception):
    """The index said for certain that it does not have what was asked for."""


@dataclass(frozen=True)
class _Kept[V]:
    value: V
    etag: str | None
    asked: float
    fresh_until: float


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Whom a source asks, how long what it said counts where it does not say (seconds), and by which clock (seconds)."""

    source: str
    upstream: Upstream
    fresh_seconds: int
    clock: Callable[[], float] = time.monotonic

    async def ask(self, url: str, headers: Mapping[str, str]) -> Document:
        """GET a document. Raises SourceUnavailable where there is no answer at all."""
        try:
            return await self.upstream.document(url, headers)
        except FetchFailed as error:
            raise SourceUnavailable(f"source {self.source}: {error}") from error

    def fresh_until(self, answer: Document) -> float:
        """Give until when, by the clock, an answer counts without asking again (RFC 9111 section 4.2).

        The time that it lay in upstream's own caches is over already (CCH-07); `Vary: *` counts never (CCH-12).
        """
        said = parse_cache_control_header(answer.headers.get("cache-control", "").lower())
        if said.no_store or said.no_cache or "*" in answer.headers.get("vary", ""):
            return 0.0
        seconds = self.fresh_seconds if said.max_age is None else said.max_age - _age(answer)
        return self.clock() + min(max(seconds, 0), MOST_FRESH_SECONDS)


def _age(answer: Document) -> int:
    said = answer.headers.get("age", "")
    return int(said) if _AGE.fullmatch(said) else 0


class Revalidated[K: Hashable, V]:
    """Values read from an index's answers, by key, up to a total of what `weigh` gives.

    `absent` is what "not there" is remembered as, for a minute at most (CCH-09); without it it is asked each time.
    """

    def __init__(
        self, asking: Asking, capacity: int, weigh: Callable[[V], int], absent: Callable[[], V] | None = None
    ) -> None:
        self._asking = asking
        self._absent = absent
        self._weigh = weigh
        self._recent: Recent[K, _Kept[V]] = Recent(capacity)
        self._flights: Flights[K, V] = Flights()

    async def get(
        self,
        key: K,
        url: str,
        headers: Mapping[str, str],
        read: Callable[[Document], Awaitable[V]],
        max_age: float | None = None,
    ) -> V:
        """Give what is kept under the key while it counts and is no older than `max_age` seconds; else ask.

        `read` makes the value of an answer that is neither "not modified" nor "absent", and raises SourceUnavailable.
        What is in hand is given without suspending. Raises Absent or SourceUnavailable.
        """
        kept = self._recent.find(key)
        if kept is not None and self._counts(kept, max_age):
            return kept.value
        return await self._flights.share(key, lambda: self._ask(key, url, headers, read, kept))

    def _counts(self, kept: _Kept[V], max_age: float | None) -> bool:
        now = self._asking.clock()
        return now < kept.fresh_until and (max_age is None or now - kept.asked <= max_age)

    async def _ask(
        self,
        key: K,
        url: str,
        headers: Mapping[str, str],
        read: Callable[[Document], Awaitable[V]],
        kept: _Kept[V] | None,
    ) -> V:
        conditional = {"If-None-Match": kept.etag} if kept is not None and kept.etag else {}
        answer = await self._asking.ask(url, {**headers, **conditional})
        asked, until = self._asking.clock(), self._asking.fresh_until(answer)
        if answer.status == HTTPStatus.NOT_MODIFIED and kept is not None:
            return self._keep(key, replace(kept, asked=asked, fresh_until=until))
        if answer.status in ABSENT:
            self._recent.forget(key)
            if self._absent is None:
                raise Absent(key)
            return self._keep(key, _Kept(self._absent(), None, asked, min(until, asked + _ABSENT_SECONDS)))
        return self._keep(key, _Kept(await read(answer), answer.headers.get("etag"), asked, until))

    def _keep(self, key: K, kept: _Kept[V]) -> V:
        self._recent.keep(key, kept, self._weigh(kept.value))
        return kept.value
