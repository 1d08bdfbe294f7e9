"""Roles in projects: given, taken and handed over, each in one change. All of this waits for the disk."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, insert, select

from addons.simple.names import ProjectName
from addons.store.database import Database
from addons.store.principals import Principal
from addons.store.projects import NotThere, changed, standing
from addons.store.stored import Role, Standing
from addons.store.tables import PROJECTS, ROLES


class LastOwner(ValueError):
    """A change of roles after which a project would have no owner. In words."""


class NotHeld(ValueError):
    """A role to be taken from somebody who does not have it (any more). In words."""


def owners_of(found: Standing) -> frozenset[Principal]:
    """Give who owns a project."""
    return frozenset(principal for principal, role in found.roles.items() if role == "owner")


def check_owner_left(found: Standing, principal: Principal, role: Role | None) -> None:
    """Raise LastOwner if a project would have no owner with this principal in that role (None: in none)."""
    if role != "owner" and owners_of(found) == {principal}:
        raise LastOwner(f"{principal} is the last owner of {found.project}: transfer it to somebody else")


class Roles:
    """The same database as that of `Projects`; each method raises DatabaseUnavailable, and then has changed nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standings(self) -> tuple[Standing, ...]:
        """Give all projects as they stand, by name; their files are left out."""
        if not self._database.is_there:
            return ()
        with self._database.reading() as connection:
            roles: dict[str, dict[Principal, Role]] = {}
            for project, principal, role in connection.execute(select(ROLES)):
                roles.setdefault(project, {})[Principal.read(principal)] = role
            return tuple(
                Standing(
                    project=ProjectName(row.name),
                    display=row.display,
                    status=row.status,
                    status_reason=row.status_reason,
                    made=row.made,
                    by=row.by,
                    roles=roles.get(row.name, {}),
                    files=(),
                )
                for row in connection.execute(select(PROJECTS).order_by(PROJECTS.c.name))
            )

    def hand_over(
        self,
        project: ProjectName,
        to: Principal,
        owners: Collection[Principal],
        *,
        by: str,
        at: datetime,
        reason: str,
        exactly: bool = False,
    ) -> None:
        """Make `to` an owner in the place of `owners`, who then have no role: all of it, or nothing.

        Raises NotThere, and NotHeld if one of them owns it no more, or (`exactly`) somebody else does, too.
        """
        with self._database.writing() as connection:
            found = standing(connection, project)
            if found is None:
                raise NotThere(f"{project} is no project of this store")
            held = owners_of(found)
            if not held.issuperset(owners) or (exactly and held != frozenset(owners)):
                raise NotHeld(
                    f"{project} is owned by {', '.join(sorted(map(str, held))) or 'nobody'}: nothing was done"
                )
            for gone in sorted(set(owners) - {to}):
                connection.execute(delete(ROLES).where((ROLES.c.project == project) & (ROLES.c.principal == str(gone))))
                changed(connection, at, by, "role none", project, str(gone), reason)
            if to not in held:
                ours = (ROLES.c.project == project) & (ROLES.c.principal == str(to))
                connection.execute(delete(ROLES).where(ours))
                connection.execute(insert(ROLES).values(project=project, principal=str(to), role="owner"))
                changed(connection, at, by, "role owner", project, str(to), reason)
