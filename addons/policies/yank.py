"""yank: releases that are not chosen any more, but still had by those who pin them (PEP 592)."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from addons.policies.rules import ProjectRule, by_project, matches
from addons.policies.wording import words
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
        return msgspec.structs.replace(page, files=tuple(self._file(file, page, rules) for file in page.files))

    def _file(self, file: File, page: Page, rules: Sequence[ProjectRule]) -> File:
        covering = [rule for rule in rules if matches(rule, file.filename, page.project, unknown=False)]
        if file.refused is not None or not covering:
            return file
        given = [file.yanked] if isinstance(file.yanked, str) else []
        said = [words(Refusal(policy="yank", reason=rule.reason, id=rule.id), self._contact) for rule in covering]
        return msgspec.structs.replace(file, yanked="; ".join([*given, *said]))
