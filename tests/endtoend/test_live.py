"""Against the real PyPI, as one user would: `pytest -m live`. What is downloaded is small."""

import json
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from tests.endtoend.authored import SETUPTOOLS, author, build
from tests.endtoend.clients import Client, every_client, home_of_its_own, kept_apart, outcome
from tests.endtoend.gitlab import GitLab
from tests.endtoend.lockers import Locker, Workspace, every_locker
from tests.endtoend.publishers import CI_JOB, TWINE_6
from tests.endtoend.publishing import sources, uploads
from tests.wheelgate_process import WHEELGATE, clean_environment

pytestmark = pytest.mark.live

EXEC = (WHEELGATE, "exec", "--")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A fresh machine's, in whose folder there is a configuration with a CA of its own."""
    (tmp_path / "wheelgate.yaml").write_text(yaml.safe_dump({"certs": "certs", "listen": "127.0.0.1:0"}))
    return {**clean_environment(tmp_path), **home_of_its_own(tmp_path)}


@pytest.mark.parametrize("project", ["flask", "iniconfig"])
@pytest.mark.parametrize("command", [("pip", "download", "--dest=out"), ("uv", "pip", "install", "--target=out")])
def test_exec__real_pypi__brings_a_real_project(
    command: tuple[str, ...], project: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """The README's first command, with pip and with uv, from a fresh machine's point of view."""
    done = outcome((*EXEC, *command, project), tmp_path, environment)
    assert done.code == 0, done.output
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(project)]


@every_client
def test_exec__every_installer__installs_a_real_project(
    client: Client, environment: dict[str, str], tmp_path: Path
) -> None:
    """From the pip that knows HTML only to the newest."""
    command = (*EXEC, *client.command, "--target=out", "six==1.17.0")
    done = outcome(command, tmp_path, {**environment, **client.environment})
    assert done.code == 0, done.output
    assert done.installed == {"six": "1.17.0"}


@every_locker
def test_exec__every_locker__locks_and_installs_a_real_project(
    locker: Locker, environment: dict[str, str], tmp_path: Path
) -> None:
    """On its default index, with a dependency."""
    workspace = Workspace(locker, tmp_path, environment, EXEC)
    workspace.want("python-dateutil==2.9.0.post0")
    locked = workspace.lock()
    assert locked.code == 0, locked.output
    installed = workspace.install()
    assert installed.code == 0, installed.output
    assert set(installed.installed) == {"python_dateutil", "six"}


def known_to_the_index(project: str, version: str) -> set[str]:
    """The vulnerabilities that the index itself tells of, asked without the gateway; a plain mirror knows of none."""
    answer = httpx.get(f"https://pypi.org/pypi/{project}/{version}/json")
    return {known["id"] for known in answer.json()["vulnerabilities"]} if answer.status_code == 200 else set()


def test_exec__pip_audit__knows_what_the_index_knows(environment: dict[str, str], tmp_path: Path) -> None:
    """An old release, of whose vulnerability PyPI tells."""
    (tmp_path / "lock.txt").write_text("idna==3.6\nsix==1.17.0\n")
    audit = (kept_apart("tools", "pip-audit"), "--format=json", "--output=report.json")
    done = outcome((*EXEC, *audit, "--requirement=lock.txt", "--no-deps", "--disable-pip"), tmp_path, environment)
    audited = json.loads((tmp_path / "report.json").read_text())["dependencies"]
    known = {each["name"]: {found["id"] for found in each["vulns"]} for each in audited}
    assert known == {"idna": known_to_the_index("idna", "3.6"), "six": set()}, done.output


def test_exec__twine__skips_what_is_there(environment: dict[str, str], tmp_path: Path) -> None:
    """A file that was just downloaded: it is on PyPI, and nothing is uploaded."""
    download = (sys.executable, "-m", "pip", "download", "--no-deps", "--dest=out", "six==1.17.0")
    assert outcome((*EXEC, *download), tmp_path, environment).code == 0
    [file] = (tmp_path / "out").iterdir()
    upload = (kept_apart("tools", "twine"), "upload", "--non-interactive", "--skip-existing", str(file))
    login = {"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": "pypi-none"}
    done = outcome((*EXEC, *upload), tmp_path, {**environment, **login})
    assert done.code == 0, done.output
    assert f"Skipping {file.name} because it appears to already exist" in done.output


@pytest.mark.parametrize(("name", "taken"), [("Grating-Nobody-Has-Published", True), ("six", False)])
def test_exec__twine__publishes_into_the_store_what_is_not_public(
    name: str, taken: bool, environment: dict[str, str], tmp_path: Path
) -> None:
    """UPL-25, UPL-27: a new name is compared with the real project list, and nothing goes on to PyPI."""
    project = build(author(tmp_path / "project", SETUPTOOLS, name), SETUPTOOLS)
    upload = (*TWINE_6.command, *map(str, project.files))
    with GitLab() as gitlab:
        settings = {"certs": "certs", "listen": "127.0.0.1:0", "sources": sources(), "uploads": uploads(gitlab.url)}
        (tmp_path / "wheelgate.yaml").write_text(yaml.safe_dump(settings))
        login = dict(zip(TWINE_6.login, (CI_JOB, gitlab.run_job("ada")), strict=True))
        done = outcome((*EXEC, *upload), tmp_path, {**environment, **login})
        assert (done.code == 0) is taken, done.output
        if not taken:
            assert f"The name '{name}' is that of a public project" in done.output
            return
        install = (sys.executable, "-m", "pip", "install", "--no-deps", "--target=out", name)
        assert outcome((*EXEC, *install), tmp_path, environment).installed == {project.module: project.version}
