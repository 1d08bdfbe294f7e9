"""What an export of the store says beside the bytes: everything that is known of its projects, and every decision, as values.

An export is a folder, or a tar of it: `manifest.jsonl`, and `files/ab/cdef…` as in the store itself. The manifest is read and
written a line at a time; a line is a JSON object whose `type` says what it is about. The first is the export's head, then
come claims, projects, decisions in the order of their numbers, changes that are of no project, and tokens.
"""

from collections.abc import Generator, Iterable, Iterator
from datetime import datetime
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, select

from addons.store.database import Database
from addons.store.decision import Decision
from addons.store.decisions import decisions_in
from addons.store.stored import Change, Gone, Role, StoredFile
from addons.store.tables import CHANGES, CLAIMS, FILES, PROJECTS, ROLES, TOKENS, TOMBSTONES

MANIFEST = "manifest.jsonl"
FORM = 1
"""The form of a manifest; a higher one is a newer program's."""
_LONGEST_LINE = 1 << 30  # bytes
_AT_ONCE = 500  # rows


class Head(Struct, frozen=True, kw_only=True, tag="export"):
    """What a manifest begins with: its form, and when it was made."""

    wheelgate: int
    made: datetime


class Claim(Struct, frozen=True, kw_only=True, tag="claim"):
    """A public name that was claimed on purpose."""

    name: str
    reason: str
    made: datetime
    by: str


class Exported(Struct, frozen=True, kw_only=True, tag="project"):
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


class Decided(Struct, frozen=True, kw_only=True, tag="decision"):
    """A decision that was ever made, with its end."""

    decision: Decision


class OtherChange(Struct, frozen=True, kw_only=True, tag="change"):
    """A change that is of no project, or of one that is no more."""

    change: Change


class Token(Struct, frozen=True, kw_only=True, tag="token"):
    """A row of `tokens`, with its hash; only where that was asked for."""

    row: dict[str, Any]


type Line = Claim | Exported | Decided | OtherChange | Token


class NotAnExport(ValueError):
    """What was to be imported is no export, or was damaged. In words."""


def read_lines(file: BinaryIO) -> Iterator[Line]:
    """Read a manifest: in memory is one line of it. Raises NotAnExport, at the first line for one that is none."""
    number = 1
    lines = iter(lambda: file.readline(_LONGEST_LINE), b"")
    decoder: msgspec.json.Decoder[Head | Line] = msgspec.json.Decoder(
        Head | Claim | Exported | Decided | OtherChange | Token
    )
    try:
        form = msgspec.json.decode(next(lines, b"{}"), type=dict[str, Any]).get("wheelgate")
        if form != FORM:
            raise NotAnExport(
                f"{MANIFEST} has the form {ascii(form)[:40]}; this wheelgate reads {FORM}, so use the newer one"
            )
        for line in lines:
            number += 1
            found = decoder.decode(line)
            if not isinstance(found, Head):
                yield found
    except msgspec.DecodeError as error:
        raise NotAnExport(f"{MANIFEST}, line {number}, cannot be read: {error}") from error


def written(lines: Iterable[Head | Line]) -> Iterator[bytes]:
    """Write a manifest, a line at a time."""
    encoder = msgspec.json.Encoder()
    for each in lines:
        yield encoder.encode(each) + b"\n"


def lines_of(
    database: Database, names: frozenset[str], at: datetime, *, tokens: bool = False
) -> Generator[Head | Line, None, None]:
    """Give what is known now of these projects, or of the whole store if none is named. Raises DatabaseUnavailable.

    One state of the database. In memory are the names of the projects, and all that is known of one of them.
    """
    with database.reading() as connection:
        yield Head(wheelgate=FORM, made=at)
        for row in connection.execute(select(CLAIMS).order_by(CLAIMS.c.name)).all():
            if not names or row.name in names:
                yield _as(Claim, row)
        for name in connection.execute(select(PROJECTS.c.name).order_by(PROJECTS.c.name)).scalars().all():
            if not names or name in names:
                yield _exported(connection, name)
        if not names:
            for each in decisions_in(connection):
                yield Decided(decision=each)
            ours = select(PROJECTS.c.name)
            of_none = CHANGES.c.project.is_(None) | CHANGES.c.project.not_in(ours)
            for row in _streamed(connection, select(CHANGES).where(of_none).order_by(CHANGES.c.number)):
                yield OtherChange(change=_as(Change, row))
        for row in _streamed(connection, select(TOKENS).order_by(TOKENS.c.id)) if tokens else ():
            yield Token(row=_plain(row))


def _exported(connection: Connection, name: str) -> Exported:
    def rows(table: Any, order: Any) -> list[Row[Any]]:
        return list(connection.execute(select(table).where(table.c.project == name).order_by(order)))

    files = [_plain(each) for each in rows(FILES, FILES.c.filename)]
    return Exported(
        **_plain(connection.execute(select(PROJECTS).where(PROJECTS.c.name == name)).one()),
        roles={each.principal: each.role for each in rows(ROLES, ROLES.c.principal)},
        files=tuple(msgspec.convert({**each, "file": each}, StoredFile) for each in files),
        tombstones=tuple(_as(Gone, each) for each in rows(TOMBSTONES, TOMBSTONES.c.filename)),
        changes=tuple(_as(Change, each) for each in rows(CHANGES, CHANGES.c.number)),
    )


def _streamed(connection: Connection, rows: Select[Any]) -> Iterator[Row[Any]]:
    yield from connection.execute(rows.execution_options(yield_per=_AT_ONCE))


def _as[T](kind: type[T], row: Row[Any]) -> T:
    return msgspec.convert(_plain(row), kind)


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {
        str(name): value for name, value in row._mapping.items()
    }  # the names are a kind of str that is not taken for one
