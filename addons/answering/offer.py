"""What is offered: a project's page under the policies, and the files that it offers. Everything else asks this."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from addons.announcing.announcer import Announcer
from addons.announcing.links import Announced
from addons.cache.flight import Flights
from addons.cache.recent import Recent
from addons.off_loop import off_loop
from addons.policies.policy import Policy, apply_all, facts_of, hide_refused, lasts_until
from addons.policies.tracing import Step, trace
from addons.policies.wording import linked
from addons.routes import OWN_FILES
from addons.simple.merging import merged, without_claims
from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from addons.sources.priority import Part, Priority
from addons.sources.source import Source
from proxyconf import hosts

_SMALL = 100  # files
_KEPT_FILES = 50_000  # how many entries of judged pages are remembered; they share the sources' own


@dataclass(frozen=True)
class Desk:
    """Where people can read why: the gateway's `address` (a URL; none where it is not known), and for whom, as a query."""

    address: str = ""
    whom: str = ""

    def explains(self, project: ProjectName) -> str:
        """Give the URL that is about this project; none where the address is not known."""
        return f"{self.address}/explain/{project}{self.whom}" if self.address else ""


NO_DESK = Desk()


@dataclass(frozen=True)
class Offered:
    """A file that the page lists, refused or not, with its source and the project whose page it is."""

    project: ProjectName
    source: Source
    file: File


@dataclass(frozen=True)
class Judged:
    """A page under the policies: with refused files marked, and as clients see it; true until the clock says `until`.

    `since`: a judgement that was true until then was seen before, so this one is not true of an earlier instant.
    """

    version: Hashable
    page: Page
    shown: Page
    files: Mapping[str, File]
    until: datetime | None
    since: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Tell whether the judgement is true at this instant: still, or (after the clock was set back) already."""
        return (self.until is None or at < self.until) and (self.since is None or at >= self.since)

    def ended(self, at: datetime) -> datetime | None:
        """When it ceased to be true, if it has by this instant."""
        return self.until if self.until is not None and self.until <= at else None


class Found(NamedTuple):
    """A project that is there: its page's parts as their sources gave them, and the policies' judgement."""

    project: ProjectName
    parts: Sequence[Part]
    judged: Judged

    @property
    def version(self) -> Hashable:
        """What changes exactly when the judgement may."""
        return self.judged.version

    @property
    def stale(self) -> float | None:
        """How old (seconds) the oldest part is that stands in for an answer of its source; None if none does."""
        return max((part.page.stale for part in self.parts if part.page.stale is not None), default=None)

    def left(self, at: datetime) -> float | None:
        """For how many seconds from an instant on the judgement holds by the clock; None: for as long as its facts do."""
        return None if self.judged.until is None else (self.judged.until - at).total_seconds()

    @property
    def page(self) -> Page:
        """The page with refused files marked, and with their sources' own URLs."""
        return self.judged.page

    @property
    def shown(self) -> Page:
        """The page as clients may see it, its files' URLs on hosts that the gateway answers for."""
        return self.judged.shown

    def file(self, filename: str) -> Offered | None:
        """Give the file of this name that the page lists, refused or not."""
        file = self.judged.files.get(filename)
        return None if file is None else Offered(self.project, self._source_of(filename), file)

    def _source_of(self, filename: str) -> Source:
        name = self.page.sources.get(filename)
        return next((part.source for part in self.parts if part.source.name == name), self.parts[0].source)


@dataclass(frozen=True)
class Traced:
    """How a judgement came about: what each source had to do with it, the page as they gave it, and each policy's step."""

    parts: Sequence[Part]
    sources: Mapping[str, str]
    whole: Page
    steps: Sequence[Step]

    @property
    def page(self) -> Page:
        """The page as the policies left it."""
        return self.steps[-1].page if self.steps else self.whole


class Judgements:
    """Judged pages by the facts that they came from, kept over changes of the configuration.

    `failed` says of each policy that has failed on pages how often, and on whose last.
    """

    def __init__(self, capacity: int = _KEPT_FILES) -> None:
        self.recent: Recent[Hashable, Judged] = Recent(capacity)
        self.flights: Flights[Hashable, Judged] = Flights()
        self.failed: dict[str, tuple[int, str]] = {}


