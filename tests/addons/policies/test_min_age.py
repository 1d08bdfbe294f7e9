from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.policies.allow import Allow
from addons.policies.deny import Deny
from addons.policies.min_age import MinAge, MinAgeRule
from addons.policies.policy import Policy, apply_all, next_change
from addons.simple.page import Page, Refusal
from proxyconf.misfit import Misfit
from tests.addons.policies.dated import (
    OWN,
    ago,
    allow_rule,
    dated,
    instants,
    min_age_rule,
    odd_times,
    timed,
    to_be_had,
    written_times,
)
from tests.addons.policies.rules import AT, deny_rule, page, wheel

few = settings(max_examples=40, deadline=None)
TICK = timedelta(microseconds=1)


def had(before: Page, *rules: MinAgeRule, at: datetime = AT) -> list[bool]:
    return to_be_had(MinAge(rules).apply(before, at))


def test_min_age__of_files_of_all_ages__holds_the_younger_ones() -> None:
    """Exactly what was uploaded less than so many days ago waits; days may be parts of one."""
    aged = dated(ago(days=400), ago(days=3), ago(days=2, hours=23), ago(hours=13), ago(hours=11), ago())
    assert had(aged, min_age_rule(days=3)) == [True, True, False, False, False, False]
    assert had(aged, min_age_rule(days=0.5)) == [True, True, True, True, False, False]
    assert had(aged, min_age_rule(days=0)) == [True] * 6
    assert had(aged, min_age_rule("other")) == [True] * 6


def test_min_age__of_a_young_file__lists_it_as_yanked_with_the_dates() -> None:
    """The words name no age, so they do not change; the minute that they promise has never yet to come."""
    [file] = (
        MinAge([min_age_rule(id="SEC-1", reason="new releases wait")], "Ask #help")
        .apply(dated("2026-03-02T10:07:01.5Z"), AT)
        .files
    )
    said = "released 2026-03-02T10:07Z, available 2026-03-05T10:08Z; new releases wait"
    assert file.refused == Refusal(policy="min_age", reason=said, id="SEC-1")
    assert file.yanked == f"Blocked by wheelgate: min_age SEC-1: {said}. Ask #help"


def test_min_age__of_a_whole_minute__promises_that_minute() -> None:
    """Nothing is rounded that is round, and no zone of the index's is shown."""
    [file] = MinAge([min_age_rule()]).apply(dated("2026-03-02T19:07:00+09:00"), AT).files
    assert file.refused is not None
    assert file.refused.reason == "released 2026-03-02T10:07Z, available 2026-03-05T10:07Z"


def test_min_age__at_the_instant_it_names__lets_the_file_through() -> None:
    """`changes` is the very instant: a microsecond before it the page is the same, and from it on another."""
    young, policy = dated(ago(days=1), ago(days=2), ago(days=9)), MinAge([min_age_rule()])
    due = policy.changes(young, AT)
    assert due == AT + timedelta(days=1)
    assert policy.apply(young, due - TICK) == policy.apply(young, AT)
    assert to_be_had(policy.apply(young, due)) == [False, True, True]
    last = policy.changes(young, due)
    assert last == AT + timedelta(days=2)
    assert policy.apply(young, last) is young
    assert policy.changes(young, last) is None


def test_min_age__with_an_exception_above__goes_by_the_first_rule() -> None:
    """The first rule that covers a file counts: `days: 0` exempts a project, a prefix, or a release."""
    young = dated(ago(days=1), ago(days=1))
    everything = min_age_rule("*")
    assert had(young, min_age_rule(days=0), everything) == [True, True]
    assert had(young, min_age_rule("foo-*", days=0), everything) == [True, True]
    assert had(young, min_age_rule(versions="<2", days=0), everything) == [True, False]
    assert had(young, everything, min_age_rule(days=0)) == [False, False]
    assert had(young, min_age_rule(days=0, until="2026-03-04"), everything) == [False, False]
    assert had(young, min_age_rule("*", sha256=("ab" * 32,), days=0), everything) == [True, True]


def test_min_age__of_a_file_without_a_version__goes_by_the_strictest_that_may_be_first() -> None:
    """An exemption of one release lets nothing through whose release nobody can read, and a longer wait covers it."""
    odd = timed(page("foo_bar-nightly.tar.gz"), [ago(days=1)])
    assert had(odd, min_age_rule(versions="<2", days=0), min_age_rule("*")) == [False]
    assert had(odd, min_age_rule(versions="<2"), min_age_rule("*", days=0)) == [False]
    assert had(odd, min_age_rule("*", days=0), min_age_rule(versions="<2")) == [True]


def test_min_age__of_own_files__is_for_rules_that_say_so() -> None:
    """What the organisation publishes is exempt; a rule with `own` is about it, and one without is passed over."""
    own = dated(ago(days=1), **OWN)
    assert had(own, min_age_rule("*")) == [True]
    assert had(own, min_age_rule("*", own=True)) == [False]
    assert had(own, min_age_rule(days=0), min_age_rule("*", own=True)) == [False]
    assert had(own, min_age_rule(days=0, own=True), min_age_rule("*", own=True)) == [True]
    merged = dated(
        ago(days=1), ago(days=1), own=frozenset({"acme"}), sources={wheel("1.0"): "acme", wheel("2.0"): "pypi"}
    )
    assert had(merged, min_age_rule("*")) == [True, False]


