"""`verify`: what is damaged is found and goes, what is left over too, and all else stays."""

import fcntl
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from addons.cache.checking import Finding, verify
from addons.cache.layout import Layout
from tests.addons.cache.furnished import (
    DEMO,
    INDEX,
    NOW,
    everything,
    file_url,
    furnished,
    key,
    rows,
    sha256,
    value_file,
)

AT = datetime.fromtimestamp(NOW, UTC)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A cache with two projects."""
    return furnished(tmp_path / "cache")


def found(layout: Layout, *, remove: bool = True) -> list[Finding]:
    """Check all of it."""
    return list(verify(layout, AT, remove=remove))


def flip(layout: Layout) -> str:
    """Change one bit of a file."""
    path = layout.file(sha256(DEMO))
    path.write_bytes(bytes([DEMO[0] ^ 1]) + DEMO[1:])
    return f"files/{path.parent.name}/{path.name}"


def cut(layout: Layout) -> str:
    """Let a file lose its end."""
    os.truncate(layout.file(sha256(DEMO)), 100)
    return f"files/{sha256(DEMO)[:2]}/{sha256(DEMO)}"


def stranger(layout: Layout) -> str:
    """Put something among the files."""
    (layout.files / "notes.txt").write_text("mine")
    return "files/notes.txt"


def misplaced(layout: Layout) -> str:
    """Move a file to another folder."""
    (layout.files / "00").mkdir()
    layout.file(sha256(DEMO)).rename(layout.files / "00" / sha256(DEMO))
    return f"files/00/{sha256(DEMO)}"


def linked(layout: Layout) -> str:
    """Have a file lie elsewhere: nobody knows what becomes of it there."""
    path = layout.file(sha256(DEMO))
    path.rename(layout.folder / "elsewhere")
    path.symlink_to(layout.folder / "elsewhere")
    return f"files/{path.parent.name}/{path.name}"


def folder_in_its_place(layout: Layout) -> str:
    """Put a folder where a file belongs."""
    path = layout.file("cd" * 32)
    path.mkdir(parents=True)
    return f"files/cd/{'cd' * 32}"


def left_growing(layout: Layout) -> str:
    """Leave half a file, as a process that is killed does."""
    layout.growing.mkdir()
    (layout.growing / sha256(b"new")).write_bytes(b"n")
    return f"growing/{sha256(b'new')}"


def left_value(layout: Layout) -> str:
    """Leave a document's file that no document names."""
    path = value_file(layout, "demo")
    other = path.with_name(f"{'0' * 28}.val")
    other.write_bytes(b"x")
    os.utime(other, (NOW - 100, NOW - 100))
    return str(other.relative_to(layout.folder))


def changed_document(layout: Layout) -> str:
    """Change a document in the database."""
    row = f"{key(f'{INDEX}demo/')} body"
    rows(layout, "UPDATE Cache SET value = CAST(replace(value, 'demo', 'evil') AS BLOB) WHERE key = ?", row)
    return f"{INDEX}demo/ of source pypi"


def changed_value(layout: Layout) -> str:
    """Change a document in a file of its own."""
    path = value_file(layout, "demo")
    path.write_bytes(path.read_bytes()[:-1])
    return "https://pypi.org/pypi/demo/json of source pypi"


def lost_value(layout: Layout) -> str:
    """Lose that file."""
    value_file(layout, "demo").unlink()
    return "https://pypi.org/pypi/demo/json of source pypi"


def swapped_document(layout: Layout) -> str:
    """Put one document, whole, in another one's place."""
    body = f"{key(f'{file_url("demo")}.metadata')} body"
    rows(
        layout,
        "UPDATE Cache SET value = (SELECT value FROM Cache WHERE key = ?) WHERE key = ?",
        f"{key(f'{file_url("other")}.metadata')} body",
        body,
    )
    return f"{file_url('demo')}.metadata of source pypi"


def spoilt_stamp(layout: Layout) -> str:
    """Spoil what is known of a document."""
    rows(layout, "UPDATE Cache SET value = X'00' WHERE key = ?", key(f"{INDEX}demo/"))
    return f"{INDEX}demo/ of source pypi"


def no_database(layout: Layout) -> str:
    """Put something else in the database's place."""
    (layout.documents / "cache.db").write_bytes(b"no database " * 1000)
    return "documents"


FAULTS = [
    *(flip, cut, stranger, misplaced, linked, folder_in_its_place, left_growing, left_value),
    *(changed_document, changed_value, lost_value, swapped_document, spoilt_stamp, no_database),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_verify__of_one_fault__finds_and_removes_that_and_nothing_else(
    layout: Layout, fault: Callable[[Layout], str]
) -> None:
    """By its name; a dry run finds the same and leaves it; afterwards all is right."""
    place = fault(layout)
    before = everything(layout)
    assert [(each.place, each.removed) for each in found(layout, remove=False)] == [(place, False)]
    assert everything(layout) == before
    assert [(each.place, each.removed) for each in found(layout)] == [(place, True)]
    assert found(layout) == []
    gone = before.keys() - everything(layout).keys()
    assert len(gone) <= 1 or place == "documents"


def test_verify__of_a_sound_cache__finds_nothing_and_tells_of_every_byte(layout: Layout) -> None:
    """What the progress bar goes by."""
    told: list[int] = []
    before = everything(layout)
    assert list(verify(layout, AT, remove=True, step=told.append)) == []
    assert everything(layout) == before
    files = sum(path.stat().st_size for path in layout.files.rglob("*") if path.is_file())
    assert sum(told) > files + 100_000


def test_verify__while_a_file_is_fetched_and_a_value_written__leaves_both_alone(layout: Layout) -> None:
    """A gateway may run."""
    growing, value = layout.folder / left_growing(layout), layout.folder / left_value(layout)
    os.utime(value, (NOW, NOW))
    with growing.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert found(layout) == []
    assert growing.exists()
    assert value.exists()


def test_verify__where_nothing_is__finds_nothing_and_makes_nothing(tmp_path: Path) -> None:
    """No cache is no fault."""
    assert found(Layout(tmp_path / "cache")) == []
    assert list(tmp_path.iterdir()) == []


def test_verify__of_what_was_evicted_in_part__is_content(layout: Layout) -> None:
    """diskcache evicts a document and its stamp one by one: that is no damage."""
    rows(layout, "DELETE FROM Cache WHERE key = ?", key(f"{INDEX}demo/"))
    rows(layout, "DELETE FROM Cache WHERE key = ?", f"{key(f'{INDEX}other/')} body")
    assert found(layout) == []
