"""What a filename says: which project, which version, which kind of distribution.

Sources: PyPA specifications "Binary distribution format" and "Source distribution format" for wheels and sdists; for
the older kinds (egg, wininst, msi, dumb archives) the names that setuptools and distutils wrote.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from packaging.utils import parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from addons.simple.names import ProjectName, spelled

_SOUND = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*")
_EXTENSIONS = (
    ".tar.gz", ".zip", ".whl", ".egg", ".exe", ".msi", ".tar.bz2", ".tar.xz", ".tar.z", ".tgz", ".tar", ".rpm", ".dmg",
    "-variants.json",
)  # fmt: skip
# What distutils put between the version and the extension: `.win-amd64-py2.7`, `-py3.6`, `.linux-x86_64`.
_PLATFORM = re.compile(
    r"(?:[.-](?:win32|win-(?:amd|arm|ia)\w+|(?:linux|macosx|freebsd|cygwin|solaris)[-_.][\w.-]+?))?"
    r"(?:-py\d+(?:\.\d+)?(?:-[\w.-]+)?)?"
)
_RPM = re.compile(r"(.+)-\d+(?:\.\w+)?")
_PROJECTS = 8
_LONGEST = 255  # characters; no file system has longer names, and matching stays cheap


@dataclass(frozen=True, slots=True)
class Distribution:
    """A wheel's or sdist's filename, understood. `project` is normalised."""

    project: ProjectName
    version: Version
    kind: Literal["wheel", "sdist"]


@lru_cache(maxsize=16384)
def distribution(filename: str) -> Distribution | None:
    """Return what a wheel's or sdist's filename says, None if it is neither.

    An sdist's name is split at its last hyphen; `projects_of` knows the other readings.
    """
    if len(filename) > _LONGEST or not _SOUND.fullmatch(filename):
        return None
    kind: Literal["wheel", "sdist"] = "wheel" if filename.endswith(".whl") else "sdist"
    try:
        name, version = parse_wheel_filename(filename)[:2] if kind == "wheel" else parse_sdist_filename(filename)
    except ValueError:
        return None
    project = spelled(name)
    return Distribution(project, version, kind) if project is not None else None


@lru_cache(maxsize=16384)
def version(text: str) -> Version | None:
    """Return the version that a text spells (version specifiers specification), None if it spells none."""
    try:
        return Version(text) if len(text) <= _LONGEST else None
    except ValueError:
        return None


@lru_cache(maxsize=32768)  # every policy asks it of every file of a page
def version_of(filename: str, project: ProjectName) -> Version | None:
    """Return the version of this project that a file belongs to, None if none can be derived.

    Wheels, sdists and the older kinds. Knowing the project settles an ambiguous name: `foo-1.0-1.tar.gz` is version
    1.0.post1 of `foo`, and version 1 of `foo-1-0`. None says "unknown", and a rule on versions must not let it pass.
    """
    if filename.endswith(".whl"):
        name, _, rest = filename.partition("-")
        if spelled(name) == project:
            return version(rest.partition("-")[0])
    stem, extension = _cut(filename)
    for left, right in _splits(stem):
        if spelled(left) == project:
            return _version_in(right, extension)
    return None


def projects_of(filename: str) -> tuple[ProjectName, ...]:
    """Return every project that a file may belong to, the likeliest first, at most 8; empty if there is none.

    A wheel has exactly one. Other names are ambiguous where they have several hyphens (`a-b-1.0.tar.gz`): first the
    splits whose right part is a version, then those where it starts with a digit, then the rest.
    """
    known = distribution(filename)
    if known is not None and known.kind == "wheel":
        return (known.project,)
    stem, extension = _cut(filename)
    ranked: list[tuple[int, int, ProjectName]] = []
    for left, right in _splits(stem):
        project = spelled(left)
        if project is not None:
            rank = 0 if _version_in(right, extension) is not None else 1 if right[:1].isdigit() else 2
            # Versions have no hyphen as a rule: the longest name first; platform tags do: the shortest first.
            ranked.append((rank, -len(left) if rank == 0 else len(left), project))
    return tuple(dict.fromkeys(project for _, _, project in sorted(ranked)))[:_PROJECTS]


def belongs(filename: str, project: ProjectName) -> bool:
    """Tell whether a file may stand on this project's page.

    A wheel or sdist must be this project's; a name that is neither must at least be a split of this project's name.
    """
    # The usual way to write a name takes the short way here.
    name = filename.partition("-")[0] if filename.endswith(".whl") else filename.rpartition("-")[0]
    if spelled(name) == project:
        return True
    known = distribution(filename)
    if known is None:
        return any(spelled(left) == project for left, _ in _splits(_cut(filename)[0]))
    return known.project == project or (known.kind == "sdist" and version_of(filename, project) is not None)


def _cut(filename: str) -> tuple[str, str]:
    lower = filename.lower()
    for extension in _EXTENSIONS:
        if lower.endswith(extension):
            return filename[: -len(extension)], extension
    return filename, ""


def _splits(stem: str) -> Iterator[tuple[str, str]]:
    if len(stem) > _LONGEST:
        return
    at = stem.find("-")
    while at >= 0:
        yield stem[:at], stem[at + 1 :]
        at = stem.find("-", at + 1)


def _version_in(text: str, extension: str) -> Version | None:
    whole = version(text)
    if whole is not None:
        return whole
    if extension == ".whl":  # a name whose own hyphens were not escaped
        return version(text.partition("-")[0])
    if extension == ".rpm":
        release = _RPM.fullmatch(text)
        return version(release[1]) if release else None
    # Shortest version first, so that `1.0-py2.7` is not read as a longer one.
    for found in re.finditer(r"[.-]", text):
        if _PLATFORM.fullmatch(text, found.start()):
            return version(text[: found.start()])
    return None
