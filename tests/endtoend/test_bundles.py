"""A closed network: real pip and uv install what was carried there in a bundle."""

import sys
from pathlib import Path

import pytest

from tests.endtoend.clients import CLIENTS, install, outcome
from tests.fakepypi import FakePyPI
from tests.gateway.running import configuration
from tests.wheelgate_process import WHEELGATE, Gateway, clean_environment, run


def test_install__from_a_bundle__works_on_a_closed_network(
    pypi: FakePyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fresh client has all that the one on the open side had, its dependency too; PyPI is not there any more."""
    monkeypatch.chdir(tmp_path)
    pypi.release("stone", "1.1")
    pypi.release("tower", "4.0", requires=["stone"])
    sides = {name: tmp_path / name for name in ("open", "closed")}
    for side in sides.values():
        side.mkdir()
    with Gateway(configuration(pypi, sides["open"], listen="127.0.0.1:0"), tmp_path) as gateway:
        command = (sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--dest=out", "tower")
        done = outcome(command, sides["open"], {**gateway.variables(), "HOME": str(sides["open"])})
        assert done.code == 0, done.output
    environment, bundle = clean_environment(tmp_path), str(tmp_path / "set.wheelgate")
    key = (WHEELGATE, "bundle", "keygen", "key")
    export = (WHEELGATE, "bundle", "export", "-c", "open/wheelgate.yaml", "tower", "-o", bundle, "--sign", "key")
    for each in (key, export):
        done_with = run(each, tmp_path, environment)
        assert done_with.returncode == 0, done_with.stderr
    pypi.clear_log()
    config = configuration(
        pypi, sides["closed"], listen="127.0.0.1:0", offline=True, bundles={"trusted_keys": [str(tmp_path / "key.pub")]}
    )
    with Gateway(config, tmp_path) as gateway:
        clients = [client for client in CLIENTS if client.name in ("pip", "uv")]
        taken = run((WHEELGATE, "bundle", "import", "-c", "closed/wheelgate.yaml", bundle), tmp_path, environment)
        assert taken.returncode == 0, taken.stderr
        for client in clients:
            into = tmp_path / client.name
            into.mkdir()
            done = install(client, into, gateway.variables(), "tower")
            assert done.installed == {"tower": "4.0", "stone": "1.1"}, done.output
    assert pypi.requests == []
