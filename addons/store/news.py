"""What happened to the projects of a database since it was last read. All of this waits for the disk."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from addons.simple.names import ProjectName
from addons.store.database import Database
from addons.store.tables import CHANGES, PROJECTS

_AT_ONCE = 500  # names in one statement


class Point(NamedTuple):
    """The last change that counts: its number, and when it was made. Of another database, the number may be the same."""

    number: int
    at: datetime


class News(NamedTuple):
    """Projects and their statuses (PEP 792) as of a point; None: nothing was ever changed there.

    `anew`: these are all that there are, else those that changed.
    """

    point: Point | None
    statuses: Mapping[ProjectName, str]
    anew: bool


def news(database: Database, since: Point | None) -> News | None:
    """Give what happened after a point, None if nothing did; all that there is, where the database is not the one of that point.

    The database has to be there. Raises DatabaseUnavailable, or ValueError for a row that no wheelgate has written.
    """
    with database.reading() as connection:
        if since is None:
            return _all(connection)
        found = select(CHANGES.c.number, CHANGES.c.at, CHANGES.c.project).where(CHANGES.c.number >= since.number)
        rows = connection.execute(found.order_by(CHANGES.c.number)).all()
        if not rows or Point(rows[0].number, rows[0].at) != since:
            return _all(connection)
        if len(rows) == 1:
            return None
        touched = {ProjectName(row.project) for row in rows[1:] if row.project is not None}
        return News(Point(rows[-1].number, rows[-1].at), _statuses(connection, touched), anew=False)


def _all(connection: Connection) -> News:
    last = connection.execute(select(CHANGES.c.number, CHANGES.c.at).order_by(CHANGES.c.number.desc()).limit(1)).first()
    found = connection.execute(select(PROJECTS.c.name, PROJECTS.c.status))
    return News(
        None if last is None else Point(last.number, last.at),
        {ProjectName(name): status for name, status in found},
        anew=True,
    )


def _statuses(connection: Connection, projects: Iterable[ProjectName]) -> Mapping[ProjectName, str]:
    wanted, found = list(projects), {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = PROJECTS.c.name.in_(wanted[start : start + _AT_ONCE])
        rows = connection.execute(select(PROJECTS.c.name, PROJECTS.c.status).where(some))
        found.update({ProjectName(name): status for name, status in rows})
    return found
