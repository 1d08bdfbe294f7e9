"""Writing an export: the bytes first, what makes it one last. All of this waits for the disk.

What is known is written down first, a line at a time, in one transaction that the bytes are not waited for in; then the bytes are
copied line by line. So in memory is what is known of one project, however large the store.
"""

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from msgspec import Struct

from addons.store.database import Database
from addons.store.folders import make_folder, sync
from addons.store.manifest import MANIFEST, Exported, lines_of, read_lines, written
from addons.store.shelf import Shelf

_PIECE = 1 << 20  # bytes


class _Target(Protocol):
    def take(self, name: str, size: int, file: BinaryIO) -> None: ...


class Amount(Struct, frozen=True, kw_only=True):
    """How many projects an export has, and how many files."""

    projects: int
    files: int


def export(
    database: Database,
    shelf: Shelf,
    to: Path,
    names: frozenset[str],
    at: datetime,
    *,
    tokens: bool = False,
    step: Callable[[int], object] = lambda size: None,
) -> Amount:
    """Write projects, or all, to a new folder, or to a file where the name ends in `.tar`; readable by this user only.

    Raises DatabaseUnavailable, OSError, and ValueError, in words, for a project that is not there, for bytes that are lost or
    damaged, and where something lies at `to` already; nothing lies there then.
    """
    if not database.is_there:
        raise ValueError(f"{database.where}: there is no store yet, so nothing to export")
    with _writing(to) as target, tempfile.TemporaryFile(dir=to.parent) as manifest:
        with closing(lines_of(database, names, at, tokens=tokens)) as lines:  # and its transaction, whatever happens
            manifest.writelines(written(lines))
        size, projects, files = manifest.tell(), set(), 0
        for each in _projects(manifest):
            projects.add(each.name)
            files += len(each.files)
        if missing := names - projects:
            raise ValueError(f"the store has no project {', '.join(sorted(missing))}; nothing was exported")
        for each in _projects(manifest):
            for sha256 in dict.fromkeys(
                _digests(each)
            ):  # no two projects have bytes in common: their metadata names them
                step(_copied(shelf, sha256, target))
        manifest.seek(0)
        target.take(MANIFEST, size, manifest)
    return Amount(projects=len(projects), files=files)


def _projects(manifest: BinaryIO) -> Iterator[Exported]:
    manifest.seek(0)
    return (each for each in read_lines(manifest) if isinstance(each, Exported))


def _digests(project: Exported) -> Iterator[str]:
    for each in project.files:
        yield each.file.sha256
        if each.file.metadata_sha256 is not None:
            yield each.file.metadata_sha256


def _copied(shelf: Shelf, sha256: str, target: _Target) -> int:
    try:
        with shelf.path(sha256).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise ValueError(f"{shelf.path(sha256)} is damaged; see `wheelgate store check`")
            size = file.tell()
            file.seek(0)
            target.take(f"files/{sha256[:2]}/{sha256[2:]}", size, file)
    except FileNotFoundError as error:
        raise ValueError(f"{shelf.path(sha256)} is gone; see `wheelgate store check`") from error
    return size


@contextmanager
def _writing(to: Path) -> Iterator[_Target]:
    """Give what takes the files; it has its name at the end, or is gone."""
    if to.exists():
        raise ValueError(f"{to} is there already; name another, or remove it")
    part = to.with_name(f".{to.name}.part")
    try:
        if to.suffix == ".tar":
            with open(part, "wb", opener=_private) as file:
                with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                    yield _Tar(tar)
                file.flush()
                os.fsync(file.fileno())
        else:
            make_folder(part)
            yield _Folder(part)
        part.rename(to)
        sync(to.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink(missing_ok=True)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, name: str, size: int, file: BinaryIO) -> None:
        """Write a file, to disk."""
        path = self._folder / name
        make_folder(path.parent)
        with open(path, "wb", opener=_private) as copy:
            shutil.copyfileobj(file, copy, _PIECE)
            copy.flush()
            os.fsync(copy.fileno())
        sync(path.parent)


class _Tar:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def take(self, name: str, size: int, file: BinaryIO) -> None:
        """Write a file."""
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        self._tar.addfile(member, file)
        self._tar.members.clear()  # type: ignore[attr-defined]  # it has them, and memory is not to grow with the files
