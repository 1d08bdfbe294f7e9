"""Releases put into a store as an upload puts them there: bytes first, then the row that names them."""

import hashlib
import os
import tempfile
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

from addons.metadata.archive import core_metadata
from addons.simple.distributions import distribution
from addons.simple.names import normalise
from addons.store.database import Database
from addons.store.principals import Principal
from addons.store.projects import Permit, Projects
from addons.store.shelf import Shelf
from addons.store.stored import NewFile, Standing
from tests.fakepypi.building import Recipe, sdist, wheel

UPLOADED = datetime(2026, 11, 23, 10, 0, 0, 250_000, tzinfo=UTC)


def anybody(standing: Standing | None) -> None:
    """Permit it: of who may what, other tests tell."""


def stored(
    folder: Path,
    path: Path,
    owner: str = "user:alice",
    *,
    at: datetime = UPLOADED,
    permit: Permit = anybody,
    projects: Projects | None = None,
) -> NewFile:
    """Put the wheel or sdist at `path` into the store in `folder`, as `owner` would by uploading it at an instant."""
    named = distribution(path.name)
    assert named is not None
    content, metadata = path.read_bytes(), core_metadata(path, named)
    new = NewFile(
        filename=path.name,
        version=str(named.version),
        filetype="sdist" if named.kind == "sdist" else "bdist_wheel",
        size=len(content),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        sha256=shelved(folder, content),
        blake2b_256=hashlib.blake2b(content, digest_size=32).hexdigest(),
        requires_python=BytesHeaderParser().parsebytes(metadata).get("Requires-Python"),
        metadata_sha256=shelved(folder, metadata),
    )
    display = str(BytesHeaderParser().parsebytes(metadata)["Name"])
    projects = projects or Projects(Database(folder))
    projects.add(normalise(display), display, new, permit, owner=Principal.read(owner), by=owner, at=at)
    return new


def shelved(folder: Path, content: bytes) -> str:
    """Put bytes on the shelf of a store; gives their sha256."""
    shelf, sha256 = Shelf(folder), hashlib.sha256(content).hexdigest()
    shelf.incoming.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=shelf.incoming)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    shelf.put(Path(name), sha256)
    Path(name).unlink()
    return sha256


def release(folder: Path, project: str, version: str = "1.0", *, kind: str = "wheel", **more: Any) -> NewFile:
    """Build a release and put it into the store in `folder`; `more` is for the recipe, `owner`, `at` and `padding`."""
    given = {name: more.pop(name) for name in ("owner", "at", "projects", "permit") if name in more}
    padding = more.pop("padding", 0)
    name, content = (wheel if kind == "wheel" else sdist)(Recipe(name=project, version=version, **more), padding)
    with tempfile.TemporaryDirectory() as there:
        path = Path(there) / name
        path.write_bytes(content)
        return stored(folder, path, **given)
