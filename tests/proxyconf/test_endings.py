"""What an operator is told of rules that end by themselves, or do nothing where they stand."""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from addons.policies.kinds import KINDS
from proxyconf.endings import DAY, MOST_SAID, Reminders, about, endings, without_effect
from proxyconf.instants import Instant
from proxyconf.reading import read_text
from proxyconf.rules import Policy, Rule

AT = Instant.read("2026-12-01T08:00Z")
HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)


def ending(*ends: datetime | None) -> list[Policy]:
    """Give a policy of rules that end then."""
    rules = tuple(Rule(project=f"p{number}", reason="x", until=end) for number, end in enumerate(ends))  # type: ignore[arg-type]  # an instant is a datetime
    return [Policy(name="deny", rules=rules)]


def policies(text: str) -> tuple[Policy, ...]:
    """Read some."""
    return read_text(text, Path("/nowhere/x.yaml"), KINDS).policies


def test_endings__of_rules__are_those_that_have_ended_or_soon_will() -> None:
    """The earliest first; those without an end, or with one further off, are not spoken of."""
    found = endings(ending(AT + DAY, None, AT - DAY, AT, AT + 14 * DAY, AT + 14 * DAY + MOMENT), AT, 14 * DAY)
    assert [each.rule.project for each in found] == ["p2", "p3", "p0", "p4"]


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (-HOUR, "ended 2026-12-01 07:00 UTC; take it out, or give it a later end"),
        (0 * HOUR, "ended 2026-12-01 08:00 UTC; take it out, or give it a later end"),
        (HOUR - MOMENT, "in less than an hour"),
        (HOUR, "ends 2026-12-01 09:00 UTC, in 1 hour"),
        (23.9 * HOUR, "in 23 hours"),
        (DAY, "ends 2026-12-02 08:00 UTC, in 1 day"),
        (3.5 * DAY, "in 3 days"),
    ],
)
def test_ending__said__has_the_instant_and_what_is_left(left: timedelta, said: str) -> None:
    """Never more time than there is."""
    [found] = endings(ending(AT + left), AT, 14 * DAY)
    assert found.said(AT).startswith("deny, p0: ")
    assert found.said(AT).endswith(said)


@pytest.mark.parametrize(
    ("left", "said"), [(DAY, "ends 2026-12-02 08:00 UTC, in 1 day"), (-DAY, "ended 2026-11-30 08:00 UTC")]
)
def test_ending__of_a_decision__has_its_number_and_nothing_to_take_out(left: timedelta, said: str) -> None:
    """It stands in no configuration."""
    policies = [
        msgspec.structs.replace(each, places=("decision 7 of 2026-11-01 10:00 UTC",)) for each in ending(AT + left)
    ]
    [found] = endings(policies, AT, 14 * DAY)
    assert found.said(AT) == f"decision 7 of 2026-11-01 10:00 UTC: deny, p0: {said}"


def test_ending__said__has_the_rules_place_and_author() -> None:
    """Whoever reads it knows where to edit, and whom to ask."""
    text = (
        "policies:\n - deny:\n   - {project: a, versions: '<2', reason: x, id: T-1, author: j.doe, until: 2026-12-01}"
    )
    [found] = endings(policies(text), AT, DAY)
    assert found.said(AT).startswith("line 3: deny, a <2 (T-1), by j.doe: ended 2026-12-01 00:00 UTC")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(project="A_b"), "a-b"),
        (Rule(project="*", files=("*.exe", "*.egg")), "* *.exe *.egg"),
        (Rule(sha256=("ab" * 32,), id="T-1"), "sha256 abababababab... (T-1)"),
        (Rule(), "everything"),
    ],
)
def test_about__of_a_rule__is_what_it_names(rule: Rule, words: str) -> None:
    """In the configuration's own words."""
    assert about(rule) == words


ALLOW = " - allow: [{project: a, reason: x%s}]\n"
DENY = " - deny: [{project: b, reason: x}]\n"
YANK = " - yank: [{project: b, reason: x}]\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (ALLOW % "" + DENY, []),
        (ALLOW % ", past: [deny]" + YANK + DENY, []),
        (DENY + ALLOW % "" + DENY, []),
        (DENY + ALLOW % "", [3]),
        (ALLOW % "" + YANK, [2]),
        (ALLOW % "" + " - deny: []\n", [2]),
        (DENY + ALLOW % ", past: [deny]" + YANK, [3]),
        (DENY + ALLOW % "" + ALLOW % "", [3, 4]),
        (DENY, []),
    ],
)
def test_allow__with_no_policy_below_that_it_could_exempt_from__is_said_to_do_nothing(
    text: str, lines: list[int]
) -> None:
    """An exemption counts for what stands below it only."""
    said = list(without_effect(policies(f"policies:\n{text}")))
    assert [int(line.split()[1].rstrip(":")) for line in said] == lines
    assert all("allow, a: lets files past no policy below it; move it up" in line for line in said)


def test_reminders__of_a_rule_that_ends__come_once_a_day_and_once_when_it_has() -> None:
    """From a week before: at once, a day later, and at the end; not each minute, and never again after it."""
    reminders, rules = Reminders(), ending(AT + 2.5 * DAY)
    minutes = [AT + timedelta(minutes=number) for number in range(0, 4 * 24 * 60, 7)]
    spoken = {at: said for at in minutes for said in reminders.due(rules, at)}
    assert [(at - AT).days for at in spoken] == [0, 1, 2, 2]
    assert [" ended " in said for said in spoken.values()] == [False, False, False, True]
    assert list(spoken)[-1] - (AT + 2.5 * DAY) < timedelta(minutes=7)


def test_reminders__of_rules_far_from_their_end__do_not_come() -> None:
    """A week is time enough to decide."""
    reminders, rules = Reminders(), ending(AT + 7 * DAY + MOMENT, None)
    assert reminders.due(rules, AT) == []
    assert len(reminders.due(rules, AT + MOMENT)) == 1


def test_reminders__at_the_start__speak_of_what_ended_before() -> None:
    """It may have ended while no gateway ran; once."""
    reminders, rules = Reminders(), ending(AT - 100 * DAY)
    assert len(reminders.due(rules, AT)) == 1
    assert reminders.due(rules, AT + 2 * DAY) == []


def test_reminders__after_an_edit__speak_of_what_is_new() -> None:
    """Another end is another rule; one that was written before keeps its turn."""
    reminders = Reminders()
    reminders.due(ending(AT + DAY), AT)
    [said] = reminders.due(ending(AT + DAY, AT + HOUR), AT)
    assert "p1" in said
    assert len(reminders.due(ending(AT + 2 * DAY, AT + HOUR), AT)) == 1


def test_reminders__of_very_many__are_cut() -> None:
    """A thousand rules with one date do not fill the log."""
    said = Reminders().due(ending(*[AT] * 1000), AT)
    assert len(said) == MOST_SAID + 1
    assert said[-1] == "and 980 rules more; wheelgate check lists them"
