"""What is to be installed: requirements, and what was said of them, wherever they were written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.markers import Marker
from packaging.requirements import Requirement

from addons.simple.names import ProjectName


@dataclass(frozen=True)
class Line:
    """A requirement or a constraint; `hashes` are the sha256 that its file may have (none: any); `place`: where it stands."""

    requirement: Requirement
    place: str
    hashes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Locked:
    """A release that a lock file names: `files` by sha256 (the filename may be empty, if the lock does not say it).

    `legacy`: whether the tool asks PyPI's legacy JSON API about the release before it installs it.
    """

    project: ProjectName
    version: str
    files: Mapping[str, str]
    place: str
    marker: Marker | None = None
    legacy: bool = False


@dataclass
class Wanted:
    """All that is to be there. `remarks` are words on what is passed over, `problems` on what is not had this way."""

    lines: list[Line] = field(default_factory=list)
    constraints: list[Line] = field(default_factory=list)
    locked: list[Locked] = field(default_factory=list)
    prereleases: bool = False
    remarks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
