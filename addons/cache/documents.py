"""Documents of upstream on disk: what was answered, when, and until when it counts. Shared by all processes.

Only bytes are kept (decision 22), and every value with a digest: a damaged one is found out and was never there. All
work is done in one thread of its own, so the event loop never waits, and what is asked for first is done first.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import msgspec
from diskcache import Cache

from addons.cache.counts import DocumentCounts
from addons.cache.remade import Remade, sync
from addons.cache.turns import Turns

MOST_BYTES = 1_000_000_000
"""Of all documents together: some 20,000 usual pages."""

BODY = " body"
"""The end of the key that a document itself lies under."""

_DIGEST = 16  # bytes
_SHARE = 8  # a document larger than this part of all is not kept: it would push out the rest


_OWN = 200  # the status of a document that no upstream answered


class Stored(msgspec.Struct, frozen=True, array_like=True):
    """An answer as it was given: status, the URL that it came from, the headers that are needed (lower case), the body."""

    status: int
    url: str
    headers: dict[str, str]
    body: bytes


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a document: when upstream was asked, and until when it counts (seconds since the epoch).

    `digest` says which of the document's states that is about; it is empty where upstream said that there is none.
    """

    asked: float
    fresh_until: float
    digest: bytes


_STAMP = msgspec.msgpack.Decoder(Stamp)
_STORED = msgspec.msgpack.Decoder(Stored)


class Documents:
    """The documents in `folder`, by key: any text that says whose it is and which. Nothing here ever raises.

    A cache that cannot be used, or that was damaged, is one that has nothing. `wall` gives seconds since the epoch, which
    all processes have in common.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES, wall: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self.wall = wall
        self.counts = DocumentCounts()
        self._most_bytes = most_bytes
        self.turns = Turns(folder / "asking")
        """Which process asks upstream for a document, by the document's key."""
        self._cache = Remade(folder, most_bytes)
        self._thread = ThreadPoolExecutor(1, "documents")
        self._closed = False

    async def stamp(self, key: str) -> Stamp | None:
        """Give what is known of the document."""
        return await self._do(lambda cache: _stamp(cache, key), None)

    async def find(self, key: str, digest: bytes) -> Stored | None:
        """Give the document, if it is in this state and undamaged."""
        return await self._do(lambda cache: _stored(cache, key, digest), None)

    async def keep(self, key: str, stored: Stored, asked: float, fresh_until: float) -> bytes:
        """Keep a document, and give its digest; empty if it is not kept.

        It isn't if something is known that was asked for later: a page must not come back after its takedown.
        """
        return await self._do(lambda cache: self._keep(cache, key, stored, asked, fresh_until), b"")

    async def change(self, key: str, work: Callable[[bytes], bytes]) -> None:
        """Replace a document of our own by what `work` makes of it (nothing: there is none), in one step for all processes.

        `work` is called in a thread; nothing is written where it gives what it got.
        """
        await self._do(lambda cache: self._change(cache, key, work), None)

    async def own(self, key: str) -> bytes:
        """Give a document of our own; nothing if there is none."""
        return await self._do(lambda cache: _own(cache, key), b"")

    def _change(self, cache: Cache, key: str, work: Callable[[bytes], bytes]) -> None:
        with cache.transact():
            before = _own(cache, key)
            if (after := work(before)) != before:
                self._keep(cache, key, Stored(_OWN, "", {}, after), self.wall(), 0.0)

    async def confirm(self, key: str, stamp: Stamp) -> None:
        """Note that upstream said that the document is unchanged."""
        await self._do(lambda cache: _note(cache, key, stamp, self.wall()), False)

    async def forget(self, key: str, asked: float) -> None:
        """Forget the document, and remember that upstream said then that it has none."""
        await self._do(lambda cache: _forget(cache, key, asked), None)

    async def close(self) -> None:
        """Let go of the database, once what was begun is done."""
        if not self._closed:
            self._closed = True
            await asyncio.wrap_future(self._thread.submit(self._cache.close))
            self._thread.shutdown(wait=False)

    async def _do[T](self, work: Callable[[Cache], T], otherwise: T) -> T:
        if self._closed:  # a fetch that nobody waits for any more can end after everything else
            return otherwise
        return await asyncio.wrap_future(self._thread.submit(self._cache.do, work, otherwise))

    def _keep(self, cache: Cache, key: str, stored: Stored, asked: float, fresh_until: float) -> bytes:
        packed = msgspec.msgpack.encode(stored)
        if len(packed) > self._most_bytes // _SHARE:
            return b""
        digest = _digest(key, packed)
        with cache.transact():
            expected = len(cache) + sum(each not in cache for each in (key, body_key(key)))
            if not _note(cache, key, Stamp(asked, fresh_until, digest), self.wall()):
                return b""
            cache.set(body_key(key), digest + packed)
            self.counts.evicted += expected - len(cache)  # diskcache evicts behind everybody's back
        self.counts.kept += 1
        return digest


