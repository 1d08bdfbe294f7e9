"""The shelf: bytes lie there whole, right and for their user only, or not at all."""

import hashlib
import os
import resource
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from addons.store.shelf import LEFTOVER_AGE, Shelf, ShelfUnavailable
from tests.addons.store.files import AT

CONTENT = b"x" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """One whose folders are made."""
    shelf = Shelf(tmp_path / "store")
    shelf.prepare(AT)
    return shelf


def spool(shelf: Shelf, content: bytes = CONTENT) -> Path:
    """Write a file as an upload does."""
    path = shelf.incoming / "spooled"
    path.write_bytes(content)
    return path


def test_put__bytes__lie_under_their_sha256_for_their_user_only(shelf: Shelf) -> None:
    """Whole, with the modes of what is nobody else's business; the spool file is left to who made it."""
    spooled = spool(shelf)
    shelf.put(spooled, SHA256)
    spooled.unlink()
    assert shelf.is_right(SHA256, len(CONTENT))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (shelf.path(SHA256), *shelf.store.rglob("*"))}
    assert modes == {0o600, 0o700}


@pytest.mark.parametrize("damage", [b"", b"y" * 1000, CONTENT + b"x"])
def test_put__where_damaged_bytes_have_the_name__replaces_them(shelf: Shelf, damage: bytes) -> None:
    """An upload that was acknowledged has the bytes that were uploaded."""
    shelf.put(spool(shelf), SHA256)
    shelf.path(SHA256).unlink()
    shelf.path(SHA256).write_bytes(damage)
    shelf.put(spool(shelf), SHA256)
    assert shelf.is_right(SHA256, len(CONTENT))
    assert [path.name for path in shelf.path(SHA256).parent.iterdir()] == [SHA256[2:]]


def test_put__bytes_that_are_there__makes_them_as_new(shelf: Shelf) -> None:
    """They may be nobody's, and old enough to be swept away: now somebody comes for them."""
    shelf.put(spool(shelf), SHA256)
    os.utime(shelf.path(SHA256), (0, 0))
    before = shelf.path(SHA256).stat().st_ino
    shelf.put(spool(shelf), SHA256)
    after = shelf.path(SHA256).stat()
    assert (after.st_ino, after.st_mtime > 0) == (before, True)


def test_start__leftovers_of_processes_that_died__are_removed(shelf: Shelf) -> None:
    """Those older than any upload takes; a younger one is somebody's."""
    now = datetime.now(UTC)  # noqa: TID251 - of the file system
    for name, age in (("old", LEFTOVER_AGE + timedelta(minutes=1)), ("young", timedelta(minutes=50))):
        path = shelf.incoming / name
        path.write_bytes(b"half")
        os.utime(path, ((now - age).timestamp(),) * 2)
    assert shelf.prepare(now) == 1
    assert [path.name for path in shelf.incoming.iterdir()] == ["young"]


def test_put__where_the_folder_cannot_be_had__is_refused_in_words(shelf: Shelf) -> None:
    """An OSError, whose words say where and what."""
    spooled = spool(shelf)
    shutil.rmtree(shelf.folder)
    shelf.folder.write_text("a file")
    with pytest.raises(ShelfUnavailable, match=r"/store: the store cannot be written: Not a directory"):
        shelf.put(spooled, SHA256)


def test_put__what_does_not_fit__leaves_nothing_half(shelf: Shelf) -> None:
    """Neither under the name nor in `incoming`; and the words say what to do."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        with pytest.raises(ShelfUnavailable, match=r"store: the store cannot be written: .* raise the limit"):
            shelf.put_bytes(CONTENT, SHA256)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path for path in shelf.store.rglob("*") if path.is_file()] == []
    shelf.put_bytes(CONTENT, SHA256)
    assert shelf.is_right(SHA256)
