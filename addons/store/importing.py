"""Taking in an export: a project whole or not at all, and again what was taken in already without a change.

All of this waits for the disk.
"""

import hashlib
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, insert, select

from addons.simple.distributions import belongs
from addons.simple.names import ProjectName, normalise
from addons.store.database import Database
from addons.store.folders import make_folder
from addons.store.manifest import MANIFEST, Exported, Manifest, NotAnExport, read_manifest
from addons.store.projects import changed
from addons.store.shelf import Shelf
from addons.store.stored import Change, Gone, StoredFile
from addons.store.tables import CHANGES, CLAIMS, FILES, PROJECTS, ROLES, TOKENS, TOMBSTONES

_PIECE = 1 << 20  # bytes
_LONGEST_MANIFEST = 1 << 30  # bytes

type Bytes = Callable[[str], BinaryIO]
"""Opens the bytes that have this sha256. Raises NotAnExport."""


class Taken(Struct, frozen=True, kw_only=True):
    """What came of a project: `new` files and those that were there, and why nothing of it was taken in."""

    project: str
    new: int = 0
    there: int = 0
    refused: tuple[str, ...] = ()


class _InTheWay(ValueError):
    def __init__(self, words: tuple[str, ...]) -> None:
        super().__init__(*words)
        self.words = words


@contextmanager
def opened(path: Path) -> Iterator[tuple[Manifest, Bytes]]:
    """Open an export, a folder or a tar, and give its manifest and its bytes. Raises NotAnExport, OSError."""
    with ExitStack() as stack:
        if path.is_dir():
            have = _in_folder(path)
        else:
            try:
                have = _in_tar(stack.enter_context(tarfile.open(path, "r:")))
            except tarfile.TarError as error:
                raise NotAnExport(f"{path} is no tar: {error}") from error
        with have(MANIFEST) as file:
            content = file.read(_LONGEST_MANIFEST)
        yield read_manifest(content), lambda sha256: have(f"files/{sha256[:2]}/{sha256[2:]}")


def _in_folder(folder: Path) -> Bytes:
    def have(name: str) -> BinaryIO:
        try:
            return (folder / name).open("rb")
        except FileNotFoundError:
            raise NotAnExport(f"{folder} has no {name}; it is no export, or not a whole one") from None

    return have


def _in_tar(tar: tarfile.TarFile) -> Bytes:
    def have(name: str) -> BinaryIO:
        try:
            file = tar.extractfile(name)
        except KeyError:
            file = None
        if file is None:
            raise NotAnExport(f"{tar.name!s} has no {name}; it is no export, or not a whole one")
        return file  # type: ignore[return-value]  # an IO[bytes], which reads as one

    return have


class Import:
    """Takes in one export; `step` is told of the bytes of each file."""

    def __init__(
        self, database: Database, shelf: Shelf, by: str, at: datetime, step: Callable[[int], object] = lambda size: None
    ) -> None:
        self._database = database
        self._shelf = shelf
        self._by = by
        self._at = at
        self._step = step

    def projects(self, manifest: Manifest, have: Bytes, *, dry_run: bool = False) -> Iterator[Taken]:
        """Take in one project after the other. Raises DatabaseUnavailable, OSError, NotAnExport."""
        for project in manifest.projects:
            _check(project)
            yield self._project(project, have, dry_run=dry_run)

    def _project(self, project: Exported, have: Bytes, *, dry_run: bool) -> Taken:
        try:
            missing = self._missing(project)
        except _InTheWay as error:
            return Taken(project=project.name, refused=error.words)
        if not dry_run:
            for each in project.files:  # of those that are there, too: their bytes may have been lost
                self._take(each.file.sha256, have, each.file.size)
                if each.file.metadata_sha256 is not None:
                    self._take(each.file.metadata_sha256, have, None)
            try:
                missing = self._write(project)
            except _InTheWay as error:
                return Taken(project=project.name, refused=error.words)
        return Taken(project=project.name, new=len(missing), there=len(project.files) - len(missing))

    def _missing(self, project: Exported) -> list[StoredFile]:
        if not self._database.is_there:
            return list(project.files)
        with self._database.reading() as connection:
            return _missing(connection, project)

    def _write(self, project: Exported) -> list[StoredFile]:
        with self._database.writing() as connection:
            missing = _missing(connection, project)  # what was there before may have changed
            if not connection.execute(select(PROJECTS.c.name).where(PROJECTS.c.name == project.name)).first():
                names = ("name", "display", "status", "status_reason", "made", "by")
                connection.execute(insert(PROJECTS).values({name: getattr(project, name) for name in names}))
                for principal, role in project.roles.items():
                    row = {"project": project.name, "principal": principal, "role": role}
                    connection.execute(insert(ROLES).values(row))
            for each in missing:
                more = {"project": project.name, "uploaded": each.uploaded, "by": each.by, "yanked": each.yanked}
                connection.execute(insert(FILES).values({**msgspec.structs.asdict(each.file), **more}))
            if _history(connection, project) or missing:
                changed(connection, self._at, self._by, "import", ProjectName(project.name), f"{len(missing)} files")
            return missing

    def _take(self, sha256: str, have: Bytes, size: int | None) -> None:
        if self._shelf.is_right(sha256, size):
            self._shelf.renew(sha256)
            return
        make_folder(self._shelf.incoming)
        handle, name = tempfile.mkstemp(dir=self._shelf.incoming)
        digest, length = hashlib.sha256(), 0
        try:
            with os.fdopen(handle, "wb") as copy, have(sha256) as file:
                while piece := file.read(_PIECE):
                    copy.write(piece)
                    digest.update(piece)
                    length += len(piece)
            if digest.hexdigest() != sha256 or length != (length if size is None else size):
                raise NotAnExport(f"files/{sha256[:2]}/{sha256[2:]} is damaged; take another copy of the export")
            self._shelf.put(Path(name), sha256)
        finally:
            Path(name).unlink(missing_ok=True)
        self._step(length)

    def others(self, manifest: Manifest) -> None:
        """Take in what is no project's: claims of names, changes, and tokens; what is there stays as it is."""
        with self._database.writing() as connection:
            for claim in manifest.claims:
                if not connection.execute(select(CLAIMS.c.name).where(CLAIMS.c.name == claim.name)).first():
                    connection.execute(insert(CLAIMS).values(msgspec.structs.asdict(claim)))
            _add_changes(connection, None, manifest.changes)
            for row in manifest.tokens:
                if not connection.execute(select(TOKENS.c.id).where(TOKENS.c.id == row["id"])).first():
                    connection.execute(insert(TOKENS).values(_token(row)))


