"""Warming: for each target, what an installer would choose or a lock file names is gathered, and what it needs besides."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from addons.answering.offer import Found, Offer, Offered
from addons.cache.blobs import Blobs
from addons.simple.names import ProjectName
from addons.simple.page import File, Refusal
from addons.sources.folder import Folder
from addons.sources.kept_files import promise_of
from addons.sources.source import FileGone, ProjectAbsent, SourceUnavailable
from addons.sources.stored import Stored
from addons.warming.dependencies import build_requires
from addons.warming.gathering import Gathering
from addons.warming.releases import taken
from addons.warming.resolving import Candidate, Impossible, Resolving
from addons.warming.targets import Target
from addons.warming.wanted import Line, Locked, Wanted


@dataclass(frozen=True)
class Order:
    """What is to be warmed for whom; `words` says a refusal as clients read it."""

    wanted: Wanted
    targets: tuple[Target, ...]
    words: Callable[[Refusal], str]


class Warming:
    """Carries out an order. Faults are written down in the gathering's tally; none is raised."""

    def __init__(self, gathering: Gathering, blobs: Blobs, order: Order) -> None:
        self._gathering = gathering
        self._blobs = blobs
        self._order = order
        self._built: set[tuple[str, str]] = set()

    async def warm(self) -> None:
        """Gather everything for every target."""
        for problem in self._order.wanted.problems:
            self._gathering.tally.missing(problem)
        for target in self._order.targets:
            if self._order.wanted.lines:
                await self._resolved(target, self._order.wanted, "")
            for locked in self._order.wanted.locked:
                self._gathering.ahead(partial(self._locked, target, locked))
            await self._gathering.settled()

    async def _resolved(self, target: Target, wanted: Wanted, why: str) -> None:
        resolving = Resolving(self._gathering, target, wanted, self._order.words)
        try:
            chosen = await resolving.resolve(wanted.lines)
        except Impossible as error:
            for words in str(error).splitlines():
                self._gathering.tally.missing(f"{target.words}: {words}{why}")
            return
        except (SourceUnavailable, FileGone) as error:
            self._gathering.tally.missing(str(error))
            return
        if not why:
            self._gathering.progress.say(f"{target.words}: {len(chosen)} projects")
        for candidate in chosen:
            for offered in candidate.release.files:
                self._gathering.ahead(partial(self._gathering.file, offered))
        for candidate in chosen:
            if candidate.release.is_sdist:
                await self._buildable(target, _only(candidate))

    async def _buildable(self, target: Target, sdist: Offered) -> None:
        """Gather what builds an sdist as well, as far as the sdist says it."""
        name = sdist.file.filename
        if (target.words, name) in self._built:
            return
        self._built.add((target.words, name))
        self._gathering.progress.say(
            f"{name} has no wheel for {target.words}: it will be built, and what it asks for while it is built "
            "cannot be foreseen"
        )
        await self._gathering.file(sdist)
        path = None if (promise := promise_of(sdist.file)) is None else self._blobs.path(promise.sha256)
        if isinstance(sdist.source, Folder | Stored) or path is None or not await asyncio.to_thread(path.exists):
            return
        try:
            requires = await asyncio.to_thread(build_requires, path, name)
        except ValueError as error:
            self._gathering.tally.missing(str(error))
            return
        lines = [Line(requirement, name) for requirement in requires]
        await self._resolved(target, Wanted(lines=lines), f" (to build {name})")

    async def _locked(self, target: Target, locked: Locked) -> None:
        if locked.marker is not None and not locked.marker.evaluate({**target.environment, "extra": ""}):
            return
        try:
            found = await self._gathering.page(locked.project)
            if locked.legacy:
                await _legacy(found, locked)
        except ProjectAbsent:
            self._gathering.tally.missing(f"{locked.place}: no source has a project {locked.project}")
            return
        files = self._files(found, locked)
        wanted = taken(files, target)
        if files and not wanted:
            self._gathering.progress.say(
                f"{locked.project} {locked.version} has no file for {target.words}; it is passed over"
            )
        for file in wanted:
            await self._locked_file(target, found, file)

    def _files(self, found: Found, locked: Locked) -> list[File]:
        """Give the files of the page that the lock names and nobody refuses."""
        by_hash = {file.hashes.get("sha256", "").lower(): file for file in found.page.files}
        there = [by_hash[digest] for digest in locked.files if digest in by_hash]
        if not there:
            named = next(filter(None, locked.files.values()), f"{locked.project} {locked.version}")
            self._gathering.tally.missing(f"{locked.place}: the page of {locked.project} has no {named} with its hash")
        for file in there:
            if file.refused is not None:
                self._gathering.tally.missing(f"{locked.project} {locked.version}: {self._order.words(file.refused)}")
        return [file for file in there if file.refused is None]

    async def _locked_file(self, target: Target, found: Found, file: File) -> None:
        offered = found.file(file.filename)
        if offered is None:
            return
        await self._gathering.file(offered)
        if isinstance(file.core_metadata, dict):
            await self._gathering.metadata(offered)
        if not file.filename.endswith(".whl"):
            await self._buildable(target, offered)


def _only(candidate: Candidate) -> Offered:
    [sdist] = candidate.release.files
    return sdist


async def _legacy(found: Found, locked: Locked) -> None:
    for part in found.parts:
        for version in (locked.version, None):
            await part.source.legacy(found.project, version)


async def unkept(offer: Offer, projects: Iterable[ProjectName], at: datetime) -> list[str]:
    """Give, in words, the pages that an offer does not have: of one that dials nothing, those that are not kept."""
    words = []
    for project in projects:
        try:
            await offer.find(project, at)
        except (SourceUnavailable, ProjectAbsent):
            words.append(f"the page of {project} is not kept: its index forbids it, or the disk does not take it")
    return words
