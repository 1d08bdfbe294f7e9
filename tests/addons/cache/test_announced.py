"""What is known of metadata, by several: laws of `joined` and `noted`, and for how long a "none" counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.cache.announced import Entry, joined, noted

FILES = ("a", "b", "c")
entry = st.builds(
    Entry,
    st.sampled_from(["file", "upstream", "ranges"]),
    st.sampled_from([1.0, 2.0, 3.0]),
    st.sampled_from(["aa" * 32, "bb" * 32, ""]),
    st.sampled_from(["", "has none"]),
)
entries = st.dictionaries(st.sampled_from(FILES), entry)


def rank(each: Entry) -> tuple[bool, float]:
    """What decides between two."""
    return each.is_proven, each.at


@given(entries, entries, entries)
def test_joined__in_any_order_and_grouping__knows_as_much(
    one: dict[str, Entry], two: dict[str, Entry], three: dict[str, Entry]
) -> None:
    """MET-04: idempotent, associative, and commutative but for two that were noted at one moment."""
    assert joined(one, one) == one
    assert joined(joined(one, two), three) == joined(one, joined(two, three))
    assert joined(joined(one, two), two) == joined(one, two)
    forth, back = joined(one, two), joined(two, one)
    assert {file: rank(each) for file, each in forth.items()} == {file: rank(each) for file, each in back.items()}
    assert all(forth[file] == back[file] for file in forth if file not in one or file not in two)


@given(entries, entries)
def test_joined__of_two__loses_no_file_and_nothing_proven(one: dict[str, Entry], two: dict[str, Entry]) -> None:
    """MET-04: what was read out of a file is never given up for what was not."""
    both = joined(one, two)
    assert both.keys() == one.keys() | two.keys()
    for file, each in both.items():
        assert each in (one.get(file), two.get(file))
        assert each.is_proven == any(file in known and known[file].is_proven for known in (one, two))


@given(entries, entries)
def test_noted__over_what_was_known__counts_unless_that_was_proven(
    here: dict[str, Entry], found: dict[str, Entry]
) -> None:
    """MET-04: whatever the clock says."""
    both = noted(here, found)
    assert both.keys() == here.keys() | found.keys()
    for file, each in found.items():
        stands = file in here and here[file].is_proven and not each.is_proven
        assert both[file] == (here[file] if stands else each)
    assert noted(both, found) == both


@pytest.mark.parametrize(
    ("made", "seconds", "settled"),
    [
        (Entry("file", 0.0, reason="has none"), 1e9, True),
        (Entry("ranges", 0.0, "aa"), 1e9, True),
        (Entry("ranges", 0.0, reason="has none"), 3599.0, True),
        (Entry("ranges", 0.0, reason="has none"), 3600.0, False),
        (Entry("upstream", 0.0, reason="has none"), -3600.0, False),
    ],
)
def test_none__that_the_file_has_not_said__counts_for_an_hour(made: Entry, seconds: float, settled: bool) -> None:
    """MET-02: what is in hand or proven is settled; the rest is seen anew, also where the clock was set back."""
    assert made.is_settled(seconds) is settled
