"""Documents of one source on disk: what the disk's clock, which all processes share, means by the source's own."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from math import inf

from werkzeug.http import parse_date

from addons.cache.documents import Documents, Stamp, Stored
from addons.fetch.upstream import Document
from addons.off_loop import off_loop
from addons.sources.asking import Asking, may_last
from proxyconf.settings import MOST_FRESH_SECONDS

_NEEDED = ("content-type", "etag", "last-modified", "date")
_SET_BACK = -2.0  # seconds: a stamp from further in the future was made before somebody set the clock back
_SETTLED = timedelta(seconds=60)  # after which a document with a date of change is not changed in that second any more
_SMALL = 1_000_000  # bytes that are searched in less time than a hop to a thread is worth


@dataclass(frozen=True)
class State:
    """What the disk knows of a document: when it was asked for (by the source's clock), until when it counts.

    An unknown time is minus infinity. An empty digest: upstream said that there is none. `noted` tells this knowledge
    from any later one: two readings of one time by two clocks differ.
    """

    asked: float
    fresh_until: float
    digest: bytes
    noted: float = 0.0


class Lasting:
    """What a source keeps in `Documents`; keys are URLs."""

    def __init__(self, asking: Asking, documents: Documents) -> None:
        self._asking = asking
        self._documents = documents

    async def state(self, url: str) -> State | None:
        """Give what is known of a document; times are of the source's clock, however the disk's was set meanwhile."""
        stamp = await self._documents.stamp(self._asking.key(url))
        if stamp is None:
            return None
        now, age = self._asking.clock(), self._documents.wall() - stamp.asked
        if age < _SET_BACK:
            return State(-inf, 0.0, stamp.digest, stamp.asked)
        left = min(stamp.fresh_until - self._documents.wall(), MOST_FRESH_SECONDS)
        return State(now - max(age, 0.0), now + left, stamp.digest, stamp.asked)

    def turn(self, url: str) -> AbstractAsyncContextManager[bool]:
        """Give whether it is this process's turn to ask for the document; another one's is waited for, within patience."""
        return self._documents.turns.taking(self._asking.key(url), self._asking.keeping.patience_seconds)

    async def find(self, url: str, digest: bytes) -> Document | None:
        """Give the document in this state."""
        stored = await self._documents.find(self._asking.key(url), digest)
        return None if stored is None else Document(stored.status, stored.headers, stored.body, stored.url)

    async def keep(self, url: str, answer: Document, asked: float, fresh_until: float) -> bytes:
        """Keep an answer, and give its digest; empty if it isn't kept.

        None is that must not be, or that has the source's password in it.
        """
        large = len(answer.body) > _SMALL
        if not may_last(answer) or await off_loop(large, self._asking.upstream.tells_secrets, answer.body):
            return b""
        headers = {name: answer.headers[name] for name in _NEEDED if name in answer.headers}
        stored = Stored(answer.status, answer.url, headers, answer.body)
        wall = self._documents.wall() - self._asking.clock()
        return await self._documents.keep(self._asking.key(url), stored, asked + wall, fresh_until + wall)

    async def confirm(self, url: str, state: State) -> None:
        """Note that the document was asked for again, and is what it was."""
        wall = self._documents.wall() - self._asking.clock()
        stamp = Stamp(state.asked + wall, state.fresh_until + wall, state.digest)
        await self._documents.confirm(self._asking.key(url), stamp)

    async def forget(self, url: str, asked: float) -> None:
        """Forget the document: upstream has it no more."""
        wall = self._documents.wall() - self._asking.clock()
        await self._documents.forget(self._asking.key(url), asked + wall)


def validators(answer: Document) -> Mapping[str, str]:
    """Give the headers that ask for the document only if it has changed (RFC 9110 sections 13.1.2 and 13.1.3).

    A date tells two changes in one second apart only when that second is long over (section 8.8.2.2).
    """
    etag, changed = answer.headers.get("etag"), answer.headers.get("last-modified")
    if etag:
        return {"If-None-Match": etag}
    then, sent = parse_date(changed), parse_date(answer.headers.get("date"))
    if changed and then is not None and sent is not None and sent - then >= _SETTLED:
        return {"If-Modified-Since": changed}
    return {}
