"""What the tests of the store share: decisions, and databases of a version to come."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

import addons.store
from addons.store.database import Database, Server
from addons.store.decision import Draft, Kind, Subject
from addons.store.decisions import Decisions
from addons.store.tables import VERSIONS

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NEXT = "9999"

_NEXT_SCRIPT = f"""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "{NEXT}", "{VERSIONS[-1]}"
def upgrade():
    op.add_column("decisions", sa.Column("mood", sa.String, nullable=True))
    op.execute("UPDATE alembic_version SET version_num = version_num")
    {{more}}
"""


def draft(project: str = "demo", kind: Kind = "deny", *, client: str | None = None, **more: object) -> Draft:
    """Give one about all of a project."""
    given = {"kind": kind, "subject": Subject(project=project, client=client), "reason": "x", "author": "j.doe", **more}
    return Draft(**given)  # type: ignore[arg-type]  # as the test has it


def opened(place: Path | Server, patience: float = 5.0) -> Decisions:
    """Open the decisions in a folder's store, or on a server."""
    return Decisions(Database(place if isinstance(place, Server) else place / "store", patience))


def of_next_version(folder: Path, more: str = "", server: Server | None = None) -> Database:
    """Open the database of a folder, or of a server, as a wheelgate to come does, which has a script more."""
    scripts = folder / "next"
    scripts.mkdir(exist_ok=True)
    script, text = scripts / "next.py", _NEXT_SCRIPT.format(more=more)
    if not script.exists() or script.read_text() != text:  # else another process may be reading it
        script.write_text(text)
    return Database(server or folder / "store", upgrade=_upgrading(scripts), versions=(*VERSIONS, NEXT))


def _upgrading(further: Path) -> Callable[[Connection], None]:
    ours = Path(addons.store.__file__).parent / "migrations"

    def upgrade(connection: Connection) -> None:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(ours))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", f"{ours / 'versions'}\n{further}")
        command.upgrade(config, "head")

    return upgrade
