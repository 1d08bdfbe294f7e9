"""How large a file, and all files of a project, may be (UPL-12). Pure."""

from dataclasses import dataclass

from addons.simple.names import ProjectName
from proxyconf import values
from proxyconf.uploads import Uploads

_MB = 1_000_000
_GB = 1_000_000_000


@dataclass(frozen=True)
class Room:
    """Bytes that a file may have, and that all files of a project may have together."""

    file: int
    project: int


class Limits:
    """The configured limits: the first that covers a project counts, and what it leaves open is as for all others."""

    def __init__(self, settings: Uploads) -> None:
        self._settings = settings

    def of(self, project: ProjectName) -> Room:
        """Give what a project has."""
        usual = self._settings
        covers = (each for each in usual.limits if values.covers(each.project, project))
        found = next(covers, None)
        file, all_files = (found.max_file_mb, found.max_project_gb) if found is not None else (None, None)
        return Room(
            (usual.max_file_mb if file is None else file) * _MB,
            int((usual.max_project_gb if all_files is None else all_files) * _GB),
        )

    @property
    def largest(self) -> int:
        """The bytes that the file of any project may have at most."""
        own = (each.max_file_mb for each in self._settings.limits)
        return max(self._settings.max_file_mb, *(each for each in own if each is not None), 0) * _MB
