"""`twine upload --skip-existing`, which asks the legacy JSON API first: what is there is skipped, the rest refused in words."""

from pathlib import Path

import pytest

from tests.endtoend.clients import Outcome, home_of_its_own, kept_apart, outcome
from tests.endtoend.conftest import House
from tests.fakepypi.building import Recipe, wheel

TWINE = (kept_apart("tools", "twine"), "upload", "--non-interactive", "--disable-progress-bar", "--skip-existing")
WORDS = "wheelgate: uploads are not taken here, and never go on to PyPI from this network"


def upload(house: House, folder: Path, name: str, content: bytes) -> Outcome:
    """Upload one file, to where twine uploads when nothing else is said."""
    (folder / name).write_bytes(content)
    login = {"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": "pypi-none"}
    return outcome((*TWINE, name), folder, {**house.variables, **home_of_its_own(folder), **login})


def test_upload__file_is_public_already__is_skipped(house: House, tmp_path: Path) -> None:
    """Exit code 0, and no upload is tried."""
    house.pypi.release("ferry", "0.9")
    file = house.pypi.release("ferry", "1.0")
    done = upload(house, tmp_path, file.filename, file.content)
    assert done.code == 0, done.output
    assert f"Skipping {file.filename} because it appears to already exist" in done.output


def test_upload__file_lies_in_the_folder__is_skipped(house: House, tmp_path: Path) -> None:
    """LEG-01, UPL-30: the organisation's own files are there as PyPI's are; PyPI is not asked about them."""
    [own] = house.folder.glob("shutter-*")
    done = upload(house, tmp_path, own.name, own.read_bytes())
    assert done.code == 0, done.output
    assert f"Skipping {own.name} because it appears to already exist" in done.output
    assert [seen.path for seen in house.pypi.requests if "shutter/json" in seen.path] == []


@pytest.mark.parametrize(("project", "version"), [("ferry", "2.0"), ("shutter", "2.0"), ("brand-new", "1.0")])
def test_upload__file_is_not_there__is_refused_in_words(
    project: str, version: str, house: House, tmp_path: Path
) -> None:
    """A new release of a public project or of an own one, and a new project: nothing goes on to PyPI."""
    house.pypi.release("ferry", "1.0")
    house.pypi.release("shutter", "2.0")
    done = upload(house, tmp_path, *wheel(Recipe(name=project, version=version)))
    assert done.code == 1
    assert f"HTTPError: 403 {WORDS}" in done.output or WORDS in done.output, done.output
    assert house.pypi.asked(method="POST") == []
