"""Rules that end by themselves, or do nothing where they stand: what an operator is told of them. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from proxyconf.instants import shown_instant
from proxyconf.rules import Policy, Rule

DAY = timedelta(days=1)
MOST_SAID = 20
"""How many rules are spoken of at once."""


class Ending(NamedTuple):
    """A rule that has ended, or ends, at `until`; `place` is its policy and its line in the configuration, or its decision.

    `stands`: it stands in the configuration, where somebody has to take it out.
    """

    until: datetime
    place: str
    rule: Rule
    stands: bool = True

    def said(self, at: datetime) -> str:
        """Say so, at an instant."""
        who = f", by {self.rule.author}" if self.rule.author else ""
        what = f"{self.place}, {about(self.rule)}{who}"
        if self.until <= at:
            ended = f"{what}: ended {shown_instant(self.until)}"
            return f"{ended}; take it out, or give it a later end" if self.stands else ended
        return f"{what}: ends {shown_instant(self.until)}, in {_left(self.until - at)}"


def endings(policies: Sequence[Policy], at: datetime, within: timedelta) -> list[Ending]:
    """Give the rules that have ended at an instant or will end within so long after it, the earliest first."""
    last = at + within
    found = [
        Ending(until, _place(policy, number), rule, stands=not policy.places)
        for policy in policies
        for number, rule in enumerate(policy.rules)
        if (until := rule.until) is not None and until <= last
    ]
    return sorted(found, key=lambda ending: ending.until)


def without_effect(policies: Sequence[Policy]) -> Iterator[str]:
    """Say which rules let files past policies of which none stands below them."""
    for place, policy in enumerate(policies):
        below = {each.name for each in policies[place + 1 :] if any(rule.refuses for rule in each.rules)}
        for number, rule in enumerate(policy.rules):
            if rule.lets_past is not None and not below & set(rule.lets_past or below):
                yield f"{_place(policy, number)}, {about(rule)}: lets files past no policy below it; move it up"


def about(rule: Rule) -> str:
    """Say what a rule is about, in the configuration's words: `imaging <9.3.1 (SEC-2107)`."""
    words = [rule.project] if rule.project else []
    words += [str(rule.versions)] if rule.versions else []
    words += rule.files[:3]
    words += [f"sha256 {digest[:12]}..." for digest in rule.sha256[:1]]
    return " ".join(words or ["everything"]) + (f" ({rule.id})" if rule.id else "")


def _place(policy: Policy, number: int) -> str:
    if policy.places:
        return f"{policy.places[number]}: {policy.name}"
    return f"line {policy.lines[number]}: {policy.name}" if policy.lines else policy.name


def _left(time: timedelta) -> str:
    """Say how long that is, in whole days or hours, not more than it is."""
    number, unit = (time.days, "day") if time >= DAY else (int(time.total_seconds() // 3600), "hour")
    if number == 0:
        return "less than an hour"
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


class Reminders:
    """Says of each rule once a day that it ends within `SOON`, and once that it has ended. `lister` is what lists them all."""

    SOON = 7 * DAY

    def __init__(self, lister: str = "wheelgate check") -> None:
        self._lister = lister
        self._said: dict[tuple[str, Rule], datetime] = {}  # when it was said last

    def due(self, policies: Sequence[Policy], at: datetime) -> list[str]:
        """Give what is to be said at an instant; it counts as said then. Rules that are gone are forgotten."""
        before, self._said = self._said, {}
        due = []
        for ending in endings(policies, at, self.SOON):
            key = (ending.place.rpartition(" ")[2], ending.rule)
            last = before.get(key)
            if last is None or (ending.until > last and (ending.until <= at or at - last >= DAY)):
                due.append(ending.said(at))
                last = at
            self._said[key] = last
        more = [f"and {len(due) - MOST_SAID} rules more; {self._lister} lists them"] if len(due) > MOST_SAID else []
        return due[:MOST_SAID] + more
