"""folder: a folder of wheels and sdists, the organisation's own."""

import asyncio
import hashlib
import logging
import math
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from addons.cache.flight import Flights
from addons.simple.distributions import distribution
from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from addons.sources.folder_list import write_list
from addons.sources.listed import ListDocument, ListTerms
from addons.sources.look import NOTHING, UNSETTLED, Look, walk
from addons.sources.noticing import NOBODY, Noticing, notice
from addons.sources.source import (
    FileGone,
    LegacyDocument,
    ProjectAbsent,
    Reading,
    SourceUnavailable,
    Span,
    Stretch,
    Told,
    Unranged,
)
from addons.sources.standing import Described, FinalCheck, MetadataReader, NotListed, Stand, describe, identity

logger = logging.getLogger(__name__)

_PART = 1 << 18  # bytes read from disk at a time
_UNNOTICED = 1.0  # seconds in which what changes a file from elsewhere (a hard link, a memory map) may be missed


class Folder:
    """Projects out of the files that lie in a folder and its sub-folders.

    A file is looked at once and again when it changes; put files there by renaming them into place, so that no half
    of one is ever seen. What is no distribution is left out, and said in the log once. A damaged or half-copied one is
    left out as well, but its name has the project: otherwise the public index would be asked about it (MRG-06).
    """

    own = True
    direct = False
    list_terms = ListTerms()

    def __init__(
        self,
        name: str,
        folder: Path,
        metadata: MetadataReader,
        clock: Callable[[], float] = time.time,
        begin: Callable[[Path], Noticing] = notice,
        check_final: FinalCheck | None = None,
    ) -> None:
        """`check_final`: which sdists' metadata is announced, as `describe` says; None: that of none."""
        self.name = name
        self._folder = folder
        self._metadata = metadata
        self._check_final = check_final
        self._clock = clock
        self._begin = begin
        self._seen: dict[Path, tuple[Stand, Described | None]] = {}
        self._said: set[Path] = set()  # second files of a name that the log has told of
        self._told = ""  # why changes are not noticed, as the log has it
        self._last = NOTHING
        self._flights: Flights[None, None] = Flights()
        self._checks: Flights[ProjectName, bool] = Flights()
        self._checked: dict[ProjectName, float] = {}  # when a project's own files were, since the last look
        self._pages: dict[ProjectName, Page] = {}

    async def page(self, project: ProjectName, max_age: float | None = None) -> Page:
        """Give the page of what lies in the folder now. Raises ProjectAbsent, or SourceUnavailable if it is unreadable.

        Never of what lay there a moment ago: a project that just came would be asked of the public index. It is given
        without waiting if nothing happened since the last look.
        """
        if not self._is_known(project):
            await self._make_sure(project)
        page = self._pages.get(project) or self._made(project)
        if page is None:
            raise ProjectAbsent(project)
        return page

    def _is_known(self, project: ProjectName) -> bool:
        """Tell, without waiting, that what was seen of the project is still so; of its files' content, a second ago."""
        last = self._last
        if project in last.links or not last.noticing.nothing_since():
            return False
        checked = self._checked.get(project, last.began / 1e9)
        return project not in last.stands or 0 <= self._clock() - checked < _UNNOTICED

    async def _make_sure(self, project: ProjectName) -> None:
        at = self._clock()
        held = await self._checks.begin(project, lambda: asyncio.to_thread(self._last.holds, project))
        if not held or self._is_in_doubt():
            await self._flights.begin(None, self._look)
        elif project in self._last.stands:
            self._checked[project] = at

    def _is_in_doubt(self) -> bool:
        """Tell whether only another look can make it sure again, and has time to settle: not with every byte of a copy."""
        last = self._last
        settled = self._clock() * 1e9 >= last.began + UNSETTLED
        return settled and not last.noticing.cannot and not last.noticing.nothing_since()

    def _made(self, project: ProjectName) -> Page | None:
        """Make the page, once for each look."""
        found = self._last.projects.get(project)
        if found is None:
            return None
        files = tuple(item.file for item in found.values())
        version = hashlib.blake2b(msgspec.json.encode(files), digest_size=16).hexdigest()
        self._pages[project] = page = Page(project=project, files=files, source=self.name, version=version)
        return page

    async def projects(self, into: Path, known: ListDocument | None = None) -> ListDocument:
        """Write the names that have a page now, as `Source.projects` says. Raises SourceUnavailable."""
        if not (self._last.noticing.nothing_since() or await asyncio.to_thread(self._last.holds, None)):
            await self._flights.begin(None, self._look)
        return await asyncio.to_thread(write_list, self._last.projects, into, known)

    async def _look(self) -> None:
        before = self._last
        try:
            self._last = await asyncio.to_thread(self._scan)
        except OSError as error:
            await self.retire()
            raise SourceUnavailable(f"source {self.name}: its folder cannot be read ({error.strerror})") from error
        self._pages, self._checked = {}, {}
        self._tell(self._last.noticing.cannot)
        await asyncio.to_thread(before.noticing.close)

    def _tell(self, cannot: str) -> None:
        if cannot and cannot != self._told:
            logger.info("source %s: its folder is looked at for each request, as %s", self.name, cannot)
        self._told = cannot or self._told

    def _scan(self) -> Look:
        began = int(self._clock() * 1e9)
        noticing = self._begin(self._folder)
        with ExitStack() as otherwise:
            otherwise.callback(noticing.close)
            look = self._looked(began, noticing)
            otherwise.pop_all()
        return look

    def _looked(self, began: int, noticing: Noticing) -> Look:
        projects: dict[ProjectName, dict[str, Described]] = {}
        stands: dict[ProjectName, dict[Path, Stand]] = {}
        links: dict[ProjectName, set[Path]] = {}
        seen: dict[Path, tuple[Stand, Described | None]] = {}
        found = walk(self._folder, noticing.watch)
        for path, stand in found.files:
            known = self._seen.get(path)
            seen[path] = known if known is not None and known[0] == stand else (stand, self._describe(path, stand))
            if (named := distribution(path.name)) is not None:
                stands.setdefault(named.project, {})[path] = stand
                self._list(projects.setdefault(named.project, {}), seen[path][1])
        for path in found.links:
            if (named := distribution(path.name)) is not None:
                links.setdefault(named.project, set()).add(path)
        self._seen = seen
        self._said &= seen.keys()
        return Look(began, found.folders, stands, projects, links, noticing)

    def _describe(self, path: Path, stand: Stand) -> Described | None:
        try:
            return describe(path, stand, self._metadata, self._check_final)
        except NotListed as error:
            logger.warning("source %s: %s is left out: it %s", self.name, path.name, error)
        except OSError as error:
            logger.warning("source %s: %s is left out: it cannot be read (%s)", self.name, path.name, error.strerror)
        return None

    def _list(self, files: dict[str, Described], described: Described | None) -> None:
        if described is None:
            return
        first = files.setdefault(described.file.filename, described)
        if first.file.hashes != described.file.hashes and described.path not in self._said:
            self._said.add(described.path)
            logger.warning(
                "source %s: %s lies there twice; %s counts", self.name, first.file.filename, first.path.parent
            )

    @asynccontextmanager
    async def read(self, file: File, span: Span | None) -> AsyncIterator[Reading]:
        """Read a file from disk; only if it still is the one that was hashed (same inode, size and time)."""
        described = self._described(file)
        try:
            handle = await asyncio.to_thread(described.path.open, "rb")
        except OSError as error:
            self._checked[described.project] = -math.inf
            raise FileGone(f"{file.filename} cannot be read any more ({error.strerror})") from error
        try:
            if identity(os.fstat(handle.fileno())) != described.stand:
                self._checked[described.project] = -math.inf
                raise FileGone(f"{file.filename} was changed since its page was made")
            stretch = span or Span(0, described.stand.size)
            yield Reading(described.stand.size, _parts(handle.fileno(), stretch))
        finally:
            handle.close()

    async def stretch(self, file: File, at: int | None, count: int) -> Stretch:
        """Give nothing: what lies here is read as a whole. Raises Unranged."""
        raise Unranged(f"{file.filename} lies in a folder")

    async def core_metadata(self, file: File) -> bytes:
        """Give the metadata that was read out of the file when it was looked at; of sdists too, PKG-INFO (PEP 643)."""
        return self._described(file).metadata

    def _described(self, file: File) -> Described:
        named = distribution(file.filename)
        described = self._last.projects.get(named.project, {}).get(file.filename) if named else None
        if described is not None and described.file.hashes == file.hashes:
            return described
        raise FileGone(f"{file.filename} lies in its folder no more")

    async def legacy(
        self, project: ProjectName, version: str | None, max_age: float | None = None
    ) -> LegacyDocument | None:
        """Give None: a folder has files, and documents are made of them."""
        return None

    async def provenance(self, file: File, max_age: float | None = None) -> Told | None:
        """Give None: nobody attested what lies in a folder."""
        return None

    async def classifiers(self, max_age: float | None = None) -> Told | None:
        """Give None: they are PyPI's."""
        return None

    async def retire(self) -> None:
        """Watch the folder no more; who asks still, has it looked at."""
        before, self._last = self._last, replace(self._last, noticing=NOBODY)
        await asyncio.to_thread(before.noticing.close)

    async def close(self) -> None:
        """Watch the folder no more."""
        await self.retire()


async def _parts(descriptor: int, span: Span) -> AsyncIterator[bytes]:
    at = span.start
    while at < span.stop:
        part = await asyncio.to_thread(os.pread, descriptor, min(_PART, span.stop - at), at)
        if not part:
            raise FileGone("the file became shorter while it was read")
        at += len(part)
        yield part
