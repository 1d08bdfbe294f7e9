"""allow: files that the policies below do not refuse."""

from datetime import datetime
from typing import ClassVar, override

import msgspec

from addons.policies.rules import Ruled, first_end, is_in_force
from addons.policies.verdicts import with_changed
from addons.policies.whole import Whole
from addons.simple.page import File, Page
from proxyconf.rules import EVERY, Rule


class AllowRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files that are let through, and why; `past` are the policies that they are let through by name, all if it is empty."""

    refuses: ClassVar[bool] = False

    reason: str
    past: tuple[str, ...] = ()

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.must_name_files()

    @property
    @override
    def lets_past(self) -> tuple[str, ...]:
        """What `past` says."""
        return self.past


class Allow(Ruled[AllowRule]):
    """Exempt the files that a rule covers from the refusals of policies that stand below; what was refused above stays so."""

    def apply(self, page: Page, at: datetime) -> Page:
        """Mark what the rules cover as allowed."""
        found = self._rules.covered(page, at, unknown=False)
        return with_changed(page, {place: _past(page.files[place], rules) for place, rules in found.items()})

    @override
    def whole(self, at: datetime) -> Whole:
        """Except the projects that a rule is about, or may be by a sha256."""
        rules = [rule for rule in self._rules.rules if is_in_force(rule, at)]
        allowed: dict[str, set[str]] = {}
        for rule in rules:
            for name in rule.past or (EVERY,):
                allowed.setdefault(name, set()).add(rule.project or EVERY)
        scopes = {name: frozenset(names) for name, names in allowed.items()}
        return Whole(allowed=scopes, until=first_end(rules, at))


def _past(file: File, rules: tuple[AllowRule, ...]) -> File:
    names = {name for rule in rules for name in rule.past or (EVERY,)}
    return msgspec.structs.replace(file, allowed=tuple(sorted({*file.allowed, *names})))
