"""Kept: answers that were made once and are given ready-made from then on, by all the facts that they came from."""

import hashlib
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from werkzeug.http import parse_etags

from addons.answers import Answer
from addons.cache.flight import Flights
from addons.cache.recent import Recent
from addons.off_loop import off_loop
from addons.simple.negotiation import Coding

_CAPACITY = 64_000_000  # bytes of bodies: some 3,000 usual pages, or a hundred of the largest


STALE = "X-Wheelgate-Stale"
"""The header of an answer whose source is out: how many seconds ago it said so."""


@dataclass(frozen=True)
class Ready:
    """One finished answer and the 304 that stands for it (RFC 9110 section 15.4.5), under one strong ETag."""

    etag: str
    answer: Answer
    unchanged: Answer

    def for_client(self, if_none_match: str | None) -> Answer:
        """Give the 304 if the client's copy is this very body, else the whole (CCH-03: weak comparison, lists, `*`)."""
        return self.unchanged if is_same(self.etag, if_none_match) else self.answer


def stood_in(answer: Answer, stale: float | None) -> Answer:
    """Mark an answer that is made of what its source said `stale` seconds ago, as it does not answer now (CCH-08).

    Nobody is to keep it for longer than its outage lasts. A 304 is not marked: clients put its headers to what they
    have, and the mark would outlive the outage there (CCH-04).
    """
    if stale is None:
        return answer
    marks = {"Cache-Control": "max-age=0"} | ({STALE: f"{stale:.0f}"} if answer.status == HTTPStatus.OK else {})
    return replace(answer, headers={**answer.headers, **marks})


def no_longer_than(answer: Answer, left: float | None) -> Answer:
    """Let nobody keep an answer for longer than what it says holds: for so many seconds (None: there is no end to it)."""
    if left is None:
        return answer
    said = answer.headers.get("Cache-Control", "")
    if not said.startswith("max-age=") or left >= int(said.removeprefix("max-age=")):
        return answer
    return replace(answer, headers={**answer.headers, "Cache-Control": f"max-age={int(left)}"})


def is_same(etag: str, if_none_match: str | None) -> bool:
    """Tell whether the client's copy is the one with this ETag (CCH-03)."""
    if if_none_match is None:
        return False
    return if_none_match == etag or parse_etags(if_none_match).contains_weak(etag.strip('"'))


def ready(body: bytes, content_type: str, code: Coding, headers: Mapping[str, str]) -> Ready:
    """Finish an answer of a body in the coding `code`: `headers` go into the 304 too, what describes the body does not.

    The ETag is over the bytes as sent and their type, so no two representations share one (CCH-01, CCH-02, CCH-04).
    """
    etag = f'"{hashlib.sha256(body + content_type.encode()).hexdigest()[:32]}"'
    common = {"ETag": etag, **headers}
    encoding = {} if code == "identity" else {"Content-Encoding": code}
    return Ready(etag, Answer(200, {**common, **encoding, "Content-Type": content_type}, body), Answer(304, common))


class Kept:
    """Finished answers by key, the least recently used forgotten first; each is made once however many ask for it."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._recent: Recent[Hashable, Ready] = Recent(capacity)
        self._flights: Flights[Hashable, Ready] = Flights()

    def find(self, key: Hashable) -> Ready | None:
        """Give the answer that was made under this key."""
        return self._recent.find(key)

    async def make(self, key: Hashable, work: Callable[[], Ready], *, large: bool) -> Ready:
        """Give the answer of this key; if there is none, do `work`: beside the event loop if it is large."""
        if (found := self._recent.find(key)) is not None:
            return found
        return await self.fetch(key, lambda: off_loop(True, work)) if large else self._keep(key, work())

    async def fetch(self, key: Hashable, work: Callable[[], Awaitable[Ready]]) -> Ready:
        """Give the answer of this key; if there is none, wait for `work`. What `work` raises is not kept."""
        found = self._recent.find(key)
        return found or await self._flights.share(key, lambda: self._made(key, work))

    async def _made(self, key: Hashable, work: Callable[[], Awaitable[Ready]]) -> Ready:
        return self._keep(key, await work())

    def _keep(self, key: Hashable, made: Ready) -> Ready:
        self._recent.keep(key, made, len(made.answer.body) + 1000)  # and what stands around it
        return made
