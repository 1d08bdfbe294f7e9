"""Real pip and uv that find out what is to be installed, and install nothing; with nothing kept from any run before."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.asking import Target, WrongAnswer
from benchmarks.real_clients import way
from tests.wheelgate_process import BIN, clean_environment

UV, PIP = "uv pip compile", "pip install --dry-run"


@dataclass(frozen=True)
class Resolution:
    """What a client is to resolve, and how many projects come of it."""

    client: str  # UV or PIP
    kind: str  # of graph
    asked: Sequence[str]
    expected: int

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return f"{self.client}, {self.kind}"

    def run(self, target: Target, folder: Path) -> float:
        """Run it with an empty home and an empty cache; gives its seconds. Raises WrongAnswer if not all is found."""
        with tempfile.TemporaryDirectory(dir=folder) as home:
            wanted, got = Path(home) / "wanted.in", Path(home) / "got"
            wanted.write_text("\n".join([*self.asked, ""]))
            command = _pip(wanted, got) if self.client == PIP else _uv(wanted, got)
            environment = clean_environment(Path(home), **way(target), TMPDIR=home)
            begun = time.perf_counter()
            done = subprocess.run(command, env=environment, cwd=home, capture_output=True, check=False)
            passed = time.perf_counter() - begun
            found = self._found(got)
        if done.returncode or found != self.expected:
            said = ascii((done.stdout + done.stderr).decode(errors="replace")[-1000:])
            raise WrongAnswer(f"{self.name}: exit {done.returncode}, {found} of {self.expected} found: {said}")
        return passed

    def _found(self, got: Path) -> int:
        if not got.exists():
            return 0
        if self.client == PIP:
            return len(json.loads(got.read_text())["install"])
        return sum("==" in line for line in got.read_text().splitlines())


def _pip(wanted: Path, got: Path) -> Sequence[str]:
    options = ["--quiet", "--disable-pip-version-check", "--dry-run", "--ignore-installed", "--report", str(got)]
    return [sys.executable, "-m", "pip", "install", *options, "-r", str(wanted)]


def _uv(wanted: Path, got: Path) -> Sequence[str]:
    options = ["--quiet", "--no-config", "--no-python-downloads", "--no-annotate", "--python", sys.executable]
    return [str(BIN / "uv"), "pip", "compile", *options, "-o", str(got), str(wanted)]
