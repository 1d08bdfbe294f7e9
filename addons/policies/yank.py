"""yank: releases that are not chosen any more, but still had by those who pin them (PEP 592)."""

from collections.abc import Hashable, Sequence
from datetime import datetime

import msgspec

from addons.policies.rules import ProjectRule, by_project, covered, with_changed
from addons.policies.wording import words
from addons.simple.names import ProjectName
from addons.simple.page import File, Page, Refusal


class Yank:
    """Mark the files that a rule covers as yanked with the rule's words, after those that upstream gave (YNK-07)."""

    def __init__(self, rules: Sequence[ProjectRule], contact: str = "") -> None:
        self._rules = by_project(rules)
        self._contact = contact

    def apply(self, page: Page, at: datetime) -> Page:
        """Mark what the rules cover as yanked; files stay to be had."""
        rules = self._rules.get(page.project)
        if not rules:
            return page
        found = covered(page, rules, unknown=False)
        changed = {
            place: self._yanked(file, covering)
            for place, covering in found.items()
            if (file := page.files[place]).refused is None
        }
        return with_changed(page, changed)

    def facts(self, project: ProjectName) -> Hashable:
        """Give the project's rules, and whom the words name."""
        rules = self._rules.get(project, ())
        return (rules, self._contact) if rules else ()

    def changes(self, page: Page, at: datetime) -> datetime | None:
        """Give None: no rule here knows the time."""
        return None

    @property
    def forbidden(self) -> frozenset[ProjectName]:
        """None: what is yanked can be had."""
        return frozenset()

    def _yanked(self, file: File, rules: Sequence[ProjectRule]) -> File:
        given = [file.yanked] if isinstance(file.yanked, str) else []
        said = [words(Refusal(policy="yank", reason=rule.reason, id=rule.id), self._contact) for rule in rules]
        return msgspec.structs.replace(file, yanked="; ".join([*given, *said]))
