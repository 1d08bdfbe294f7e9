"""Names that are public and were claimed on purpose, with the reason on record. All of this waits for the disk."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, delete, insert, select

from addons.simple.names import ProjectName
from addons.store.database import Database
from addons.store.principals import Principal
from addons.store.projects import NotThere, changed, standing
from addons.store.stored import Standing
from addons.store.tables import CLAIMS, FILES, PROJECTS, ROLES, TOMBSTONES


class Claimed(Struct, frozen=True, kw_only=True):
    """A name that may be the organisation's whoever else has it: why, since when, and who says so."""

    name: str
    reason: str
    made: datetime
    by: str


class NotClaimed(ValueError):
    """A name that cannot be claimed, as it is somebody's. In words."""


class Claims:
    """The same database as that of `Projects`; each method raises DatabaseUnavailable, and then has changed nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, project: ProjectName) -> Claimed | None:
        """Give the claim of a name; None: nobody has claimed it on purpose."""
        if not self._database.is_there:
            return None
        with self._database.reading() as connection:
            return _found(connection, project)

    def every(self) -> tuple[Claimed, ...]:
        """Give all claims, by name."""
        if not self._database.is_there:
            return ()
        with self._database.reading() as connection:
            return tuple(_claimed(row) for row in connection.execute(select(CLAIMS).order_by(CLAIMS.c.name)))

    def claim(
        self, project: ProjectName, display: str, owner: Principal | None, *, by: str, at: datetime, reason: str
    ) -> bool:
        """Claim a name, and make its project with that owner (None: whoever may is the first to upload).

        False: it was claimed already, and nothing is changed. Raises NotClaimed if `owner` is to have what is a project already.
        """
        with self._database.writing() as connection:
            before, found = standing(connection, project), _found(connection, project)
            if owner is not None and before is not None:
                raise NotClaimed(f"{project} is a project of this store already: see `wheelgate owner transfer`")
            if found is not None and owner is None:
                return False
            if found is None:
                connection.execute(insert(CLAIMS).values(name=project, reason=reason, made=at, by=by))
                changed(connection, at, by, "claim on purpose", project, project, reason)
            if owner is not None:
                _make(connection, project, display, owner, by, at)
                changed(connection, at, by, "claim", project, str(owner), reason)
        return True

    def release(self, project: ProjectName, *, by: str, at: datetime, reason: str) -> bool:
        """Take back a claim, and the project if it never had a file. True: the project has gone, too. Raises NotThere."""
        with self._database.writing() as connection:
            if _found(connection, project) is None:
                raise NotThere(f"{project} was not claimed on purpose")
            connection.execute(delete(CLAIMS).where(CLAIMS.c.name == project))
            changed(connection, at, by, "release claim", project, project, reason)
            before = standing(connection, project)
            if before is None or not _is_empty(connection, before):
                return False
            for table, column in ((ROLES, ROLES.c.project), (PROJECTS, PROJECTS.c.name)):
                connection.execute(delete(table).where(column == project))
            changed(connection, at, by, "remove project", project, project, reason)
        return True


def _found(connection: Connection, project: ProjectName) -> Claimed | None:
    row = connection.execute(select(CLAIMS).where(CLAIMS.c.name == project)).one_or_none()
    return None if row is None else _claimed(row)


def _claimed(row: Row[Any]) -> Claimed:
    return msgspec.convert({str(name): value for name, value in row._mapping.items()}, Claimed)


def _make(connection: Connection, project: ProjectName, display: str, owner: Principal, by: str, at: datetime) -> None:
    row = {"name": project, "display": display, "status": "active", "made": at, "by": by}
    connection.execute(insert(PROJECTS).values(row))
    connection.execute(insert(ROLES).values(project=project, principal=str(owner), role="owner"))


def _is_empty(connection: Connection, found: Standing) -> bool:
    """Tell whether a project never had a file: neither one nor the memory of one."""
    return not any(
        connection.execute(select(table.c.filename).where(table.c.project == found.project)).first()
        for table in (FILES, TOMBSTONES)
    )
