"""Files as a whole: what real build backends make is sound, and all that is wrong is told in one answer."""

from pathlib import Path

import pytest
from hatchling.build import build_sdist, build_wheel

from addons.simple.names import ProjectName
from proxyconf.soundness import Classifiers, SoundRule
from tests.addons.metadata.archives import zipped
from tests.addons.upload.sound.making import INFO, METADATA, WHEEL_NAME, Examine, files, recorded, wheel

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "Demo.Pkg"
version = "1.2.0rc1+acme.1"
description = "A demonstration"
readme = "README.md"
license = "MIT"
license-files = ["LICENSE"]
requires-python = ">=3.9"
dependencies = ["requests>=2; python_version >= '3.9'"]
authors = [{name = "Ada", email = "ada@example.org"}]
classifiers = ["Private :: Do Not Upload"]

[project.scripts]
demo = "demo_pkg:main"

[project.urls]
Source = "https://example.org/demo"
"""


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a project, which is where we are."""
    folder = tmp_path / "project"
    (folder / "demo_pkg").mkdir(parents=True)
    (folder / "demo_pkg" / "__init__.py").write_text("def main() -> None: ...\n")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "README.md").write_text("# Demo\n\nA *demonstration*.\n")
    (folder / "LICENSE").write_text("MIT\n")
    monkeypatch.chdir(folder)
    return folder


def test_wheel_and_sdist__as_hatchling_builds_them__are_sound(built: Path, examine: Examine) -> None:
    """UPL-08, UPL-10, UPL-11: names, archives, RECORD, licence file, description and entry points of a real backend."""
    rule = SoundRule(
        required=(
            "license_expression",
            "author_email",
            "summary",
            "description",
            "requires_python",
            "project_urls.source",
        ),
        licenses=("MIT",),
        classifiers=Classifiers(required=("Private :: *",)),
        pyproject="required",
    )
    fields = {"name": "Demo.Pkg", "version": "1.2.0rc1+acme.1"}
    for build in (build_wheel, build_sdist):
        name = build(str(built))
        project = ProjectName("demo-pkg")
        found = examine((built / name).read_bytes(), name, project=project, rule=rule, **fields)
        assert found.problems == ()
        assert found.new is not None
        assert (found.new.version, found.new.requires_python) == ("1.2.0rc1+acme.1", ">=3.9")


def test_file__with_one_fault_of_every_kind__has_them_all_told_the_weightiest_first(examine: Examine) -> None:
    """UPL-08, UPL-10, UPL-23: whoever mends what is told need not come back for more."""
    metadata = METADATA.replace(b": 1.0", b": 1.1") + b"Classifier: None\nLicense-File: L\n\n`broken"
    members = recorded(files({f"{INFO}/entry_points.txt": b"x", "FOO_bar.py": b""}, metadata))
    members["foo_bar.py"] = b"changed"
    name = "foo_bar-1.0-py3-none-beos_5.whl"
    rule = SoundRule(required=("summary",))
    found = examine(zipped(members, comment=b"hi"), name, rule=rule, pyversion=None).problems
    words = [
        "pyversion", "unsupported platform tag", "has a comment", "one file on some systems", "has a WHEEL whose tags",
        "has invalid entry points", "another hash of 'foo_bar.py'", "for Version", "for Classifier", "License-File",
        "failed to render", "for summary",
    ]  # fmt: skip
    assert [word for word in words if not any(word in line for line in found)] == []
    places = [next(place for place, line in enumerate(found) if word in line) for word in words]
    assert places == sorted(places)
    assert len(found) == len(words)


def test_extension__that_is_unknown__is_told_without_a_look_into_the_file(examine: Examine) -> None:
    """UPL-09: what is no wheel and no sdist has nothing that could be looked at."""
    found = examine(wheel(), "foo_bar-1.0.exe")
    assert found.problems[0].startswith("Invalid file extension: ")
    assert found.new is None


def test_file__of_zero_bytes__is_a_problem(examine: Examine) -> None:
    """UPL-10, UPL-11: an upload that broke off at once is no file."""
    for name in (WHEEL_NAME, "foo_bar-1.0.tar.gz"):
        assert examine(b"", name).problems[0].startswith("Invalid distribution file. It is no ")
