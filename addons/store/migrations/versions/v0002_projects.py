"""The second version: the organisation's own projects, their files, who may what, and every change of that.

What is written here is what it was then: it imports nothing of `tables`, which says what it is now.
"""

import sqlalchemy as sa
from alembic import op

from addons.store.migrations.for_ever import keep_for_ever

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables; and have the database refuse that a change or a tombstone is changed or removed by whatever mistake."""
    _projects()
    _names()
    _tokens()
    _changes()
    for table in ("changes", "tombstones"):
        keep_for_ever(table)


def _projects() -> None:
    op.create_table(
        "projects",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("display", sa.String, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("status_reason", sa.String),
        sa.Column("made", sa.String(32), nullable=False),
        sa.Column("by", sa.String, nullable=False),
    )
    op.create_table(
        "roles",
        sa.Column("project", sa.String, sa.ForeignKey("projects.name"), primary_key=True),
        sa.Column("principal", sa.String, primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
    )
    op.create_table(
        "files",
        sa.Column("filename", sa.String, primary_key=True),
        sa.Column("project", sa.String, sa.ForeignKey("projects.name"), nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("filetype", sa.String(16), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("md5", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("blake2b_256", sa.String(64), nullable=False),
        sa.Column("requires_python", sa.String),
        sa.Column("metadata_sha256", sa.String(64)),
        sa.Column("uploaded", sa.String(32), nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("yanked", sa.String),
    )
    op.create_index("ix_files_project", "files", ["project"])


def _names() -> None:
    op.create_table(
        "tombstones",
        sa.Column("filename", sa.String, primary_key=True),
        sa.Column("project", sa.String, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("deleted", sa.String(32), nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
    )
    op.create_table(
        "claims",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("made", sa.String(32), nullable=False),
        sa.Column("by", sa.String, nullable=False),
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("hash", sa.String, nullable=False),
        sa.Column("principal", sa.String, nullable=False),
        sa.Column("groups", sa.JSON, nullable=False),
        sa.Column("shown", sa.String, nullable=False),
        sa.Column("projects", sa.JSON),
        sa.Column("may_claim", sa.Integer, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("made", sa.String(32), nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("until", sa.String(32)),
        sa.Column("revoked", sa.String(32)),
        sa.Column("revoked_by", sa.String),
        sa.Column("used", sa.String(32)),
    )


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("project", sa.String),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_project", "changes", ["project"])
