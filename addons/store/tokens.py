"""Tokens for uploads in the database: of each only the argon2id hash of its secret. All of this waits for the disk.

Every token that is made or revoked leaves a row of `changes`. That one was used does not: it is a day in its own row.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, override

import msgspec
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from addons.simple.names import ProjectName
from addons.store.database import Database
from addons.store.principals import Principal
from addons.store.projects import changed
from addons.store.tables import TOKENS

_KEPT = timedelta(days=7)
"""For how long a token that was exchanged for another proof is remembered after its end, so that the proof counts once."""

EXCHANGED = "x"
"""What the ids of exchanged tokens begin with."""


class IsThere(Exception):
    """A token with this id is there."""


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token to be kept. `hash` is its secret's (argon2id), `by` who made it; `projects` None: any that the principal may."""

    id: str
    hash: str
    principal: Principal
    shown: str
    made: datetime
    by: str
    groups: frozenset[Principal] = frozenset()
    projects: frozenset[ProjectName] | None = None
    may_claim: bool = True
    note: str = ""
    until: datetime | None = None

    @override
    def __repr__(self) -> str:
        return f"NewToken(id={self.id!r}, ...)"


class KeptToken(NewToken, frozen=True, kw_only=True):
    """A token as it is kept: when it was `revoked`, by whom, and on which day it was last used."""

    revoked: datetime | None = None
    revoked_by: str | None = None
    used: datetime | None = None

    def counts(self, at: datetime) -> bool:
        """Tell whether it is neither revoked nor over."""
        return self.revoked is None and (self.until is None or at < self.until)


class Tokens:
    """What a database holds of them; each method raises DatabaseUnavailable, and then has changed nothing."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def make(self, new: NewToken) -> None:
        """Keep a token. Raises IsThere; of exchanged ones those that ended long ago are forgotten."""
        row = {
            **msgspec.structs.asdict(new),
            "principal": str(new.principal),
            "groups": sorted(map(str, new.groups)),
            "projects": None if new.projects is None else sorted(new.projects),
            "may_claim": int(new.may_claim),
        }
        with self.database.writing() as connection:
            if connection.execute(select(TOKENS.c.id).where(TOKENS.c.id == new.id)).first():
                raise IsThere(new.id)
            ended = TOKENS.c.id.startswith(EXCHANGED) & (TOKENS.c.until < new.made - _KEPT)
            connection.execute(delete(TOKENS).where(ended))
            try:
                connection.execute(insert(TOKENS).values(row))
            except IntegrityError:  # where writers are not held apart
                raise IsThere(new.id) from None
            changed(connection, new.made, new.by, "token create", None, new.id, f"{new.principal} {new.note}".strip())

    def find(self, number: str) -> KeptToken | None:
        """Give the token of this id, also one that counts no more; None if there is none."""
        if not self.database.is_there:
            return None
        with self.database.reading() as connection:
            row = connection.execute(select(TOKENS).where(TOKENS.c.id == number)).one_or_none()
        return None if row is None else _kept(row)

    def listed(self, principal: Principal | None = None) -> Sequence[KeptToken]:
        """Give all tokens, or a principal's, also those that count no more, the first one first."""
        if not self.database.is_there:
            return ()
        wanted = select(TOKENS).order_by(TOKENS.c.made, TOKENS.c.id)
        wanted = wanted if principal is None else wanted.where(TOKENS.c.principal == str(principal))
        with self.database.reading() as connection:
            return tuple(map(_kept, connection.execute(wanted)))

    def revoke(self, number: str, *, by: str, at: datetime) -> KeptToken | None:
        """Revoke a token, and give it as it is then; None if there is none. One that was revoked stays as it is."""
        if not self.database.is_there:
            return None
        mine = TOKENS.c.id == number
        with self.database.writing() as connection:
            ended = connection.execute(
                update(TOKENS).where(mine & TOKENS.c.revoked.is_(None)).values(revoked=at, revoked_by=by)
            )
            if ended.rowcount:
                changed(connection, at, by, "token revoke", None, number)
            row = connection.execute(select(TOKENS).where(mine)).one_or_none()
        return None if row is None else _kept(row)

    def note_use(self, number: str, at: datetime) -> None:
        """Note the day on which a token was used."""
        day = at.replace(hour=0, minute=0, second=0, microsecond=0)
        with self.database.writing() as connection:
            connection.execute(update(TOKENS).where(TOKENS.c.id == number).values(used=day))


def _kept(row: Row[Any]) -> KeptToken:
    found = {str(name): value for name, value in row._mapping.items()}
    projects = found["projects"]
    return KeptToken(
        **{
            **found,
            "principal": Principal.read(found["principal"]),
            "groups": frozenset(map(Principal.read, found["groups"])),
            "projects": None if projects is None else frozenset(map(ProjectName, projects)),
            "may_claim": bool(found["may_claim"]),
        }
    )
