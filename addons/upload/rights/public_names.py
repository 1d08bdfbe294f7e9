"""Whether a new name is public, or looks like one that is (UPL-27): asked so that nobody outside learns a reserved name.

What is the organisation's already, or was claimed on purpose, goes on; for all else a doubt is a no.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from addons.simple.names import ProjectName
from addons.sources.priority import Reserved
from addons.sources.source import ProjectAbsent, Source, SourceUnavailable
from addons.upload.refusal import UploadRefused
from addons.upload.rights.alike import check_possible
from addons.upload.rights.own_names import OwnNames
from addons.upload.rights.public_list import PublicLists
from addons.upload.rights.rights import too_similar
from proxyconf.ownership import Ownership

logger = logging.getLogger(__name__)

WAIT_SECONDS = 10.0
"""For how long a list and a page are waited for: poetry gives up after 15 s. What is under way goes on for the next one."""


@dataclass(frozen=True)
class Terms:
    """What of a configuration counts: `reserved` as it is configured, `offline` whether nothing is dialled."""

    ownership: Ownership
    reserved: Sequence[str] = ()
    offline: bool = False
    wait_seconds: float = WAIT_SECONDS


class PublicNames:
    """Compares with the own and the public ones of `sources`; the store's names are those of `own`."""

    def __init__(self, sources: Sequence[Source], lists: PublicLists, own: OwnNames, terms: Terms) -> None:
        self._own_sources = [each for each in sources if each.own]
        self._public = [each for each in sources if not each.own]
        self._lists = lists
        self._own = own
        self._terms = terms
        self._reserved = Reserved(terms.reserved)
        self._max_age = terms.ownership.public_names.list_minutes * 60

    async def check(self, name: str, project: ProjectName, at: datetime) -> None:
        """Raise UploadRefused for a name that is nobody's here and public, or looks like one that is (400, 403).

        Also (403, "... try again") where that cannot be found out. `name` is as its author spells it. Raises DatabaseUnavailable.
        """
        if await asyncio.to_thread(self._own.has, project):
            return
        check_possible(project, self._terms.ownership.prohibited)
        if await asyncio.to_thread(self._own.is_claimed, project):
            return
        if (other := await asyncio.to_thread(self._own.alike, project)) is not None:
            raise too_similar(project, f"It looks like {other}, of this organisation")
        try:
            async with asyncio.timeout(self._terms.wait_seconds):
                if not await self._is_ours(project):
                    await self._compare(project)
        except TimeoutError:
            raise _unknown(project, "the public project lists, which have not come yet") from None

    async def warm(self) -> None:
        """Have the lists at hand before the first author claims a name. Never raises for a source's sake."""
        for source in self._public if not self._terms.offline else ():
            try:
                await self._lists.of(source).find(ProjectName("warm"), self._max_age)
            except SourceUnavailable as error:
                logger.info("new names cannot be compared with those of %s yet: %s", source.name, error)

    async def _is_ours(self, project: ProjectName) -> bool:
        for source in self._own_sources:
            with _certain(project, source):
                try:
                    await source.page(project)
                except ProjectAbsent:
                    continue
                return True
        return False

    async def _compare(self, project: ProjectName) -> None:
        if self._public and self._terms.offline:
            raise _unknown(project, "public names, as this gateway is offline", again=False)
        for source in self._public:
            with _certain(project, source):
                found = await self._lists.of(source).find(project, self._max_age)
            _check_found(project, found, source)
        for source in self._public if not self._reserved.covers(project) else ():
            with _certain(project, source):
                await self._ask(source, project)

    async def _ask(self, source: Source, project: ProjectName) -> None:
        """Ask for the page of just that name: it may be younger than the list."""
        try:
            await source.page(project, 0.0)
        except ProjectAbsent:
            return
        _check_found(project, [project], source)


def _check_found(project: ProjectName, found: Sequence[ProjectName], source: Source) -> None:
    if project in found:
        line = (
            f"The name '{project}' is that of a public project on {source.name}, so it cannot be claimed here. Choose another;"
            " an operator can claim it on purpose."
        )
        raise UploadRefused(403, "public-name", line)
    if found:
        raise too_similar(project, f"It looks like {found[0]}, a public project on {source.name}")


@contextmanager
def _certain(project: ProjectName, source: Source) -> Iterator[None]:
    """Turn what keeps a source from being asked into a refusal; the log has the source's words."""
    try:
        yield
    except (SourceUnavailable, OSError) as error:
        logger.warning("a new name could not be compared: %s", error)
        raise _unknown(project, f"the names of {source.name}") from error


def _unknown(project: ProjectName, what: str, *, again: bool = True) -> UploadRefused:
    do = "try again in a minute" if again else "an operator can claim it on purpose"
    return UploadRefused(403, "public-name", f"The name '{project}' could not be checked against {what}; {do}.")
