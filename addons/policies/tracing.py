"""What each policy did to a page, told by the page before it and the one that it left; nothing is kept while one is applied."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec

from addons.policies.policy import FAILED, Policy, apply_all
from addons.policies.rules import Ruled
from addons.policies.verdicts import is_allowed
from addons.simple.page import File, Page, Refusal
from proxyconf.rules import Rule

type Deed = Literal[
    "refused",
    "hidden",
    "failed",
    "yanked",
    "allowed",
    "changed",
    "removed",
    "exempt",
    "refused already",
    "left",
    "ended",
]
"""What a policy did to a file, or why it did nothing though a rule is about it: the file is allowed, was refused before,
is not what the rule is for (as a file that is old enough), or the rule has ended by itself."""

type Numbered = tuple[int, Rule]
"""A rule with its number in its policy, from 0."""

_ALWAYS = datetime.min.replace(tzinfo=UTC)  # an instant at which no rule has ended


@dataclass(frozen=True)
class Did:
    """What a policy did to a file, and by which of its rules: the one whose words are said comes first."""

    deed: Deed
    rules: tuple[Numbered, ...] = ()
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Step:
    """What one policy did to a page: to the files by name, to the list of versions, and the page that it left."""

    files: Mapping[str, Did]
    versions: Mapping[str, tuple[Numbered, ...]]
    page: Page


def trace(policies: Iterable[Policy], page: Page, at: datetime) -> tuple[Step, ...]:
    """Give what each policy did, in order; the last page is that of `apply_all`."""
    steps = []
    for policy in policies:
        after = apply_all((policy,), page, at)
        steps.append(_step(policy, page, after, at))
        page = after
    return tuple(steps)


def _step(policy: Policy, before: Page, after: Page, at: datetime) -> Step:
    rules = _Rules(policy, at)
    covering, ended = rules.about(before), rules.ended(before)
    kept = {file.filename: file for file in after.files}
    files = {}
    for position, file in enumerate(before.files):
        found = covering.get(position, ())
        did = _did(file, kept.get(file.filename), found, rules.name)
        if did is None and (over := ended.get(position)):
            did = Did("ended", over)
        if did is not None:
            files[file.filename] = did
    return Step(files, rules.of_versions(before, _gone(before, after)), after)


def _did(before: File, after: File | None, rules: Sequence[Numbered], name: str) -> Did | None:
    deed = _deed(before, after)
    if deed is not None:
        refusal = after.refused if after is not None else None
        if deed == "failed":
            return Did(deed, (), refusal)
        return Did(deed, _decisive_first(rules, refusal if deed in ("refused", "hidden") else None), refusal)
    if not rules:
        return None
    if before.refused is not None:
        return Did("refused already", tuple(rules))
    return Did("exempt" if is_allowed(before, name) else "left", tuple(rules))


def _deed(before: File, after: File | None) -> Deed | None:
    if after is None:
        return "removed"
    if after.refused is not None and after.refused != before.refused:
        if after.refused.reason == FAILED:
            return "failed"
        return "hidden" if after.refused.hidden else "refused"
    if after.yanked != before.yanked:
        return "yanked"
    if after.allowed != before.allowed:
        return "allowed"
    return "changed" if after != before else None


def _decisive_first(rules: Sequence[Numbered], refusal: Refusal | None) -> tuple[Numbered, ...]:
    """Give first the rules whose words the refusal has."""
    if refusal is None:
        return tuple(rules)
    return tuple(
        sorted(rules, key=lambda pair: (pair[1].id, pair[1].reason or refusal.reason) != (refusal.id, refusal.reason))
    )


def _gone(before: Page, after: Page) -> Sequence[str]:
    kept = set(after.versions or ())
    return [text for text in before.versions or () if text not in kept]


def name_of(policy: Policy) -> str:
    """Give the one name of a policy: its class MinAge is min_age in the configuration."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(policy).__name__).lower()


class _Rules:
    """The rules of a policy about a page; of one that has none (an operator's own) only the name is known."""

    def __init__(self, policy: Policy, at: datetime) -> None:
        self.name = name_of(policy)
        self._policy = policy
        self._at = at

    def about(self, page: Page, at: datetime | None = None) -> Mapping[int, tuple[Numbered, ...]]:
        """Give the rules in force about each position; of a file that tells no version only where no other is about it."""
        if not isinstance(self._policy, Ruled):
            return {}
        at = at or self._at
        return {**self._policy.covering(page, at, unknown=True), **self._policy.covering(page, at, unknown=False)}

    def ended(self, page: Page) -> Mapping[int, tuple[Numbered, ...]]:
        """Give the rules that would be about each position, had they not ended."""
        every = self.about(page, _ALWAYS)
        over = {position: tuple(pair for pair in pairs if self._is_over(pair[1])) for position, pairs in every.items()}
        return {position: pairs for position, pairs in over.items() if pairs}

    def _is_over(self, rule: Rule) -> bool:
        return rule.until is not None and rule.until <= self._at

    def of_versions(self, page: Page, versions: Sequence[str]) -> Mapping[str, tuple[Numbered, ...]]:
        """Give the rules for which versions without a file were taken off the list: those about any file of theirs."""
        if not versions:
            return {}
        files = tuple(File(filename=f"{page.project}-{text}.tar.gz", url="", hashes={}) for text in versions)
        found = self.about(msgspec.structs.replace(page, files=files))
        return {
            text: tuple(pair for pair in found.get(number, ()) if not pair[1].files and not pair[1].sha256)
            for number, text in enumerate(versions)
        }
