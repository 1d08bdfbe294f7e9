"""min_age: files that are too young wait, so that others find out first what is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import override

from addons.policies.uploads import NEVER, Dated, DatedRule, because, full_minute, later_than, minute, uploaded
from addons.policies.verdicts import with_refused
from addons.simple.page import Page, Refusal
from proxyconf import values
from proxyconf.instants import Instant
from proxyconf.misfit import settle

_MOST_DAYS = 3650
_UNDATED = "its index gives no upload time, so its age is not known; to have it, ask for an allow rule or undated: pass"


class MinAgeRule(DatedRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How old files must be, in days (0.5: twelve hours; 0: any age). What was uploaded before `since` is old enough.

    Before the instant `since` itself nothing is held, undated files neither.
    """

    days: float
    since: Instant | None = None

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, days=values.between(0, _MOST_DAYS, "a number of days"))


@dataclass(frozen=True)
class _Held:
    """That a rule holds a file, of this time of upload if it is known, until the instant `due`."""

    rule: MinAgeRule
    uploaded: datetime | None
    due: datetime


class MinAge(Dated[MinAgeRule]):
    """Refuse each file that is younger, by its own upload time, than the first rule that covers it says.

    It stays listed as yanked with the instant at which it is to be had, so that unpinned installs take an older
    release. No words change before that instant does, so a page is the same until then.
    """

    def apply(self, page: Page, at: datetime) -> Page:
        """Mark what is too young as refused."""
        held = self._held(page, at)
        return with_refused(page, {place: _refusal(each) for place, each in held.items()}, self._contact)

    @override
    def changes(self, page: Page, at: datetime) -> datetime | None:
        """Give the instant at which the next file is old enough, or a rule begins or ends."""
        ends = super().changes(page, at)
        begins = [rule.since for rule in self._concerning(page) if rule.since is not None and rule.since > at]
        dues = [each.due for each in self._held(page, at).values() if each.due < NEVER]
        return min([*dues, *begins, *([ends] if ends is not None else [])], default=None)

    def _held(self, page: Page, at: datetime) -> Mapping[int, _Held]:
        rules = self._concerning(page)
        if not rules:
            return {}
        # Whatever is older than the longest wait needs no rule looked up: nearly every file of nearly every page.
        young = later_than(page, at - _age(max(rule.days for rule in rules)))
        first = self._first(page, young, at) if young else {}
        held = {}
        for place, candidates in first.items():
            time = uploaded(page.files[place].upload_time)
            longest = max((_Held(rule, time, _due(rule, time, at)) for rule in candidates), key=lambda each: each.due)
            if longest.due > at:
                held[place] = longest
        return held


def _due(rule: MinAgeRule, time: datetime | None, at: datetime) -> datetime:
    """Give the instant from which the rule lets a file of this time of upload through; `at` if it does by now."""
    if not rule.days or (rule.since is not None and at < rule.since):
        return at
    if time is None:
        return NEVER if rule.undated == "refuse" else at
    if rule.since is not None and time < rule.since:
        return at
    try:
        return min(time + _age(rule.days), NEVER)
    except OverflowError:
        return NEVER


def _age(days: float) -> timedelta:
    return timedelta(days=days)


def _refusal(held: _Held) -> Refusal:
    fact = _UNDATED
    if held.uploaded is not None:
        fact = f"released {minute(held.uploaded)}, available {full_minute(held.due)}"
    return Refusal(policy="min_age", reason=because(fact, held.rule), id=held.rule.id)
