"""Further commands of the real clients, and `wheelgate exec` in front of one."""

import sys
from pathlib import Path

from tests.endtoend.clients import Client, every_client, outcome
from tests.endtoend.conftest import House
from tests.fakepypi import FakePyPI
from tests.gateway.running import configuration
from tests.wheelgate_process import BIN, WHEELGATE, clean_environment

UV = str(BIN / "uv")
PROJECT = """\
[project]
name = "mine"
version = "0"
requires-python = ">=3.12"
dependencies = ["tower"]
"""
ASK = "import requests; answer = requests.get('https://pypi.org/simple/tower/'); print(answer.status_code, answer.text)"


def tower(house: House) -> None:
    """A project with a dependency, its metadata announced."""
    house.pypi.release("stone", "1.1", announce_metadata=True)
    house.pypi.release("tower", "4.0", requires=["stone"], announce_metadata=True)


def test_uv_lock_and_sync__through_the_gateway__install_what_was_locked(house: House, tmp_path: Path) -> None:
    """The lock names the default index and the files where PyPI has them, so that it is good without the gateway too."""
    tower(house)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    variables = {**house.variables, "HOME": str(tmp_path), "UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"}
    locked = outcome((UV, "lock"), tmp_path, variables)
    assert locked.code == 0, locked.output
    lock = (tmp_path / "uv.lock").read_text()
    assert 'registry = "https://pypi.org/simple"' in lock
    assert 'url = "https://files.pythonhosted.org/packages/' in lock
    synced = outcome((UV, "sync", "--frozen"), tmp_path, variables)
    assert synced.code == 0, synced.output
    assert {path.name for path in tmp_path.glob(".venv/lib/*/site-packages/*.dist-info")} == {
        "tower-4.0.dist-info",
        "stone-1.1.dist-info",
    }


def test_pip_download__with_dependencies__brings_the_very_files(house: House, tmp_path: Path) -> None:
    """What lies on disk afterwards is, byte for byte, what PyPI has."""
    tower(house)
    command = (sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--dest=out", "tower")
    done = outcome(command, tmp_path, {**house.variables, "HOME": str(tmp_path)})
    assert done.code == 0, done.output
    stored = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    public = {file.filename: file.content for file in house.pypi.files.values() if file.project in ("tower", "stone")}
    assert stored == public


def test_requests__page_of_a_project__is_answered(house: House, tmp_path: Path) -> None:
    """A library that knows nothing of indexes gets a page that a browser could show."""
    tower(house)
    done = outcome((sys.executable, "-c", ASK), tmp_path, {**house.variables, "HOME": str(tmp_path)})
    assert done.output.startswith("200 <!DOCTYPE html>"), done.output
    assert "tower-4.0-py3-none-any.whl" in done.output


@every_client
def test_exec__in_front_of_a_client__needs_nothing_else(client: Client, pypi: FakePyPI, tmp_path: Path) -> None:
    """One command starts a gateway, installs through it, and ends with the client's code."""
    pypi.release("solo", "1.0")
    config = configuration(pypi, tmp_path, listen="127.0.0.1:0")
    command = (WHEELGATE, "exec", "--config", str(config), "--", *client.command, "--target=out", "solo")
    done = outcome(command, tmp_path, clean_environment(tmp_path, **client.environment))
    assert done.code == 0, done.output
    assert done.installed == {"solo": "1.0"}
