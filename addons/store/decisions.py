"""Decisions in the database: made, ended once, and kept for ever. All of this waits for the disk."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import JSON, Connection, Row, Select, String, cast, func, insert, or_, select

from addons.store.database import Database
from addons.store.decision import Decision, Draft, Subject
from addons.store.tables import DECISIONS, ENDINGS

TOLD_ON = timedelta(days=1)
"""For how long a decision that has ended by itself is given with those in force, so that it can be said that it has ended."""

_AT_ONCE = 500  # rows

type Revision = tuple[int, int]

_ROWS = (
    select(
        DECISIONS,
        ENDINGS.c.ended,
        ENDINGS.c.author.label("ended_by"),
        ENDINGS.c.reason.label("ended_why"),
    )
    .select_from(DECISIONS.outerjoin(ENDINGS))
    .order_by(DECISIONS.c.number)
)
_REVISION = select(
    select(func.max(DECISIONS.c.number)).scalar_subquery(), select(func.max(ENDINGS.c.number)).scalar_subquery()
)


class Decisions:
    """What a database holds of them; each method raises DatabaseUnavailable, and then has changed nothing."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def revision(self) -> Revision:
        """Give what is other after every change. The database has to be there."""
        with self.database.reading() as connection:
            return _revision(connection)

    def in_force(self, at: datetime) -> tuple[Revision, tuple[Decision, ...]]:
        """Give the decisions that nobody has ended, without those that ended by themselves a day before `at`, and their revision.

        The database has to be there. That it is sound is looked at as well.
        """
        with self.database.reading() as connection:
            self.database.check(connection)
            return _revision(connection), tuple(_standing(connection, at))

    def history(self) -> tuple[Decision, ...]:
        """Give every decision that was ever made, the first one first; none if there is no database."""
        if not self.database.is_there:
            return ()
        with self.database.reading() as connection:
            return tuple(map(_decision, connection.execute(_ROWS)))

    def make(self, drafts: Sequence[Draft], at: datetime) -> tuple[Decision, ...]:
        """Write decisions, all or none, and give them; one that says the same as one in force is not made again: that is given."""
        with self.database.writing() as connection:
            before = {_said(each.draft): each for each in _standing(connection, at) if each.is_in_force(at)}
            return tuple(before.get(_said(draft)) or _made(connection, draft, at) for draft in drafts)

    def end(
        self, are_meant: Callable[[Decision], bool], author: str, reason: str, at: datetime
    ) -> tuple[Decision, ...]:
        """End those in force that are meant, and give them; none if there are none, or no database."""
        if not self.database.is_there:
            return ()
        with self.database.writing() as connection:
            ended = [each for each in _standing(connection, at) if each.is_in_force(at) and are_meant(each)]
            for each in ended:
                row = {"decision": each.number, "ended": at, "author": author, "reason": reason}
                connection.execute(insert(ENDINGS).values(row))
        return tuple(msgspec.structs.replace(each, ended=at, ended_by=author, ended_why=reason) for each in ended)


def decisions_in(connection: Connection) -> Iterator[Decision]:
    """Give every decision that was ever made, the first one first, in this transaction; few are in memory at once."""
    yield from map(_decision, connection.execute(_ROWS.execution_options(yield_per=_AT_ONCE)))


def take_over(database: Database, connection: Connection, decisions: Iterable[Decision]) -> int:
    """Write decisions of another database with their ends, in their order, unless they are there; give how many were not.

    A decision is the same one that says the same, by the same author at the same instant. Its number is kept if it is higher
    than all that are there, else it gets the next one: followers look at the highest. A decision that is there and was ended in
    the other database has its end from then on.
    """
    highest, new = _revision(connection)[0], 0
    for each in decisions:
        row, ended = _row(each), None
        found = connection.execute(_there(row)).first()
        if found is None:
            highest, new = max(highest + 1, each.number), new + 1
            connection.execute(insert(DECISIONS).values(**row, number=highest))
            number = highest
        else:
            number, ended = found.number, found.ended
        if each.ended is not None and ended is None:
            end = {"decision": number, "ended": each.ended, "author": each.ended_by, "reason": each.ended_why}
            connection.execute(insert(ENDINGS).values(end))
    if new:
        database.numbered(connection, DECISIONS)
    return new


def is_there(connection: Connection, decision: Decision) -> bool:
    """Tell whether a decision of another database is here, too."""
    return connection.execute(_there(_row(decision))).first() is not None


def _there(row: dict[str, Any]) -> Select[Any]:
    same = (
        select(DECISIONS.c.number, ENDINGS.c.ended)
        .select_from(DECISIONS.outerjoin(ENDINGS))
        .order_by(DECISIONS.c.number)
    )
    for name, value in row.items():
        # Engines cannot compare JSON by `=`: as texts, which the same program wrote, they can.
        column = cast(DECISIONS.c[name], String) if isinstance(DECISIONS.c[name].type, JSON) else DECISIONS.c[name]
        same = same.where(column == (json.dumps(value) if column is not DECISIONS.c[name] else value))
    return same


def _revision(connection: Connection) -> Revision:
    made, ended = connection.execute(_REVISION).one()
    return made or 0, ended or 0


def _standing(connection: Connection, at: datetime) -> Iterable[Decision]:
    until = DECISIONS.c.until
    wanted = _ROWS.where(ENDINGS.c.number.is_(None), or_(until.is_(None), until > at - TOLD_ON))
    return map(_decision, connection.execute(wanted))


def _made(connection: Connection, draft: Draft, at: datetime) -> Decision:
    made = Decision(number=0, draft=draft, made=at)
    number = connection.execute(insert(DECISIONS).values(_row(made))).inserted_primary_key
    assert number is not None
    return msgspec.structs.replace(made, number=number[0])


def _row(decision: Decision) -> dict[str, Any]:
    draft = decision.draft
    row = {**msgspec.structs.asdict(draft), **msgspec.structs.asdict(draft.subject), "made": decision.made}
    del row["subject"]
    return row


def _said(draft: Draft) -> Draft:
    """Give what a draft says, whoever says it."""
    return msgspec.structs.replace(draft, author="")


def _decision(row: Row[Any]) -> Decision:
    """Raises ValidationError, a ValueError, for a row that no wheelgate has written."""
    found = {str(name): value for name, value in row._mapping.items()}
    subject = {name: found.pop(name) for name in Subject.__struct_fields__}
    draft = {name: found.pop(name) for name in Draft.__struct_fields__ if name != "subject"}
    return msgspec.convert({**found, "draft": {**draft, "subject": subject}}, Decision)
