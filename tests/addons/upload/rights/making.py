"""What the tests of rights share: authors, stores with projects in them, and the refusals that were raised."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from addons.simple.names import ProjectName, normalise
from addons.store.database import NAME, Database
from addons.store.principals import Principal
from addons.store.projects import Permit, Projects
from addons.store.stored import NewFile, Role, Standing
from addons.upload.author import Author
from addons.upload.refusal import UploadRefused

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
DEMO = normalise("demo")
ALICE, BOB = Principal.read("user:alice"), Principal.read("user:bob")
CONTROLS, JOB = Principal.read("group:controls"), Principal.read("ci:acc/controls/demo@gitlab")
FALSE_SUCCESS = ("already exist", "overwrite artifact", "updating asset", "already been taken")
"""What twine, poetry or PDM take for "this file is there already", and say that all is well."""


def author(principal: Principal = ALICE, *groups: Principal, **more: object) -> Author:
    """Give one who was proven to be that."""
    return Author(principal, frozenset(groups), **more)  # type: ignore[arg-type]  # as the test has it


def standing(roles: dict[Principal, Role], status: str = "active", reason: str | None = None) -> Standing:
    """Give the project demo as it stands."""
    return Standing(
        project=DEMO, display="demo", status=status, status_reason=reason, made=AT, by="x", roles=roles, files=()
    )


def new_file(filename: str = "demo-1.0-py3-none-any.whl", digest: str = "a") -> NewFile:
    """Give a file that was found sound."""
    return NewFile(
        filename=filename,
        version="1.0",
        filetype="bdist_wheel",
        size=1_500_000,
        md5=digest * 32,
        sha256=digest * 64,
        blake2b_256=digest * 64,
    )


def anything(found: Standing | None) -> None:
    """Permit it."""


def filled(folder: Path, *names: str, owner: Principal = ALICE) -> Projects:
    """Give a store that has these projects, each with a file."""
    place = folder / "store" / NAME
    if not place.exists():
        place.parent.mkdir()
        place.write_bytes(_empty())
    projects = Projects(Database(folder / "store"))
    for number, name in enumerate(names):
        file = new_file(f"{normalise(name)}-1.0-py3-none-any.whl", f"{number:x}")
        projects.add(normalise(name), name, file, anything, owner=owner, by=f"{owner} (token 1)", at=AT)
    return projects


@cache
def _empty() -> bytes:
    """Give a database with nothing in it: to make one takes longer than most tests."""
    with TemporaryDirectory() as folder:
        database = Database(Path(folder))
        with database.writing():
            pass
        database.close()
        return database.path.read_bytes()


def refused(permit: Permit, found: Standing | None) -> UploadRefused:
    """Give the refusal, which no client takes for a success (UPL-21)."""
    with pytest.raises(UploadRefused) as raised:
        permit(found)
    return sane(raised.value)


def sane(error: UploadRefused) -> UploadRefused:
    """Give a refusal, which no client takes for a success (UPL-21) or tries again for."""
    assert error.status in (400, 403)
    assert not any(words in line.lower() for line in error.lines for words in FALSE_SUCCESS)
    assert all(line.isascii() and line.isprintable() for line in error.lines)
    return error


def project(name: str) -> ProjectName:
    """Give a name's one spelling."""
    return normalise(name)
