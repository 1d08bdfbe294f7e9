"""Gathering: pages, core metadata and files are asked for once each, so that the cache has them; faults are written down."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from addons.answering.offer import Found, Offer, Offered
from addons.cache.blobs import Blobs
from addons.cache.promised import Mismatch, NotKept, Promise
from addons.metadata.archive import NotADistribution, core_metadata
from addons.simple.distributions import distribution
from addons.simple.names import ProjectName
from addons.sources.folder import Folder
from addons.sources.kept_files import promise_of
from addons.sources.kept_metadata import metadata_promise
from addons.sources.source import FileGone, ProjectAbsent, SourceUnavailable
from addons.sources.stored import Stored
from addons.warming.progress import Progress

_AT_ONCE = 4  # files that are fetched at a time
_PAGES_AT_ONCE = 8


@dataclass
class Tally:
    """What was gathered: files by name, and bytes. `problems`: what is not there, in words, each once, in order."""

    fetched: dict[str, int] = field(default_factory=dict)
    there: dict[str, int] = field(default_factory=dict)
    problems: dict[str, None] = field(default_factory=dict)

    def missing(self, words: str) -> None:
        """Write down what is not had."""
        self.problems[words] = None


class Gathering:
    """Asks an offer, at the instant `at`, for what is to be kept in `blobs`. For one event loop."""

    def __init__(self, offer: Offer, blobs: Blobs, at: datetime, progress: Progress) -> None:
        self.tally = Tally()
        self.progress = progress
        self._offer = offer
        self._blobs = blobs
        self._at = at
        self._pages: dict[ProjectName, asyncio.Task[Found]] = {}
        self._texts: dict[str, asyncio.Task[bytes]] = {}
        self._files: dict[str, asyncio.Task[None]] = {}
        self._promised: dict[str, str] = {}
        self._ahead: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._asking = asyncio.Semaphore(_PAGES_AT_ONCE)

    @property
    def projects(self) -> list[ProjectName]:
        """The projects whose pages were had."""
        return [name for name, task in self._pages.items() if task.done() and not task.exception()]

    async def page(self, project: ProjectName) -> Found:
        """Give the project as it is offered. Raises ProjectAbsent or SourceUnavailable."""
        return await _once(self._pages, project, lambda: self._page(project))

    async def _page(self, project: ProjectName) -> Found:
        async with self._asking:
            try:
                return await self._offer.find(project, self._at)
            except SourceUnavailable as error:
                raise SourceUnavailable(f"{project}: {error}") from error

    async def metadata(self, offered: Offered) -> bytes:
        """Give a file's core metadata as clients will read it: what is announced, else out of the whole file.

        Raises SourceUnavailable or FileGone, both in words.
        """
        return await _once(self._texts, offered.file.url, lambda: self._metadata(offered))

    async def _metadata(self, offered: Offered) -> bytes:
        promise = metadata_promise(offered.file)
        if isinstance(offered.source, Folder | Stored) or promise is not None:
            async with self._asking:
                body = await offered.source.core_metadata(offered.file)
            if promise is not None and not isinstance(offered.source, Folder | Stored):
                self._promised[f"the metadata of {offered.file.filename}"] = promise.sha256
            return body
        if offered.file.core_metadata:
            self.tally.missing(
                f"{offered.file.filename}: its page announces metadata without a sha256, so it is never kept"
            )
        await self.file(offered)
        promise, named = promise_of(offered.file), distribution(offered.file.filename)
        found = None if promise is None else await asyncio.to_thread(self._blobs.find, promise.sha256)
        if found is None or named is None:
            raise SourceUnavailable(f"{offered.file.filename} is not had, so what it requires is not known")
        try:
            return await asyncio.to_thread(core_metadata, found.path, named)
        except NotADistribution as error:
            raise FileGone(f"{offered.file.filename} {error}") from error

    async def file(self, offered: Offered) -> None:
        """See to it that the whole file is kept; what is not is a problem."""
        if not isinstance(offered.source, Folder | Stored):  # which needs no upstream
            await _once(self._files, offered.file.url, lambda: self._file(offered))

    async def _file(self, offered: Offered) -> None:
        name, promise = offered.file.filename, promise_of(offered.file)
        if promise is None:
            self.tally.missing(f"{name}: its page gives no sha256, so it is never kept")
            return
        self._promised[name] = promise.sha256
        async with self._slots:
            try:
                async with self._blobs.reading(promise, None) as kept:  # and used now: others make way before it
                    if kept is not None:
                        self.tally.there[name] = kept.size or 0
                        return
                await self._fetch(offered, promise)
            except (SourceUnavailable, FileGone, NotKept, Mismatch) as error:
                self.tally.missing(f"{name}: {error}")
                del self._promised[name]

    async def _fetch(self, offered: Offered, promise: Promise) -> None:
        name, count, begun = offered.file.filename, 0, time.monotonic()
        self.progress.expect(name, offered.file.size)
        try:
            async with offered.source.read(offered.file, None) as reading:
                async for chunk in reading.chunks:
                    count += len(chunk)
                    self.progress.step(name, len(chunk))
            await self._put_away(promise)
            self.tally.fetched[name] = count
        finally:
            self.progress.done(name, time.monotonic() - begun, whole=name in self.tally.fetched)

    async def _put_away(self, promise: Promise) -> None:
        # What is read to its end is proven; under its name it lies a moment later, when it is synced.
        growing = self._blobs.growing(promise)
        if growing is not None:
            await asyncio.wait([growing.task])

    def ahead(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do work that nobody waits for yet; its faults are written down."""
        self._ahead.add(asyncio.ensure_future(self._noting(work)))

    async def _noting(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except ProjectAbsent:
            pass  # if it matters it is said where it is needed
        except (SourceUnavailable, FileGone) as error:
            self.tally.missing(str(error))

    async def settled(self) -> None:
        """Wait until all work that was begun ahead is done. Raises what nobody foresaw."""
        while self._ahead:
            done, _ = await asyncio.wait(self._ahead)
            self._ahead -= done
            for task in done:
                task.result()

    async def look_again(self) -> None:
        """Write down what is not in the store, though it was had: it was not taken, or had to make way for the rest."""
        for name, sha256 in self._promised.items():
            if await asyncio.to_thread(self._blobs.find, sha256) is None:
                self.tally.missing(
                    f"{name}: the cache does not keep it: `max_gb` or its disk has no room for all of it"
                )

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = [*self._ahead, *self._pages.values(), *self._texts.values(), *self._files.values()]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError, ProjectAbsent, SourceUnavailable, FileGone):
                await task


async def _once[K, V](tasks: dict[K, asyncio.Task[V]], key: K, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
    """Wait for the work of this key, which is begun once however many wait."""
    if key not in tasks:
        tasks[key] = asyncio.ensure_future(work())
    return await asyncio.shield(tasks[key])
