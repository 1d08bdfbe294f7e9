"""What owners and maintainers do to releases: yank, un-yank, delete.

Which files a release has is looked up inside the change itself: a file that is uploaded meanwhile is a part of it, or comes after.
"""

from dataclasses import dataclass, field

from msgspec import UNSET, UnsetType
from packaging.version import InvalidVersion, Version

from addons.interface import documents
from addons.interface.declined import Declined
from addons.interface.operation import Call, Desk, Doing, Done
from addons.interface.permitting import permitted, project_of
from addons.simple.names import ProjectName
from addons.store.projects import NotThere, Permit
from addons.store.stored import Standing


def yank(desk: Desk, call: Call) -> Done:
    """Yank a release, or files of it."""
    return _yank(desk, call, "yank", call.body.reason.strip())


def unyank(desk: Desk, call: Call) -> Done:
    """Un-yank a release, or files of it."""
    return _yank(desk, call, "unyank", None)


def _yank(desk: Desk, call: Call, doing: Doing, reason: str | None) -> Done:
    project, version = project_of(call), _version(call)
    meant, permit = _meant(desk, call, doing, project, version)
    changed = desk.projects.yank(project, meant.filenames, reason, permit, by=str(call.author), at=call.at)
    return _done(project, meant, changed)


def delete(desk: Desk, call: Call) -> Done:
    """Delete a release, or files of it. Their filenames never come back with other bytes (UPL-14)."""
    project, version = project_of(call), _version(call)
    if _read(call.body.confirm) != version:
        raise Declined(
            400, "confirm", f"$.confirm is not the version that is to be deleted; write {version} there, too"
        )
    meant, permit = _meant(desk, call, "delete", project, version)
    reason = call.body.reason.strip()
    gone = desk.projects.delete(project, meant.filenames, reason, permit, by=str(call.author), at=call.at)
    return _done(project, meant, tuple(each.file.filename for each in gone))


@dataclass
class _Meant:
    """What is meant, filled in as the permit looks: the version as the store has it, and the files."""

    version: str = ""
    filenames: list[str] = field(default_factory=list)


def _done(project: ProjectName, meant: _Meant, files: tuple[str, ...]) -> Done:
    document = documents.Changed(project=project, version=meant.version, files=tuple(sorted(files)))
    return Done(document, project if files else None)


def _version(call: Call) -> Version:
    version = _read(call.named["version"])
    if version is None:
        raise NotThere(f"{call.named['version'][:100]} is no version (PEP 440)")
    return version


def _read(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _meant(desk: Desk, call: Call, doing: Doing, project: ProjectName, version: Version) -> tuple[_Meant, Permit]:
    """Give what is meant, and the permit that finds it out."""
    meant = _Meant()
    given: tuple[str, ...] | UnsetType = call.body.files

    def look(standing: Standing) -> None:
        there = {each.file.filename: each.file.version for each in standing.files}
        there = {filename: text for filename, text in there.items() if Version(text) == version}
        if not there:
            raise NotThere(f"{project} has no release {version} in this store")
        wanted = tuple(there) if given is UNSET else tuple(dict.fromkeys(given))
        if missing := [filename for filename in wanted if filename not in there]:
            raise NotThere(f"{project} {version} has no file {', '.join(missing)}")
        meant.version = there[wanted[0]]
        meant.filenames[:] = wanted

    return meant, permitted(desk, call, doing, project, look)
