"""Taking a folder of wheels and sdists into the store, each with an owner. All of this waits for the disk."""

import csv
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from addons.simple.names import ProjectName, normalise
from addons.store.database import Database
from addons.store.folders import make_folder
from addons.store.principals import Principal
from addons.store.projects import NotAdded, Projects
from addons.store.shelf import Shelf
from addons.store.stored import NewFile, Standing

SUFFIXES = (".whl", ".tar.gz", ".zip")
_WORDS = {
    "other-bytes": "is there with other bytes; give the release another version",
    "other-name": "is there under another name, {}",
    "deleted": "was deleted, and a filename never comes back; give the release another version",
    "second-sdist": "would be a second sdist of its release, which has {}",
}


class Looked(Struct, frozen=True, kw_only=True):
    """What was found out of a file: `display` is its project's name as it spells it, `metadata` its core metadata."""

    project: ProjectName
    display: str
    new: NewFile
    metadata: bytes | None


type Look = Callable[[Path, str], Looked]
"""Looks into a file, whose filename is the second. Raises ValueError, in words, for what is no sound wheel or sdist."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of a file: "new", "there", or "refused" for the reason in `words`."""

    filename: str
    what: str
    project: str = ""
    owner: str = ""
    words: str = ""


def owners_in(path: Path) -> Mapping[ProjectName, tuple[Principal, ...]]:
    """Read owners, a line `PROJECT,PRINCIPAL` each; several lines, several owners. Raises ValueError, in words, and OSError."""
    found: dict[ProjectName, tuple[Principal, ...]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.reader(file), 1):
            cells = [cell.strip() for cell in row]
            if not any(cells) or cells[0].startswith("#") or (number == 1 and cells[:2] == ["project", "owner"]):
                continue
            try:
                if len(cells) != 2:
                    raise ValueError("is no line PROJECT,PRINCIPAL")
                project, owner = normalise(cells[0]), Principal.read(cells[1])
            except ValueError as error:
                raise ValueError(f"{path}:{number}: {error}") from error
            found[project] = (*found.get(project, ()), owner)
    return found


class Taking:
    """Takes files in; `owner` has the projects that `owners` do not name. Projects that are there keep their owners."""

    def __init__(
        self,
        database: Database,
        shelf: Shelf,
        look: Look,
        owner: Principal | None,
        owners: Mapping[ProjectName, tuple[Principal, ...]],
    ) -> None:
        self._projects = Projects(database)
        self._shelf = shelf
        self._look = look
        self._owner = owner
        self._owners = owners

    def folder(self, folder: Path, by: str, at: datetime, *, dry_run: bool = False) -> Iterator[Outcome]:
        """Take in what lies in a folder and below, in the order of the names. Raises DatabaseUnavailable, OSError."""
        for path in sorted(each for each in folder.rglob("*") if each.name.endswith(SUFFIXES) and each.is_file()):
            yield self._one(path, by, at, dry_run=dry_run)

    def _one(self, path: Path, by: str, at: datetime, *, dry_run: bool) -> Outcome:
        make_folder(self._shelf.incoming)
        with tempfile.NamedTemporaryFile(dir=self._shelf.incoming) as spooled:  # what is looked at is what is kept
            with path.open("rb") as file:
                shutil.copyfileobj(file, spooled, 1 << 20)
            spooled.flush()
            try:
                looked = self._look(Path(spooled.name), path.name)
            except ValueError as error:
                return Outcome(filename=path.name, what="refused", words=str(error))
            owners = self._owners.get(looked.project) or ((self._owner,) if self._owner is not None else ())
            standing = self._projects.standing(looked.project)
            if not owners and standing is None:
                words = f"nobody is named as owner of {looked.project}; write --owner, or a line of --owners"
                return Outcome(filename=path.name, what="refused", project=looked.project, words=words)
            owner = str(owners[0]) if standing is None else ""
            try:
                is_new = (
                    self._would(standing, looked) if dry_run else self._add(Path(spooled.name), looked, owners, by, at)
                )
            except NotAdded as error:
                words = _WORDS[error.why].format(error.filename)
                return Outcome(filename=path.name, what="refused", project=looked.project, words=words)
        what = "new" if is_new else "there"
        return Outcome(filename=path.name, what=what, project=looked.project, owner=owner)

    def _would(self, standing: Standing | None, looked: Looked) -> bool:
        for each in standing.files if standing is not None else ():
            if each.file.filename == looked.new.filename:
                if each.file.sha256 != looked.new.sha256:
                    raise NotAdded("other-bytes", each.file.filename)
                return False
        if self._projects.deleted(looked.new.filename) is not None:
            raise NotAdded("deleted", looked.new.filename)
        return True

    def _add(self, spooled: Path, looked: Looked, owners: tuple[Principal, ...], by: str, at: datetime) -> bool:
        self._shelf.put(spooled, looked.new.sha256)
        if looked.metadata is not None and looked.new.metadata_sha256 is not None:
            self._shelf.put_bytes(looked.metadata, looked.new.metadata_sha256)
        claimed = []

        def permit(standing: Standing | None) -> None:
            if standing is None:
                claimed.append(looked.project)

        first = owners[0] if owners else Principal("user", "nobody")  # of a project that is there, nobody's
        added = self._projects.add(looked.project, looked.display, looked.new, permit, owner=first, by=by, at=at)
        for owner in owners[1:] if claimed else ():
            self._projects.set_role(looked.project, owner, "owner", lambda standing: None, by=by, at=at)
        return added
