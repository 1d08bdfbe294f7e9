"""What is offered: a project's page under the policies, and the files that it offers. Everything else asks this."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote, urlsplit

import msgspec

from addons.off_loop import off_loop
from addons.policies.policy import Policy, apply_all, hide_refused
from addons.routes import OWN_FILES, PublicFile, SourceFile
from addons.simple.distributions import projects_of
from addons.simple.names import InvalidName, ProjectName, normalise
from addons.simple.page import File, Page
from addons.sources.priority import Priority
from addons.sources.source import ProjectAbsent, Source

_SMALL = 100  # files
_FILES_HOST = "https://files.pythonhosted.org"


@dataclass(frozen=True)
class Offered:
    """A file that the page lists, refused or not, with its source and the project whose page it is."""

    project: ProjectName
    source: Source
    file: File


class Offer:
    """Pages and files as policies leave them, in one place, so that no route can see another page than another."""

    def __init__(self, priority: Priority, policies: Sequence[Policy], *, hide: bool) -> None:
        self._priority = priority
        self._policies = policies
        self._hide = hide

    async def page(self, project: ProjectName, at: datetime) -> Page:
        """Give the page as clients may see it, its files' URLs on hosts that the gateway answers for.

        Raises ProjectAbsent or SourceUnavailable.
        """
        source, page = await self._policed(project, at)
        return await off_loop(is_large(page), self._shown, source, page)

    def _shown(self, source: Source, page: Page) -> Page:
        shown = hide_refused(page) if self._hide else page
        if source.direct:
            return shown
        files = tuple(_readdressed(file, source, page.project) for file in shown.files)
        return msgspec.structs.replace(shown, files=files)

    async def public_file(self, route: PublicFile, at: datetime) -> Offered | None:
        """Give the file with this path from the page of the project that it belongs to; None if no page offers it.

        An sdist's name can be read as several projects' (FIL-08): each is asked, the likeliest first.
        Raises SourceUnavailable.
        """
        for project in projects_of(route.filename):
            try:
                source, page = await self._policed(project, at)
            except ProjectAbsent:
                continue
            for file in page.files:
                if source.direct and file.filename == route.filename and unquote(urlsplit(file.url).path) == route.path:
                    return Offered(project, source, file)
        return None

    async def source_file(self, route: SourceFile, at: datetime) -> Offered | None:
        """Give the file of this name, if the page that the project has now is of this source; None if not."""
        try:
            project = normalise(route.spelling)
            source, page = await self._policed(project, at)
        except (InvalidName, ProjectAbsent):
            return None
        if source.name != route.source or source.direct:
            return None
        return next((Offered(project, source, file) for file in page.files if file.filename == route.filename), None)

    async def _policed(self, project: ProjectName, at: datetime) -> tuple[Source, Page]:
        source, page = await self._priority.page(project)
        return source, await off_loop(is_large(page), apply_all, self._policies, page, at)


def is_large(page: Page) -> bool:
    """Tell whether work on every file of the page would hold up the event loop."""
    return len(page.files) > _SMALL


def _readdressed(file: File, source: Source, project: ProjectName) -> File:
    """Put the file where clients find it through the gateway: on the files host, its name last (MRG-11)."""
    url = f"{_FILES_HOST}{OWN_FILES}{source.name}/{project}/{quote(file.filename)}"
    return msgspec.structs.replace(file, url=url)
