"""A look into a folder: what lay there, and how to tell cheaply that it still does."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from addons.simple.names import ProjectName
from addons.sources.standing import Described, Stand, identity

_UNSETTLED = 2_000_000_000  # nanoseconds: how coarse a file system's times may be (FAT's are)


@dataclass(frozen=True)
class Look:
    """One look: the folders with the times of their last change (ns), and each project's files.

    `stands` has all files that bear a project's name, `projects` those of them that are sound. `began` is in
    nanoseconds since the epoch.
    """

    began: int
    folders: Mapping[Path, int]
    stands: Mapping[ProjectName, Mapping[Path, Stand]]
    projects: Mapping[ProjectName, Mapping[str, Described]]

    def holds(self, project: ProjectName) -> bool:
        """Tell whether what was seen of the project is still so; also that there was nothing of it.

        A file that comes, goes or is renamed changes the time of its folder. A folder that was changed just before the
        look may have been changed once more within the same tick of its clock, and is not trusted.
        """
        if any(changed > self.began - _UNSETTLED for changed in self.folders.values()):
            return False
        try:
            return all(folder.stat().st_mtime_ns == changed for folder, changed in self.folders.items()) and all(
                identity(path.stat()) == stand for path, stand in self.stands.get(project, {}).items()
            )
        except OSError:
            return False


NOTHING = Look(began=0, folders={Path("/"): 0}, stands={}, projects={})
"""Before the first look: never holds."""


def walk(folder: Path) -> tuple[dict[Path, int], list[tuple[Path, Stand]]]:
    """Find the folders and regular files in and below `folder`, in a stable order. Raises OSError.

    Hidden ones and links to folders are passed over.
    """
    folders, files = {folder: folder.stat().st_mtime_ns}, list[tuple[Path, Stand]]()
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda item: item.name):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                below, inside = walk(Path(entry.path))
                folders |= below
                files += inside
            elif entry.is_file():
                with suppress(FileNotFoundError):  # it went between the two looks at it
                    files.append((Path(entry.path), identity(entry.stat())))
    return folders, files
