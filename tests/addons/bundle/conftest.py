"""Fixtures of the tests of bundles."""

from pathlib import Path

import pytest

from tests.addons.bundle.carrying import Side, furnished


@pytest.fixture(scope="session")
def open_side(tmp_path_factory: pytest.TempPathFactory) -> Side:
    """An open side that all tests share, and none changes."""
    return furnished(tmp_path_factory.mktemp("open"))


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def closed_side(tmp_path: Path) -> Side:
    """A closed side without anything, as it is before the first bundle."""
    return Side(tmp_path / "closed", offline=True)


@pytest.fixture
def bundle(open_side: Side, tmp_path: Path) -> Path:
    """All of the open side in a bundle."""
    path = tmp_path / "set.wheelgate"
    open_side.export(path)
    return path
