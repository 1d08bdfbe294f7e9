"""snapshot: the world as of an instant; what was uploaded later is not there."""

from collections.abc import Mapping
from datetime import datetime
from typing import override

import msgspec

from addons.policies.rules import covers, is_in_force, positions_by_version
from addons.policies.uploads import Dated, DatedRule, because, later_than, minute, uploaded
from addons.policies.verdicts import is_allowed, with_changed
from addons.simple.distributions import version
from addons.simple.page import Page, Refusal, without_versions
from proxyconf.instants import Instant

_UNDATED = (
    "its index gives no upload time, so it may be later than {}; to have it, ask for an allow rule or undated: pass"
)


class SnapshotRule(DatedRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As of which instant files are seen: one that was uploaded later is not there."""

    at: Instant


class Snapshot(Dated[SnapshotRule]):
    """Refuse each file that was uploaded after the instant of the first rule that covers it, and list it nowhere.

    Versions that are thereby left without files leave the list of versions. All else, such as yanks and the project's
    status, is as it is today: no index says since when. A project with nothing left has an empty page.
    """

    def apply(self, page: Page, at: datetime) -> Page:
        """Mark what is later as refused and hidden."""
        if not self._concerning(page):
            return page
        said: dict[tuple[int, str | None], Refusal] = {}  # files of one release come within a minute or two
        changed = {}
        for place, rule in self._later(page, at).items():
            file = page.files[place]
            verdict = file.refused
            if verdict is None:
                time = uploaded(file.upload_time)
                key = id(rule), None if time is None else minute(time)
                verdict = said.get(key) or said.setdefault(key, _refusal(rule, key[1]))
            changed[place] = msgspec.structs.replace(file, refused=_unlisted(verdict))
        return with_changed(self._without_bare(page, at), changed)

    @override
    def changes(self, page: Page, at: datetime) -> datetime | None:
        """Give the instant at which a rule ends by itself, or one comes that a rule is as of."""
        ends = super().changes(page, at)
        comes = [rule.at for rule in self._concerning(page) if rule.at > at]
        return min([*comes, *([ends] if ends is not None else [])], default=None)

    def _later(self, page: Page, at: datetime) -> Mapping[int, SnapshotRule]:
        places = later_than(page, min(rule.at for rule in self._concerning(page)))
        found = {}
        for place, candidates in (self._first(page, places, at) if places else {}).items():
            file = page.files[place]
            hiding = [rule for rule in candidates if _is_later(rule, uploaded(file.upload_time), at)]
            if hiding and not is_allowed(file, "snapshot"):
                found[place] = min(hiding, key=lambda rule: rule.at)
        return found

    def _without_bare(self, page: Page, at: datetime) -> Page:
        """Take versions that have no file off the list of versions, as files of no known time are taken off the page."""
        rules = [
            rule
            for rule in self._concerning(page)
            if is_in_force(rule, at)
            and not rule.files
            and not rule.sha256
            and (rule.own or page.source not in page.own)
        ]
        if not rules or page.versions is None:
            return page
        shown = positions_by_version(page).keys() - {None}

        def is_bare_and_later(text: str) -> bool:
            listed = version(text)
            first = next((rule for rule in rules if covers(rule, listed, unknown=True)), None)
            return listed not in shown and first is not None and _is_later(first, None, at)

        return without_versions(page, is_bare_and_later)


def _is_later(rule: SnapshotRule, time: datetime | None, at: datetime) -> bool:
    """Tell whether the rule hides a file of this time of upload. What is there by now is not later than a time to come."""
    if time is None:
        return rule.undated == "refuse" and at >= rule.at
    return time > rule.at


def _unlisted(verdict: Refusal) -> Refusal:
    """Give the verdict, if it is another policy's, for a file that no page lists."""
    return verdict if verdict.hidden else msgspec.structs.replace(verdict, hidden=True)


def _refusal(rule: SnapshotRule, released: str | None) -> Refusal:
    instant = minute(rule.at)
    fact = _UNDATED.format(instant)
    if released is not None:
        fact = f"released {released}, and only what was there by {instant} is let in"
    return Refusal(policy="snapshot", reason=because(fact, rule), id=rule.id, hidden=True)
