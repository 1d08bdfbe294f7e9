"""The store on a disk that is full: words that say so, nothing by half, and all is well once there is room."""

import json
import subprocess
import sys
from pathlib import Path

from tests.faults.test_small_disk import can_mount

_MOUNT = 'mount -t tmpfs -o size=3m,nr_inodes=300 tmpfs "$0" && exec "$@"'


def test_store__on_a_full_disk__says_so_and_has_nothing_half(tmp_path: Path) -> None:
    """UPL-16: file, core metadata and row each; what was acknowledged is there, and what was not is nowhere."""
    mounted = can_mount(tmp_path)
    how = "mounted" if mounted else "limited"
    run = (sys.executable, "-W", "error", "-m", "tests.faults.filling", str(tmp_path), how)
    inside = ("unshare", "-Urm", "sh", "-c", _MOUNT, str(tmp_path)) if mounted else ()
    done = subprocess.run((*inside, *run), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    words = found["words"]
    assert words.pop("nothing") == "False"
    if mounted:
        assert [each for each in words.values() if "the disk is full; make room" not in each] == []
    else:
        assert "may have no file as large" in words["metadata"]
        assert words["row"]
    assert found["there"] == found["changes"] == found["added"] == found["grave"]  # whose bytes never were
    assert found["left"] == ["spooled"]
