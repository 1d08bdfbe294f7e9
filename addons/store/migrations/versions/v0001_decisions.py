"""The first version: decisions, and their endings.

What is written here is what it was then: it imports nothing of `tables`, which says what it is now.
"""

import sqlalchemy as sa
from alembic import op

from addons.store.migrations.for_ever import keep_for_ever

revision = "0001"
down_revision = None

_KEPT = ("decisions", "endings")


def upgrade() -> None:
    """Make the tables; and have the database refuse that a row of them is changed or removed by whatever mistake."""
    op.create_table(
        "decisions",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("project", sa.String),
        sa.Column("versions", sa.String),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("sha256", sa.JSON, nullable=False),
        sa.Column("client", sa.String),
        sa.Column("past", sa.JSON, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("id", sa.String),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("until", sa.String(32)),
        sa.Column("made", sa.String(32), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "endings",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("decision", sa.Integer, sa.ForeignKey("decisions.number"), nullable=False, unique=True),
        sa.Column("ended", sa.String(32), nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    for table in _KEPT:
        keep_for_ever(table)
