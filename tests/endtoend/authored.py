"""Projects as authors have them, built offline by real build backends into wheel and sdist."""

from dataclasses import dataclass
from pathlib import Path

from tests.endtoend.clients import home_of_its_own, kept_apart
from tests.wheelgate_process import clean_environment, run

_PROJECT = """\
[build-system]
requires = ["{requires}"]
build-backend = "{backend}"

[project]
name = "{name}"
version = "{version}"
description = "Turns light into lines, and is published as people do it"
readme = "README.rst"
license = "MIT"
license-files = ["LICENSE"]
authors = [{{name = "Ada Example", email = "ada@example.org"}}]
keywords = ["beamline", "optics"]
classifiers = [{classifiers}]
requires-python = ">=3.9"
dependencies = ["tomli>=2; python_version < '3.11'"]

[project.optional-dependencies]
plot = ["matplotlib>=3"]

[project.urls]
Homepage = "https://example.org/{name}"

[tool.flit.module]
name = "{module}"
"""
CLASSIFIERS = ("Intended Audience :: Science/Research", "Programming Language :: Python :: 3")
"""Those of these projects."""

_README = """\
=======
Grating
=======

Turns *light* into lines, for `beamlines <https://example.org/beamlines>`_.
"""
BROKEN_README = f"{_README}\n.. no-such-directive:: it is neither here nor there\n\nLight\n====\n"
"""As reStructuredText it is no text: PyPI refuses a file that it describes."""


@dataclass(frozen=True)
class Backend:
    """A build backend: its name in `requires`, its module, and the command that builds with what is installed."""

    requires: str
    module: str
    command: tuple[str, ...]


_BUILD = (kept_apart("tools"), "-m", "build", "--no-isolation")
HATCHLING = Backend("hatchling", "hatchling.build", (kept_apart("tools"), "-m", "hatchling", "build"))
SETUPTOOLS = Backend("setuptools", "setuptools.build_meta", _BUILD)
POETRY_CORE = Backend("poetry-core", "poetry.core.masonry.api", (kept_apart("tools", "poetry"), "build", "-n"))
FLIT_CORE = Backend("flit_core", "flit_core.buildapi", (kept_apart("tools", "flit"), "build"))


@dataclass(frozen=True)
class Authored:
    """A project in a folder of its own; what it publishes lies in dist/."""

    folder: Path
    name: str
    version: str

    @property
    def module(self) -> str:
        """The one it has, which is also how installed distributions and files are called."""
        return self.name.lower().replace("-", "_").replace(".", "_")

    @property
    def files(self) -> list[Path]:
        """What was built."""
        return sorted((self.folder / "dist").iterdir())


def author(folder: Path, backend: Backend, name: str, version: str = "1.0", readme: str = _README) -> Authored:
    """Write a project's sources; nothing is built."""
    project = Authored(folder, name, version)
    said = _PROJECT.format(
        requires=backend.requires,
        backend=backend.module,
        name=name,
        version=version,
        module=project.module,
        classifiers=", ".join(f'"{each}"' for each in CLASSIFIERS),
    )
    texts = {
        "pyproject.toml": said,
        "README.rst": readme,
        "LICENSE": "Anybody may do anything with it.\n",
        f"{project.module}/__init__.py": f'"""Turns light into lines."""\n\n__version__ = "{version}"\n',
    }
    for path, content in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    (folder / "dist").mkdir()
    return project


def build(project: Authored, backend: Backend) -> Authored:
    """Build wheel and sdist of a project, with nothing but what is installed."""
    offline = {"PIP_NO_INDEX": "1", "FLIT_NO_NETWORK": "1"}
    environment = {**clean_environment(project.folder), **home_of_its_own(project.folder / "home"), **offline}
    done = run(backend.command, project.folder, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(project.files) == 2, done.stdout + done.stderr
    return project
