from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from addons.inspecting.own_words import as_written, own_words
from addons.policies.kinds import KINDS
from proxyconf.instants import Instant
from proxyconf.reading import read_text
from proxyconf.rules import Rule

SAID = [
    ("min_age", "days: 60"),
    ("min_age", "days: 0.5, since: 2026-01-31T00:00Z"),
    ("min_age", "undated: pass, days: 3"),
    ("snapshot", "at: 2026-01-31T00:00Z"),
    ("snapshot", "at: '2026-01-31T10:00:05Z'"),
    ("formats", "only: [wheel]"),
    ("formats", "refuse: [sdist, egg]"),
    ("formats", "refuse: []"),
    ("size", "max_mb: 100"),
    ("size", "own: true, max_mb: 0.5, unsized: pass"),
    ("requires_python", "pythons: ['3.11', 3.12.1]"),
    ("tags", "platforms: [manylinux*_x86_64, win_amd64], any_platform: false"),
    ("status", "archived: refuse"),
    ("allow", "past: [deny]"),
]


@pytest.mark.parametrize(("policy", "said"), SAID)
def test_own_words__of_a_rule__are_those_of_the_configuration(policy: str, said: str) -> None:
    """What only rules of a policy have is told in the words in which it can be written."""
    reason = "reason: fine, " if policy == "allow" else ""
    below = "policies: [{deny: [{project: x, reason: y}]}]" if policy == "allow" else "policies: []"
    text = below.replace("[", f"[{{{policy}: [{{project: demo, {reason}{said}}}]}}, ", 1).replace(", ]", "]")
    rule = read_text(text, Path("/nowhere/wheelgate.yaml"), KINDS).policies[0].rules[0]
    assert as_written(own_words(rule)) == said
    assert msgspec.json.decode(msgspec.json.encode(own_words(rule))) == own_words(rule)


class FurtherRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule of a policy that is not there yet."""

    colour: str
    shades: Mapping[str, Any] = msgspec.field(default_factory=dict)
    seen: Instant | None = None
    place: Path | None = None


def test_own_words__of_a_policy_to_come__are_had_at_once() -> None:
    """Whatever fields its rules have, in JSON and on a line, also of kinds that neither has."""
    rule = FurtherRule(
        project="x",
        reason="y",
        colour="red",
        shades={"a": (1.0, None)},
        seen=Instant.read("2026-01-31"),
        place=Path("/p"),
    )
    assert own_words(rule) == {"colour": "red", "shades": {"a": [1, None]}, "seen": "2026-01-31T00:00Z", "place": "/p"}
    assert own_words(FurtherRule(project="x", colour="red")) == {"colour": "red"}
    assert as_written(own_words(rule)) == "colour: red, shades: {a: [1, null]}, seen: 2026-01-31T00:00Z, place: /p"


def test_own_words__of_a_rule_that_says_no_more__are_none() -> None:
    """A rule of deny says which files and why, and nothing else."""
    rule = KINDS["deny"](project="x", reason="y", id="SEC-1")
    assert (own_words(rule), as_written(own_words(rule))) == ({}, "")
