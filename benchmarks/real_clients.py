"""Real pip and uv, each run with nothing kept from any run before, and nothing of the user's configuration."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.asking import Target, WrongAnswer
from tests.wheelgate_process import BIN, clean_environment


@dataclass(frozen=True)
class Errand:
    """What a client is to fetch: the projects that it is told, and how many distributions come of it."""

    client: str  # "pip download" or "uv pip install"
    asked: Sequence[str]
    expected: int

    def run(self, target: Target, folder: Path) -> float:
        """Run it with an empty home, an empty cache and an empty place to put things; gives its seconds.

        Raises WrongAnswer if it fails, or something is missing then.
        """
        with tempfile.TemporaryDirectory(dir=folder) as home:
            got = Path(home) / "got"
            command = _pip(got) if self.client == "pip download" else _uv(got)
            environment = clean_environment(Path(home), **way(target))
            begun = time.perf_counter()
            done = subprocess.run([*command, *self.asked], env=environment, cwd=home, capture_output=True, check=False)
            passed = time.perf_counter() - begun
            found = len([*got.glob("*.whl"), *got.glob("*.dist-info")])
        if done.returncode or found != self.expected:
            said = ascii((done.stdout + done.stderr).decode(errors="replace")[-1000:])
            raise WrongAnswer(f"{self.client}: exit {done.returncode}, {found} of {self.expected} there: {said}")
        return passed


def _pip(got: Path) -> Sequence[str]:
    return [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", str(got)]


def _uv(got: Path) -> Sequence[str]:
    options = ["--quiet", "--no-config", "--no-python-downloads", "--python", sys.executable, "--target", str(got)]
    return [str(BIN / "uv"), "pip", "install", *options]


def way(target: Target) -> Mapping[str, str]:
    """Give the variables that lead both clients there: through a proxy, or to an index on the loopback."""
    ca = str(target.ca)
    trust = {"PIP_CERT": ca, "SSL_CERT_FILE": ca}
    if target.proxied:
        return {**trust, "HTTPS_PROXY": f"http://{target.address[0]}:{target.address[1]}"}
    index = f"https://localhost:{target.address[1]}/simple/"
    return {**trust, "PIP_INDEX_URL": index, "UV_DEFAULT_INDEX": index}
