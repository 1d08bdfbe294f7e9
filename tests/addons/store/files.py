"""What the tests of own projects share: wheels, and their way into a store as an upload goes it."""

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from addons.simple.names import ProjectName
from addons.store.database import Database
from addons.store.principals import Principal
from addons.store.projects import Projects
from addons.store.shelf import Shelf
from addons.store.stored import NewFile, Standing
from addons.storekeeper import look

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ALICE = Principal("user", "alice")
BOB = Principal("user", "bob")


def anybody(standing: Standing | None) -> None:
    """Permit everything."""


def wheel(project: str = "demo", version: str = "1.0", more: str = "") -> tuple[str, bytes]:
    """Give the name and the bytes of a wheel."""
    metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\nRequires-Python: >=3.9\n"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{project}.py"), more)
        archive.writestr(zipfile.ZipInfo(f"{project}-{version}.dist-info/METADATA"), metadata)
    return f"{project}-{version}-py3-none-any.whl", content.getvalue()


def plain(filename: str, content: bytes, version: str = "1.0") -> NewFile:
    """Give what is recorded of bytes that nobody looks into."""
    return NewFile(
        filename=filename,
        version=version,
        filetype="sdist" if filename.endswith(".tar.gz") else "bdist_wheel",
        size=len(content),
        md5=hashlib.md5(content).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
        blake2b_256=hashlib.blake2b(content, digest_size=32).hexdigest(),
    )


class Stored:
    """A store, into which files are put as an upload puts them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.projects = Projects(database)
        self.shelf = Shelf(folder)
        self.shelf.prepare(AT)

    def upload(self, project: str = "demo", version: str = "1.0", more: str = "", owner: Principal = ALICE) -> NewFile:
        """Bytes first, metadata next, the row last."""
        filename, content = wheel(project, version, more)
        with tempfile.NamedTemporaryFile(dir=self.shelf.incoming) as spooled:
            spooled.write(content)
            spooled.flush()
            looked = look(Path(spooled.name), filename)
            self.shelf.put(Path(spooled.name), looked.new.sha256)
        assert looked.metadata is not None
        assert looked.new.metadata_sha256 is not None
        self.shelf.put_bytes(looked.metadata, looked.new.metadata_sha256)
        self.projects.add(looked.project, project, looked.new, anybody, owner=owner, by=str(owner), at=AT)
        return looked.new

    def delete(self, project: str, filenames: Collection[str], at: datetime = AT) -> None:
        """Delete files."""
        self.projects.delete(ProjectName(project), filenames, "a mistake", anybody, by="user:alice", at=at)

    def standing(self, project: str = "demo") -> Standing | None:
        """Give a project."""
        return self.projects.standing(ProjectName(project))


def same(one: Standing | None, other: Standing | None) -> bool:
    """Tell whether two stores have the same of a project."""
    return msgspec.json.encode(_plain(one)) == msgspec.json.encode(_plain(other))


def _plain(standing: Standing | None) -> object:
    assert standing is not None
    roles = {str(principal): role for principal, role in standing.roles.items()}
    return {**msgspec.structs.asdict(standing), "roles": roles}
