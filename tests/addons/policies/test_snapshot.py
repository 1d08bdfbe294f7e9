from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.policies.allow import Allow
from addons.policies.deny import Deny
from addons.policies.policy import Policy, apply_all, hide_refused, next_change
from addons.policies.snapshot import Snapshot, SnapshotRule
from addons.policies.uploads import uploaded
from addons.policies.whole import Whole
from addons.simple.page import Page, Refusal, versions_of
from tests.addons.policies.dated import (
    OWN,
    allow_rule,
    dated,
    instants,
    odd_times,
    snapshot_rule,
    timed,
    to_be_had,
    written_times,
)
from tests.addons.policies.rules import AT, deny_rule, page, policies, refused, wheel
from tests.addons.simple.drawing import pages

few = settings(max_examples=40, deadline=None)
BEFORE, AFTER = "2026-01-30T23:59:59.999999Z", "2026-01-31T00:00:00.000001Z"
EXACTLY = "2026-01-31T09:00:00+09:00"


def had(before: Page, *rules: SnapshotRule, at: datetime = AT) -> list[bool]:
    return to_be_had(Snapshot(rules).apply(before, at))


def shown(before: Page, *rules: SnapshotRule) -> Page:
    """Give the page as clients see it under `refusals: explain`, the more talkative choice."""
    return hide_refused(Snapshot(rules).apply(before, AT), all_of_them=False)


def test_snapshot__of_files_before_and_after__shows_those_until_its_instant() -> None:
    """To the microsecond, and whatever zone the index writes; the rest is as it was."""
    aged = dated(BEFORE, EXACTLY, AFTER)
    assert had(aged, snapshot_rule()) == [True, True, False]
    assert shown(aged, snapshot_rule()).files == aged.files[:2]
    assert had(aged, snapshot_rule(project="other")) == [True] * 3


def test_snapshot__of_a_later_file__says_why_to_who_asks_for_it() -> None:
    """A lock file's direct request is refused in words, with both dates; no page lists the file."""
    [file] = (
        Snapshot([snapshot_rule(id="OPS-1", reason="as tested for release 12")])
        .apply(dated("2026-03-01T10:00:30Z"), AT)
        .files
    )
    said = (
        "released 2026-03-01T10:00Z, and only what was there by 2026-01-31T00:00Z is let in; as tested for release 12"
    )
    assert file.refused == Refusal(policy="snapshot", reason=said, id="OPS-1", hidden=True)


def test_snapshot__of_a_release_that_came_later__has_no_such_version() -> None:
    """JSN-14: a version leaves the list with its last file, and so does one without files, of which no time is known."""
    both = dated(BEFORE, AFTER, versions=("1.0", "2.0", "3.0"))
    assert versions_of(shown(both, snapshot_rule())) == ("1.0",)
    assert versions_of(shown(both, snapshot_rule(undated="pass"))) == ("1.0", "3.0")
    assert versions_of(shown(both, snapshot_rule("2026-12-01"))) == ("1.0", "2.0", "3.0")
    assert versions_of(shown(both, snapshot_rule(versions="<3"))) == ("1.0", "3.0")
    own = msgspec.structs.replace(both, **OWN)
    assert versions_of(shown(own, snapshot_rule())) == ("1.0", "2.0", "3.0")


def test_snapshot__of_a_release_with_a_later_wheel__keeps_its_older_files() -> None:
    """Files are judged one by one, so what was added to an old release later is not there."""
    both = timed(page("foo_bar-1.0.tar.gz", wheel("1.0"), versions=("1.0",)), [BEFORE, AFTER])
    seen = shown(both, snapshot_rule())
    assert (seen.files, versions_of(seen)) == (both.files[:1], ("1.0",))


def test_snapshot__of_a_later_project__is_an_empty_page() -> None:
    """The project is there, with nothing in it; its status and what the page says of itself are today's."""
    later = dated(AFTER, versions=("1.0",), status="archived", status_reason="moved", meta={"_x": 1})
    seen = shown(later, snapshot_rule())
    assert seen == msgspec.structs.replace(later, files=(), versions=())
    assert Snapshot([snapshot_rule()]).whole(AT) == Whole()


def test_snapshot__of_what_was_yanked_since__shows_it_as_yanked() -> None:
    """No index says when a file was yanked, so today's word counts."""
    yanked = msgspec.structs.replace(dated(BEFORE).files[0], yanked="broken")
    assert shown(msgspec.structs.replace(dated(BEFORE), files=(yanked,)), snapshot_rule()).files == (yanked,)


def test_snapshot__with_an_exception_above__goes_by_the_first_rule() -> None:
    """The first rule that covers a file counts; where no version can be read, the earliest that may be first."""
    later, everything = dated("2026-02-10T00:00:00Z", "2026-02-10T00:00:00Z"), snapshot_rule(project="*")
    exception = snapshot_rule("2026-02-15", versions="<2")
    assert had(later, exception, everything) == [True, False]
    assert had(later, everything, exception) == [False, False]
    assert had(timed(page("foo_bar-nightly.tar.gz"), ["2026-02-10T00:00:00Z"]), exception, everything) == [False]


def test_snapshot__of_own_files__is_for_rules_that_say_so() -> None:
    """What the organisation publishes is there, unless the rule has `own`."""
    own = dated(AFTER, **OWN)
    assert had(own, snapshot_rule()) == [True]
    assert had(own, snapshot_rule(own=True)) == [False]
    assert had(own, snapshot_rule("2027-01-01"), snapshot_rule(own=True)) == [False]