def _check(project: Exported) -> None:
    """Raise NotAnExport for what would be a path, or a project that nobody could ask for."""
    try:
        normal = normalise(project.name)
    except ValueError as error:
        raise NotAnExport(f"{MANIFEST}: {error}") from error
    hexes = [each.file.sha256 for each in project.files]
    hexes += [each.file.metadata_sha256 for each in project.files if each.file.metadata_sha256 is not None]
    names = [each.file.filename for each in project.files]
    if (
        normal != project.name
        or not all(belongs(name, normal) for name in names)
        or any(len(each) != 64 or set(each) - set("0123456789abcdef") for each in hexes)
    ):
        raise NotAnExport(f"{MANIFEST}: {ascii(project.name)[:80]} is not as wheelgate writes projects")


def _missing(connection: Connection, project: Exported) -> list[StoredFile]:
    """Give the files that are not there. Raises _InTheWay for what is there in their place."""
    missing, wrong = [], []
    stones = {each.filename for each in project.tombstones}
    for each in project.files:
        new = each.file
        found = connection.execute(
            select(FILES).where((FILES.c.filename == new.filename) | (FILES.c.sha256 == new.sha256))
        ).all()
        if any(row.filename == new.filename and row.sha256 == new.sha256 for row in found):
            continue
        wrong += [_words(new.filename, row.filename) for row in found]
        if connection.execute(select(TOMBSTONES.c.filename).where(TOMBSTONES.c.filename == new.filename)).first():
            wrong.append(f"{new.filename} was deleted here, and a filename never comes back")
        missing.append(each)
    for name in stones:
        if connection.execute(select(FILES.c.filename).where(FILES.c.filename == name)).first():
            wrong.append(f"{name} was deleted there, and is here; delete it here first")
    if wrong:
        raise _InTheWay(tuple(wrong))
    return missing


def _words(new: str, there: str) -> str:
    if new == there:
        return f"{new} is there with other bytes"
    return f"{new} is there under another name, {there}"


def _history(connection: Connection, project: Exported) -> bool:
    """Add the tombstones and changes that are not there; tell whether there were any."""
    stones = [each for each in project.tombstones if not _is_stone(connection, each)]
    for each in stones:
        connection.execute(insert(TOMBSTONES).values({**msgspec.structs.asdict(each), "project": project.name}))
    return _add_changes(connection, project.name, project.changes) or bool(stones)


def _is_stone(connection: Connection, stone: Gone) -> bool:
    return connection.execute(select(TOMBSTONES).where(TOMBSTONES.c.filename == stone.filename)).first() is not None


def _add_changes(connection: Connection, project: str | None, changes: tuple[Change, ...]) -> bool:
    ours = CHANGES.c.project.is_(None) if project is None else CHANGES.c.project == project
    names = ("at", "by", "what", "subject", "reason")
    there = {tuple(row) for row in connection.execute(select(*(CHANGES.c[name] for name in names)).where(ours))}
    new = [each for each in changes if tuple(getattr(each, name) for name in names) not in there]
    for each in new:
        row = {name: getattr(each, name) for name in names}
        connection.execute(insert(CHANGES).values({**row, "project": project}))
    return bool(new)


def _token(row: dict[str, object]) -> dict[str, object]:
    moments = ("made", "until", "revoked", "used")
    known = {name: row.get(name) for name in TOKENS.c.keys()}  # noqa: SIM118 - names of columns
    return {**known, **{name: msgspec.convert(known[name], datetime | None) for name in moments}}
