"""The real clients that the end-to-end tests drive, each on its default index. Adding one is one line of CLIENTS."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import override

import pytest

from tests.wheelgate_process import BIN, PREFIX, run

PIP = (sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input")
UV = (str(BIN / "uv"), "pip", "install", f"--python={sys.executable}")


@dataclass(frozen=True)
class Client:
    """An installer: its command, to which requirements and `--target` are added, and what it needs in the environment."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    @override
    def __str__(self) -> str:
        return self.name


CLIENTS = (
    Client("pip", PIP),
    Client("pip-23.2", PIP, {"PYTHONPATH": str(PREFIX / "clients" / "pip-23.2")}),
    Client("uv", UV),
)

every_client = pytest.mark.parametrize("client", CLIENTS, ids=str)


@dataclass(frozen=True)
class Outcome:
    """What a client did: exit code, all that it wrote, and what is installed now (distribution to version)."""

    code: int
    output: str
    installed: Mapping[str, str]


def outcome(command: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> Outcome:
    """Run any command in `folder`; what lies in its `out` afterwards is what was installed."""
    done = run(command, folder, environment)
    installed = dict(path.name.removesuffix(".dist-info").split("-") for path in folder.glob("out/*.dist-info"))
    return Outcome(done.returncode, done.stdout + done.stderr, installed)


def install(client: Client, folder: Path, environment: Mapping[str, str], *wanted: str) -> Outcome:
    """Install requirements into `folder`/out, with fresh caches below `folder`."""
    own = {"HOME": str(folder), "UV_CACHE_DIR": str(folder / "uv"), "PIP_CACHE_DIR": str(folder / "pip")}
    return outcome((*client.command, "--target=out", *wanted), folder, {**environment, **own, **client.environment})
