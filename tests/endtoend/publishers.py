"""The real tools that publish, each to where it publishes when nothing else is said. Adding one is one line of PUBLISHERS."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import override

import pytest

from tests.endtoend.authored import FLIT_CORE, HATCHLING, POETRY_CORE, SETUPTOOLS, Backend
from tests.endtoend.clients import Outcome, home_of_its_own, kept_apart, outcome
from tests.wheelgate_process import BIN

TUNNELLED = str(Path(__file__).parent / "tunnelled")
"""On the path of a tool that asks for no proxy, it goes through one all the same: see there."""

CI_JOB = "gitlab-ci-token"
TOKEN = "__token__"


@dataclass(frozen=True)
class Publisher:
    """A tool: its command, to which the files are added, and the variables that it takes name and password from.

    `backend` builds what it publishes in these tests. `shows_reason`: whether the author reads why a file is refused.
    `asks_first`: whether it looks at the project's page, and sends nothing that is there.
    """

    name: str
    command: tuple[str, ...]
    login: tuple[str, str]
    backend: Backend
    takes_files: bool = True
    shows_reason: bool = True
    asks_first: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    @override
    def __str__(self) -> str:
        return self.name

    def publish(self, folder: Path, variables: Mapping[str, str], login: tuple[str, str], *options: str) -> Outcome:
        """Publish what lies in `folder`/dist (flit: what it builds of `folder`), as user and password of `login`."""
        files = sorted(f"dist/{path.name}" for path in (folder / "dist").iterdir()) if self.takes_files else ()
        own = home_of_its_own(folder / "home")
        said = dict(zip(self.login, login, strict=True))
        return outcome((*self.command, *options, *files), folder, {**variables, **own, **self.environment, **said})


TWINE = ("upload", "--non-interactive", "--disable-progress-bar")
TWINE_LOGIN = ("TWINE_USERNAME", "TWINE_PASSWORD")
UV_LOGIN = ("UV_PUBLISH_USERNAME", "UV_PUBLISH_PASSWORD")
UV_VARIABLES = {"UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"}

TWINE_6 = Publisher("twine-6", (kept_apart("uploaders-older", "twine"), *TWINE), TWINE_LOGIN, SETUPTOOLS)
TWINE_7 = Publisher("twine-7", (kept_apart("tools", "twine"), *TWINE), TWINE_LOGIN, HATCHLING)
UV_OLD = Publisher(
    "uv-0.4", (kept_apart("uploaders-older", "uv"), "publish"), UV_LOGIN, HATCHLING, environment=UV_VARIABLES
)
UV = Publisher("uv", (str(BIN / "uv"), "publish"), UV_LOGIN, FLIT_CORE, environment=UV_VARIABLES)
FLIT = Publisher(
    "flit", (kept_apart("tools", "flit"), "publish"), ("FLIT_USERNAME", "FLIT_PASSWORD"), FLIT_CORE, takes_files=False
)
POETRY = Publisher(
    "poetry",
    (kept_apart("tools", "poetry"), "publish", "--no-interaction"),
    ("POETRY_HTTP_BASIC_PYPI_USERNAME", "POETRY_HTTP_BASIC_PYPI_PASSWORD"),
    POETRY_CORE,
    takes_files=False,
)
HATCH = Publisher(
    "hatch",
    (kept_apart("tools", "hatch"), "publish", "--no-prompt"),
    ("HATCH_INDEX_USER", "HATCH_INDEX_AUTH"),
    HATCHLING,
    asks_first=True,
    environment={"PYTHONPATH": TUNNELLED},
)
PDM = Publisher(
    "pdm",
    (kept_apart("tools", "pdm"), "publish", "--no-build"),
    ("PDM_PUBLISH_USERNAME", "PDM_PUBLISH_PASSWORD"),
    SETUPTOOLS,
    takes_files=False,
    shows_reason=False,
    environment={"PDM_CHECK_UPDATE": "false", "PDM_USE_VENV": "false"},
)

PUBLISHERS = (TWINE_6, TWINE_7, UV_OLD, UV, FLIT, POETRY, HATCH, PDM)

every_publisher = pytest.mark.parametrize("publisher", PUBLISHERS, ids=str)
