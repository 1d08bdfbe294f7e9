"""The tables of the database.

Of decisions, their endings and changes, rows are only ever added: a decision's end is a row of its own, of which there is one
at most. Everything that changes a project, a file, a role, a token or a claim adds a row of `changes` in the same transaction.
"""

from datetime import UTC, datetime
from typing import Any, override

from sqlalchemy import JSON, BigInteger, Column, Dialect, ForeignKey, Integer, MetaData, String, Table, TypeDecorator

VERSIONS = ("0001", "0002")
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

PROJECTS = Table(
    "projects",
    METADATA,
    Column("name", String, primary_key=True),  # normalised
    Column("display", String, nullable=False),
    Column("status", String(16), nullable=False),
    Column("status_reason", String),
    Column("made", Moment, nullable=False),
    Column("by", String, nullable=False),
)

ROLES = Table(
    "roles",
    METADATA,
    Column("project", String, ForeignKey("projects.name"), primary_key=True),
    Column("principal", String, primary_key=True),
    Column("role", String(16), nullable=False),
)

FILES = Table(
    "files",
    METADATA,
    Column("filename", String, primary_key=True),
    Column("project", String, ForeignKey("projects.name"), nullable=False, index=True),
    Column("version", String, nullable=False),
    Column("filetype", String(16), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("md5", String(32), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("blake2b_256", String(64), nullable=False),
    Column("requires_python", String),
    Column("metadata_sha256", String(64)),
    Column("uploaded", Moment, nullable=False),
    Column("by", String, nullable=False),
    Column("yanked", String),  # the reason, "" without one; null: it is not
)

TOMBSTONES = Table(
    "tombstones",
    METADATA,
    Column("filename", String, primary_key=True),
    Column("project", String, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("deleted", Moment, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
)

CLAIMS = Table(  # names that are public and were claimed on purpose
    "claims",
    METADATA,
    Column("name", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("made", Moment, nullable=False),
    Column("by", String, nullable=False),
)

TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("hash", String, nullable=False),  # argon2id of the secret
    Column("principal", String, nullable=False),
    Column("groups", JSON, nullable=False),
    Column("shown", String, nullable=False),
    Column("projects", JSON),  # null: any
    Column("may_claim", Integer, nullable=False),
    Column("note", String, nullable=False),
    Column("made", Moment, nullable=False),
    Column("by", String, nullable=False),
    Column("until", Moment),
    Column("revoked", Moment),
    Column("revoked_by", String),
    Column("used", Moment),
)

CHANGES = Table(
    "changes",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("by", String, nullable=False),
    Column("what", String(32), nullable=False),
    Column("project", String, index=True),
    Column("subject", String, nullable=False),
    Column("reason", String, nullable=False),
    sqlite_autoincrement=True,
)
