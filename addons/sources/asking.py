"""Asking an index: over its upstream, as long as that is there, and how long what it says counts."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from werkzeug.http import parse_cache_control_header

from addons.cache.documents import Documents
from addons.fetch.breaker import Breaker
from addons.fetch.upstream import Document, Upstream
from addons.simple.names import ProjectName
from addons.sources.admitted import admitted, heard
from addons.sources.outage import Outage
from proxyconf.settings import MOST_FRESH_SECONDS

_AGE = re.compile(r"[0-9]{1,9}")  # RFC 9111 section 1.2.2


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """How documents outlast their freshness: on disk, and for how long (seconds) they stand in during an outage.

    Who asks for one that could stand in waits `patience_seconds` for the upstream. That there is no page is remembered
    for `absent_seconds`: never of an own index, whose new project would be the public one's meanwhile (CCH-09).
    Projects that are to be kept `forever` outlast their removal upstream.
    """

    documents: Documents | None = None
    stale_seconds: float = 86_400.0
    patience_seconds: float = 3.0
    absent_seconds: float = 0.0
    forever: Callable[[ProjectName], bool] = lambda project: False


class Asking:
    """Whom a source asks, how long what it said counts where it does not say (seconds), and by which clock (seconds).

    `identity` is what tells the source from any other that had or will have its name.
    """

    def __init__(
        self,
        *,
        source: str,
        upstream: Upstream,
        fresh_seconds: int,
        clock: Callable[[], float] = time.monotonic,
        keeping: Keeping | None = None,
        identity: tuple[str, ...] = (),
    ) -> None:
        self.source = source
        self.upstream = upstream
        self.clock = clock
        self.keeping = keeping or Keeping()
        self.breaker = Breaker(source, clock)
        self.outage = Outage(source, clock)
        self._fresh_seconds = fresh_seconds
        self._identity = identity

    def key(self, url: str) -> str:
        """Give the name that a document of this source has on disk."""
        return json.dumps([self.source, *self._identity, url])

    async def ask(self, url: str, headers: Mapping[str, str]) -> Document:
        """GET a document. Raises SourceUnavailable where there is no answer at all, or none is waited for."""
        with admitted(self.source, self.breaker) as turn:
            answer = await self.upstream.document(url, headers)
            heard(turn, answer.status, url)
            return answer

    def fresh_until(self, answer: Document) -> float:
        """Give until when, by the clock, an answer counts without asking again (RFC 9111 section 4.2).

        The time that it lay in upstream's own caches is over already (CCH-07); `Vary: *` counts never (CCH-12).
        """
        said = parse_cache_control_header(answer.headers.get("cache-control", "").lower())
        if said.no_cache or not may_last(answer):
            return 0.0
        seconds = self._fresh_seconds if said.max_age is None else said.max_age - _age(answer)
        return self.clock() + min(max(seconds, 0), MOST_FRESH_SECONDS)


def may_last(answer: Document) -> bool:
    """Tell whether an answer may be kept for other requests (RFC 9111 sections 4.1 and 5.2.2.5; CCH-12)."""
    said = parse_cache_control_header(answer.headers.get("cache-control", "").lower())
    return not said.no_store and "*" not in answer.headers.get("vary", "")


def _age(answer: Document) -> int:
    said = answer.headers.get("age", "")
    return int(said) if _AGE.fullmatch(said) else 0
