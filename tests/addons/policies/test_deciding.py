"""What formats, size, requires_python, tags and status have in common."""

from datetime import timedelta
from itertools import permutations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from addons.policies.formats import Formats, FormatsRule
from addons.policies.policy import Policy, apply_all, hide_refused
from addons.policies.requires_python import RequiresPython, RequiresPythonRule
from addons.policies.size import Size, SizeRule
from addons.policies.status import Status, StatusRule
from addons.policies.tags import Tags, TagsRule
from addons.simple.page import Page, versions_of
from proxyconf.instants import Instant
from tests.addons.policies.rules import AT, page, refused
from tests.addons.simple.drawing import PROJECT, pages

few = settings(max_examples=25, deadline=None)

HIDING: tuple[Policy, ...] = (
    RequiresPython([RequiresPythonRule(pythons=("3.11",))]),
    Tags([TagsRule(platforms=("linux_*",), any_platform=False)]),
    Tags([TagsRule(versions=SpecifierSet("<2"), interpreters=("cp313",))]),
)
policies = st.sampled_from([
    *HIDING,
    Formats([FormatsRule(only=("wheel",))]),
    Formats([FormatsRule(versions=SpecifierSet("==1.0"), refuse=()), FormatsRule(refuse=("sdist", "egg"))]),
    Size([SizeRule(max_mb=0.001)]),
    Size([SizeRule(files=("*.whl",), max_mb=0.001, unsized="pass")]),
    Status([StatusRule()]),
    Status([StatusRule(archived="refuse", versions=SpecifierSet(">=1"))]),
])  # fmt: skip


@few
@given(pages(), st.lists(policies, max_size=4))
def test_policies__of_shapes_on_any_page__add_no_file_and_change_only_marks(before: Page, rules: list[Policy]) -> None:
    """Nothing appears, moves or is another file than upstream's; twice is as once; a yank is never taken back."""
    after = apply_all(rules, before, AT)
    unmarked = [msgspec.structs.replace(file, yanked=False, refused=None) for file in after.files]
    assert unmarked == [msgspec.structs.replace(file, yanked=False) for file in before.files]
    assert refused(apply_all(rules, after, AT)) == refused(after)
    assert all(file.yanked or not was.yanked for file, was in zip(after.files, before.files, strict=True))
    assert after.status == before.status


@few
@given(pages(), st.lists(policies, max_size=3))
def test_policies__that_hide__leave_nothing_hidden_on_the_page(before: Page, rules: list[Policy]) -> None:
    """Under `explain` too; and a version of which all is hidden is not on the list of versions."""
    after = apply_all(rules, before, AT)
    shown = hide_refused(after, all_of_them=False)
    assert all(file.refused is None or not file.refused.hidden for file in shown.files)
    assert {file.filename for file in shown.files} <= {file.filename for file in before.files}
    assert set(versions_of(shown)) <= set(versions_of(before))


@few
@given(pages())
def test_policies__that_hide__hide_the_same_in_any_order(before: Page) -> None:
    """What each hides depends on the file alone."""
    shown = [hide_refused(apply_all(order, before, AT), all_of_them=False).files for order in permutations(HIDING)]
    assert all(files == shown[0] for files in shown)


def test_rule__at_its_end__covers_nothing_any_more() -> None:
    """An exception that has ended leaves the file to the rule below, and the clock is told of it."""
    end = Instant.fromtimestamp((AT + timedelta(hours=1)).timestamp(), AT.tzinfo)
    policy = Formats([FormatsRule(refuse=(), until=end), FormatsRule(only=("wheel",))])
    sdist = page("foo_bar-1.0.tar.gz")
    assert (refused(policy.apply(sdist, AT)), policy.changes(sdist, AT)) == (set(), end)
    assert refused(policy.apply(sdist, end)) == {"foo_bar-1.0.tar.gz"}


def test_facts__of_a_rule_that_names_no_project__are_of_every_project() -> None:
    """Pages are judged anew when the rule is another."""
    one, other = (Size([SizeRule(max_mb=size)]).facts(PROJECT) for size in (1, 2))
    assert one != other
    assert () not in (one, other)