@pytest.mark.parametrize("time", [None, "", "of late", "2026-01-01", "2026-01-01T00:00:00"])
def test_snapshot__of_a_file_without_a_time__is_as_the_rule_says(time: str | None) -> None:
    """JSN-11: what may be later is not there, in words that say what to do, unless the rule lets it pass."""
    [file] = Snapshot([snapshot_rule()]).apply(dated(time), AT).files
    assert file.refused is not None
    assert file.refused.hidden
    assert "gives no upload time" in file.refused.reason
    assert "undated: pass" in file.refused.reason
    assert had(dated(time), snapshot_rule(undated="pass")) == [True]


def test_snapshot__as_of_an_instant_to_come__begins_then() -> None:
    """What is there by now is not later than tomorrow; `changes` says when that ends for what has no time."""
    tomorrow, both = snapshot_rule("2026-03-05T08:00+09:00"), dated(BEFORE, None)
    assert had(both, tomorrow) == [True, True]
    begins = Snapshot([tomorrow]).changes(both, AT)
    assert begins == datetime(2026, 3, 4, 23, tzinfo=UTC)
    assert had(both, tomorrow, at=begins - timedelta(microseconds=1)) == [True, True]
    assert had(both, tomorrow, at=begins) == [True, False]
    assert Snapshot([tomorrow]).changes(both, begins) is None


def test_snapshot__with_an_end__lifts_itself() -> None:
    """At `until` the files are there, and `changes` said so."""
    policy = Snapshot([snapshot_rule(until="2026-03-05")])
    end = policy.changes(dated(AFTER), AT)
    assert end == datetime(2026, 3, 5, tzinfo=UTC)
    assert to_be_had(policy.apply(dated(AFTER), end)) == [True]


def test_allow__past_a_snapshot__lets_one_release_in() -> None:
    """What is needed although it is later is let in by name, until its date."""
    later = dated(AFTER, AFTER, versions=("1.0", "2.0"))
    stack: list[Policy] = [
        Allow([allow_rule("snapshot", versions="==2.0", until="2026-04-01")]),
        Snapshot([snapshot_rule()]),
    ]
    seen = hide_refused(apply_all(stack, later, AT), all_of_them=False)
    assert (seen.files, versions_of(seen)) == (
        (msgspec.structs.replace(later.files[1], allowed=("snapshot",)),),
        ("2.0",),
    )
    assert next_change(stack, later, AT) == datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize("first", [True, False])
def test_snapshot__of_a_denied_file__lists_it_no_more(first: bool) -> None:
    """A denial's words do not bring a later file onto the page, in whichever order the two stand; they stay its words."""
    stack: list[Policy] = [Deny([deny_rule(versions="==2.0")]), Snapshot([snapshot_rule()])]
    judged = apply_all(stack if first else stack[::-1], dated(BEFORE, AFTER), AT)
    assert hide_refused(judged, all_of_them=False).files == judged.files[:1]
    said = judged.files[1].refused
    assert said is not None
    assert said.policy == ("deny" if first else "snapshot")


@few
@given(
    st.lists(written_times | odd_times, max_size=6),
    st.lists(instants, min_size=1, max_size=3),
    st.lists(policies, max_size=2),
    instants,
)
def test_snapshot__on_any_page__never_shows_what_came_later(
    times: list[str | None], ats: list[datetime], others: list[Policy], at: datetime
) -> None:
    """Whatever stands around it, no page that it is done to lists a file uploaded after the first rule's instant."""
    first, *rest = [snapshot_rule(each.isoformat()) for each in ats]
    stack = [*others[:1], Snapshot([first, *rest]), *others[1:]]
    seen = hide_refused(apply_all(stack, dated(*times), at), all_of_them=False)
    told = [uploaded(file.upload_time) for file in seen.files]
    assert [time for time in told if (time is None and at >= first.at) or (time is not None and time > first.at)] == []


@few
@given(
    pages(), st.sampled_from([snapshot_rule("2026-01-31"), snapshot_rule("1500-01-01", project="*", undated="pass")])
)
def test_snapshot__on_any_page__only_takes_away(before: Page, rule: SnapshotRule) -> None:
    """No file or version appears, moves or is another; done twice it is the same; facts and the rest are untouched."""
    policy = Snapshot([rule])
    after = policy.apply(before, AT)
    left = [file for file in after.files if file.refused is None]
    assert left == [file for file in before.files if file.filename not in refused(after)]
    assert [file.filename for file in after.files] == [file.filename for file in before.files]
    assert set(versions_of(hide_refused(after))) <= set(versions_of(before))
    assert policy.apply(after, AT) == after
    assert msgspec.structs.replace(after, files=before.files, versions=before.versions) == before


def test_facts__of_a_dated_rule__are_other_ones_for_another_rule() -> None:
    """What is kept of judged pages is found again by these: equal facts, equal verdict."""
    made = [
        Snapshot([rule]).facts(dated().project)
        for rule in (
            snapshot_rule(),
            snapshot_rule("2026-01-31T00:00:01Z"),
            snapshot_rule(own=True),
            snapshot_rule(undated="pass"),
        )
    ]
    assert len({*made}) == len(made)
    assert Snapshot([snapshot_rule(project="other")]).facts(dated().project) == ()
