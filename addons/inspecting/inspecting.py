"""Inspecting: what is asked about is found on a page, as clients are shown it, and fetched if that is wanted."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from packaging.version import Version

from addons.announcing.announcing import Announcing
from addons.announcing.links import Terms
from addons.announcing.obtaining import NoMetadata
from addons.answering.offer import Found, Offer, Offered
from addons.inspecting.asked import Named, Release
from addons.simple.distributions import distribution, projects_of, version_of
from addons.simple.page import File, Page
from addons.sources.source import FileGone, ProjectAbsent, SourceUnavailable

_AT_ONCE = 4  # files whose metadata is fetched at a time

type Outcomes = dict[str, str]
"""What came of fetching a file's metadata, by its name: why it failed, or nothing."""


class NotThere(ValueError):
    """No page lists what is asked about. In words."""


@dataclass(frozen=True)
class Chosen:
    """The files of a page that are asked about, and of which release; None: a file that tells of none."""

    found: Found
    version: Version | None
    files: tuple[Offered, ...]


class Inspecting:
    """Asks an offer at the instant `at`. For one event loop."""

    def __init__(self, offer: Offer, at: datetime) -> None:
        self._offer = offer
        self._at = at

    async def chosen(self, asked: Release | Named) -> Chosen:
        """Find what is asked about. Raises NotThere or SourceUnavailable."""
        if isinstance(asked, Named):
            return await self._file(asked.filename)
        try:
            found = await self._offer.find(asked.project, self._at)
        except ProjectAbsent as error:
            raise NotThere(f"no source has a project {asked.project}") from error
        version = asked.version or newest(found.page)
        names = [file.filename for file in found.page.files if version_of(file.filename, asked.project) == version]
        if version is None or not names:
            status = f" (it is {ascii(found.page.status)[:50]})" if found.page.status else ""
            raise NotThere(f"the page of {asked.project} lists no file{f' of {version}' if version else ''}{status}")
        return Chosen(found, version_of(names[0], asked.project), _offered(found, names))

    async def _file(self, filename: str) -> Chosen:
        projects = projects_of(filename)
        for project in projects:
            with suppress(ProjectAbsent):
                found = await self._offer.find(project, self._at)
                if found.file(filename) is not None:
                    return Chosen(found, version_of(filename, project), _offered(found, [filename]))
        where = f"; looked at {', '.join(projects)}" if projects else ", nor can one by this name"
        raise NotThere(f"no page lists {ascii(filename)[:200]}{where}")

    @staticmethod
    async def fetch(files: Iterable[Offered], announcing: Announcing, terms: Terms) -> Outcomes:
        """Obtain the files' metadata as for a client that asks for it, at any price; of those that may have any."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(offered: Offered) -> tuple[str, str]:
            async with slots:
                return offered.file.filename, await _fetched(offered, announcing)

        wanted = [each for each in files if each.file.refused is None and _may_have(each.file, terms)]
        return dict(await asyncio.gather(*map(one, wanted)))


async def _fetched(offered: Offered, announcing: Announcing) -> str:
    try:
        await announcing.metadata(offered.source, offered.project, offered.file)
    except NoMetadata as error:
        return f"it {error}"
    except (FileGone, SourceUnavailable) as error:
        return str(error)
    return ""


def newest(page: Page) -> Version | None:
    """Give the release that a client would begin with: the newest final one that is neither yanked nor refused, if any."""
    ranks: dict[Version, bool] = {}
    for file in page.files:
        version = version_of(file.filename, page.project)
        if version is not None:
            ranks[version] = ranks.get(version, False) or (not file.yanked and file.refused is None)
    return max(ranks, key=lambda version: (ranks[version], not version.is_prerelease, version), default=None)


def _offered(found: Found, names: Iterable[str]) -> tuple[Offered, ...]:
    return tuple(offered for name in names if (offered := found.file(name)) is not None)


def _may_have(file: File, terms: Terms) -> bool:
    """Tell whether a client may ask for it; an sdist's that is not announced nobody asks for, unless it is to be."""
    named = distribution(file.filename)
    return bool(file.core_metadata) or (named is not None and (named.kind == "wheel" or terms.sdists))
