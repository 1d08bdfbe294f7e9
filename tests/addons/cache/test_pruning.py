"""`prune`: the least recently used goes, down to what is asked for."""

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from addons.cache.kept_documents import KeptDocuments
from addons.cache.layout import Layout
from addons.cache.pruning import Pruned, prune
from addons.cache.room import Limits
from addons.cache.writing import NotWritten
from tests.addons.cache.furnished import DEMO, INDEX, NOW, OTHER, furnished, key, rows, sha256
from tests.addons.cache.test_checking import left_growing, left_value

AT = datetime.fromtimestamp(NOW, UTC)
DAY = timedelta(days=1)
AMPLE = Limits(10**9, 0)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A cache with two projects, of which `demo` was used two days ago."""
    made = furnished(tmp_path / "cache")
    ago = NOW - 2 * DAY.total_seconds()
    os.utime(made.file(sha256(DEMO)), (ago, ago))
    rows(made, "UPDATE Cache SET access_time = ? WHERE key LIKE '%demo%'", ago)
    return made


def left(layout: Layout) -> tuple[int, set[str]]:
    """How many documents there are, and which files."""
    with KeptDocuments(layout.documents) as kept:
        count = len(list(kept.all()))
    return count, {path.name for path in layout.files.glob("*/*")}


def test_prune__within_limits_and_age__removes_nothing(layout: Layout) -> None:
    """What is asked for and no more."""
    before = left(layout)
    assert prune(layout, AMPLE, AT, 3 * DAY) == Pruned(0, 0, 0, 0)
    assert prune(layout, AMPLE, AT, None) == Pruned(0, 0, 0, 0)
    assert left(layout) == before


def test_prune__by_age__removes_what_nobody_asked_for_since(layout: Layout) -> None:
    """Files and documents, by their last use."""
    gone = prune(layout, AMPLE, AT, DAY)
    assert (gone.files, gone.documents, gone.leftovers) == (1, 5, 0)
    assert gone.bytes > len(DEMO)
    assert left(layout) == (8, {sha256(OTHER)})


def test_prune__to_a_size__removes_the_least_recently_used_files(layout: Layout) -> None:
    """Down to the limit; documents keep theirs by themselves."""
    limits = Limits(len(OTHER), 0)
    assert prune(layout, limits, AT, None) == Pruned(1, 0, len(DEMO), 0)
    assert left(layout) == (13, {sha256(OTHER)})
    assert prune(layout, Limits(0, 0), AT, None) == Pruned(1, 0, len(OTHER), 0)


def test_prune__of_a_full_disk__removes_files_until_enough_is_free(layout: Layout) -> None:
    """`cache.min_free_gb`."""

    def free(folder: Path) -> int:
        return 10 if len(list(folder.glob("*/*"))) > 1 else 20

    assert prune(layout, Limits(10**9, 20), AT, None, free).files == 1
    assert left(layout)[1] == {sha256(OTHER)}


def test_prune__of_leftovers__removes_them(layout: Layout) -> None:
    """Half a file, a value that no document names, a document without its stamp."""
    left_growing(layout)
    left_value(layout)
    rows(layout, "DELETE FROM Cache WHERE key = ?", key(f"{INDEX}other/"))
    gone = prune(layout, AMPLE, AT, None)
    assert (gone.files, gone.documents, gone.leftovers) == (0, 1, 2)
    assert not any(layout.growing.iterdir())
    assert rows(layout, "SELECT count(*) FROM Cache WHERE key LIKE ?", '%"https://pypi.org/simple/other/"%') == [(0,)]


def test_prune__of_old_takedowns__leaves_them(layout: Layout) -> None:
    """Another process may have the page in memory, and must not give it again."""
    [(gone,)] = rows(layout, "SELECT value FROM Cache WHERE key = ?", key(f"{INDEX}demo/"))
    assert isinstance(gone, bytes)
    nothing = gone[:19] + b"\xc4\x00"  # the same times, no digest
    rows(layout, "UPDATE Cache SET value = ? WHERE key = ?", nothing, key(f"{INDEX}demo/"))
    rows(layout, "DELETE FROM Cache WHERE key = ?", f"{key(f'{INDEX}demo/')} body")
    assert prune(layout, AMPLE, AT, DAY).documents == 4
    assert rows(layout, "SELECT value FROM Cache WHERE key = ?", key(f"{INDEX}demo/")) == [(nothing,)]


def test_prune__while_the_database_is_held__says_so(layout: Layout) -> None:
    """In words; nothing is half done."""
    holder = sqlite3.connect(layout.documents / "cache.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(NotWritten, match="cannot be written to now"):
        prune(layout, AMPLE, AT, DAY, patience=0.01)
    holder.close()
    assert len(left(layout)[1]) == 2
