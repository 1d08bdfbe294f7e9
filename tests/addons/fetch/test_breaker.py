"""The circuit breaker, by a clock that the test moves."""

import pytest

from addons.fetch.breaker import FAILURES, Breaker, Turn
from tests.addons.sources.places import Time


@pytest.fixture
def time() -> Time:
    """A clock that the test moves."""
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    """The breaker of the source `pypi`."""
    return Breaker("pypi", time)


def turn(breaker: Breaker) -> Turn:
    """Take a turn that there must be."""
    found = breaker.turn()
    assert found is not None
    return found


def trip(breaker: Breaker) -> None:
    """Let it open."""
    for _ in range(FAILURES):
        turn(breaker).failed()


def test_breaker__after_failures_in_a_row__gives_no_turn(
    breaker: Breaker, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """An upstream that is down costs nobody its time-out any more; the log says so once."""
    for number in range(FAILURES):
        assert not breaker.is_open, number
        turn(breaker).failed()
    assert breaker.is_open
    assert breaker.turn() is None
    assert breaker.wait_seconds == 1
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("source pypi: 5 failures in a row, so its index is asked once in a while only")


def test_breaker__with_an_answer_in_between__stays_closed(breaker: Breaker) -> None:
    """In a row is what counts."""
    for _ in range(4):
        for _ in range(FAILURES - 1):
            turn(breaker).failed()
        turn(breaker).answered()
    assert not breaker.is_open


def test_breaker__by_one_url_that_fails_on_its_own__stays_closed(breaker: Breaker) -> None:
    """A broken page is no outage; errors for everything are one."""
    for _ in range(3 * FAILURES):
        turn(breaker).failed("https://pypi.org/simple/broken/")
    assert not breaker.is_open
    for number in range(FAILURES - 1):
        turn(breaker).failed(f"https://pypi.org/simple/other-{number}/")
    assert breaker.is_open


def test_breaker__that_is_open__gives_one_turn_at_a_time_after_growing_delays(breaker: Breaker, time: Time) -> None:
    """1, 2, 4, 8, 16, 30, 30 seconds."""
    trip(breaker)
    for delay in (1, 2, 4, 8, 16, 30, 30):
        time.now += delay - 0.01
        assert breaker.turn() is None
        time.now += 0.01
        probe = turn(breaker)
        assert probe.probing
        assert breaker.turn() is None
        probe.failed("https://pypi.org/simple/demo/")


def test_breaker__whose_probe_is_answered__closes_and_begins_anew(
    breaker: Breaker, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """It recovers by itself, and its end is in the log."""
    trip(breaker)
    for delay in (1, 2):
        time.now += delay
        probe = turn(breaker)
        probe.failed() if delay == 1 else probe.answered()
    assert not breaker.is_open
    assert caplog.messages[-1] == "source pypi: its index is there again, and is asked as usual"
    trip(breaker)
    assert breaker.wait_seconds == 1


def test_breaker__whose_probe_was_given_up__lets_the_next_one_probe(breaker: Breaker, time: Time) -> None:
    """Whoever probes may go; another one takes the turn at once."""
    trip(breaker)
    time.now += 1
    turn(breaker).gave_up()
    assert turn(breaker).probing


def test_breaker__by_those_that_began_before_it_opened__is_not_delayed_further(breaker: Breaker, time: Time) -> None:
    """Fifty requests that fail together are one failure of the upstream; one answer among them is its recovery."""
    late = [turn(breaker) for _ in range(50)]
    trip(breaker)
    time.now += 1
    probe = turn(breaker)
    for each in late[:-1]:
        each.failed()
    assert breaker.turn() is None
    assert probe.probing
    late[-1].answered()
    assert not breaker.is_open


def test_breaker__whose_probe_goes_on__lets_all_ask_and_opens_at_the_next_failure(breaker: Breaker, time: Time) -> None:
    """A long answer need not end before others are let through; but only an end makes up for failures."""
    trip(breaker)
    time.now += 1
    probe = turn(breaker)
    seen = [breaker.admits]
    probe.goes_on()
    seen.append(breaker.admits)
    probe.gave_up()
    turn(breaker).failed("https://files.pythonhosted.org/0")
    assert [*seen, breaker.admits] == [False, True, False]
