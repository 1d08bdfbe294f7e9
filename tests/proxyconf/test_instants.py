"""Instants as an operator writes them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxyconf.instants import Instant, shown_instant
from proxyconf.misfit import Misfit

EIGHT = datetime(2026, 12, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-01T08:00Z", "2026-12-01 08:00Z", "2026-12-01t08:00z", " 2026-12-01T08:00:00.000Z ", "20261201T0800Z",
        "2026-12-01T08Z", "2026-12-01T09:00+01:00", "2026-12-01T03:00:00-05:00", "2026-12-01T13:45+05:45",
        "2026-11-30T22:00-10:00",
    ],
)  # fmt: skip
def test_instant__in_any_zone__is_that_instant_in_utc(text: str) -> None:
    """Clocks in other zones mean the same instant (ISO 8601, RFC 3339)."""
    found = Instant.read(text)
    assert (found, found.utcoffset()) == (EIGHT, timedelta(0))


@pytest.mark.parametrize("text", ["2026-12-01", "20261201", " 2026-12-01 ", "2026-W49-2"])
def test_instant__that_is_a_date__is_its_midnight_in_utc(text: str) -> None:
    """Not the machine's own midnight: the same file means the same on every machine."""
    assert Instant.read(text) == datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "2026-13-01", "2026-02-30", "2026-12-01T25:00Z", "2026-12-01T08:00:60Z", "12/01/2026", "1.12.2026",
        "2026-12", "2026-12-01T08:00 CET", "0001-01-01T00:00+10:00", "9999-12-31T23:59-01:00", "2026-12-01Z", "٢٠٢٦-12-01",
    ],
)  # fmt: skip
def test_instant__that_is_none__is_refused_with_an_example(text: str) -> None:
    """No guess is made at what a date means, nor at one that no calendar has."""
    with pytest.raises(Misfit, match="no instant; write a date or a time with its zone"):
        Instant.read(text)


@pytest.mark.parametrize("text", ["2026-12-01T08:00", "2026-12-01 08:00:00", "20261201T08", "2026W49T08"])
def test_instant__without_a_zone__is_refused_with_what_to_write(text: str) -> None:
    """Whose eight o'clock it is must be written."""
    with pytest.raises(Misfit) as raised:
        Instant.read(text)
    assert f'has no time zone; write "{text}Z"' in str(raised.value)


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001 - hypothesis wants it without a zone
    st.integers(-23 * 60, 23 * 60),
)
def test_instant__written_and_read__is_the_same(naive: datetime, minutes: int) -> None:
    """Whatever the zone, to the microsecond."""
    written = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert Instant.read(written.isoformat()) == written


@given(st.text(max_size=30))
def test_instant__of_any_text__is_an_instant_or_a_misfit(text: str) -> None:
    """Nothing else comes out of the parser."""
    with suppress(Misfit):
        assert Instant.read(text).utcoffset() == timedelta(0)


def test_shown__to_people__is_in_utc_and_says_so() -> None:
    """Seconds are shown where there are some."""
    assert shown_instant(Instant.read("2026-12-01T09:00+01:00")) == "2026-12-01 08:00 UTC"
    assert shown_instant(Instant.read("2026-12-01T08:00:07Z")) == "2026-12-01 08:00:07 UTC"
