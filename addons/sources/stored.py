"""stored: the organisation's own store, into which authors upload."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from addons.cache.recent import Recent
from addons.simple.distributions import distribution
from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from addons.sources.folder_list import write_list
from addons.sources.listed import ListDocument, ListTerms
from addons.sources.source import (
    LegacyDocument,
    ProjectAbsent,
    Reading,
    SourceUnavailable,
    Span,
    Stretch,
    Told,
    Unranged,
)
from addons.sources.standing import FinalCheck, MetadataReader
from addons.sources.stored_files import StoredFiles
from addons.sources.stored_names import StoredNames
from addons.sources.stored_page import Shown, shown
from addons.store.database import DatabaseUnavailable
from addons.store.own import OwnStore

logger = logging.getLogger(__name__)

_KEPT_FILES = 50_000  # how many entries of pages are remembered


class Stored:
    """The projects of a store. The names of all are in memory, and their pages once they were asked for.

    What this process changes it hears of at once (`arrived`), what others do at the next look (`look`), which somebody takes
    a few times a second. While the database is not to be had, pages in memory stay, and all else is unavailable, names that
    nobody knows too.
    """

    own = True
    direct = False
    list_terms = ListTerms()

    def __init__(
        self, name: str, store: OwnStore, metadata: MetadataReader, check_final: FinalCheck | None = None
    ) -> None:
        """`metadata` reads it out of files that have none beside them; `check_final`: which sdists' is announced, None: of none."""
        self.name = name
        self._store = store
        self._check_final = check_final
        self._files = StoredFiles(name, store.shelf, metadata)
        self._names = StoredNames(name, store, self._changed)
        self._pages: Recent[ProjectName, Shown] = Recent(_KEPT_FILES)
        self._loading: dict[ProjectName, asyncio.Task[Shown]] = {}
        self._listed: tuple[int, ListDocument] | None = None

    async def page(self, project: ProjectName, max_age: float | None = None) -> Page:
        """Give the page of the project as it stands: what is in hand without suspending, however old it may be at most.

        Raises ProjectAbsent, or SourceUnavailable.
        """
        return (await self._shown(project)).page

    async def _shown(self, project: ProjectName) -> Shown:
        found = self._pages.find(project)
        if found is not None:
            return found
        if not await self._names.has(project):
            raise ProjectAbsent(project)
        if self._names.fault:
            raise self._names.unavailable()
        task = self._loading.get(project)
        if task is None:
            self._loading[project] = task = asyncio.ensure_future(self._load(project))
            task.add_done_callback(lambda done: self._loaded(project, done))
        return await asyncio.shield(task)

    async def _load(self, project: ProjectName) -> Shown:
        try:
            found = await asyncio.to_thread(self._read, project)
        except DatabaseUnavailable as error:
            self._names.blame(str(error))
            raise self._names.unavailable() from error
        except ValueError as error:
            logger.error("source %s: what the database has of %s cannot be read: %s", self.name, project, error)
            raise SourceUnavailable(f"source {self.name}: what it has of {project} cannot be read") from error
        if found is None:  # its name is known: so this is no certain answer
            raise SourceUnavailable(f"source {self.name}: {project} is not where it was; is its database another one?")
        return found

    def _read(self, project: ProjectName) -> Shown | None:
        standing = self._store.projects.standing(project)
        return None if standing is None else shown(standing, self.name, self._store.shelf, self._check_final)

    def _loaded(self, project: ProjectName, task: asyncio.Task[Shown]) -> None:
        """Keep what was read, unless the project changed meanwhile."""
        if self._loading.get(project) is task:
            del self._loading[project]
            if not task.cancelled() and task.exception() is None:
                self._pages.keep(project, task.result(), len(task.result().page.files) + 1)
        elif not task.cancelled():
            task.exception()  # seen, whoever still waits for it

    def _changed(self, projects: Iterable[ProjectName] | None) -> None:
        for project in [*self._pages, *self._loading] if projects is None else projects:
            self._pages.forget(project)
            self._loading.pop(project, None)

    def arrived(self, project: ProjectName) -> None:
        """Hear that this process has changed a project in the database, or made it: what is asked from now on shows that."""
        self._names.arrived(project)

    async def look(self) -> None:
        """Look once for what other processes changed; raises nothing."""
        await self._names.look()

    @property
    def fault(self) -> str:
        """What is wrong with the database, in words; "" if nothing is."""
        return self._names.fault

    def facts(self) -> Mapping[str, object]:
        """Give how it stands as JSON has it: `database`, `projects` (how many are known), `fault` (null if there is none)."""
        return {"database": self._store.where, "projects": self._names.count, "fault": self.fault or None}

    async def projects(self, into: Path, known: ListDocument | None = None) -> ListDocument:
        """Write the names of all projects, but of those in quarantine, as `Source.projects` says. Raises SourceUnavailable."""
        await self._names.ready()
        version = self._names.version
        if self._listed is not None and known is not None and self._listed == (version, known):
            return known
        document = await asyncio.to_thread(write_list, self._names.listed, into, known)
        self._listed = version, document
        return document

    def read(self, file: File, span: Span | None) -> AbstractAsyncContextManager[Reading]:
        """Read a file from the store's disk, checked, as `Source.read` says. Raises FileGone."""
        return self._files.read(file, span)

    async def stretch(self, file: File, at: int | None, count: int) -> Stretch:
        """Give nothing: what lies here is read as a whole. Raises Unranged."""
        raise Unranged(f"{file.filename} lies in the store")

    async def core_metadata(self, file: File) -> bytes:
        """Give the metadata that was put into the store with the file, of sdists too; else what the file has."""
        announced = file.core_metadata
        if isinstance(announced, dict):
            return await self._files.core_metadata(file, announced["sha256"])
        named = distribution(file.filename)
        found = self._pages.find(named.project) if named is not None else None
        sha256 = found.metadata.get(file.hashes["sha256"]) if found is not None else None
        return await self._files.core_metadata(file, sha256)

    async def legacy(
        self, project: ProjectName, version: str | None, max_age: float | None = None
    ) -> LegacyDocument | None:
        """Give None: documents are made of files and their metadata."""
        return None

    async def provenance(self, file: File, max_age: float | None = None) -> Told | None:
        """Give None: no attestation is taken."""
        return None

    async def classifiers(self, max_age: float | None = None) -> Told | None:
        """Give None: they are PyPI's."""
        return None

    async def retire(self) -> None:
        """Let go of the database, until somebody asks again."""
        await asyncio.to_thread(self._store.projects.database.close)

    async def close(self) -> None:
        """Hash no more, and let go of the database."""
        await self._files.close()
        await self.retire()
