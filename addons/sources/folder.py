"""folder: a folder of wheels and sdists, the organisation's own."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from addons.cache.flight import Flights
from addons.simple.distributions import distribution
from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from addons.sources.look import NOTHING, Look, walk
from addons.sources.source import FileGone, ProjectAbsent, Reading, SourceUnavailable, Span
from addons.sources.standing import Described, MetadataReader, NotListed, Stand, describe, identity

logger = logging.getLogger(__name__)

_PART = 1 << 18  # bytes read from disk at a time


class Folder:
    """Projects out of the files that lie in a folder and its sub-folders.

    A file is looked at once and again when it changes; put files there by renaming them into place, so that no half
    of one is ever seen. What is no distribution is left out, and said in the log once. A damaged or half-copied one is
    left out as well, but its name has the project: otherwise the public index would be asked about it (MRG-06).
    """

    own = True
    direct = False

    def __init__(
        self, name: str, folder: Path, metadata: MetadataReader, clock: Callable[[], float] = time.time
    ) -> None:
        self.name = name
        self._folder = folder
        self._metadata = metadata
        self._clock = clock
        self._seen: dict[Path, tuple[Stand, Described | None]] = {}
        self._said: set[Path] = set()  # second files of a name that the log has told of
        self._last = NOTHING
        self._flights: Flights[None, None] = Flights()

    async def page(self, project: ProjectName) -> Page:
        """Give the page of what lies in the folder now. Raises ProjectAbsent, or SourceUnavailable if it is unreadable.

        Never of what lay there a moment ago: a project that just came would be asked of the public index.
        """
        if not await asyncio.to_thread(self._last.holds, project):
            await self._flights.begin(None, self._look)
        found = self._last.projects.get(project)
        if found is None:
            raise ProjectAbsent(project)
        return Page(project=project, files=tuple(item.file for item in found.values()), source=self.name)

    async def _look(self) -> None:
        try:
            self._last = await asyncio.to_thread(self._scan)
        except OSError as error:
            raise SourceUnavailable(f"source {self.name}: its folder cannot be read ({error.strerror})") from error

    def _scan(self) -> Look:
        began = int(self._clock() * 1e9)
        projects: dict[ProjectName, dict[str, Described]] = {}
        stands: dict[ProjectName, dict[Path, Stand]] = {}
        seen: dict[Path, tuple[Stand, Described | None]] = {}
        folders, files = walk(self._folder)
        for path, stand in files:
            known = self._seen.get(path)
            seen[path] = known if known is not None and known[0] == stand else (stand, self._describe(path, stand))
            if (named := distribution(path.name)) is not None:
                stands.setdefault(named.project, {})[path] = stand
                self._list(projects.setdefault(named.project, {}), seen[path][1])
        self._seen = seen
        self._said &= seen.keys()
        return Look(began, folders, stands, projects)

    def _describe(self, path: Path, stand: Stand) -> Described | None:
        try:
            return describe(path, stand, self._metadata)
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
            raise FileGone(f"{file.filename} cannot be read any more ({error.strerror})") from error
        try:
            if identity(os.fstat(handle.fileno())) != described.stand:
                raise FileGone(f"{file.filename} was changed since its page was made")
            stretch = span or Span(0, described.stand.size)
            yield Reading(described.stand.size, _parts(handle.fileno(), stretch))
        finally:
            handle.close()

    async def core_metadata(self, file: File) -> bytes:
        """Give the metadata that was read out of the file when it was looked at."""
        metadata = self._described(file).metadata
        if metadata is None:
            raise FileGone(f"{file.filename} has no metadata of its own")
        return metadata

    def _described(self, file: File) -> Described:
        named = distribution(file.filename)
        described = self._last.projects.get(named.project, {}).get(file.filename) if named else None
        if described is not None and described.file.hashes == file.hashes:
            return described
        raise FileGone(f"{file.filename} lies in its folder no more")

    async def retire(self) -> None:
        """Nothing is kept open."""

    async def close(self) -> None:
        """Nothing is kept open."""


async def _parts(descriptor: int, span: Span) -> AsyncIterator[bytes]:
    at = span.start
    while at < span.stop:
        part = await asyncio.to_thread(os.pread, descriptor, min(_PART, span.stop - at), at)
        if not part:
            raise FileGone("the file became shorter while it was read")
        at += len(part)
        yield part
