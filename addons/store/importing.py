"""Taking in an export: a project whole or not at all, and again what was taken in already without a change.

All of this waits for the disk.
"""

import hashlib
import io
import os
import re
import tarfile
import tempfile
from collections.abc import Buffer, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import batched
from pathlib import Path
from typing import Any, BinaryIO, override

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Table, and_, insert, select

from addons.simple.distributions import belongs, version
from addons.simple.names import ProjectName, normalise
from addons.store.database import Database
from addons.store.decision import Decision
from addons.store.decisions import is_there, take_over
from addons.store.folders import make_folder
from addons.store.manifest import MANIFEST, Claim, Decided, Exported, Line, NotAnExport, OtherChange, Token, read_lines
from addons.store.principals import Principal
from addons.store.projects import changed
from addons.store.shelf import Shelf
from addons.store.stored import Change, Gone, NewFile, StoredFile
from addons.store.tables import CHANGES, CLAIMS, FILES, PROJECTS, ROLES, TOKENS, TOMBSTONES

_PIECE = 1 << 20  # bytes
_AT_ONCE = 500  # lines
_LONGEST_METADATA = 64_000_000  # bytes, which is more than the store takes of anybody
_STATUSES = frozenset({"active", "archived", "quarantined", "deprecated"})  # PEP 792

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,254}")  # a filename of a wheel or an sdist, and never a path

type Bytes = Callable[[str], BinaryIO]
"""Opens the bytes that have this sha256. Raises NotAnExport."""

type Lines = Callable[[], Iterator[Line]]
"""Reads a manifest from its beginning, behind its head. Raises NotAnExport."""


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
def opened(path: Path) -> Iterator[tuple[Lines, Bytes]]:
    """Open an export, a folder or a tar, and give what reads its manifest, and its bytes. Raises NotAnExport, OSError.

    Of a tar, where each file stands in it is in memory: some 270 bytes a file. Of the manifest, one line is.
    """
    with ExitStack() as stack:
        have = _in_folder(path) if path.is_dir() else _in_tar(path, stack)

        def lines() -> Iterator[Line]:
            with have(MANIFEST) as file:
                yield from read_lines(file)

        yield lines, lambda sha256: have(f"files/{sha256[:2]}/{sha256[2:]}")


def _in_folder(folder: Path) -> Bytes:
    def have(name: str) -> BinaryIO:
        try:
            if not (folder / name).is_file():  # a pipe would be waited for for ever
                raise FileNotFoundError
            return (folder / name).open("rb")
        except FileNotFoundError:
            raise NotAnExport(f"{folder} has no {name}; it is no export, or not a whole one") from None

    return have


def _in_tar(path: Path, stack: ExitStack) -> Bytes:
    places: dict[str, tuple[int, int]] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            while (member := tar.next()) is not None:
                if member.isreg():
                    places[member.name] = member.offset_data, member.size
                tar.members.clear()  # type: ignore[attr-defined]  # it has them; some kilobytes each
    except tarfile.TarError as error:
        raise NotAnExport(f"{path} is no tar: {error}") from error

    def have(name: str) -> BinaryIO:
        if name not in places:
            raise NotAnExport(f"{path} has no {name}; it is no export, or not a whole one")
        return io.BufferedReader(_Part(path, *places[name]))

    return have


class _Part(io.FileIO):
    """What stands at a place of a file."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        super().__init__(path)
        self.seek(start)
        self._left = size

    @override
    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        count = super().readinto(view[: self._left]) or 0
        self._left -= count
        return count


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

    def projects(self, lines: Lines, have: Bytes, *, dry_run: bool = False) -> Iterator[Taken]:
        """Take in one project after the other. Raises DatabaseUnavailable, OSError, NotAnExport."""
        for each in lines():
            if isinstance(each, Exported):
                _check(each)
                yield self._project(each, have, dry_run=dry_run)

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
        most = _LONGEST_METADATA if size is None else size  # a sparse member of some bytes could fill the disk
        try:
            with os.fdopen(handle, "wb") as copy, have(sha256) as file:
                while length <= most and (piece := file.read(_PIECE)):
                    copy.write(piece)
                    digest.update(piece)
                    length += len(piece)
            if digest.hexdigest() != sha256 or length != (length if size is None else size):
                raise NotAnExport(f"files/{sha256[:2]}/{sha256[2:]} is damaged; take another copy of the export")
            self._shelf.put(Path(name), sha256)
        finally:
            Path(name).unlink(missing_ok=True)
        self._step(length)

    def others(self, lines: Lines, *, dry_run: bool = False) -> int:
        """Take in what is no project's: decisions, claims of names, changes, tokens; what is there stays as it is.

        Gives how many decisions were not there. Raises DatabaseUnavailable, OSError, NotAnExport; what was taken in before stays,
        and is there when the import is repeated.
        """
        new = 0
        for some in batched((line for line in lines() if not isinstance(line, Exported)), _AT_ONCE):
            decisions = [line.decision for line in some if isinstance(line, Decided)]
            new += self._new_decisions(decisions) if dry_run else self._add_others(some, decisions)
        return new

    def _new_decisions(self, decisions: list[Decision]) -> int:
        if not decisions or not self._database.is_there:
            return len(decisions)
        with self._database.reading() as connection:
            return sum(not is_there(connection, each) for each in decisions)

    def _add_others(self, lines: tuple[Line, ...], decisions: list[Decision]) -> int:
        with self._database.writing() as connection:
            new = take_over(self._database, connection, decisions)
            for each in lines:
                if isinstance(each, Claim):
                    _add(connection, CLAIMS, "name", msgspec.structs.asdict(each))
                elif isinstance(each, Token):
                    _add(connection, TOKENS, "id", _token(each.row))
                elif isinstance(each, OtherChange):
                    _add_change(connection, each.change)
            if new:
                changed(connection, self._at, self._by, "import", None, f"{new} decisions")
        return new


def _add(connection: Connection, table: Table, key: str, row: dict[str, Any]) -> None:
    if not connection.execute(select(table.c[key]).where(table.c[key] == row[key])).first():
        connection.execute(insert(table).values(row))


def _add_change(connection: Connection, change: Change) -> None:
    row = msgspec.structs.asdict(change)
    del row["number"]
    same = and_(*(CHANGES.c[name].is_not_distinct_from(value) for name, value in row.items()))
    if not connection.execute(select(CHANGES.c.number).where(same)).first():
        connection.execute(insert(CHANGES).values(row))


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
        or not all(belongs(name, normal) and _PLAIN.fullmatch(name) for name in names)
        or not all(_PLAIN.fullmatch(each.filename) for each in project.tombstones)
        or not all(_is_readable(each.file) for each in project.files)
        or not _are_principals(project.roles)
        or project.status not in _STATUSES
        or any(len(each) != 64 or set(each) - set("0123456789abcdef") for each in hexes)
    ):
        raise NotAnExport(f"{MANIFEST}: {ascii(project.name)[:80]} is not as wheelgate writes projects")


def _is_readable(file: NewFile) -> bool:
    """Tell whether pages and the interface can show it: what one project has wrong must not keep others from being shown."""
    return version(file.version) is not None and file.size >= 0


def _are_principals(roles: Iterable[str]) -> bool:
    try:
        return all(str(Principal.read(each)) == each for each in roles)
    except ValueError:
        return False


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


def _add_changes(connection: Connection, project: str, changes: tuple[Change, ...]) -> bool:
    ours = CHANGES.c.project == project
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
