"""Decisions made at run time as rule books: those that stand above the configuration's. Pure.

First the denials, then the yanks, then the exemptions: what is denied now is undone by no older exemption, and an exemption
holds against all of the configuration.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from packaging.specifiers import SpecifierSet

from addons.policies.allow import AllowRule
from addons.policies.deny import DenyRule
from addons.policies.yank import YankRule
from addons.store.decision import Decision, Kind
from proxyconf.instants import Instant, shown_instant
from proxyconf.rules import Policy, Rule

_RULES: Mapping[Kind, Callable[..., Rule]] = {"deny": DenyRule, "yank": YankRule, "allow": AllowRule}


def decided(decisions: Iterable[Decision], client: str | None = None) -> tuple[Policy, ...]:
    """Give the rule books of decisions that nobody has ended: those for everybody, and those for the client group of this name.

    Raises ValueError, in words that name the decision, for one that is no rule.
    """
    return books_of(each for each in decisions if each.draft.subject.client in (None, client))


def books_of(decisions: Iterable[Decision]) -> tuple[Policy, ...]:
    """Give the rule books of all these decisions, whoever they are for, as `decided` does.

    Their rules have their ends in them, so that one that has ended by itself does nothing.
    """
    meant = [each for each in decisions if each.ended is None]
    books = {kind: [each for each in meant if each.draft.kind == kind] for kind in _RULES}
    return tuple(
        Policy(name=kind, rules=tuple(map(rule_of, book)), places=tuple(map(place_of, book)))
        for kind, book in books.items()
        if book
    )


def rule_of(decision: Decision) -> Rule:
    """Give the rule that a decision is. Raises ValueError, in words that name the decision."""
    draft = decision.draft
    subject = draft.subject
    more: dict[str, Any] = {"past": draft.past} if draft.kind == "allow" else {}
    try:
        return _RULES[draft.kind](
            project=subject.project,
            versions=SpecifierSet(subject.versions) if subject.versions is not None else None,
            files=subject.files,
            sha256=subject.sha256,
            reason=draft.reason,
            id=draft.id,
            author=draft.author,
            until=Instant.read(draft.until.isoformat()) if draft.until is not None else None,
            **more,
        )
    except ValueError as error:
        raise ValueError(f"{place_of(decision)}: {error}") from error


def place_of(decision: Decision) -> str:
    """Say where a rule comes from, as `FILE:LINE` does of a configured one: `decision 7 of 2026-11-23 10:00 UTC`."""
    return f"decision {decision.number} of {shown_instant(decision.made.replace(microsecond=0))}"
