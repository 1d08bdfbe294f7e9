"""Finding out whether a source serves its files' metadata: by asking for some, before anything is announced ahead."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import islice
from math import inf

from addons.announcing.serving import Serving
from addons.simple.page import File
from addons.sources.priority import Part
from addons.sources.source import SourceUnavailable

_PATIENCE_SECONDS = 1.0  # for which the first page of a source waits, once for each cache folder
_AGAIN_SECONDS = 60.0  # between two tries of a source that has not given any
_WHEELS = 3  # of a page, the last ones, are tried

type Try = Callable[[File], Awaitable[bytes | None]]


class Proving:
    """Of all sources. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tried: dict[Serving, float] = {}
        self._first: dict[Serving, asyncio.Task[None]] = {}
        self._patient_until: dict[Serving, float] = {}
        self._later: set[asyncio.Task[None]] = set()

    async def prove(self, part: Part, serving: Serving, attempt: Try) -> None:
        """Ask the source for metadata of this page's newest wheels, unless it announces some itself.

        Whoever comes while it is asked for the first time waits a moment for that; later, when nothing came of it, nobody.
        """
        files = part.page.files
        wheels = list(islice(_wheels(files), _WHEELS))
        if not wheels or any(file.core_metadata for file in files):
            return
        if self._clock() - self._tried.get(serving, -inf) >= _AGAIN_SECONDS:
            self._tried[serving] = self._clock()
            task = asyncio.ensure_future(_try(wheels, attempt))
            self._later.add(task)
            task.add_done_callback(self._later.discard)
            self._first.setdefault(serving, task)
            self._patient_until.setdefault(serving, self._clock() + _PATIENCE_SECONDS)
        patience = self._patient_until[serving] - self._clock()
        if patience > 0 and not self._first[serving].done():
            await asyncio.wait([self._first[serving]], timeout=patience)

    async def close(self) -> None:
        """Ask no more."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)


def _wheels(files: tuple[File, ...]) -> Iterator[File]:
    for file in reversed(files):
        if file.filename.endswith(".whl") and "sha256" in file.hashes and not file.yanked:
            yield file


async def _try(wheels: list[File], attempt: Try) -> None:
    for file in wheels:
        with suppress(SourceUnavailable):
            if await attempt(file) is not None:
                return