class Offer:
    """Pages and files as policies leave them, in one place, so that no route can see another page than another."""

    def __init__(
        self,
        priority: Priority,
        policies: Sequence[Policy],
        *,
        hide: bool,
        judgements: Judgements | None = None,
        announcer: Announcer | None = None,
        desk: Desk = NO_DESK,
    ) -> None:
        self._desk = desk
        self._where = f"{desk.address} {desk.whom}"  # a text knows its hash, and every request asks for it
        self.announcer = announcer
        self._priority = priority
        self._policies = policies
        self._hide = hide
        self._judgements = judgements or Judgements()

    async def find(self, project: ProjectName, at: datetime, max_age: float | None = None) -> Found:
        """Give the project as the policies leave it at the instant `at`; sources are asked as `Source.page` says.

        Raises ProjectAbsent or SourceUnavailable.
        """
        parts = await self._priority.parts(project, max_age)
        known, terms = tuple[Announced, ...](), None
        if self.announcer is not None:
            terms = self.announcer.terms
            at_hand = self.announcer.at_hand(parts)
            known = at_hand if at_hand is not None else await self.announcer.known(parts, partial(self._offers, at))
        versions = [(part.source.name, part.page.version) for part in parts]
        facts = facts_of(self._policies, project, at)
        # What is equal for several groups of clients is judged and rendered once for them all, and what is not never.
        key = (project, *versions, self._hide, "" if facts == () else self._where, facts, known, terms)
        judged = self._judgements.recent.find(key)
        if judged is None or not judged.holds(at):
            judged = await self._judgement(key, parts, known, at, judged.ended(at) if judged is not None else None)
        return Found(project, parts, judged)

    async def traced(self, project: ProjectName, at: datetime) -> Traced:
        """Give how the project came to be as the policies leave it. Raises ProjectAbsent or SourceUnavailable."""
        parts = await self._priority.parts(project)
        whole = _whole(parts)
        steps = await off_loop(is_large(whole), trace, self._policies, whole, at)
        return Traced(parts, self._priority.told(project, parts), whole, steps)

    def sources_without(self, project: ProjectName) -> Mapping[str, str]:
        """Say of each source why it gave nothing of a project that is absent."""
        return self._priority.told(project, ())

    def _offers(self, at: datetime, part: Part, file: File) -> bool:
        """Tell whether the policies leave a file, of a page that is not judged yet."""
        name = part.source.name
        own = frozenset([name] if part.source.own else [])
        page = msgspec.structs.replace(part.page, files=(file,), source=name, own=own)
        alone = apply_all(self._policies, page, at)
        return any(each.refused is None for each in alone.files)

    async def _judgement(
        self, key: Hashable, parts: Sequence[Part], known: Sequence[Announced], at: datetime, since: datetime | None
    ) -> Judged:
        if not any(is_large(part.page) for part in parts):
            return self._keep(key, replace(self._judge(key, parts, known, at), since=since))

        async def aside() -> Judged:
            return self._keep(key, replace(await off_loop(True, self._judge, key, parts, known, at), since=since))

        judged = await self._judgements.flights.share(key, aside)
        return judged if judged.holds(at) else await aside()

    def _judge(self, key: Hashable, parts: Sequence[Part], known: Sequence[Announced], at: datetime) -> Judged:
        whole = _whole(parts)
        page = apply_all(self._policies, whole, at)
        if page is not whole and (url := self._desk.explains(page.project)):
            page = _told_where(page, whole, url)
        if self.announcer is not None:
            page = self.announcer.linked(page, known, parts[0].source.name)
        until = lasts_until(self._policies, whole, page, at)
        shown = _readdressed(hide_refused(page, all_of_them=self._hide), parts)
        # What the clock changes is of another version each time; all else has one for ever.
        return Judged((key, until), page, shown, {file.filename: file for file in page.files}, until)

    def _keep(self, key: Hashable, judged: Judged) -> Judged:
        for policy in judged.page.failed:
            self._judgements.failed[policy] = (self._judgements.failed.get(policy, (0, ""))[0] + 1, judged.page.project)
        self._judgements.recent.keep(key, judged, len(judged.page.files) + 1)
        return judged


def is_large(page: Page) -> bool:
    """Tell whether work on every file of the page would hold up the event loop."""
    return len(page.files) > _SMALL


def _whole(parts: Sequence[Part]) -> Page:
    own = frozenset(part.source.name for part in parts if part.source.own)
    if len(parts) > 1:
        return msgspec.structs.replace(merged([(part.source.name, part.page) for part in parts]), own=own)
    [part] = parts
    return msgspec.structs.replace(without_claims(part.page), source=part.source.name, own=own) if own else part.page


def _told_where(page: Page, before: Page, url: str) -> Page:
    """Put the URL behind the words that the policies gave; what a source said stays as it is."""
    was = {file.filename: file.yanked for file in before.files}
    files = tuple(
        msgspec.structs.replace(file, yanked=linked(file.yanked, url))
        if isinstance(file.yanked, str) and file.yanked != was.get(file.filename)
        else file
        for file in page.files
    )
    reason = page.status_reason
    if reason and reason != before.status_reason:
        reason = linked(reason, url)
    return msgspec.structs.replace(page, files=files, status_reason=reason)


def _readdressed(page: Page, parts: Sequence[Part]) -> Page:
    """Put files that PyPI's own hosts do not have where clients find them through the gateway (MRG-11)."""
    indirect = {part.source.name for part in parts if not part.source.direct}
    if not indirect:
        return page
    alone = parts[0].source.name
    files = tuple(
        _own_address(file, source, page.project) if source in indirect else file
        for file in page.files
        for source in [page.sources.get(file.filename, alone)]
    )
    return msgspec.structs.replace(page, files=files)


def _own_address(file: File, source: str, project: ProjectName) -> File:
    """Give the file its URL on the files host, its name last."""
    url = f"{hosts.FILES_URL}{OWN_FILES}{source}/{project}/{quote(file.filename)}"
    return msgspec.structs.replace(file, url=url)
