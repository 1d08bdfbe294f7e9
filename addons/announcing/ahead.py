"""Metadata that nobody has asked for yet, but a resolver will: of a page's newest releases, a few files, at a bounded rate."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice

from packaging.version import Version

from addons.cache.recent import Recent
from addons.off_loop import off_loop
from addons.simple.distributions import version_of
from addons.simple.page import File, Page
from addons.sources.source import SourceUnavailable

RELEASES = 3
"""Of a page: a resolver begins with the newest one, and goes back only if that does not fit."""

FILES = 2
"""Of a release: pip and uv look at one, that for the machine they run on; here machines are hardly of more than two kinds."""

_AT_ONCE = 2
_SECONDS_APART = 0.1  # between two that begin
_MOST_WAITING = 200  # what waits longest is given up for what is asked for now
_LARGE = 100  # files of a page

# What a wheel's tags say of the machine, without the versions that differ from project to project.
_PLATFORM = re.compile(r"(any|manylinux|musllinux|linux|macosx|win)(?:[0-9_]*_)?([a-z0-9_]*)")

type Job = Callable[[], Awaitable[object]]


def machine(filename: str) -> tuple[str, ...]:
    """Give what a wheel's name says of the machines that it is for: interpreter, kind of platform, processor.

    >>> machine("demo-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl")
    ('cp312', 'manylinux', 'x86_64')
    >>> machine("demo-1.0-py3-none-any.whl")
    ('py3', 'any', '')
    """
    # Old pages list wheels whose names have fewer parts: they tell less.
    _, interpreter, _, platform = ["", "", "", *filename.removesuffix(".whl").rsplit("-", 3)][-4:]
    found = _PLATFORM.match(platform)
    return (interpreter, *(found.groups() if found else (platform, "")))


def next_asked(page: Page, is_lacking: Callable[[File], bool], machines: Iterable[tuple[str, ...]]) -> list[File]:
    """Give the files of a page whose metadata will be asked for next, of those that lack it: the newest release's first.

    `machines`: what is in use here, the latest last.
    """
    releases: dict[Version, list[File]] = {}
    for file in page.files:
        if file.filename.endswith(".whl") and not file.yanked and file.refused is None:
            version = version_of(file.filename, page.project)
            if version is not None:
                releases.setdefault(version, []).append(file)
    newest = sorted(releases, key=lambda version: (not version.is_prerelease, version), reverse=True)[:RELEASES]
    known = {each: number for number, each in enumerate(machines, 1)}
    found: list[File] = []
    for version in newest:
        found += filter(is_lacking, islice(_likely(releases[version], known), FILES))
    return found


def _likely(files: Iterable[File], known: dict[tuple[str, ...], int]) -> Iterator[File]:
    """Give a release's wheels, those first that fit any machine, then those that fit the ones in use here."""
    ranked = []
    for file in files:
        interpreter, platform, processor = machine(file.filename)
        rank = known.get((interpreter, platform, processor), 0)
        ranked.append((platform != "any", -rank, file.filename, file))
    return (file for *_, file in sorted(ranked, key=lambda each: each[:3]))


class Ahead:
    """What is to be fetched, the latest first, a few at a time. Must be used in one event loop."""

    def __init__(self, pause: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self.machines: Recent[tuple[str, ...], bool] = Recent(20)
        self._pause = pause
        self._waiting: dict[object, tuple[Job, bool]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._closed = False

    def asked(self, filename: str) -> None:
        """Note that a client asked for this wheel, or its metadata: others will, for a machine of its kind."""
        if filename.endswith(".whl"):
            self.machines.keep(machine(filename), True, 1)

    def want(self, key: object, job: Job, *, paced: bool = False) -> None:
        """Do this soon, once for each key; after the end of all not any more. `paced`: an upstream is asked for it."""
        if self._closed:
            return
        self._waiting.pop(key, None)
        self._waiting[key] = job, paced
        if len(self._waiting) > _MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        if len(self._workers) < _AT_ONCE:
            worker = asyncio.ensure_future(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        await self._pause(0)  # whoever wanted it goes first
        while self._waiting:
            _, (job, paced) = self._waiting.popitem()
            with suppress(SourceUnavailable):
                await job()
            await self._pause(_SECONDS_APART * _AT_ONCE if paced else 0)

    async def idle(self) -> None:
        """Wait until nothing is left to do."""
        while self._workers:
            await asyncio.wait(self._workers)

    async def close(self) -> None:
        """Do no more."""
        self._closed = True
        self._waiting.clear()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)


async def next_of(page: Page, is_lacking: Callable[[File], bool], ahead: Ahead) -> list[File]:
    """Give what `next_asked` does, beside the event loop for a large page."""
    return await off_loop(len(page.files) > _LARGE, next_asked, page, is_lacking, list(ahead.machines))
