"""The order in which kept files make way: by their last use, small ones thirty days later, in each place that makes room."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.cache.layout import Layout
from addons.cache.pruning import prune
from addons.cache.room import Kept, Limits, Room, stays_until

NOW = 1_700_000_000.0
DAY = 86_400.0
SMALL, LARGE = 65_536, 65_537
FILES = {"old small": (SMALL, 29.5), "new large": (LARGE, 0.0), "very old small": (1, 30.5), "old large": (LARGE, 1.0)}
ORDER = ["old large", "very old small", "new large", "old small"]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A store with these files; their names are numbers."""
    layout = Layout(tmp_path / "cache")
    for number, (size, days) in enumerate(FILES.values()):
        path = layout.file(f"{number:064}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
        os.utime(path, (NOW - days * DAY,) * 2)
    return layout


def left(layout: Layout) -> list[str]:
    """What is there, by how it is called here."""
    names = list(FILES)
    return [names[int(path.name)] for path in sorted(layout.files.glob("*/*"))]


def by_room(layout: Layout, most: int) -> None:
    """Make room as a running gateway does."""
    Room(layout.files, Limits(most, 0), lambda folder: 10**12, wall=lambda: NOW).make(layout.file("ab" * 32), 0)


def by_hand(layout: Layout, most: int) -> None:
    """Make room as `wheelgate cache prune` does."""
    prune(layout, Limits(most, 0), datetime.fromtimestamp(NOW, UTC), None)


@pytest.mark.parametrize("make_room", [by_room, by_hand])
def test_files__that_make_way__go_by_use_and_small_ones_thirty_days_later(
    layout: Layout, make_room: Callable[[Layout, int], None]
) -> None:
    """MET-02: metadata that was announced stays where a wheel of some hundred times its size is fetched again."""
    for gone in range(len(ORDER) + 1):
        make_room(layout, sum(FILES[name][0] for name in ORDER[gone:]))
        assert sorted(left(layout)) == sorted(ORDER[gone:])


def test_prune__by_age__takes_small_files_of_that_age_too(layout: Layout) -> None:
    """What the operator says counts; only what has to go for room goes in the other order."""
    prune(layout, Limits(10**9, 0), datetime.fromtimestamp(NOW, UTC), timedelta(days=20))
    assert left(layout) == ["new large", "old large"]


kept = st.builds(Kept, st.floats(0, 2 * NOW), st.integers(0, 200_000), st.just(Path("x")))


@given(kept, kept)
def test_order__of_any_two_files__is_that_of_their_use_among_equals(one: Kept, other: Kept) -> None:
    """CCH-16: among small ones, and among large ones; a use in the future is of no known age, and goes first."""
    first, second = stays_until(one, NOW), stays_until(other, NOW)
    if (one.size <= SMALL) == (other.size <= SMALL) and one.used <= other.used <= NOW:
        assert first <= second
    if one.used > NOW + 60:
        assert first <= 30 * DAY