def test_min_age__since_a_date__leaves_what_is_older_than_it() -> None:
    """What is in use when a rule is introduced stays; before that date nothing is held, undated files neither."""
    young = dated(ago(days=2), ago(days=1), None)
    begun, to_come = min_age_rule(since="2026-03-03"), min_age_rule(since="2026-03-05")
    assert had(young, begun) == [True, False, False]
    assert had(young, to_come) == [True, True, True]
    begins = MinAge([to_come]).changes(young, AT)
    assert begins == datetime(2026, 3, 5, tzinfo=UTC)
    assert had(young, to_come, at=begins - TICK) == [True, True, True]
    assert had(young, to_come, at=begins) == [True, True, False]


@pytest.mark.parametrize(
    "time",
    [None, "", "yesterday", "2026-03-04", "2020-01-01T00:00:00", "2020-13-01T00:00:00Z", "0001-01-01T00:00:00+09:00"],
)
def test_min_age__of_a_file_without_a_time__is_as_the_rule_says(time: str | None) -> None:
    """JSN-11: no time, an odd one, one of no zone: refused in words that say what to do, unless it is to pass."""
    undated = dated(time)
    [file] = MinAge([min_age_rule()]).apply(undated, AT).files
    assert file.refused is not None
    assert "gives no upload time" in file.refused.reason
    assert "undated: pass" in file.refused.reason
    assert MinAge([min_age_rule()]).changes(undated, AT) is None
    assert had(undated, min_age_rule(undated="pass")) == [True]


@pytest.mark.parametrize(
    "time",
    [f"2026-03-03T05:06:07{part}Z" for part in ("", ".1", ".123456", ".123456789")]
    + ["2026-03-03T14:06:07+09:00", "2026-03-02T20:06:07.5-09:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-09:00"],
)
def test_min_age__of_a_time_in_any_form__reads_it(time: str) -> None:
    """PEP 700's form with any number of digits, other zones, and what is far off: none of it raises or slips through."""
    assert had(dated(time), min_age_rule()) == [False]
    assert had(dated(time), min_age_rule(days=0)) == [True]


def test_min_age__of_a_wheel_added_to_an_old_release__holds_that_alone() -> None:
    """Files are judged one by one: what is put beside an old release today is young."""
    both = timed(page("foo_bar-1.0.tar.gz", wheel("1.0")), [ago(days=900), ago(hours=3)])
    assert had(both, min_age_rule()) == [True, False]


def test_break_glass__for_one_release__lets_it_through_until_its_end() -> None:
    """`allow` with `past: [min_age]` above: that release only, past this policy only, and at its end it waits again."""
    young = dated(ago(days=1), ago(days=1))
    glass = Allow([allow_rule("min_age", versions="==2.0", until="2026-03-04T12:00Z")])
    policies: list[Policy] = [glass, MinAge([min_age_rule()])]
    assert to_be_had(apply_all(policies, young, AT)) == [False, True]
    end = next_change(policies, young, AT)
    assert end == datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert to_be_had(apply_all(policies, young, end)) == [False, False]
    assert to_be_had(apply_all([*policies, Deny([deny_rule()])], young, AT)) == [False, False]
    assert to_be_had(apply_all(policies[::-1], young, AT)) == [False, False]


@pytest.mark.parametrize("days", [-1, 3651, float("nan"), float("inf")])
def test_rule__with_days_that_are_none__is_refused_in_words(days: float) -> None:
    """A wait that cannot be meant stops the configuration, not the gateway."""
    with pytest.raises(Misfit, match="write a number of days from 0 to 3650"):
        min_age_rule(days=days)


@few
@given(
    st.lists(written_times, min_size=1, max_size=5),
    st.floats(0, 30),
    instants,
    st.timedeltas(timedelta(0), timedelta(90)),
)
def test_min_age__as_time_goes_by__never_takes_back_a_file(
    times: list[str], days: float, at: datetime, later: timedelta
) -> None:
    """What was let through stays let through, and one that waits has the same words until it is let through."""
    before, policy = dated(*times), MinAge([min_age_rule(days=days)])
    first, then = policy.apply(before, at), policy.apply(before, at + later)
    for one, two in zip(first.files, then.files, strict=True):
        assert two in (one, msgspec.structs.replace(one, refused=None, yanked=False))


@few
@given(st.lists(written_times | odd_times, max_size=5), st.floats(0, 30), st.sampled_from(["refuse", "pass"]), instants)
def test_min_age__until_it_says_that_it_changes__gives_the_same_page(
    times: list[str | None], days: float, undated: str, at: datetime
) -> None:
    """Whatever the times are, nothing raises; the page is the same bytes up to the instant that `changes` names, and not after."""
    before, policy = dated(*times), MinAge([min_age_rule(days=days, undated=undated)])
    now, due = policy.apply(before, at), policy.changes(before, at)
    if due is None:
        assert policy.apply(before, datetime(9000, 1, 1, tzinfo=UTC)) == now
    else:
        assert policy.apply(before, due - TICK) == now
        assert policy.apply(before, due) != now
