"""What an export of the store says beside the bytes: everything that is known of its projects, as values.

An export is a folder, or a tar of it: `manifest.json`, and `files/ab/cdef…` as in the store itself.
"""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, select

from addons.store.database import Database
from addons.store.stored import Change, Gone, Role, StoredFile
from addons.store.tables import CHANGES, CLAIMS, FILES, PROJECTS, ROLES, TOKENS, TOMBSTONES

MANIFEST = "manifest.json"
FORM = 1
"""The form of a manifest; a higher one is a newer program's."""


class Claim(Struct, frozen=True, kw_only=True):
    """A public name that was claimed on purpose."""

    name: str
    reason: str
    made: datetime
    by: str


class Exported(Struct, frozen=True, kw_only=True):
    """A project with all that is known of it."""

    name: str
    display: str
    status: str
    status_reason: str | None
    made: datetime
    by: str
    roles: dict[str, Role]
    files: tuple[StoredFile, ...]
    tombstones: tuple[Gone, ...]
    changes: tuple[Change, ...]


class Manifest(Struct, frozen=True, kw_only=True):
    """A whole export. `tokens`: rows of theirs, with hashes, only where that was asked for."""

    wheelgate: int
    made: datetime
    projects: tuple[Exported, ...]
    claims: tuple[Claim, ...] = ()
    changes: tuple[Change, ...] = ()
    tokens: tuple[dict[str, Any], ...] = ()


class NotAnExport(ValueError):
    """What was to be imported is no export, or was damaged. In words."""


def read_manifest(content: bytes) -> Manifest:
    """Read one. Raises NotAnExport."""
    try:
        form = msgspec.json.decode(content, type=dict[str, Any]).get("wheelgate")
        if form != FORM:
            raise NotAnExport(
                f"{MANIFEST} has the form {ascii(form)[:40]}; this wheelgate reads {FORM}, so use the newer one"
            )
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise NotAnExport(f"{MANIFEST} cannot be read: {error}") from error


def manifest_of(database: Database, names: frozenset[str], at: datetime, *, tokens: bool = False) -> Manifest:
    """Give what is known now of these projects, or of all if none is named. Raises DatabaseUnavailable.

    Memory grows with the number of rows, some 1 kB each.
    """
    with database.reading() as connection:
        wanted = select(PROJECTS).order_by(PROJECTS.c.name)
        wanted = wanted.where(PROJECTS.c.name.in_(names)) if names else wanted
        claims = connection.execute(select(CLAIMS).order_by(CLAIMS.c.name)).all()
        of_none = connection.execute(select(CHANGES).where(CHANGES.c.project.is_(None)).order_by(CHANGES.c.number))
        return Manifest(
            wheelgate=FORM,
            made=at,
            projects=tuple(_exported(connection, row) for row in connection.execute(wanted).all()),
            claims=tuple(_as(Claim, row) for row in claims if not names or row.name in names),
            changes=() if names else tuple(_as(Change, row) for row in of_none),
            tokens=tuple(_plain(row) for row in connection.execute(select(TOKENS))) if tokens else (),
        )


def _exported(connection: Connection, row: Row[Any]) -> Exported:
    def rows(table: Any, order: Any) -> list[Row[Any]]:
        return list(connection.execute(select(table).where(table.c.project == row.name).order_by(order)))

    files = [_plain(each) for each in rows(FILES, FILES.c.filename)]
    return Exported(
        **_plain(row),
        roles={each.principal: each.role for each in rows(ROLES, ROLES.c.principal)},
        files=tuple(msgspec.convert({**each, "file": each}, StoredFile) for each in files),
        tombstones=tuple(_as(Gone, each) for each in rows(TOMBSTONES, TOMBSTONES.c.filename)),
        changes=tuple(_as(Change, each) for each in rows(CHANGES, CHANGES.c.number)),
    )


def _as[T](kind: type[T], row: Row[Any]) -> T:
    return msgspec.convert(_plain(row), kind)


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {
        str(name): value for name, value in row._mapping.items()
    }  # the names are a kind of str that is not taken for one
