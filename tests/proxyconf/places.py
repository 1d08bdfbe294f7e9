"""Where the tests of bad configurations stand: a folder with one of everything that a configuration may name."""

from pathlib import Path

import trustme


def furnish(folder: Path) -> Path:
    """Puts wheels/, empty/, file.txt, ca.pem, password.txt and other odd things there; the path of a configuration."""
    (folder / "wheels").mkdir()
    (folder / "file.txt").write_text("hello\n")
    trustme.CA().cert_pem.write_to_path(folder / "ca.pem")
    (folder / "password.txt").write_text("hunter2\n")
    (folder / "lines.txt").write_text("hunter2\nhunter3\n")
    (folder / "empty.txt").write_text("")
    (folder / "latin.txt").write_bytes(b"hunter2\xff")
    (folder / "loop").symlink_to(folder / "loop")
    return folder / "wheelgate.yaml"