def _stamp(cache: Cache, key: str) -> Stamp | None:
    packed = cache.get(key)
    return None if packed is None else stamp_of(packed)


def _stored(cache: Cache, key: str, digest: bytes) -> Stored | None:
    value = cache.get(body_key(key))
    return stored_of(key, value) if type(value) is bytes and value[:_DIGEST] == digest else None


def _own(cache: Cache, key: str) -> bytes:
    stamp = _stamp(cache, key)
    stored = _stored(cache, key, stamp.digest) if stamp is not None and stamp.digest else None
    return stored.body if stored is not None else b""


def _note(cache: Cache, key: str, stamp: Stamp, now: float) -> bool:
    """Note what is known, unless what is noted already was asked for later, by a clock that has not been set back."""
    with cache.transact():
        there = _stamp(cache, key)
        if there is not None and stamp.asked < there.asked <= now:
            return False
        cache.set(key, msgspec.msgpack.encode(stamp))
        return True


def _forget(cache: Cache, key: str, asked: float) -> None:
    if forget(cache, [key], asked):  # else a power failure brings nothing back
        sync(cache)


def forget(cache: Cache, keys: Iterable[str], asked: float) -> bool:
    """Forget documents as `Documents.forget` does, but for the `sync`; for who has the cache open. Tells if there was one."""
    there = False
    with cache.transact():  # whatever is noted: the worst that can come of it is that upstream is asked once more
        for key in keys:
            cache.set(key, msgspec.msgpack.encode(Stamp(asked, 0.0, b"")))
            there = cache.delete(body_key(key)) or there
    return there


def stamp_of(packed: bytes) -> Stamp:
    """Give the stamp that lies under a document's key. Raises ValueError."""
    return _STAMP.decode(packed)


def stored_of(key: str, value: bytes) -> Stored | None:
    """Give the document that lies under `body_key(key)`; None if it is damaged. Raises ValueError."""
    if value[:_DIGEST] != _digest(key, value[_DIGEST:]):
        return None
    return _STORED.decode(memoryview(value)[_DIGEST:])


def body_key(key: str) -> str:
    """Give the key that the document itself lies under; its stamp lies under `key`."""
    return f"{key}{BODY}"


def _digest(key: str, packed: bytes) -> bytes:
    return hashlib.blake2b(packed, digest_size=_DIGEST, key=hashlib.sha256(key.encode()).digest()).digest()


# For a process beside the gateway, which has the cache open by itself: what is carried there from elsewhere

LARGEST = MOST_BYTES // _SHARE
"""Bytes of a document as it is kept: a larger one is not."""

type Put = Literal["new", "there", "newer", "gone"]
"""What became of a document: it is kept now; it was there already; a newer one is there; it was taken down since."""


def stamp_in(cache: Cache, key: str) -> Stamp | None:
    """Give what is known of the document under this key."""
    return _stamp(cache, key)


def stored_in(cache: Cache, key: str, digest: bytes) -> Stored | None:
    """Give the document under this key, if it is in this state and undamaged."""
    return _stored(cache, key, digest)


def put_in(cache: Cache, key: str, stored: Stored | None, stamp: Stamp, now: float) -> Put:
    """Keep a document with its stamp (whose digest is made here); None: that it is gone. Nothing newer is replaced."""
    packed = b"" if stored is None else msgspec.msgpack.encode(stored)
    digest = _digest(key, packed) if stored is not None else b""
    with cache.transact():
        known = _stamp(cache, key)
        if known is not None and known.digest == digest and stamp.asked <= known.asked <= now:
            if stored is None or _stored(cache, key, digest) is not None:
                return "there"
            stamp = known
        if not _note(cache, key, Stamp(stamp.asked, stamp.fresh_until, digest), now):
            return "newer" if known is not None and known.digest else "gone"
        if stored is None:
            cache.delete(body_key(key))
        else:
            cache.set(body_key(key), digest + packed)
    return "new"
