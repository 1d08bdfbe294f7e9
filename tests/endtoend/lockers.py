"""The real tools that resolve a pyproject.toml into a lock file and install what is locked, each on its default index."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import override

import pytest

from tests.endtoend.clients import Outcome, home_of_its_own, kept_apart, outcome
from tests.wheelgate_process import BIN

PROJECT = """\
[project]
name = "mine"
version = "0"
requires-python = ">=3.12"
dependencies = ["{wanted}"]

[tool.poetry]
package-mode = false

[tool.pdm]
distribution = false
"""


@dataclass(frozen=True)
class Locker:
    """A tool that locks and installs what is locked: both commands, and the file that is locked into.

    `says`: what it shows of the answer to a file that is refused; the words, the file's URL and its release are filled in.
    `warns`: whether it shows the reason why a release that it locks is yanked.
    """

    name: str
    lock: tuple[str, ...]
    install: tuple[str, ...]
    file: str
    says: str
    warns: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)

    @override
    def __str__(self) -> str:
        return self.name


POETRY = Locker(
    name="poetry",
    lock=(kept_apart("tools", "poetry"), "lock", "--no-interaction"),
    install=(kept_apart("tools", "poetry"), "install", "--no-interaction"),
    file="poetry.lock",
    says="403 Client Error: {words} for url: {url}",
    environment={"POETRY_VIRTUALENVS_IN_PROJECT": "true", "POETRY_VIRTUALENVS_OPTIONS_NO_PIP": "true"},
)
PDM = Locker(
    name="pdm",
    lock=(kept_apart("tools", "pdm"), "lock"),
    install=(kept_apart("tools", "pdm"), "sync"),
    file="pdm.lock",
    says="Client error '403 Forbidden' for url '{url}'",
    warns=False,
    environment={"PDM_CHECK_UPDATE": "false"},
)
UV = Locker(
    name="uv",
    lock=(str(BIN / "uv"), "lock"),
    install=(str(BIN / "uv"), "sync", "--frozen"),
    file="uv.lock",
    says="Server message: Forbidden, {release}: {words}",
    environment={"UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"},
)

every_locker = pytest.mark.parametrize("locker", [POETRY, PDM, UV], ids=str)


@dataclass(frozen=True)
class Workspace:
    """A user's project in a folder of its own, below which the tool keeps all that it keeps."""

    locker: Locker
    folder: Path
    environment: Mapping[str, str]
    through: tuple[str, ...] = ()  # a command that both commands are put behind

    def want(self, *wanted: str) -> None:
        """Write what the project depends on."""
        (self.folder / "pyproject.toml").write_text(PROJECT.format(wanted='", "'.join(wanted)))

    def lock(self, **further: str) -> Outcome:
        """Lock; what is installed is what was before."""
        return self._run(self.locker.lock, further)

    def install(self, **further: str) -> Outcome:
        """Install what is locked, into the project's own environment."""
        return self._run(self.locker.install, further)

    @property
    def locked(self) -> str:
        """The text of the lock."""
        return (self.folder / self.locker.file).read_text()

    def _run(self, command: tuple[str, ...], further: Mapping[str, str]) -> Outcome:
        variables = {**self.environment, **further, **home_of_its_own(self.folder / "home")}
        into = ".venv/lib/*/site-packages"
        return outcome((*self.through, *command), self.folder, {**variables, **self.locker.environment}, into)
