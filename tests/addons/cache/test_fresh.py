"""What was just written to a growing file, read out of memory."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from addons.cache.fresh import Fresh


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=6), st.integers(0, 60), st.integers(1, 9))
def test_fresh__of_any_pieces__gives_the_files_own_bytes_or_nothing(pieces: list[bytes], at: int, count: int) -> None:
    """What is held begins where it was written, here at 10; nothing is given from before or behind it."""
    content = b"".join(pieces)
    fresh = Fresh()
    fresh.hold(10, pieces)
    found = fresh.find(at, at + count)
    inside = 10 <= at < 10 + len(content)
    assert (found is not None) == inside
    if found is not None:
        assert content[at - 10 : at - 10 + count].startswith(found)
        assert found


def test_fresh__of_much__holds_its_beginning_only() -> None:
    """A megabyte, and the piece that it ends in; what comes next replaces it."""
    fresh, pieces = Fresh(), [bytes([number]) * 300_000 for number in range(20)]
    fresh.hold(0, pieces)
    held = [start for start in accumulate(map(len, pieces), initial=0) if fresh.find(start, start + 1)]
    assert held == [0, 300_000, 600_000, 900_000]
    fresh.hold(6_000_000, [b"next"])
    assert fresh.find(0, 1) is None
    assert fresh.find(6_000_001, 7_000_000) == b"ext"
