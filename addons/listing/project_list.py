"""The project list of a configuration: kept finished on disk, renewed when its sources or its rules change."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from addons.listing.apart import apart
from addons.listing.list_file import ListFile
from addons.listing.orders import BuildOrder, BuildOutcome, Part, Rules, Written
from addons.listing.source_list import MOST_STALE_SECONDS, SourceList
from addons.listing.store import Facts, ListStore, Made
from addons.simple.page import File
from addons.sources.listed import Lister
from addons.sources.source import SourceUnavailable

logger = logging.getLogger(__name__)

type RulesAt = Callable[[datetime], Rules]
"""The rules that are in force at an instant (aware, UTC)."""


class ProjectList:
    """The list of these sources, highest first, under these rules.

    `store` has what was made under the configurations before: a change of rules takes no new download. Making one of
    these waits for the disk.
    """

    def __init__(self, sources: Sequence[Lister], rules: RulesAt, store: ListStore) -> None:
        self._store = store
        self._lists = store.lists_of(sources)
        self._rules = rules
        self._renewing: asyncio.Task[None] | None = None

    async def current(self, at: datetime, max_age: float | None = None) -> Made:
        """Give the list as it is at the instant `at` of the request. `max_age` (seconds): public sources are asked again if their word is older.

        A change of an own source or of the rules, also one that the clock makes, shows at once. A change at a public source shows when its list is not
        fresh any more, and at most five minutes later: while it is fetched and built, requests get the list before it.
        Raises SourceUnavailable: an own source's always, a public one's if nothing of it is known that is less than a
        day old. Raises StepFailed.
        """
        rules = self._rules(at)
        await self._ask(own=True)
        if max_age is not None:
            await self._ask(own=False, max_age=max_age)
        made = self._nearest(rules)
        if made is None:
            return await self._waited_for(rules, MOST_STALE_SECONDS, exact=max_age is not None)
        overdue = self._overdue(made)
        if not overdue or (max_age is not None and made.facts == self._facts(rules)):
            return made
        if max_age is None and overdue <= MOST_STALE_SECONDS:
            self._begin(rules, 0.0)
            return made
        return await self._waited_for(rules, 0.0, exact=max_age is not None)

    async def _waited_for(self, rules: Rules, patience: float, *, exact: bool) -> Made:
        """Wait until there is a list of what own sources have; `exact`: of what public ones are known to have, too."""
        while True:
            task, standing = self._begin(rules, patience, waited=True), self._nearest(rules)
            await asyncio.wait([task], timeout=self._patience() if standing is not None else None)
            if not task.done() and standing is not None:
                return self._standing(standing)
            task.result()
            made = self._nearest(rules)  # None: an own source changed meanwhile, or it was built under others' rules
            if made is not None and (not exact or made.facts == self._facts(rules)):
                return made

    @property
    def stale(self) -> float | None:
        """How old (seconds) the oldest source's list is that stands in for what its source does not give, else None."""
        return max((age for each in self._lists if (age := each.stale) is not None), default=None)

    def _patience(self) -> float:
        return min((each.patience for each in self._lists if not each.source.own), default=0.0)

    def _standing(self, made: Made) -> Made:
        for each in self._lists:
            if not each.source.own and not each.counts(None, 0.0):
                each.stand_in()
        return made

    async def _ask(
        self, *, own: bool, max_age: float | None = None, patience: float = 0.0, waited: bool = True
    ) -> None:
        due = [each for each in self._lists if each.source.own == own and not each.counts(max_age, patience)]
        if due:  # else what is in hand is given without a suspension
            await asyncio.gather(*(each.renew(max_age, patient=not waited) for each in due))

    def _facts(self, rules: Rules) -> Facts | None:
        versions = [(each.source, each.kept.document.version) for each in self._lists if each.kept is not None]
        if len(versions) < len(self._lists):
            return None
        return Facts(
            rules,
            tuple((source.name, version) for source, version in versions if source.own),
            tuple((source.name, version) for source, version in versions if not source.own),
        )

    def _nearest(self, rules: Rules) -> Made | None:
        facts = self._facts(rules)
        return self._store.nearest(facts) if facts is not None else None

    def _overdue(self, made: Made) -> float:
        """Tell for how many seconds the list has been out of date because of public sources."""
        lists = [each for each in self._lists if not each.source.own]
        versions = [version for _, version in made.facts.public]
        return max((each.overdue(version) for each, version in zip(lists, versions, strict=True)), default=0.0)

    def _begin(self, rules: Rules, patience: float, *, waited: bool = False) -> asyncio.Task[None]:
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.ensure_future(self._store.workshop.doing(self._renew(rules, patience, waited)))
            self._renewing.add_done_callback(_say_why)
        return self._renewing

    async def _renew(self, rules: Rules, patience: float, waited: bool) -> None:
        await self._ask(own=False, patience=patience, waited=waited)
        async with self._store.workshop.step:
            facts = self._facts(rules)
            if facts is not None and self._store.find(facts) is None:
                await self._store.keep(await self._build(facts))

    async def _build(self, facts: Facts) -> Made:
        async with self._store.workshop.scratch() as path:
            parts = tuple(_part(each) for each in self._lists)
            order = BuildOrder(parts=parts, rules=facts.rules, prefix=str(path))
            built = await apart("build", order, BuildOutcome)
        files = {(written.form, written.coding): _file(written) for written in built.files}
        return Made(facts, files, built.serial, built.count)


def _part(each: SourceList) -> Part:
    assert each.kept is not None
    return Part(
        source=each.source.name, own=each.source.own, names=str(each.kept.path), serial=each.kept.document.serial
    )


def _file(written: Written) -> ListFile:
    filename = f"project-list.{written.form}"
    return ListFile(
        Path(written.path), File(filename=filename, url="", hashes={"sha256": written.sha256}, size=written.size)
    )


def _say_why(task: asyncio.Task[None]) -> None:
    """Report a renewal that nobody may have waited for."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, SourceUnavailable):  # which has told the log itself
        logger.warning("the project list is not renewed: %s", error)
