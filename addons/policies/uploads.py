"""When files were uploaded, and which rule of a policy that asks so is theirs: the first that covers a file.

Source: PEP 700 (`upload-time`). The texts are what indexes write, odd ones too, and none of them raises.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal, override

import msgspec

from addons.policies.rules import Ruled, is_about_all_of_it, is_in_force, positions_by_version
from addons.policies.verdicts import is_own
from addons.simple.page import Page
from proxyconf.rules import Rule

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Later than anything that can be said."""


class DatedRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule about when files were uploaded. `own`: about those of the organisation's own sources, too.

    `undated` is what it means for a file of which no upload time can be read.
    """

    own: bool = False
    undated: Literal["refuse", "pass"] = "refuse"

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.must_name_files()


class Dated[R: DatedRule](Ruled[R]):
    """What policies that ask for the time of upload share: one rule counts for a file, the first that covers it."""

    def __init__(self, rules: Sequence[R], contact: str = "") -> None:
        super().__init__(rules, contact)
        self._anywhere = tuple(rule for rule in rules if rule.sha256)

    def _concerning(self, page: Page) -> Sequence[R]:
        """Give the rules that may be about any of the page's files."""
        return (*(rule for _, rule in self._rules.about(page.project).rules), *self._anywhere)

    def _first(self, page: Page, places: Iterable[int], at: datetime) -> Mapping[int, Sequence[R]]:
        """Give for the files at these places the rule that counts, and nothing for files that no rule is about.

        They are several where no version can be read from the filename: each that might be the first, the last of them
        for certain.
        """
        wanted = list(places)
        rules = [rule for _, rule in self._rules.about(page.project).rules if is_in_force(rule, at)]
        if rules and is_about_all_of_it(rules[0]) and not self._anywhere and not page.own:
            return dict.fromkeys(wanted, rules[:1])  # as nearly every configuration has it: no file need be looked at
        part = msgspec.structs.replace(page, files=tuple([page.files[place] for place in wanted]))
        perhaps = self._rules.covered(part, at, unknown=True)
        surely = perhaps
        if None in positions_by_version(part):
            surely = self._rules.covered(part, at, unknown=False)
        found: dict[int, Sequence[R]] = {}
        for number, covering in perhaps.items():
            own = bool(page.own) and is_own(page, part.files[number])
            left = tuple(rule for rule in covering if rule.own or not own)
            if left:
                found[wanted[number]] = left[:1] if surely is perhaps else _until_sure(left, surely.get(number, ()))
        return found


def _until_sure[R: Rule](rules: Sequence[R], sure: Sequence[R]) -> Sequence[R]:
    end = next((number for number, rule in enumerate(rules, 1) if any(rule is each for each in sure)), len(rules))
    return rules[:end]


@lru_cache(maxsize=16384)  # three of the largest pages
def uploaded(text: str | None) -> datetime | None:
    """Give the instant (UTC) that an `upload-time` says; None if it says none, or no zone. Below microseconds it is cut."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the year 1 in a zone east of Greenwich
        return None


def later_than(page: Page, instant: datetime) -> list[int]:
    """Give the places of the files that were uploaded after the instant, or may have been: it cannot be read."""
    times = [uploaded(file.upload_time) for file in page.files]
    return [place for place, time in enumerate(times) if time is None or time > instant]


def minute(instant: datetime) -> str:
    """Write an instant of UTC as people read it, to the minute that it lies in: `2026-11-25T10:00Z`."""
    return f"{instant.isoformat()[:16]}Z"


def full_minute(instant: datetime) -> str:
    """Write an instant of UTC to the minute that has come with it: never one before it."""
    is_full = not instant.second and not instant.microsecond
    return minute(instant if is_full or instant >= NEVER else instant + timedelta(minutes=1))


def because(fact: str, rule: Rule) -> str:
    """Put the rule's own reason, if it has one, behind what the policy found: a terminal cuts the end."""
    return f"{fact}; {rule.reason}" if rule.reason else fact
