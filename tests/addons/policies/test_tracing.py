from datetime import datetime, timedelta
from typing import Any, override

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.policies.allow import Allow, AllowRule
from addons.policies.deny import Deny
from addons.policies.policy import Policy, apply_all
from addons.policies.tracing import Did, name_of, trace
from addons.policies.yank import Yank
from addons.simple.page import Page, Refusal
from tests.addons.policies.rules import AT, Idle, deny_rule, page, policies, wheel, yank_rule
from tests.addons.simple.drawing import PROJECT, pages

ONE, TWO = wheel("1.0"), wheel("2.0")


def done(given: Page, *policies: Policy, at: datetime = AT) -> list[dict[str, tuple[str, list[int]]]]:
    """Give what each policy did to each file, with the numbers of the rules."""
    return [
        {name: (did.deed, [number for number, _ in did.rules]) for name, did in step.files.items()}
        for step in trace(policies, given, at)
    ]


@settings(max_examples=40)
@given(pages(), st.lists(policies, max_size=3))
def test_trace__of_any_page_under_any_policies__ends_with_the_page_of_apply_all(
    before: Page, rules: list[Policy]
) -> None:
    """What is explained is what clients get; and each file that was changed has a step that says by whom."""
    steps = trace(rules, before, AT)
    assert (steps[-1].page if steps else before) == apply_all(rules, before, AT)
    for number, step in enumerate(steps):
        was = {file.filename: file for file in (steps[number - 1].page if number else before).files}
        for file in step.page.files:
            assert (file != was[file.filename]) <= (file.filename in step.files)


def test_trace__of_a_denied_release__names_the_rules_with_the_one_that_is_said_first() -> None:
    """The first rule that covers it has the word; the others that do are named behind it, what no rule is about is not there."""
    rules = [deny_rule("other"), deny_rule(versions="==2.0", id="A"), deny_rule(versions=">1", id="B")]
    assert done(page(ONE, TWO), Deny(rules)) == [{TWO: ("refused", [1, 2])}]


def test_trace__of_a_wholly_denied_project__has_that_rule_first() -> None:
    """The rule whose words clients read, though another stands above it."""
    rules = [deny_rule(versions="==2.0", reason="one"), deny_rule(reason="all of it")]
    [step] = trace([Deny(rules)], page(ONE, TWO), AT)
    assert step.files[TWO].refusal == Refusal("deny", "all of it")
    assert [number for number, _ in step.files[TWO].rules] == [1, 0]
    assert [number for number, _ in step.files[ONE].rules] == [1]


def test_trace__of_what_is_allowed__says_by_whom_and_from_what_it_is_exempt() -> None:
    """The policy that lets it through, and the rule that would have refused it."""
    allow = Allow([AllowRule(project=PROJECT, past=("deny",), reason="looked through")])
    assert done(page(ONE), allow, Deny([deny_rule()]), Yank([yank_rule()])) == [
        {ONE: ("allowed", [0])}, {ONE: ("exempt", [0])}, {ONE: ("yanked", [0])}
    ]  # fmt: skip


def test_trace__of_what_was_refused_above__says_so_of_the_rules_below() -> None:
    """Whoever takes the first rule away learns that there is another."""
    assert done(page(ONE), Deny([deny_rule()]), Deny([deny_rule(reason="no")]))[1] == {ONE: ("refused already", [0])}


def test_trace__of_a_rule_that_has_ended__says_that_it_has() -> None:
    """From its very second on, and not a moment before."""
    policy = Deny([deny_rule(until=AT)])
    assert done(page(ONE), policy) == [{ONE: ("ended", [0])}]
    assert done(page(ONE), policy, at=AT - timedelta(seconds=1)) == [{ONE: ("refused", [0])}]


def test_trace__of_a_rule_by_sha256__finds_its_number() -> None:
    """Rules about files of any project count as the others do."""
    rules = [deny_rule("other"), deny_rule("*", sha256=("ab" * 32,))]
    assert done(page(ONE), Deny(rules)) == [{ONE: ("refused", [1])}]


def test_trace__of_a_file_that_tells_no_version__follows_each_policys_own_rule() -> None:
    """deny refuses what might be the release, yank leaves it."""
    odd = "foo_bar.tar.gz"
    assert done(page(odd), Yank([yank_rule(versions="<2")]), Deny([deny_rule(versions="<2")]))[1] == {
        odd: ("refused", [0])
    }


def test_trace__of_versions_that_were_taken_off_the_list__names_the_rules() -> None:
    """A denied version without a file leaves the list; files of others stay."""
    rules = [deny_rule("other"), deny_rule(versions="==2.0")]
    [step] = trace([Deny(rules)], page(ONE, versions=("1.0", "2.0")), AT)
    assert {text: [number for number, _ in pairs] for text, pairs in step.versions.items()} == {"2.0": [1]}
    assert step.files == {}


class OfTheirOwn(Idle):
    """A policy of an operator's own, that changes what it is told to."""

    def __init__(self, **changes: Any) -> None:
        self._changes = changes

    @override
    def apply(self, page: Page, at: datetime) -> Page:
        files = tuple(msgspec.structs.replace(file, **self._changes) for file in page.files)
        return msgspec.structs.replace(page, files=files if self._changes else ())


@pytest.mark.parametrize(
    ("changes", "deed"),
    [
        ({"refused": Refusal("own", "no")}, "refused"),
        ({"refused": Refusal("own", "no", hidden=True)}, "hidden"),
        ({"yanked": ""}, "yanked"),
        ({"allowed": ("*",)}, "allowed"),
        ({"requires_python": ">=3"}, "changed"),
        ({}, "removed"),
    ],
)
def test_trace__of_a_policy_without_rules__says_what_it_did(changes: dict[str, Any], deed: str) -> None:
    """By comparing pages only, so nothing is asked of the policy."""
    [step] = trace([OfTheirOwn(**changes)], page(ONE), AT)
    assert step.files[ONE] == Did(deed, (), changes.get("refused"))  # type: ignore[arg-type]  # one of the deeds


class Raising(Idle):
    @override
    def apply(self, page: Page, at: datetime) -> Page:
        raise KeyError("x")


def test_trace__of_a_policy_that_fails__says_so_of_every_file() -> None:
    """It fails closed, and the explanation says that no rule did it."""
    assert done(page(ONE, TWO), Raising()) == [{ONE: ("failed", []), TWO: ("failed", [])}]


def test_name__of_a_policy__is_its_key() -> None:
    """MinAge is min_age."""
    assert [name_of(each) for each in (Deny([]), OfTheirOwn())] == ["deny", "of_their_own"]
