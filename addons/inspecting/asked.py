"""What is asked about: a release, a file on an index, or a file on this disk. Pure, but for looking whether one is there.

Sources: PyPA specifications "Dependency specifiers", "Binary distribution format", "Source distribution format".
"""

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from addons.simple.names import ProjectName, normalise

_FILE = re.compile(r"[^=<>~!;@\[\]\s]+\.(?:whl|tar\.(?:gz|bz2|xz|z)|tgz|tar|zip|egg|exe|msi|rpm|dmg)", re.IGNORECASE)
_FORMS = "name a file, a path, PROJECT or PROJECT==VERSION"


@dataclass(frozen=True)
class Release:
    """The files of one release of a project; `version` None: of the newest."""

    project: ProjectName
    version: Version | None


@dataclass(frozen=True)
class Named:
    """A file on the page of its project."""

    filename: str


@dataclass(frozen=True)
class Local:
    """A file on this disk."""

    path: Path


type Asked = Release | Named | Local


def asked(text: str) -> Asked:
    """Understand one argument: what has a slash is a path, and so is what is named like a file and lies here.

    Raises ValueError, in words.
    """
    if "/" in text and "://" not in text:
        return Local(Path(text))
    found = asked_of_index(text)
    return Local(Path(text)) if isinstance(found, Named) and Path(text).is_file() else found


def asked_of_index(text: str) -> Release | Named:
    """Understand one argument that cannot mean anything on this disk. Raises ValueError, in words."""
    if "://" in text:
        raise ValueError(f"{text[:200]!a} is a URL; name the file alone, as its page does")
    return Named(text) if _FILE.fullmatch(text) else _release(text)


def _release(text: str) -> Release:
    try:
        wanted = Requirement(text)
        project = normalise(wanted.name)
    except (InvalidRequirement, ValueError) as error:
        raise ValueError(f"{text[:200]!a} is neither a file nor a release; {_FORMS}") from error
    if wanted.extras or wanted.marker or wanted.url:
        raise ValueError(f"{text[:200]!a} says more than a release; {_FORMS}")
    if not wanted.specifier:
        return Release(project, None)
    specifiers = list(wanted.specifier)
    try:
        if len(specifiers) == 1 and specifiers[0].operator in ("==", "==="):
            return Release(project, Version(specifiers[0].version))
    except InvalidVersion:  # `==1.*`, or any text behind `===`
        pass
    raise ValueError(f"{text[:200]!a} is not one release; {_FORMS}")
