"""Opening what the system has in memory, without waiting for the disk."""

import os
from pathlib import Path

from addons.cache.plain_files import open_plain_at_once


def test_file__that_was_just_written__is_opened_at_once(tmp_path: Path) -> None:
    """It is the file, read from its beginning."""
    path = tmp_path / "kept"
    path.write_bytes(b"bytes")
    descriptor = open_plain_at_once(path)
    assert descriptor is not None
    try:
        assert os.read(descriptor, 10) == b"bytes"
        assert not os.get_inheritable(descriptor)
    finally:
        os.close(descriptor)


def test_anything_else__in_the_place_of_a_file__is_left_to_the_usual_way(tmp_path: Path) -> None:
    """Links, folders, pipes, and nothing at all: no descriptor stays open, and nobody waits for a pipe's other end."""
    (tmp_path / "kept").write_bytes(b"bytes")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = _open()
    for name in ("link", "folder", "pipe", "absent"):
        assert open_plain_at_once(tmp_path / name) is None, name
    assert _open() == before


def _open() -> int:
    return len([*Path("/proc/self/fd").iterdir()])
