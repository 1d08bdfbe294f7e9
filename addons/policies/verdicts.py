"""What policies do to files: refuse them in words that reach people, unless another policy lets them through."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from addons.policies.wording import words
from addons.simple.page import File, Page, Refusal
from proxyconf.rules import EVERY, Rule


def refusal(policy: str, rule: Rule, reason: str, among: Sequence[Rule] = ()) -> Refusal:
    """Give a policy's verdict by one of its rules: in the rule's own words, or for this reason.

    `among` are all rules that say the same of the file, if there are more: it is refused until the last of them has ended.
    """
    return Refusal(policy=policy, reason=rule.reason or reason, id=rule.id, until=last_end(among or (rule,)))


def last_end(rules: Sequence[Rule]) -> datetime | None:
    """Give the instant from which none of the rules is in force; None: some have no end."""
    ends = [rule.until for rule in rules if rule.until is not None]
    return max(ends) if len(ends) == len(rules) and ends else None


def is_allowed(file: File, policy: str) -> bool:
    """Tell whether the file is exempt from this policy."""
    return policy in file.allowed or EVERY in file.allowed


def is_own(page: Page, file: File) -> bool:
    """Tell whether the file comes from a source of the organisation's own."""
    return page.sources.get(file.filename, page.source) in page.own


def with_refused(page: Page, refusals: Mapping[int, Refusal], contact: str) -> Page:
    """Give the page with the files at these positions refused, and yanked in the same words; what was refused before stays so."""
    changed = {}
    for position, verdict in refusals.items():
        file = page.files[position]
        if file.refused is None and not is_allowed(file, verdict.policy):
            changed[position] = msgspec.structs.replace(file, refused=verdict, yanked=words(verdict, contact))
    return with_changed(page, changed)


def with_changed(page: Page, changed: Mapping[int, File]) -> Page:
    """Give the page with other files at these positions; the very page if there are none."""
    if not changed:
        return page
    files = list(page.files)
    for position, file in changed.items():
        files[position] = file
    return msgspec.structs.replace(page, files=tuple(files))
