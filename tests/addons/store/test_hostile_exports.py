"""Exports that somebody made up: nothing of them is taken that would harm what is there, or fill the disk."""

import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from addons.store.database import Database
from addons.store.exporting import export
from addons.store.importing import Import, opened
from addons.store.manifest import MANIFEST, NotAnExport
from tests.addons.store.files import AT, Stored

type Harm = Callable[[dict[str, Any]], object]


@pytest.fixture
def here(tmp_path: Path) -> Stored:
    """An empty store of SQLite's."""
    return Stored(Database(tmp_path / "here"), tmp_path / "here")


@pytest.fixture
def moving(tmp_path: Path) -> Path:
    """An export, a folder, of one project with a file."""
    stored = Stored(Database(tmp_path / "there"), tmp_path / "there")
    stored.upload()
    export(stored.database, stored.shelf, tmp_path / "moving", frozenset(), AT)
    return tmp_path / "moving"


def take(stored: Stored, path: Path) -> None:
    """Import it."""
    with opened(path) as (lines, have):
        list(Import(stored.database, stored.shelf, "tests", AT).projects(lines, have))


def refused(stored: Stored, path: Path) -> str:
    """Give why it is not taken; nothing of it is left."""
    with pytest.raises(NotAnExport) as found:
        take(stored, path)
    assert stored.standing() is None
    assert not [
        each for folder in (stored.shelf.incoming, stored.shelf.folder) for each in folder.rglob("*") if each.is_file()
    ]
    return str(found.value)


def in_tar(moving: Path, change: Callable[[tarfile.TarFile, tarfile.TarInfo, bytes], object]) -> Path:
    """Write the export as a tar whose files are written by `change`."""
    path = moving.with_suffix(".tar")
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for each in sorted(each for each in moving.rglob("*") if each.is_file()):
            member, content = tarfile.TarInfo(str(each.relative_to(moving))), each.read_bytes()
            member.size = len(content)
            if each.name == MANIFEST:
                tar.addfile(member, io.BytesIO(content))
            else:
                change(tar, member, content)
    return path


def rename(project: dict[str, Any]) -> None:
    """Give the file a name that leads elsewhere."""
    project["files"][0]["file"]["filename"] = "demo-1.0/../../../x.tar.gz"


@pytest.mark.parametrize(
    "harm",
    [
        lambda project: project["roles"].update({"evil\u202e": "owner"}),
        lambda project: project["roles"].update({"user:bob\n": "owner"}),
        lambda project: project.update(status="evil\r\n"),
        lambda project: project["files"][0]["file"].update(version="no version"),
        lambda project: project["files"][0]["file"].update(size=-1),
        rename,
    ],
    ids=["role", "line break", "status", "version", "size", "filename"],
)
def test_import__of_what_no_wheelgate_writes__is_refused(here: Stored, moving: Path, harm: Harm) -> None:
    """One project of this kind would keep every list and every page of the store from being shown."""
    manifest = moving / MANIFEST
    lines = [json.loads(each) for each in manifest.read_text().splitlines()]
    harm(next(each for each in lines if each["type"] == "project"))
    manifest.write_text("".join(json.dumps(each) + "\n" for each in lines))
    assert "is not as wheelgate writes projects" in refused(here, moving)


def test_import__of_a_sparse_member__does_not_fill_the_disk(here: Stored, moving: Path) -> None:
    """Some bytes of a tar can say that they are a terabyte: no more is written than the manifest says."""

    def sparse(tar: tarfile.TarFile, member: tarfile.TarInfo, content: bytes) -> None:
        member.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": member.name,
                              "GNU.sparse.size": str(1 << 40), "GNU.sparse.map": f"0,{len(content)}"}  # fmt: skip
        tar.format = tarfile.PAX_FORMAT
        tar.addfile(member, io.BytesIO(content))

    assert "is damaged" in refused(here, in_tar(moving, sparse))


def test_import__of_links_that_lead_in_circles__is_refused(here: Stored, moving: Path) -> None:
    """In words, and not by following them for ever."""

    def link(tar: tarfile.TarFile, member: tarfile.TarInfo, content: bytes) -> None:
        member.type, member.linkname, member.size = tarfile.SYMTYPE, Path(member.name).name, 0
        tar.addfile(member)

    assert "it is no export, or not a whole one" in refused(here, in_tar(moving, link))


def test_import__of_a_pipe__is_refused(here: Stored, moving: Path) -> None:
    """And is not waited for."""
    some = next((moving / "files").glob("*/*"))
    some.unlink()
    os.mkfifo(some)
    assert "it is no export, or not a whole one" in refused(here, moving)
