"""The organisation's own projects in the database. All of this waits for the disk.

A row of a file is written last of all that an upload writes: its bytes, and those of its metadata, lie in the store before. So
what a row names is there, and what lies there without a row was never acknowledged.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
from packaging.version import Version
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from addons.simple.distributions import version
from addons.simple.names import ProjectName
from addons.store.database import Database
from addons.store.principals import Principal
from addons.store.stored import Change, Gone, NewFile, Role, Standing, StoredFile
from addons.store.tables import CHANGES, FILES, PROJECTS, ROLES, TOMBSTONES

type Permit = Callable[[Standing | None], None]
"""Looks at a project as it stands inside the change, None if nobody has it; raises what keeps the change from being made."""


class NotAdded(Exception):
    """A file that cannot be added beside what is there. `why`: "other-bytes", "other-name", "deleted" or "second-sdist".

    `filename` and `blake2b_256` are those of the file that is in the way ("" of a deleted one).
    """

    def __init__(self, why: str, filename: str, blake2b_256: str = "") -> None:
        super().__init__(why, filename)
        self.why = why
        self.filename = filename
        self.blake2b_256 = blake2b_256


class NotThere(LookupError):
    """A project, or a file of it, that the store does not have. In words."""


class Projects:
    """What a database holds of them; each method raises DatabaseUnavailable, and then has changed nothing."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def revision(self) -> int:
        """Give the number of the last change; 0 before the first one, and where there is no database."""
        if not self.database.is_there:
            return 0
        with self.database.reading() as connection:
            return connection.execute(select(func.max(CHANGES.c.number))).scalar() or 0

    def names(self) -> tuple[int, Mapping[ProjectName, str]]:
        """Give the revision, and every project with its name as it is displayed."""
        if not self.database.is_there:
            return 0, {}
        with self.database.reading() as connection:
            revision = connection.execute(select(func.max(CHANGES.c.number))).scalar() or 0
            found = connection.execute(select(PROJECTS.c.name, PROJECTS.c.display))
            return revision, {ProjectName(name): display for name, display in found}

    def touched(self, since: int) -> tuple[int, frozenset[ProjectName]]:
        """Give the revision, and the projects that changed after the revision `since`."""
        with self.database.reading() as connection:
            rows = connection.execute(select(CHANGES.c.number, CHANGES.c.project).where(CHANGES.c.number > since)).all()
        return max((number for number, _ in rows), default=since), frozenset(
            ProjectName(project) for _, project in rows if project is not None
        )

    def standing(self, project: ProjectName) -> Standing | None:
        """Give a project as it stands; None if the store does not have it."""
        if not self.database.is_there:
            return None
        with self.database.reading() as connection:
            return standing(connection, project)

    def deleted(self, filename: str) -> Gone | None:
        """Give the tombstone of a filename; None if it was never deleted."""
        if not self.database.is_there:
            return None
        with self.database.reading() as connection:
            row = connection.execute(select(TOMBSTONES).where(TOMBSTONES.c.filename == filename)).one_or_none()
        return None if row is None else msgspec.convert(_plain(row), Gone)

    def changes(self, project: ProjectName | None = None, most: int = 1000) -> tuple[Change, ...]:
        """Give the last changes, of one project or of all, the first one first."""
        if not self.database.is_there:
            return ()
        wanted = select(CHANGES).order_by(CHANGES.c.number.desc()).limit(most)
        wanted = wanted if project is None else wanted.where(CHANGES.c.project == project)
        with self.database.reading() as connection:
            rows = connection.execute(wanted).all()
        return tuple(msgspec.convert(_plain(row), Change) for row in reversed(rows))

    def add(
        self,
        project: ProjectName,
        display: str,
        new: NewFile,
        permit: Permit,
        *,
        owner: Principal,
        by: str,
        at: datetime,
        maintainers: Collection[Principal] = (),
    ) -> bool:
        """Add a file, and the project with `owner` and `maintainers` if nobody has it: all of it, or nothing.

        False: the very file was there. Raises NotAdded, and what `permit` raises.
        """
        with self.database.writing() as connection:
            before = standing(connection, project)
            permit(before)
            if _is_there(connection, before, new):
                return False
            if before is None:
                _claim(connection, project, display, owner, by, at)
                for each in maintainers:
                    connection.execute(insert(ROLES).values(project=project, principal=str(each), role="maintainer"))
                    changed(connection, at, by, "role maintainer", project, str(each))
            row = {**msgspec.structs.asdict(new), "project": project, "uploaded": at, "by": by}
            connection.execute(insert(FILES).values(row))
            changed(connection, at, by, "upload", project, new.filename)
        return True

    def yank(
        self,
        project: ProjectName,
        filenames: Collection[str],
        reason: str | None,
        permit: Permit,
        *,
        by: str,
        at: datetime,
    ) -> tuple[str, ...]:
        """Yank files for a reason ("" for none), or un-yank them (None); give those that were otherwise before.

        Raises NotThere, and what `permit` raises.
        """
        with self.database.writing() as connection:
            found = _files_of(connection, project, filenames, permit)
            meant = [each.file.filename for each in found if each.yanked != reason]
            for filename in meant:
                connection.execute(update(FILES).where(FILES.c.filename == filename).values(yanked=reason))
                changed(connection, at, by, "unyank" if reason is None else "yank", project, filename, reason or "")
        return tuple(meant)

    def delete(
        self, project: ProjectName, filenames: Collection[str], reason: str, permit: Permit, *, by: str, at: datetime
    ) -> tuple[StoredFile, ...]:
        """Delete files, each with a tombstone, and give them: their bytes are left to who looks after those.

        Raises NotThere, and what `permit` raises.
        """
        with self.database.writing() as connection:
            found = _files_of(connection, project, filenames, permit)
            for each in found:
                connection.execute(delete(FILES).where(FILES.c.filename == each.file.filename))
                stone = {"filename": each.file.filename, "project": project, "sha256": each.file.sha256}
                connection.execute(insert(TOMBSTONES).values({**stone, "deleted": at, "by": by, "reason": reason}))
                changed(connection, at, by, "delete", project, each.file.filename, reason)
        return found

    def set_role(
        self,
        project: ProjectName,
        principal: Principal,
        role: Role | None,
        permit: Permit,
        *,
        by: str,
        at: datetime,
        reason: str = "",
    ) -> None:
        """Give a principal a role in a project, or take it away (None). Raises NotThere, and what `permit` raises."""
        with self.database.writing() as connection:
            before = standing(connection, project)
            permit(before)
            if before is None:
                raise NotThere(f"{project} is no project of this store")
            ours = (ROLES.c.project == project) & (ROLES.c.principal == str(principal))
            connection.execute(delete(ROLES).where(ours))
            if role is not None:
                connection.execute(insert(ROLES).values(project=project, principal=str(principal), role=role))
            changed(connection, at, by, f"role {role}" if role else "role none", project, str(principal), reason)

    def set_status(
        self, project: ProjectName, status: str, permit: Permit, *, by: str, at: datetime, reason: str = ""
    ) -> None:
        """Put a project under another status of PEP 792. Raises NotThere, and what `permit` raises."""
        with self.database.writing() as connection:
            before = standing(connection, project)
            permit(before)
            if before is None:
                raise NotThere(f"{project} is no project of this store")
            values = {"status": status, "status_reason": reason or None}
            connection.execute(update(PROJECTS).where(PROJECTS.c.name == project).values(values))
            changed(connection, at, by, "status", project, status, reason)


