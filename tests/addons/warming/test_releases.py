"""Which files of a version a target's machines take."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from addons.simple.page import File
from addons.warming.dependencies import build_requires, requires_dist
from addons.warming.releases import taken
from addons.warming.targets import target


def chosen(platform: str, *names: str) -> list[str]:
    """The names of what Python 3.12 on a platform takes of `demo-1.0`, given the rest of each filename."""
    files = [File(f"demo-1.0{name}", "https://files.example.org/x", {}) for name in names]
    return [file.filename.removeprefix("demo-1.0") for file in taken(files, target("3.12", platform))]


MANY = tuple(f"-cp312-cp312-manylinux_2_{minor}_x86_64.whl" for minor in (17, 28, 34))


@pytest.mark.parametrize(
    ("platform", "names", "expected"),
    [
        ("manylinux_2_28_x86_64", MANY, [MANY[1]]),
        ("linux-x86_64", MANY, [MANY[2], MANY[1], MANY[0]]),
        ("linux-x86_64", (*MANY[:1], "-py3-none-any.whl", ".tar.gz"), [MANY[0]]),
        ("win_amd64", (*MANY, ".tar.gz", ".zip"), [".tar.gz"]),
        ("win_amd64", MANY, []),
        ("win_amd64", ("-1-py3-none-any.whl", "-2-py3-none-any.whl", "-py3-none-any.whl"), ["-2-py3-none-any.whl"]),
    ],
)
def test_taken__of_the_files_of_a_release__are_what_each_machine_would_choose(
    platform: str, names: tuple[str, ...], expected: list[str]
) -> None:
    """The best wheel of each machine that the platform's name means; an sdist only where no wheel fits at all."""
    assert chosen(platform, *names) == expected


def test_requires__of_core_metadata__leave_out_what_is_no_requirement() -> None:
    """As clients do."""
    text = b"Metadata-Version: 2.1\nRequires-Dist: idna>=2\nRequires-Dist: what is (this\n\nRequires-Dist: body\n"
    assert [str(each) for each in requires_dist(text)] == ["idna>=2"]


def packed(path: Path, members: dict[str, str]) -> Path:
    """An archive of the kind that the path's name says."""
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in members.items():
                archive.writestr(name, text)
    else:
        with tarfile.open(path, "w:gz") as archive:
            for name, text in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(text)
                archive.addfile(info, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize("name", ["demo-1.0.tar.gz", "demo-1.0.zip"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[build-system]\nrequires = ["flit_core<4"]\n', ["flit_core<4"]),
        ("[project]\n", ["setuptools>=40.8.0"]),
        (None, ["setuptools>=40.8.0"]),
    ],
)
def test_build_requires__of_an_sdist__are_its_own_or_setuptools(
    name: str, text: str | None, expected: list[str], tmp_path: Path
) -> None:
    """As PEP 518 has it."""
    members = {"demo-1.0/deep/pyproject.toml": "["} | ({} if text is None else {"demo-1.0/pyproject.toml": text})
    assert [str(each) for each in build_requires(packed(tmp_path / name, members), name)] == expected


@pytest.mark.parametrize("name", ["demo-1.0.tar.gz", "demo-1.0.zip"])
def test_build_requires__of_what_is_no_archive__says_so(name: str, tmp_path: Path) -> None:
    """In words, with the file's name."""
    (tmp_path / name).write_bytes(b"no archive")
    with pytest.raises(ValueError, match=name):
        build_requires(tmp_path / name, name)
