from datetime import datetime
from typing import override

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.policies.policy import Policy, apply_all, hide_refused
from addons.simple.page import Page, Refusal, versions_of
from tests.addons.policies.rules import AT, Idle, page, policies, refused, wheel
from tests.addons.simple.drawing import pages

few = settings(max_examples=40)  # a drawn page has many parts, and takes its time


@few
@given(pages(), st.lists(policies, max_size=3))
def test_policies__on_any_page__change_nothing_of_a_file_but_its_marks(before: Page, rules: list[Policy]) -> None:
    """No file appears, goes, moves or is another than upstream's: what a policy says is in `yanked` and `refused`."""
    after = apply_all(rules, before, AT)
    unmarked = [msgspec.structs.replace(file, yanked=False, refused=None) for file in after.files]
    assert unmarked == [msgspec.structs.replace(file, yanked=False) for file in before.files]
    assert (after.project, after.meta, after.unknown, after.source) == (
        before.project, before.meta, before.unknown, before.source
    )  # fmt: skip


@few
@given(pages(), st.lists(policies, max_size=3))
def test_policies__on_any_page__never_take_back_a_yank(before: Page, rules: list[Policy]) -> None:
    """YNK-01: what upstream yanked is yanked under every configuration."""
    for file, was in zip(apply_all(rules, before, AT).files, before.files, strict=True):
        assert bool(file.yanked) >= bool(was.yanked)


@few
@given(pages(), st.lists(policies, max_size=3), policies)
def test_policies__with_one_more__refuse_no_less(before: Page, rules: list[Policy], more: Policy) -> None:
    """A further policy, wherever it stands, can only take away."""
    least = refused(apply_all(rules, before, AT))
    assert least <= refused(apply_all([*rules, more], before, AT))
    assert least <= refused(apply_all([more, *rules], before, AT))


@few
@given(pages(), policies)
def test_policy__applied_twice__refuses_the_same(before: Page, rule: Policy) -> None:
    """A page can come through twice without harm."""
    once = rule.apply(before, AT)
    assert refused(rule.apply(once, AT)) == refused(once)


@few
@given(pages(), st.lists(policies, max_size=3))
def test_hide__on_any_page__leaves_exactly_what_is_not_refused(before: Page, rules: list[Policy]) -> None:
    """`refusals: hide` and `explain` refuse the same files; hiding keeps the order of the others."""
    explained = apply_all(rules, before, AT)
    hidden = hide_refused(explained)
    assert hidden.files == tuple(file for file in explained.files if file.refused is None)


class Marking(Idle):
    """A policy that refuses every file in its own name, to see who came first."""

    def __init__(self, name: str) -> None:
        self._name = name

    @override
    def apply(self, page: Page, at: datetime) -> Page:
        refusal = Refusal(policy=self._name, reason=str(at))
        files = tuple(msgspec.structs.replace(f, refused=f.refused or refusal) for f in page.files)
        return msgspec.structs.replace(page, files=files)


def test_apply_all__with_two_policies__goes_in_the_order_written() -> None:
    """Each gets the page that the one before it left, and the instant of the request."""
    [file] = apply_all([Marking("first"), Marking("second")], page(wheel("1.0")), AT).files
    assert file.refused == Refusal(policy="first", reason=str(AT))


def test_hide__of_a_whole_release__takes_its_version_off_the_list() -> None:
    """JSN-14: a denied version is not visible among the versions either; without refusals the page is the same one."""
    listed = page(wheel("1.0"), wheel("2.0"), versions=("1.0", "2.0"))
    marked = msgspec.structs.replace(
        listed, files=(msgspec.structs.replace(listed.files[0], refused=Refusal("deny", "x")), listed.files[1])
    )
    assert versions_of(hide_refused(marked)) == ("2.0",)
    assert hide_refused(listed) is listed
