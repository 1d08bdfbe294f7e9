"""Finding out whether a source serves its files' metadata: by asking for some, before anything is announced ahead."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import islice
from math import inf

from addons.announcing.serving import Serving
from addons.cache.recent import Recent
from addons.simple.page import File
from addons.sources.priority import Part
from addons.sources.source import SourceUnavailable

_PATIENCE_SECONDS = 1.0  # for which the first page of a source waits, once for each cache folder
_AGAIN_SECONDS = 60.0  # between two tries of a source that has not given any
_WHEELS = 3  # of a page, the last ones, are tried
_PAGES = (
    10_000  # of which it is remembered that they need nothing: they announce metadata themselves, or have no wheels
)

type Try = Callable[[File], Awaitable[bytes | None]]


class Proving:
    """Of all sources. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tried: dict[Serving, float] = {}
        self._first: dict[Serving, tuple[asyncio.Task[None], float]] = {}
        self._later: set[asyncio.Task[None]] = set()
        self._closed = False
        self._telling: Recent[str, bool] = Recent(_PAGES)

    def has_to(self, part: Part, serving: Serving) -> bool:
        """Whether `prove` might do something about this page."""
        if serving.is_known or part.page.version in self._telling:
            return False
        if self._clock() - self._tried.get(serving, -inf) >= _AGAIN_SECONDS:
            return True
        first, until = self._first[serving]
        return not first.done() and self._clock() < until

    async def prove(self, part: Part, serving: Serving, attempt: Try) -> None:
        """Ask the source for metadata of this page's newest wheels, unless it announces some itself.

        Whoever comes in the first moment while it is asked for the first time waits for that until the moment is over;
        later nobody does.
        """
        files = part.page.files
        wheels = list(islice(_wheels(files), _WHEELS))
        if self._closed or not wheels or any(file.core_metadata for file in files):
            if part.page.version:
                self._telling.keep(part.page.version, True, 1)
            return
        if self._clock() - self._tried.get(serving, -inf) >= _AGAIN_SECONDS:
            self._tried[serving] = self._clock()
            task = asyncio.ensure_future(_try(wheels, attempt))
            self._later.add(task)
            task.add_done_callback(self._later.discard)
            self._first.setdefault(serving, (task, self._clock() + _PATIENCE_SECONDS))
        first, until = self._first[serving]
        left = until - self._clock()
        if left > 0 and not first.done():
            await asyncio.wait([first], timeout=left)

    async def close(self) -> None:
        """Ask no more."""
        self._closed = True
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
