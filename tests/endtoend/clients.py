"""The real clients that the end-to-end tests drive, each on its default index. Adding one is one line of CLIENTS."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import override

import pytest

from tests.wheelgate_process import BIN, PREFIX, run

OLDER = str(Path(__file__).parent / "older")
"""On the path of an older pip, it runs on today's Python: see there."""


def pip(python: str = sys.executable) -> tuple[str, ...]:
    """`pip install` as an interpreter has it."""
    return (python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input")


def kept_apart(name: str, command: str = "python") -> str:
    """A command of one of the environments that `deploy/run --dev` makes beside the own one, one for each lock."""
    return str(PREFIX / "clients" / name / "bin" / command)


UV = (str(BIN / "uv"), "pip", "install", f"--python={sys.executable}")


@dataclass(frozen=True)
class Client:
    """An installer: its command, to which requirements and `--target` are added, and what it needs in the environment."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    reads_metadata: bool = True  # whether it knows the names under which core metadata is announced today (PEP 714)

    @override
    def __str__(self) -> str:
        return self.name


CLIENTS = (
    Client("pip-21.3", pip(kept_apart("pip-21.3")), {"PYTHONPATH": OLDER}, reads_metadata=False),
    Client("pip-22.3", pip(kept_apart("pip-22.3")), {"PYTHONPATH": OLDER}, reads_metadata=False),
    Client("pip-23.2", pip(kept_apart("pip-23.2"))),
    Client("pip", pip()),
    Client("uv", UV),
)

every_client = pytest.mark.parametrize("client", CLIENTS, ids=str)


def home_of_its_own(folder: Path) -> dict[str, str]:
    """What lets a tool keep all that it keeps below `folder`, ask nobody for a password, and break no line it writes."""
    return {"HOME": str(folder), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "COLUMNS": "1000"}


@dataclass(frozen=True)
class Outcome:
    """What a client did: exit code, all that it wrote, and what is installed now (distribution to version)."""

    code: int
    output: str
    installed: Mapping[str, str]


def outcome(
    command: tuple[str, ...], folder: Path, environment: Mapping[str, str], installs_into: str = "out"
) -> Outcome:
    """Run any command in `folder`; what lies below it in `installs_into` (a pattern) afterwards is what was installed."""
    done = run(command, folder, environment)
    found = folder.glob(f"{installs_into}/*.dist-info")
    installed = dict(path.name.removesuffix(".dist-info").split("-") for path in found)
    return Outcome(done.returncode, done.stdout + done.stderr, installed)


def install(client: Client, folder: Path, environment: Mapping[str, str], *wanted: str) -> Outcome:
    """Install requirements into `folder`/out, with fresh caches below `folder`."""
    own = {"HOME": str(folder), "UV_CACHE_DIR": str(folder / "uv"), "PIP_CACHE_DIR": str(folder / "pip")}
    return outcome((*client.command, "--target=out", *wanted), folder, {**environment, **own, **client.environment})
