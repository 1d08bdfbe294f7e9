"""Files that are written whole or not at all."""

from pathlib import Path

import pytest

from addons.trust.files import PRIVATE, create_file, replace_file


def test_replace_file__target_is_a_folder__leaves_no_temporary_file(tmp_path: Path) -> None:
    """What could not be put in place is removed again: it may be a key."""
    (tmp_path / "key.pem").mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_file(tmp_path / "key.pem", b"secret", PRIVATE)
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


def test_replace_file__over_a_file__gives_it_the_mode_asked_for(tmp_path: Path) -> None:
    """The mode of what was there does not live on."""
    (tmp_path / "key.pem").touch(0o666)
    replace_file(tmp_path / "key.pem", b"secret", PRIVATE)
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == PRIVATE


def test_create_file__over_a_link_to_nowhere__refuses(tmp_path: Path) -> None:
    """A planted link does not lead a key elsewhere."""
    (tmp_path / "key.pem").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "key.pem", b"secret", PRIVATE)
    assert not (tmp_path / "elsewhere").exists()
