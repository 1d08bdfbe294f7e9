from typing import Any

import msgspec
import pytest

from addons.policies.allow import Allow
from addons.policies.deny import Deny
from addons.policies.policy import Policy, apply_all, hide_refused
from addons.policies.yank import Yank
from addons.simple.page import versions_of
from proxyconf.misfit import Misfit
from tests.addons.policies.rules import AT, allow_rule, deny_rule, page, refused, wheel, yank_rule

FILES = (wheel("1.0"), wheel("2.0"), "foo-bar-2.0.tar.gz")


@pytest.mark.parametrize("spelling", ["foo-bar", "Foo_Bar", "FOO.BAR", "foo-*", "*"])
def test_allow__of_a_project__lets_it_past_a_deny_below(spelling: str) -> None:
    """NAM-03: however it is spelled; a list of what may come in is `allow` above `deny` of all."""
    policies: list[Policy] = [Allow([allow_rule(spelling)]), Deny([deny_rule("*")])]
    after = apply_all(policies, page(*FILES), AT)
    assert (refused(after), after.status) == (set(), None)


def test_allow__of_another_project__leaves_the_page_as_it_is() -> None:
    """An exemption is that project's alone."""
    untouched = page(*FILES)
    allow = Allow([allow_rule("foo"), allow_rule("foo-bar-baz")])
    assert allow.apply(untouched, AT) is untouched
    assert refused(apply_all([allow, Deny([deny_rule("*")])], untouched, AT)) == set(FILES)


@pytest.mark.parametrize(
    ("narrowed", "left"),
    [
        ({"versions": "==1"}, {FILES[0]}),
        ({"versions": ">=2"}, set(FILES[1:])),
        ({"files": ("*.tar.gz",)}, {FILES[2]}),
        ({"files": ("*.tar.gz",), "versions": "<2"}, set()),
        ({"sha256": ("ab" * 32,)}, set(FILES)),
        ({"sha256": ("cd" * 32,)}, set()),
    ],
)
def test_allow__of_some_files_of_a_denied_project__lets_through_those_alone(
    narrowed: dict[str, Any], left: set[str]
) -> None:
    """The others are refused one by one, and a version without files is off the list (JSN-14)."""
    before = page(*FILES, versions=("0.9", "1.0", "2.0"))
    after = apply_all([Allow([allow_rule(**narrowed)]), Deny([deny_rule()])], before, AT)
    assert refused(after) == set(FILES) - left
    assert "0.9" not in versions_of(after)
    assert {file.filename for file in hide_refused(after).files} == left
    assert after.status == (None if left else "quarantined")


def test_allow__of_a_file_without_a_readable_version__does_not_guess() -> None:
    """JSN-19: whose version cannot be read might be another than the one that was looked through."""
    odd = page("foo_bar-nightly.tar.gz")
    for rule, left in ((allow_rule(versions="==1.0"), {"foo_bar-nightly.tar.gz"}), (allow_rule(), set())):
        assert refused(apply_all([Allow([rule]), Deny([deny_rule()])], odd, AT)) == left


def test_allow__past_one_policy__is_refused_by_another() -> None:
    """`past` names the policies that are meant."""
    before = page(*FILES)
    for past, left in ((("deny",), set()), (("snapshot",), set(FILES)), (("snapshot", "deny"), set()), ((), set())):
        policies: list[Policy] = [Allow([allow_rule(past=past)]), Deny([deny_rule(versions=">=0")])]
        assert refused(apply_all(policies, before, AT)) == left


def test_allow__below_the_deny__changes_nothing() -> None:
    """What was refused above stays so: the order is as written."""
    policies: list[Policy] = [Deny([deny_rule(versions=">=0")]), Allow([allow_rule()])]
    assert refused(apply_all(policies, page(*FILES), AT)) == set(FILES)
    between: list[Policy] = [Deny([deny_rule(versions="<2")]), Allow([allow_rule()]), Deny([deny_rule()])]
    assert refused(apply_all(between, page(*FILES), AT)) == {FILES[0]}


def test_allow__by_two_rules_and_two_policies__adds_up() -> None:
    """Each names what it lets the file past, and none takes back what another has said."""
    first = Allow([allow_rule(past=("deny",)), allow_rule(versions="<2", past=("snapshot",))])
    after = apply_all([first, Allow([allow_rule(past=("size",))])], page(wheel("1.0"), wheel("2.0")), AT)
    assert [file.allowed for file in after.files] == [("deny", "size", "snapshot"), ("deny", "size")]


def test_allow__of_what_is_yanked__leaves_the_yank() -> None:
    """YNK-01: an exemption is from refusals; what upstream or a policy yanked is yanked."""
    before = page(wheel("1.0"))
    before = msgspec.structs.replace(before, files=(msgspec.structs.replace(before.files[0], yanked="broken"),))
    [file] = apply_all([Allow([allow_rule()]), Yank([yank_rule()])], before, AT).files
    assert file.yanked == "broken; Yanked by wheelgate: yank: loses sessions"


def test_allow__once_ended__lets_nothing_through() -> None:
    """An exemption ends by itself, at that very second."""
    policies: list[Policy] = [Allow([allow_rule(until=AT)]), Deny([deny_rule()])]
    assert refused(apply_all(policies, page(*FILES), AT)) == set(FILES)


def test_allow__that_names_nothing__cannot_be_made() -> None:
    """An exemption of everything has to be written as one."""
    with pytest.raises(Misfit, match="neither a project nor a sha256"):
        allow_rule(None, files=("*.whl",))
