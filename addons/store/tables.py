"""The tables of the database. Rows are only ever added: a decision's end is a row of its own, of which there is one at most."""

from datetime import UTC, datetime
from typing import Any, override

from sqlalchemy import JSON, Column, Dialect, ForeignKey, Integer, MetaData, String, Table, TypeDecorator

VERSIONS = ("0001",)
"""The versions of the database that this program knows, the newest last: those of the scripts in `migrations/versions`."""


class Moment(TypeDecorator[datetime]):
    """An instant, as text that is the same in every engine and sorts: ISO 8601 in UTC, with microseconds."""

    impl = String(32)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Write it."""
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    @override
    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Read it. Raises ValueError for what is none."""
        return None if value is None else datetime.fromisoformat(value).astimezone(UTC)


METADATA = MetaData()

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("project", String),
    Column("versions", String),
    Column("files", JSON, nullable=False),
    Column("sha256", JSON, nullable=False),
    Column("client", String),
    Column("past", JSON, nullable=False),
    Column("reason", String, nullable=False),
    Column("id", String),
    Column("author", String, nullable=False),
    Column("until", Moment),
    Column("made", Moment, nullable=False),
    sqlite_autoincrement=True,  # else SQLite gives a number again
)

ENDINGS = Table(
    "endings",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("decision", Integer, ForeignKey("decisions.number"), nullable=False, unique=True),
    Column("ended", Moment, nullable=False),
    Column("author", String, nullable=False),
    Column("reason", String, nullable=False),
    sqlite_autoincrement=True,
)
