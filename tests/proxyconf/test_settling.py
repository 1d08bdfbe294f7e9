"""A file that is being written is empty for a moment: that is not what its writer means."""

import pytest

from proxyconf.settling import EMPTY_SECONDS, Settling


@pytest.mark.parametrize("empty", ["", "\n", "  \n\n"])
def test_text__emptied_and_written__does_not_count_in_between(empty: str) -> None:
    """No request is answered without policies because an editor truncates before it writes."""
    settling = Settling()
    assert [settling.counts("a: 1", empty, 0.0), settling.counts("a: 1", "a: 2", 0.2)] == [False, True]
    looks = [settling.counts("a: 2", empty, 4.0 + seconds) for seconds in (0.0, 0.1, EMPTY_SECONDS)]
    assert looks == [False, False, True]


@pytest.mark.parametrize(("before", "now"), [("a: 1", "a: 2"), ("a: 1", None), ("", ""), (None, ""), ("", "a: 1")])
def test_text__of_any_other_kind__counts_at_once(before: str | None, now: str | None) -> None:
    """A file that is gone, or was empty all the time, is what it is."""
    assert Settling().counts(before, now, 0.0)
