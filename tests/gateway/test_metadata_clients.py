"""Real pip and uv, fresh, in front of a fresh gateway whose index announces nothing: they resolve without a wheel."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakepypi import FakeFile, FakePyPI, IgnoreRange
from tests.gateway.announced import AHEAD, stretches, unannounced, wholes
from tests.gateway.conftest import Start
from tests.gateway.running import RunningGateway
from tests.wheelgate_process import BIN, clean_environment, run

MB = 1_000_000
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input")
DRY_RUN = (*PIP, "install", "--dry-run", "--ignore-installed", "--no-cache-dir", "app")
COMPILE = (str(BIN / "uv"), "pip", "compile", "--no-header", f"--python={sys.executable}", "wanted.in")


@dataclass(frozen=True)
class Done:
    """What a client said, and its exit code."""

    code: int
    output: str


def client(command: tuple[str, ...], gateway: RunningGateway, folder: Path) -> Done:
    """Run a client that nobody has configured but for the proxy and its CA, with nothing in its caches."""
    folder.mkdir()
    (folder / "wanted.in").write_text("app\n")
    ca = str(gateway.authority.ca_path)
    way = {"HTTPS_PROXY": gateway.url, "SSL_CERT_FILE": ca, "PIP_CERT": ca, "PIP_CONFIG_FILE": "/dev/null"}
    done = run(command, folder, clean_environment(folder, **way, UV_PYTHON_DOWNLOADS="never"))
    return Done(done.returncode, done.stdout + done.stderr)


def stack(pypi: FakePyPI, publish: Callable[..., FakeFile]) -> Mapping[str, FakeFile]:
    """A project, what it needs, and what that needs: a resolver has to go back by one release of each."""
    files = {}
    for version in ("1.0", "2.0", "3.0"):
        files[f"app-{version}"] = publish(pypi, "app", version, requires=["middle<3", "deep==1.0"])
        files[f"middle-{version}"] = publish(pypi, "middle", version, requires=["deep<=1.0"])
        files[f"deep-{version}"] = publish(pypi, "deep", version)
    return files


def silent(pypi: FakePyPI, project: str, version: str, requires: list[str] | None = None) -> FakeFile:
    """Release a wheel of 2 MB whose metadata lies in it alone; it comes in ranges."""
    return pypi.release(project, version, requires=requires or [], size_padding=2 * MB)


@pytest.mark.parametrize("command", [DRY_RUN, COMPILE], ids=["pip", "uv"])
@pytest.mark.parametrize("publish", [unannounced, silent], ids=["mirror", "ranges"])
def test_fresh_client__of_a_fresh_gateway__resolves_without_a_wheel(
    start: Start, pypi: FakePyPI, tmp_path: Path, command: tuple[str, ...], publish: Callable[..., FakeFile]
) -> None:
    """MET-02, MET-04: the index announces nothing; what is fetched of it is metadata, or the ends of wheels."""
    files = stack(pypi, publish)
    gateway = start(metadata=AHEAD)
    done = client(command, gateway, tmp_path / "one")
    assert done.code == 0, done.output
    for chosen in ("app", "middle", "deep"):
        version = {"app": "3.0", "middle": "2.0", "deep": "1.0"}[chosen]
        assert f"{chosen}-{version}" in done.output or f"{chosen}=={version}" in done.output
    assert wholes(pypi) == []
    if publish is unannounced:
        assert [stretches(pypi, file) for file in files.values() if stretches(pypi, file)] == []
    else:
        assert max(len(stretches(pypi, file)) for file in files.values()) <= 3


def test_pip_download__with_what_it_was_announced__fetches_the_chosen_wheels_alone(
    start: Start, pypi: FakePyPI, tmp_path: Path
) -> None:
    """MET-03: pip compares the metadata it resolved by with the wheels that it got, and finds them alike; each comes once."""
    files = stack(pypi, unannounced)
    gateway = start(metadata=AHEAD)
    done = client((*PIP, "download", "--dest=out", "--no-cache-dir", "app"), gateway, tmp_path / "one")
    assert done.code == 0, done.output
    chosen = [files[name] for name in ("app-3.0", "middle-2.0", "deep-1.0")]
    assert sorted(wholes(pypi)) == sorted(file.path for file in chosen)
    found = {path.name: path.read_bytes() for path in (tmp_path / "one" / "out").iterdir()}
    assert found == {file.filename: file.content for file in chosen}


def test_clients__of_an_index_with_neither_metadata_nor_ranges__resolve_all_the_same(
    start: Start, pypi: FakePyPI, tmp_path: Path
) -> None:
    """MET-02: nothing is announced that would be a promise on nothing; pip gets the wheels, and uv metadata of those."""
    files = stack(pypi, silent)
    for file in files.values():
        pypi.fault(file.path, IgnoreRange())
    gateway = start(metadata=AHEAD)
    for number, command in enumerate((DRY_RUN, COMPILE)):
        done = client(command, gateway, tmp_path / str(number))
        assert done.code == 0, done.output
    fetched = [path for path in wholes(pypi) if path == files["app-3.0"].path]
    assert fetched  # there was no other way
