"""deny: releases and projects that nobody behind the gateway gets."""

from collections.abc import Sequence
from datetime import datetime
from typing import override

import msgspec

from addons.policies.rules import (
    Ruled,
    covers,
    first_end,
    is_about_all_of_it,
    is_in_force,
    positions_by_version,
)
from addons.policies.verdicts import is_allowed, refusal, with_refused
from addons.policies.whole import Whole
from addons.policies.wording import words
from addons.simple.distributions import version
from addons.simple.page import Page, Refusal, without_versions
from proxyconf.rules import EVERY, Rule


class DenyRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files that nobody gets, and why."""

    reason: str

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.must_name_files()


class Deny(Ruled[DenyRule]):
    """Refuse the files that a rule covers, in the rule's words.

    A denied release stays listed as yanked with the reason, so that unpinned installs fall back and pinned ones say
    why (PEP 592 tells the rest); a wholly denied project stays listed, unyanked, and quarantined (PEP 792): a client
    then asks for a file, and its 403 is what people can read.
    """

    def apply(self, page: Page, at: datetime) -> Page:
        """Mark what the rules cover as refused."""
        rules = [rule for _, rule in self._rules.about(page.project).rules if is_in_force(rule, at)]
        page = _without_bare_versions(page, rules)
        whole = [rule for rule in rules if is_about_all_of_it(rule)]
        if whole and not any(is_allowed(file, "deny") for file in page.files):
            return self._project(page, refusal("deny", whole[0], "", whole))
        found = self._rules.covered(page, at, unknown=True)
        verdicts = {place: refusal("deny", rules[0], "", rules) for place, rules in found.items()}
        return with_refused(page, verdicts, self._contact)

    @override
    def whole(self, at: datetime) -> Whole:
        """Refuse the projects that a rule is about all of."""
        rules = [rule for rule in self._rules.rules if is_about_all_of_it(rule) and is_in_force(rule, at)]
        refused = frozenset(rule.project or EVERY for rule in rules)
        return Whole(policy="deny", refused=refused, until=first_end(rules, at))

    def _project(self, page: Page, verdict: Refusal) -> Page:
        files = tuple(msgspec.structs.replace(file, refused=file.refused or verdict) for file in page.files)
        return msgspec.structs.replace(
            page, files=files, status="quarantined", status_reason=words(verdict, self._contact)
        )


def _without_bare_versions(page: Page, rules: Sequence[Rule]) -> Page:
    """Take denied versions that have no file off the list of versions: nothing would say of them that they are denied."""
    about = [rule for rule in rules if not rule.files and not rule.sha256]
    if not about:
        return page
    shown = positions_by_version(page).keys() - {None}

    def bare_and_denied(text: str) -> bool:
        listed = version(text)
        return listed not in shown and any(covers(rule, listed, unknown=True) for rule in about)

    return without_versions(page, bare_and_denied)
