from collections.abc import Callable, Hashable
from datetime import datetime
from typing import cast, override

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.policies.allow import Allow
from addons.policies.deny import Deny
from addons.policies.policy import RETRY, Policy, apply_all, facts_of, hide_refused, lasts_until, next_change
from addons.simple.names import ProjectName
from addons.simple.page import Page, Refusal, versions_of
from tests.addons.policies.rules import AT, Idle, allow_rule, deny_rule, page, policies, refused, wheel
from tests.addons.policies.rules import page as page_of
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


class Failing(Idle):
    """A policy with a fault: raises, or gives what it is told to, on the pages of one project."""

    def __init__(self, gives: Callable[[Page], object] | None = None, only: str = "foo-bar") -> None:
        self._gives = gives
        self._only = only
        self.calls = 0

    @override
    def apply(self, page: Page, at: datetime) -> Page:
        self.calls += 1
        if page.project != self._only:
            return page
        if self._gives is None:
            raise RuntimeError("boom")
        return cast(Page, self._gives(page))


def with_file(page: Page, **more: object) -> Page:
    """Give the page with its first file changed."""
    first, *rest = page.files
    return msgspec.structs.replace(page, files=(msgspec.structs.replace(first, **more), *rest))


FAULTS: dict[str, Callable[[Page], object] | None] = {
    "raises": None,
    "nothing": lambda page: None,
    "no page": lambda page: "page",
    "another project's page": lambda page: msgspec.structs.replace(page, project=ProjectName("other")),
    "another file": lambda page: with_file(page, filename="evil-1.0.zip"),
    "another address": lambda page: with_file(page, url="https://example.com/evil"),
    "another hash": lambda page: with_file(page, hashes={"sha256": "cd" * 32}),
    "a file more": lambda page: msgspec.structs.replace(page, files=(*page.files, page_of("evil.zip").files[0])),
    "a file more, one less": lambda page: msgspec.structs.replace(page, files=page_of("evil.zip").files),
    "no files": lambda page: msgspec.structs.replace(page, files=(*page.files[1:], None, None)),
    "no list": lambda page: msgspec.structs.replace(page, files=None),
    "a refusal taken back": lambda page: with_file(page, refused=None),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_policy__that_fails__refuses_the_page_with_a_reason(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    """Fail closed: one that raises, adds or changes a file or gives what is no page; the log has the name and the project."""
    before = with_file(page_of(wheel("1.0"), wheel("2.0")), refused=Refusal("deny", "first"))
    after = apply_all([Failing(FAULTS[fault])], before, AT)
    assert [file.filename for file in after.files] == [wheel("1.0"), wheel("2.0")]
    assert [(file.url, file.hashes) for file in after.files] == [(file.url, file.hashes) for file in before.files]
    first, second = (file.refused for file in after.files)
    assert (first, second.policy if second else None) == (Refusal("deny", "first"), "failing")
    assert second is not None
    assert "this policy failed" in second.reason
    assert after.failed == ("failing",)
    [record] = caplog.records
    assert "policy failing" in record.getMessage()
    assert "foo-bar" in record.getMessage()


def test_policy__that_takes_files_off_the_page__may() -> None:
    """What is of no use here may go."""
    gone = Failing(lambda page: msgspec.structs.replace(page, files=page.files[1:]))
    after = apply_all([gone], page_of(wheel("1.0"), wheel("2.0")), AT)
    assert ([file.filename for file in after.files], after.failed) == ([wheel("2.0")], ())


def test_policies__around_one_that_fails__are_applied_all_the_same() -> None:
    """The words of the one before it stay, those behind it see the page, and an exemption does not count for a fault."""
    behind = Failing(only="")
    everything: list[Policy] = [Allow([allow_rule()]), Deny([deny_rule(versions="==9")]), Failing(), behind]
    after = apply_all(everything, page_of(wheel("9"), wheel("1.0")), AT)
    assert [file.refused.policy if file.refused else None for file in after.files] == ["failing", "failing"]
    assert behind.calls == 1


def test_policy__that_fails_on_one_page__leaves_others_alone() -> None:
    """One project's odd page stops nobody else's install."""
    other = page_of("other-1.0.zip", project=ProjectName("other"))
    assert apply_all([Failing()], other, AT) is other


class Wordless(Idle):
    """A policy that fails to say what it depends on, and when it changes."""

    @override
    def facts(self, project: ProjectName) -> Hashable:
        return [] if project == "foo-bar" else 1 / 0  # type: ignore[return-value]  # no hash: that is the fault

    @override
    def changes(self, page: Page, at: datetime) -> datetime | None:
        raise RuntimeError("boom")


@pytest.mark.parametrize("project", ["foo-bar", "other"])
def test_facts__of_a_policy_that_cannot_say_them__are_of_this_instant_only(project: str) -> None:
    """So nothing that was judged before is used on."""
    policies = [Idle(), Wordless()]
    now, later = (facts_of(policies, ProjectName(project), at) for at in (AT, AT + RETRY))
    assert hash(now) == hash(facts_of(policies, ProjectName(project), AT))
    assert now != later


def test_change__that_a_policy_cannot_say__is_soon() -> None:
    """The page is judged again in a second; other policies' changes count if they come first."""
    before = page_of(wheel("1.0"))
    assert next_change([Wordless()], before, AT) == AT + RETRY
    soon = AT + RETRY / 2
    assert next_change([Wordless(), Deny([deny_rule(until=soon)])], before, AT) == soon


def test_page__that_a_policy_failed_on__is_tried_again_soon() -> None:
    """Later requests are fine as soon as the policy is; a page without a fault is judged once."""
    before = page_of(wheel("1.0"))
    cases: list[tuple[list[Policy], datetime | None]] = [
        ([Failing()], AT + RETRY),
        ([Idle()], None),
        ([Failing(), Deny([deny_rule(until=AT + RETRY / 2)])], AT + RETRY / 2),
    ]
    for failing, until in cases:
        assert lasts_until(failing, before, apply_all(failing, before, AT), AT) == until
