"""What the fake builds can be installed, and it can be installed from."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from tests.fakepypi import FakeFile, FakePyPI


def pip(*arguments: str, folder: Path) -> None:
    """Run pip without anybody's configuration; fails with its words."""
    others = ("PIP_", "REQUESTS_CA_", "CURL_CA_", "SSL_CERT_")  # these would win over --cert
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(others)}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "NO_PROXY": "*", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [sys.executable, "-m", "pip", "--no-cache-dir", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def installed_version(target: Path, module: str) -> str:
    """What the module in an installation says."""
    spec = importlib.util.spec_from_file_location(module, target / f"{module}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    version: str = loaded.VERSION
    return version


def write(file: FakeFile, folder: Path) -> None:
    """Put a file into a folder for find-links."""
    folder.mkdir()
    (folder / file.filename).write_bytes(file.content)


@pytest.mark.parametrize("kind", ["wheel", "sdist", "big"])
def test_release__of_any_kind__can_be_installed(
    pypi: FakePyPI, tmp_path: Path, kind: Literal["wheel", "sdist", "big"]
) -> None:
    """pip installs what was built, without an index."""
    if kind == "big":
        file = pypi.big("Demo.Lib", "1.2", 1_000_000)
    else:
        file = pypi.release("Demo.Lib", "1.2", kind=kind, size_padding=10_000)
    assert file.size == len(file.content)
    write(file, tmp_path / "links")
    pip("install", "--no-index", "--find-links=links", "--target=target", "demo-lib==1.2", folder=tmp_path)
    assert installed_version(tmp_path / "target", "demo_lib") == "1.2"


def test_private_index__asked_by_pip__serves_pages_and_files(pypi: FakePyPI, tmp_path: Path) -> None:
    """A real client installs a project and what it depends on from the private index."""
    private = pypi.private("reader", "secret")
    private.release("acme-app", "1.0", requires=["acme.lib"], announce_metadata=True)
    private.release("acme-lib", "2.0", kind="sdist")
    url = private.place.simple_url.replace("https://", "https://reader:secret@")
    pip("install", f"--index-url={url}", f"--cert={pypi.ca_path}", "--target=target", "acme-app", folder=tmp_path)
    assert installed_version(tmp_path / "target", "acme_lib") == "2.0"
    assert {seen.status for seen in pypi.asked("/private/packages/")} == {200}


def test_release__built_twice__is_the_same_bytes(pypi: FakePyPI) -> None:
    """Wheels are deterministic, and padding makes them bigger by its size at least."""
    one, two = pypi.release("demo", "1.0"), pypi.release("demo", "1.0")
    assert one.content == two.content
    assert (pypi.release("demo", "1.0", size_padding=5000).size or 0) > (one.size or 0) + 5000


def test_big__too_small_for_a_wheel__is_refused(pypi: FakePyPI) -> None:
    """A size that cannot be met is an error at once."""
    with pytest.raises(ValueError, match="too few for a wheel"):
        pypi.big("huge", "1.0", 100)
