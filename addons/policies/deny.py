"""deny: releases and projects that nobody behind the gateway gets."""

from collections.abc import Hashable, Sequence
from datetime import datetime

import msgspec

from addons.policies.rules import ProjectRule, by_project, covered, covers, positions_by_version, with_changed
from addons.policies.wording import words
from addons.simple.distributions import version
from addons.simple.names import ProjectName
from addons.simple.page import File, Page, Refusal, without_versions


class Deny:
    """Refuse the files that a rule covers, in the rule's words.

    A denied release stays listed as yanked with the reason, so that unpinned installs fall back and pinned ones say
    why (PEP 592 tells the rest); a wholly denied project stays listed, unyanked, and quarantined (PEP 792): a client
    then asks for a file, and its 403 is what people can read.
    """

    def __init__(self, rules: Sequence[ProjectRule], contact: str = "") -> None:
        self._rules = by_project(rules)
        self._contact = contact

    def apply(self, page: Page, at: datetime) -> Page:
        """Mark what the rules cover as refused."""
        rules = self._rules.get(page.project)
        if not rules:
            return page
        page = _without_bare_versions(page, rules)
        whole = next((rule for rule in rules if rule.versions is None), None)
        if whole is not None:
            return self._project(page, self._refusal(whole))
        found = covered(page, rules, unknown=True)
        return with_changed(
            page, {place: self._denied(page.files[place], first) for place, (first, *_) in found.items()}
        )

    def facts(self, project: ProjectName) -> Hashable:
        """Give the project's rules, and whom the words name."""
        rules = self._rules.get(project, ())
        return (rules, self._contact) if rules else ()

    def changes(self, page: Page, at: datetime) -> datetime | None:
        """Give None: no rule here knows the time."""
        return None

    @property
    def forbidden(self) -> frozenset[ProjectName]:
        """The projects that a rule without versions names."""
        return frozenset(name for name, rules in self._rules.items() if any(rule.versions is None for rule in rules))

    @staticmethod
    def _refusal(rule: ProjectRule) -> Refusal:
        return Refusal(policy="deny", reason=rule.reason, id=rule.id)

    def _project(self, page: Page, refusal: Refusal) -> Page:
        files = tuple(msgspec.structs.replace(file, refused=file.refused or refusal) for file in page.files)
        return msgspec.structs.replace(
            page, files=files, status="quarantined", status_reason=words(refusal, self._contact)
        )

    def _denied(self, file: File, rule: ProjectRule) -> File:
        refusal = file.refused or self._refusal(rule)
        return msgspec.structs.replace(file, refused=refusal, yanked=words(refusal, self._contact))


def _without_bare_versions(page: Page, rules: Sequence[ProjectRule]) -> Page:
    """Take denied versions that have no file off the list of versions: nothing would say of them that they are denied."""
    shown = positions_by_version(page).keys() - {None}

    def bare_and_denied(text: str) -> bool:
        listed = version(text)
        return listed not in shown and any(covers(rule, listed, unknown=True) for rule in rules)

    return without_versions(page, bare_and_denied)
