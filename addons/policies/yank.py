"""yank: releases that are not chosen any more, but still had by those who pin them (PEP 592)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, override

import msgspec

from addons.policies.rules import Ruled
from addons.policies.verdicts import refusal, with_changed
from addons.policies.wording import words
from addons.simple.page import File, Page
from proxyconf.rules import Rule


class YankRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files that only those get who pin them, and why."""

    refuses: ClassVar[bool] = False

    reason: str

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.must_name_files()


class Yank(Ruled[YankRule]):
    """Mark the files that a rule covers as yanked with the rule's words, after those that upstream gave (YNK-07)."""

    def apply(self, page: Page, at: datetime) -> Page:
        """Mark what the rules cover as yanked; files stay to be had."""
        found = self._rules.covered(page, at, unknown=False)
        changed = {
            place: self._yanked(file, covering)
            for place, covering in found.items()
            if (file := page.files[place]).refused is None
        }
        return with_changed(page, changed)

    def _yanked(self, file: File, rules: Sequence[YankRule]) -> File:
        given = [file.yanked] if isinstance(file.yanked, str) else []
        said = [words(refusal("yank", rule, ""), self._contact) for rule in rules]
        return msgspec.structs.replace(file, yanked="; ".join([*given, *said]))
