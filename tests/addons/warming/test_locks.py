"""Lock files: what each tool writes is understood, and what comes from elsewhere is said."""

import json
from pathlib import Path

import pytest

from addons.warming.locks import reader_of
from addons.warming.requirements import Unreadable
from addons.warming.wanted import Locked, Wanted

A, B = "a" * 64, "b" * 64
WHEEL, SDIST = "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"
URL = "https://files.pythonhosted.org/packages/aa/bb/cc"

PYLOCK = f"""\
lock-version = "1.0"
created-by = "pip"
[[packages]]
name = "demo"
version = "1.0"
marker = "sys_platform == 'linux'"
sdist = {{ name = "{SDIST}", url = "{URL}/{SDIST}", hashes = {{ sha256 = "{B}" }} }}
wheels = [{{ name = "{WHEEL}", url = "{URL}/{WHEEL}", hashes = {{ sha256 = "{A}" }} }}]
[[packages]]
name = "elsewhere"
archive = {{ url = "https://example.org/elsewhere.zip", hashes = {{ sha256 = "{A}" }} }}
"""
UV = f"""\
version = 1
[[package]]
name = "demo"
version = "1.0"
source = {{ registry = "https://pypi.org/simple" }}
sdist = {{ url = "{URL}/{SDIST}", hash = "sha256:{B}", size = 1 }}
wheels = [{{ url = "{URL}/{WHEEL}", hash = "sha256:{A}", size = 1 }}]
[[package]]
name = "mine"
version = "0"
source = {{ virtual = "." }}
[[package]]
name = "elsewhere"
version = "1"
source = {{ git = "https://git.example.org/elsewhere" }}
"""
POETRY = f"""\
[[package]]
name = "demo"
version = "1.0"
files = [{{ file = "{WHEEL}", hash = "sha256:{A}" }}, {{ file = "{SDIST}", hash = "sha256:{B}" }}]
markers = {{ main = "sys_platform == 'linux'", dev = "sys_platform == 'linux'" }}
[[package]]
name = "elsewhere"
version = "1"
files = []
source = {{ type = "git", url = "https://git.example.org/elsewhere" }}
"""
PIPFILE = json.dumps(
    {
        "default": {"demo": {"version": "==1.0", "hashes": [f"sha256:{A}", f"sha256:{B}"]}},
        "develop": {"elsewhere": {"git": "https://git.example.org/elsewhere"}},
    }
)
LOCKS = {
    "pylock.toml": PYLOCK,
    "pylock.dev.toml": PYLOCK,
    "uv.lock": UV,
    "poetry.lock": POETRY,
    "Pipfile.lock": PIPFILE,
}


def read(path: Path, text: str) -> Wanted:
    """Write and read a lock."""
    path.write_text(text)
    wanted = Wanted()
    reader = reader_of(path)
    assert reader is not None
    reader(path, wanted)
    return wanted


@pytest.mark.parametrize("name", LOCKS)
def test_lock__of_every_tool__gives_its_releases_with_their_hashes(name: str, tmp_path: Path) -> None:
    """Filenames where the tool writes them; of what comes from no index it is said that it is not warmed."""
    wanted = read(tmp_path / name, LOCKS[name])
    [locked] = wanted.locked
    assert (locked.project, locked.version, set(locked.files)) == ("demo", "1.0", {A, B})
    assert name == "Pipfile.lock" or locked.files == {A: WHEEL, B: SDIST}
    assert ["elsewhere" in problem for problem in wanted.problems] == [True]


@pytest.mark.parametrize(("name", "there"), [("pylock.toml", True), ("poetry.lock", True), ("uv.lock", False)])
def test_lock__with_a_marker__has_it(name: str, there: bool, tmp_path: Path) -> None:
    """So that what is for other systems is left out; uv writes markers to what requires a release, not to itself."""
    locked: Locked = read(tmp_path / name, LOCKS[name]).locked[0]
    assert (locked.marker is not None) is there
    assert locked.marker is None or not locked.marker.evaluate({"sys_platform": "win32"})


@pytest.mark.parametrize("name", ["pylock.toml", "uv.lock", "poetry.lock", "Pipfile.lock"])
@pytest.mark.parametrize("text", ["\x00", '[[package]]\nname = "x"\n', '{"default": {"x": 1}}'])
def test_lock__that_is_none__is_refused_by_its_name(name: str, text: str, tmp_path: Path) -> None:
    """The file stands before the words."""
    with pytest.raises(Unreadable, match=name):
        read(tmp_path / name, text)


def test_reader__of_a_requirements_file__is_none() -> None:
    """It is no lock."""
    assert reader_of(Path("requirements.txt")) is None
