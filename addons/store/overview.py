"""What the store has of many projects at once, a stretch at a time. All of this waits for the disk."""

from collections.abc import Collection, Iterable, Mapping

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, func, select

from addons.simple.names import ProjectName
from addons.store.database import Database
from addons.store.principals import Principal
from addons.store.stored import Change, Role
from addons.store.tables import CHANGES, FILES, PROJECTS, ROLES


class Glance(Struct, frozen=True, kw_only=True):
    """A project at a glance. `roles` are those of the principals that were asked about.

    `versions` are its releases, each with whether all of its files are yanked.
    """

    project: ProjectName
    display: str
    status: str
    roles: frozenset[Role]
    versions: Mapping[str, bool]


class Overview:
    """The same database as that of `Projects`; each method raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def projects(
        self,
        after: str,
        most: int,
        principals: Collection[Principal],
        only: Collection[ProjectName] | None = None,
        *,
        having_role: bool = False,
    ) -> tuple[Glance, ...]:
        """Give at most `most` projects behind the name `after`, by name; of `only` these, if it is given.

        `having_role`: only those in which one of the principals has a role.
        """
        if not self._database.is_there:
            return ()
        texts = [str(each) for each in principals]
        wanted = select(PROJECTS).where(PROJECTS.c.name > after).order_by(PROJECTS.c.name).limit(most)
        if only is not None:
            wanted = wanted.where(PROJECTS.c.name.in_(list(only)))
        if having_role:
            wanted = wanted.where(PROJECTS.c.name.in_(select(ROLES.c.project).where(ROLES.c.principal.in_(texts))))
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
            names = [row.name for row in rows]
            roles, versions = _roles(connection, names, texts), _versions(connection, names)
        return tuple(
            Glance(
                project=ProjectName(row.name),
                display=row.display,
                status=row.status,
                roles=frozenset(roles.get(row.name, ())),
                versions=versions.get(row.name, {}),
            )
            for row in rows
        )

    def changes(self, project: ProjectName, before: int | None, most: int) -> tuple[Change, ...]:
        """Give at most `most` changes of a project, the last one first; only those below the number `before`."""
        if not self._database.is_there:
            return ()
        wanted = select(CHANGES).where(CHANGES.c.project == project).order_by(CHANGES.c.number.desc()).limit(most)
        wanted = wanted if before is None else wanted.where(CHANGES.c.number < before)
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
        return tuple(msgspec.convert({str(k): v for k, v in row._mapping.items()}, Change) for row in rows)


def _roles(connection: Connection, names: list[str], principals: list[str]) -> dict[str, set[Role]]:
    found: dict[str, set[Role]] = {}
    wanted = select(ROLES.c.project, ROLES.c.role).where(ROLES.c.project.in_(names), ROLES.c.principal.in_(principals))
    for project, role in connection.execute(wanted):
        found.setdefault(project, set()).add(role)
    return found


def _versions(connection: Connection, names: Iterable[str]) -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    wanted = (
        select(FILES.c.project, FILES.c.version, func.count(), func.count(FILES.c.yanked))
        .where(FILES.c.project.in_(list(names)))
        .group_by(FILES.c.project, FILES.c.version)
    )
    for project, version, files, yanked in connection.execute(wanted):
        found.setdefault(project, {})[version] = files == yanked
    return found