def standing(connection: Connection, project: ProjectName) -> Standing | None:
    """Give a project as it stands in this transaction; None if nobody has it."""
    row = connection.execute(select(PROJECTS).where(PROJECTS.c.name == project)).one_or_none()
    if row is None:
        return None
    roles = connection.execute(select(ROLES.c.principal, ROLES.c.role).where(ROLES.c.project == project))
    # Put in order here: engines sort texts by rules of their own, and a page's tag is to be the same with each.
    files = map(_stored, connection.execute(select(FILES).where(FILES.c.project == project)))
    return Standing(
        project=project,
        display=row.display,
        status=row.status,
        status_reason=row.status_reason,
        made=row.made,
        by=row.by,
        roles={Principal.read(principal): role for principal, role in roles},
        files=tuple(sorted(files, key=lambda each: (each.uploaded, each.file.filename))),
    )


def changed(
    connection: Connection,
    at: datetime,
    by: str,
    what: str,
    project: ProjectName | None,
    subject: str,
    reason: str = "",
) -> None:
    """Record a change, in the transaction that makes it."""
    row = {"at": at, "by": by, "what": what, "project": project, "subject": subject, "reason": reason}
    connection.execute(insert(CHANGES).values(row))


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row._mapping.items()}


def _stored(row: Row[Any]) -> StoredFile:
    found = _plain(row)
    file = {name: found[name] for name in NewFile.__struct_fields__}
    return StoredFile(file=NewFile(**file), uploaded=found["uploaded"], by=found["by"], yanked=found["yanked"])


def _claim(connection: Connection, project: ProjectName, display: str, owner: Principal, by: str, at: datetime) -> None:
    row = {"name": project, "display": display, "status": "active", "made": at, "by": by}
    connection.execute(insert(PROJECTS).values(row))
    connection.execute(insert(ROLES).values(project=project, principal=str(owner), role="owner"))
    changed(connection, at, by, "claim", project, str(owner))


def _is_there(connection: Connection, before: Standing | None, new: NewFile) -> bool:
    """Tell whether the very file is there (UPL-13). Raises NotAdded for what is in its way."""
    same = connection.execute(
        select(FILES).where((FILES.c.filename == new.filename) | (FILES.c.sha256 == new.sha256))
    ).all()
    for row in same:
        if row.filename == new.filename and row.sha256 == new.sha256:
            return True
        raise NotAdded("other-bytes" if row.filename == new.filename else "other-name", row.filename, row.blake2b_256)
    if connection.execute(select(TOMBSTONES.c.filename).where(TOMBSTONES.c.filename == new.filename)).first():
        raise NotAdded("deleted", new.filename)
    if new.filetype == "sdist" and before is not None:
        for each in before.files:
            if each.file.filetype == "sdist" and _release(each.file) == _release(new):
                raise NotAdded("second-sdist", each.file.filename, each.file.blake2b_256)
    return False


def _release(file: NewFile) -> Version | str:
    """Give what is equal for files of one release: 1.0 and 1.0.0 are one version (PEP 440)."""
    return version(file.version) or file.version


def _files_of(
    connection: Connection, project: ProjectName, filenames: Collection[str], permit: Permit
) -> tuple[StoredFile, ...]:
    before = standing(connection, project)
    permit(before)
    found = tuple(each for each in (before.files if before else ()) if each.file.filename in filenames)
    missing = set(filenames) - {each.file.filename for each in found}
    if before is None or missing:
        what = ", ".join(sorted(missing)) or "no file"
        raise NotThere(
            f"{project} has {what} not in this store" if before else f"{project} is no project of this store"
        )
    return found
