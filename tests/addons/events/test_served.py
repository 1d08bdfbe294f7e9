"""What was served, counted in memory: by day, kind of clients, project and file, within bounds."""

import time
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from addons.events.served import Batch, Served, Times, gathered

AT = datetime(2026, 11, 23, 23, 59, 58, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TODAY, TOMORROW = date(2026, 11, 23), date(2026, 11, 24)


def test_served__again_and_again__is_counted_with_its_first_and_last_time() -> None:
    """Pages and files apart, and each kind of clients by itself."""
    served = Served()
    usual, farm = served.of(), served.of("farm", "testing")
    for serving in (usual, farm, farm):
        serving.page("demo", AT)
    farm.page("demo", AT + SECOND)
    farm.file("demo", "demo-1.0.tar.gz", AT)
    assert served.take() == {
        (TODAY, "", "", "demo", ""): Times(1, AT, AT),
        (TODAY, "farm", "testing", "demo", ""): Times(3, AT, AT + SECOND),
        (TODAY, "farm", "testing", "demo", "demo-1.0.tar.gz"): Times(1, AT, AT),
    }
    assert (served.take(), served.waiting, served.dropped) == ({}, 0, 0)


def test_served__over_midnight_in_utc__is_of_two_days() -> None:
    """Also if the clock is set back over it."""
    served = Served()
    for at in (AT, AT + 2 * SECOND, AT):
        served.of().page("demo", at)
    assert {what[0]: times.number for what, times in served.take().items()} == {TODAY: 2, TOMORROW: 1}


def test_served__more_different_things_than_there_is_room_for__are_dropped_and_counted() -> None:
    """What is counted already is counted on; taking it makes room."""
    served = Served(most=2)
    for project in ("a", "b", "c", "a", "d"):
        served.of().page(project, AT)
    assert (served.waiting, served.dropped) == (2, 2)
    assert [times.number for times in served.take().values()] == [2, 1]
    served.of().page("c", AT)
    assert (served.waiting, served.dropped) == (1, 2)


NOTES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 200_000)), max_size=30)


@settings(max_examples=50)
@given(NOTES, NOTES, st.integers(0, 8))
def test_gathered__batches_within_bounds__lose_nothing_but_what_is_said(
    first: list[tuple[str, int]], second: list[tuple[str, int]], most: int
) -> None:
    """Their sums and the loss are what was served; first and last times are those of all."""
    into: Batch = {}
    lost = 0
    for notes in (first, second):
        served = Served()
        for project, seconds in notes:
            served.of().page(project, AT + seconds * SECOND)
        lost += gathered(into, served.take(), most)
    assert len(into) <= most
    assert sum(times.number for times in into.values()) + lost == len(first) + len(second)
    for what, times in into.items():
        moments = [AT + seconds * SECOND for name, seconds in (*first, *second) if name == what[3]]
        assert min(moments) <= min(times.first, times.last)
        assert max(times.first, times.last) <= max(moments)


def test_serving__of_a_page__costs_an_answer_nearly_nothing() -> None:
    """Under a microsecond where nothing else runs; ten times that are for machines that are busy."""
    serving, best = Served().of("farm"), 1.0
    for _ in range(20):
        begun = time.perf_counter()
        for _ in range(1_000):
            serving.page("demo", AT)
        best = min(best, (time.perf_counter() - begun) / 1_000)
    assert best < 10e-6
