"""Rules as they are written: every mistake is refused with its line and column, what is wrong and what to do."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from addons.policies.kinds import KINDS
from proxyconf.reading import ConfigurationError, read_text
from proxyconf.rules import Policy, Rule

PATH = Path("/nowhere/wheelgate.yaml")
RULE = "policies:\n  - deny:\n      - project: a\n      - project: numpy\n        reason: broken\n        "
ALLOW = "policies:\n  - allow:\n      - reason: x\n        "
RIGHT = RULE.replace("      - project: a\n", "", 1)
SHA = "ab" * 32

MISTAKES = [
    ("no date", f"{RIGHT}until: soon", "5:16", ("until: ", '"soon" is no instant', '"2026-12-01T08:00Z"')),
    ("no day of the calendar", f"{RIGHT}until: 2026-02-30", "5:16", ('"2026-02-30" is no instant',)),
    ("a date in words", f"{RIGHT}until: 1 Dec 2026", "5:16", ("no instant",)),
    ("a year", f"{RIGHT}until: 2026", "5:16", ("until: must be text",)),
    ("a time without a zone", f"{RIGHT}until: 2026-12-01 08:00", "5:16", ("no time zone", '"2026-12-01 08:00Z"')),
    ("no end at all", f"{RIGHT}until:", "5:15", ("until: is empty", "take the line out")),
    ("no versions", f"{RIGHT}versions:", "5:18", ("deny[0].versions: is empty", "take the line out")),
    ("no project", f"{ALLOW}sha256: [{SHA}]\n        project: ~", "5:18", ("allow[0].project: is empty",)),
    ("a list of dates", f"{RIGHT}until: [2026-12-01]", "5:16", ("until: must be text", "a list")),
    ("a pattern with a folder", f"{RIGHT}files: ['dist/*.whl']", "5:17", ("files[0]: ", "no pattern of filenames")),
    ("an empty pattern", f"{RIGHT}files: ['*.whl', ' ']", "5:26", ("files[1]: ", "no pattern of filenames")),
    ("braces", f"{RIGHT}files: ['*.{{whl,zip}}']", "5:17", ("no pattern", "two patterns for two kinds")),
    ("a regular expression", f"{RIGHT}files: ['^demo.*whl$']", "5:17", ("no pattern", "*, ? and [...] only")),
    ("an exclusion", f"{RIGHT}files: ['!*.whl']", "5:17", ("no pattern",)),
    ("an open bracket", f"{RIGHT}files: ['demo-[0-9*']", "5:17", ("brackets that match nothing", '"[0-9]"')),
    ("a backward range", f"{RIGHT}files: ['demo-[9-0]*']", "5:17", ("brackets that match nothing",)),
    ("a pattern, not a list", f"{RIGHT}files: '*.whl'", "5:16", ("files: must be a list", "write [*.whl]")),
    ("no patterns", f"{RIGHT}files: []", "5:16", ("deny[0].files: is an empty list", "take the line out")),
    ("a short sha256", f"{RIGHT}sha256: [abc]", "5:18", ("sha256[0]: ", '"abc" is no sha256', "64 hexadecimal")),
    ("another hash", f"{RIGHT}sha256: [{SHA}, 'md5:{'a' * 32}']", "5:84", ("sha256[1]: ", "no sha256")),
    ("a long sha256", f"{RIGHT}sha256: [{SHA}0]", "5:18", ("no sha256",)),
    ("no sha256s", f"{RIGHT}sha256: []", "5:17", ("sha256: is an empty list",)),
    ("neither", "policies:\n  - deny:\n      - reason: x\n", "3:9", ("names neither a project nor a sha256", '"*"')),
    ("neither, in a yank", "policies:\n  - yank:\n      - {reason: x, files: ['*.exe']}\n", "3:9", ("names neither",)),
    ("neither, in an allow", f"{ALLOW}past: [deny]", "3:9", ("allow[0]: names neither",)),
    ("a bare star", RIGHT.replace("numpy", "*"), "3:18", ('begins with "*"', "quotes")),
    ("no reason", RULE, "3:9", ('deny[0]: lacks "reason"',)),
    ("an empty reason", f"{RIGHT}id: ' '", "5:13", ("id: is empty",)),
    ("a prefix without its hyphen", RIGHT.replace("numpy", "acme*"), "3:18", ('write "acme-*"',)),
    ("half a prefix", RIGHT.replace("numpy", "'*-acme'"), "3:18", ("no project name",)),
    ("past nothing", f"{ALLOW}project: a\n        past: []", "5:15", ("past: is an empty list",)),
    ("past no list", f"{ALLOW}project: a\n        past: deny", "5:15", ("past: must be a list", "write [deny]")),
    ("past no policy", f"{ALLOW}project: a\n        past: [deny, denny]", "5:22",
     ("allow[0].past[1]: ", '"denny" is no policy', 'did you mean "deny"', "deny")),
    ("past an unlike policy", f"{ALLOW}project: a\n        past: [quux]", "5:16", ('"quux" is no policy; there are: ', "deny")),
    ("past a yank", f"{ALLOW}project: a\n        past: [yank]", "5:16", ("refuses no file", "there are: ", "deny")),
    ("past itself", f"{ALLOW}project: a\n        past: [allow]", "5:16", ('"allow" refuses no file',)),
    ("another policy's key", f"{RIGHT}past: [deny]", "5:9", ('unknown key "past"', "it belongs to policies[].allow[]")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "fragments"), [pytest.param(*row[1:], id=row[0]) for row in MISTAKES])
def test_rule__with_a_mistake__is_refused_where_it_stands(text: str, place: str, fragments: tuple[str, ...]) -> None:
    """File, line and column, what is wrong and what to do: a rule never means something else than it seems to."""
    with pytest.raises(ConfigurationError) as raised:
        read_text(text, PATH, KINDS)
    said = str(raised.value)
    assert said.startswith(f"{PATH}:{place}: "), said
    assert [fragment for fragment in fragments if fragment not in said] == [], said
    assert "\n" not in said


def the_rule(text: str) -> Rule:
    """Give the only rule of a configuration."""
    [policy] = read_text(text, PATH, KINDS).policies
    [rule] = policy.rules
    return rule


def test_rule__with_everything__is_read_as_written() -> None:
    """Names and hashes are normalised where they enter, a sentence is on one line, an instant is in UTC."""
    rule = the_rule(
        "policies: [{deny: [{project: Acme.Web, versions: '<2', files: ['*.EXE'], reason: \"two\\n lines\", id: SEC-1,"
        f" author: j.doe, until: 2026-12-01T09:00+01:00, sha256: ['SHA256:{SHA.upper()}']}}]}}]"
    )
    assert (rule.project, rule.versions, rule.files, rule.sha256) == (
        "acme-web",
        SpecifierSet("<2"),
        ("*.exe",),
        (SHA,),
    )
    assert (rule.reason, rule.id, rule.author) == ("two lines", "SEC-1", "j.doe")
    assert rule.until == datetime(2026, 12, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "project"), [("Acme_Web", "acme-web"), ("acme--*", "acme-*"), ("A.B_*", "a-b-*"), ("'*'", "*")]
)
def test_rule__of_a_name_or_prefix__is_normalised(written: str, project: str) -> None:
    """NAM-03: any spelling will do."""
    assert the_rule(f"policies: [{{yank: [{{project: {written}, reason: x}}]}}]").project == project


@pytest.mark.parametrize("past", ["", ", past: [deny]"])
def test_allow__past_policies_that_there_are__is_read(past: str) -> None:
    """Left out, it is all of them."""
    rule = the_rule(f"policies: [{{allow: [{{project: a, reason: x{past}}}]}}]")
    assert rule.lets_past == (("deny",) if past else ())


def test_policies__read_from_a_file__know_their_rules_lines() -> None:
    """What is said of a rule later says where it stands."""
    text = f"policies:\n  - yank:\n      - {{project: a, reason: x}}\n\n      - project: b\n        reason: y\n{RIGHT[10:]}"
    policies = read_text(text.rstrip(), PATH, KINDS).policies
    assert [(policy.name, policy.lines) for policy in policies] == [("yank", (3, 5)), ("deny", (8,))]
    assert all(isinstance(policy, Policy) for policy in policies)
