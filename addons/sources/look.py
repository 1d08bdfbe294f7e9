"""A look into a folder: what lay there, and how to tell cheaply that it still does."""

import os
from collections.abc import Callable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from addons.simple.names import ProjectName
from addons.sources.noticing import NOBODY, Noticing
from addons.sources.standing import Described, Stand, identity

UNSETTLED = 2_000_000_000
"""Nanoseconds: how coarse a file system's times may be (FAT's are)."""


@dataclass(frozen=True)
class Place:
    """Which folder it was that was looked into, and the times of its last change (ns), of which one can be set."""

    device: int
    inode: int
    changed: int
    touched: int

    @classmethod
    def of(cls, folder: Path) -> "Place":
        """Look at a folder. Raises OSError."""
        status = folder.stat()
        return cls(status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)


@dataclass(frozen=True)
class Look:
    """One look: the folders, each project's files, and who notices what changes after it.

    `stands` has all files that bear a project's name, `projects` those of them that are sound, and `links` the symbolic
    links among them and those that lead nowhere. `began` is in nanoseconds since the epoch.
    """

    began: int
    folders: Mapping[Path, Place]
    stands: Mapping[ProjectName, Mapping[Path, Stand]]
    projects: Mapping[ProjectName, Mapping[str, Described]]
    links: Mapping[ProjectName, Set[Path]]
    noticing: Noticing

    def holds(self, project: ProjectName | None) -> bool:
        """Tell whether what was seen of the project is still so; also that there was nothing of it.

        Of no project (None): whether the same files lie there, by name.

        A file that comes, goes or is renamed changes the times of its folder. A folder that was changed just before the
        look may have been changed once more within the same tick of its clock, and is not trusted.
        """
        if any(max(place.changed, place.touched) > self.began - UNSETTLED for place in self.folders.values()):
            return False
        try:
            return all(Place.of(folder) == place for folder, place in self.folders.items()) and (
                project is None or self._has(project)
            )
        except OSError:
            return False

    def _has(self, project: ProjectName) -> bool:
        stands = self.stands.get(project, {})
        nowhere = self.links.get(project, set()) - stands.keys()
        return all(identity(path.stat()) == stand for path, stand in stands.items()) and not any(
            path.is_file() for path in nowhere
        )


NOTHING = Look(began=0, folders={Path("/"): Place(0, 0, 0, 0)}, stands={}, projects={}, links={}, noticing=NOBODY)
"""Before the first look: never holds."""


@dataclass(frozen=True)
class Walk:
    """What lies in a folder and below, in a stable order. `links` are symbolic ones to files or nowhere."""

    folders: dict[Path, Place] = field(default_factory=dict)
    files: list[tuple[Path, Stand]] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)


def walk(folder: Path, watch: Callable[[Path], None]) -> Walk:
    """Find the folders and regular files in and below `folder`. Raises OSError.

    Hidden ones and links to folders are passed over. `watch` is called for each folder before it is read.
    """
    found = Walk()
    _walk(folder, watch, found)
    return found


def _walk(folder: Path, watch: Callable[[Path], None], found: Walk) -> None:
    watch(folder)
    found.folders[folder] = Place.of(folder)
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    for entry in sorted(visible, key=lambda item: item.name):
        if entry.is_dir(follow_symlinks=False):
            _walk(Path(entry.path), watch, found)
            continue
        if entry.is_symlink():
            found.links.append(Path(entry.path))
        if entry.is_file():
            with suppress(FileNotFoundError):  # it went between the two looks at it
                found.files.append((Path(entry.path), identity(entry.stat())))
