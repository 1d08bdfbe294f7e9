"""An environment that `deploy/run` takes for set up, so that nothing is installed: the one that the tests run in."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_STAMP = 'cd "$1" && { pwd && cat pyproject.toml deploy/requirements-dev.txt deploy/clients/*.txt; } | cksum'


def prepared_environment(folder: Path) -> Path:
    """Make `folder`/venv out of links into the environment of the tests, and stamp it as `deploy/run` does."""
    venv = folder / "venv"
    venv.mkdir()
    for part in Path(sys.prefix).iterdir():
        if part.name != "wheelgate-stamp":
            (venv / part.name).symlink_to(part)
    stamp = subprocess.run(["sh", "-c", _STAMP, "sh", str(ROOT)], capture_output=True, text=True, check=True)
    (venv / "wheelgate-stamp").write_text(stamp.stdout)
    return venv
