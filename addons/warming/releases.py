"""A project's releases as a target sees them: which files of a version its machines would take."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import BuildTag, InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from addons.answering.offer import Found, Offered
from addons.simple.distributions import distribution, version_of
from addons.simple.page import File, Refusal
from addons.warming.targets import Target


@dataclass(frozen=True)
class Release:
    """What a target takes of a version: `files` are one for each of its machines, none twice; the first one's is first.

    A wheel where there is one that fits, else the sdist. `yanked`: only who pins it exactly takes it (PEP 592).
    """

    version: Version
    files: tuple[Offered, ...]
    yanked: bool

    @property
    def is_sdist(self) -> bool:
        """Whether it has to be built."""
        return not self.files[0].file.filename.endswith(".whl")


class Releases:
    """The releases of a project's page for a target; `allowed`: the sha256 that files may have, empty for any."""

    def __init__(self, found: Found, target: Target, allowed: frozenset[str] = frozenset()) -> None:
        self.project = found.project
        self._found = found
        self._target = target
        self._allowed = allowed
        self._files = _by_version(found)
        self._made: dict[Version, Release | None] = {}
        self.versions = sorted(self._files, reverse=True)

    def release(self, version: Version) -> Release | None:
        """Give what the target takes of the version; None if nothing of it fits, or none may be had."""
        if version not in self._made:
            self._made[version] = self._make(version)
        return self._made[version]

    def _make(self, version: Version) -> Release | None:
        there = [file for file in self._files.get(version, []) if file.refused is None and self._fits(file)]
        chosen = [file for file in there if not file.yanked] or there
        files = taken(chosen, self._target)
        offered = tuple(found for file in files if (found := self._found.file(file.filename)) is not None)
        return Release(version, offered, all(bool(file.yanked) for file in chosen)) if offered else None

    def _fits(self, file: File) -> bool:
        if self._allowed and file.hashes.get("sha256", "").lower() not in self._allowed:
            return False
        return file.requires_python is None or _python_fits(file.requires_python, self._target.python)

    def refusals(self, versions: Iterable[Version]) -> Iterator[tuple[Version, Refusal]]:
        """Give those of the versions that a policy refuses, with its verdict."""
        for version in versions:
            refused = [file.refused for file in self._files.get(version, []) if file.refused is not None]
            if refused:
                yield version, refused[0]


def _by_version(found: Found) -> Mapping[Version, list[File]]:
    files: dict[Version, list[File]] = {}
    for file in found.page.files:
        if distribution(file.filename) is not None and (said := version_of(file.filename, found.project)) is not None:
            files.setdefault(said, []).append(file)
    return files


def taken(files: Iterable[File], target: Target) -> tuple[File, ...]:
    """Give the files that the target's machines would take: each its best wheel, the sdist if there is none for any."""
    wheels = {file.filename: (file, *_wheel(file.filename)) for file in files if file.filename.endswith(".whl")}
    best: dict[str, File] = {}
    for ranks in target.machines:
        fitting = [
            (min(ranks[tag] for tag in tags & ranks.keys()), _reversed(build), name)
            for name, (_, build, tags) in wheels.items()
            if tags & ranks.keys()
        ]
        if fitting:
            name = min(fitting)[2]
            best.setdefault(name, wheels[name][0])
    sdists = [file for file in files if not file.filename.endswith(".whl")]
    return tuple(best.values()) or tuple(sorted(sdists, key=_handy)[:1])


def _handy(file: File) -> bool:
    return not file.filename.endswith(".tar.gz")  # the one form of sdist that PEP 625 still allows


def _reversed(build: BuildTag) -> tuple[int, str]:
    return (-build[0], build[1]) if build else (1, "")  # the highest build number first, none at all last


@lru_cache(maxsize=16384)
def _wheel(filename: str) -> tuple[BuildTag, frozenset[Tag]]:
    try:
        _, _, build, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return (), frozenset()
    return build, tags


@lru_cache(maxsize=4096)
def _python_fits(written: str, python: Version) -> bool:
    try:
        return SpecifierSet(written).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True  # clients pass over what they cannot read
