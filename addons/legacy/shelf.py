"""A page's files by release, and the release that PyPI would show first. Pure.

Source: PyPI's JSON API, https://docs.pypi.org/api/json/.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from packaging.version import Version

from addons.simple.distributions import version, version_of
from addons.simple.names import ProjectName, spelled
from addons.simple.page import File, Page, versions_of

type Key = Version | str
"""What two spellings of one version share (1.0 and 1.0.0); a text that is no version is only itself."""

_EXTENSION = re.compile(r"(?:\.tar)?\.[A-Za-z][A-Za-z0-9]{0,3}\Z")


@dataclass(frozen=True)
class Release:
    """A version as the page spells it, and its files in the page's order."""

    text: str
    files: tuple[File, ...] = ()

    @property
    def key(self) -> Key:
        """What it is compared by."""
        return key(self.text)

    @property
    def yanked(self) -> bool:
        """Whether all its files are (YNK-08)."""
        return bool(self.files) and all(file.yanked is not False for file in self.files)

    @property
    def reason(self) -> str | None:
        """What its files' yanks say, each reason once; None if it is not yanked, or without a word."""
        said = dict.fromkeys(file.yanked for file in self.files if isinstance(file.yanked, str) and file.yanked)
        return "; ".join(said) or None if self.yanked else None


@dataclass(frozen=True)
class Shelf:
    """A page's releases, those without files too, in the order in which the page lists versions."""

    project: ProjectName
    releases: Mapping[Key, Release]

    def find(self, text: str) -> Release | None:
        """Give the release of a version in any spelling, if the page shows a file of it (LEG-03)."""
        found = self.releases.get(key(text))
        return found if found is not None and found.files else None

    @cached_property
    def latest(self) -> Release | None:
        """The release that a project's document describes: not yanked, not a pre-release, highest (LEG-02).

        In this order, as PyPI has it: one that is yanked comes before none at all. None if no release has a file.
        """
        return max((release for release in self.releases.values() if release.files), key=_rank, default=None)


def shelved(page: Page) -> Shelf:
    """Put the page's files to their releases; a file whose version cannot be read goes by what stands in its name."""
    listed: dict[Key, str] = {}
    for text in versions_of(page):
        listed.setdefault(key(text), text)
    found: dict[Key, list[File]] = {at: [] for at in listed}
    for file in page.files:
        at = _key(file.filename, page.project, listed.values())
        found.setdefault(at, []).append(file)
    return Shelf(page.project, {at: Release(listed.get(at, str(at)), tuple(files)) for at, files in found.items()})


def key(text: str) -> Key:
    """Return what a version's text is compared by."""
    return version(text) or text


def _key(filename: str, project: ProjectName, listed: Iterable[str]) -> Key:
    read = version_of(filename, project)
    return read if read is not None else key(_written(filename, project, listed))


def _written(filename: str, project: ProjectName, listed: Iterable[str]) -> str:
    """Return the longest listed version that stands behind the project's name, or all that stands there."""
    stem = _EXTENSION.sub("", filename)
    rests = [stem[at + 1 :] for at in _hyphens(stem) if spelled(stem[:at]) == project]
    rest = rests[0] if rests else stem
    fitting = [text for text in listed if text and re.match(re.escape(text) + r"(?![A-Za-z0-9])", rest)]
    return max(fitting, key=len, default=rest)


def _hyphens(text: str) -> Iterable[int]:
    return (at for at, character in enumerate(text) if character == "-")


def _rank(release: Release) -> tuple[bool, bool, bool, Version, str]:
    known = version(release.text)
    final = known is not None and not known.is_prerelease
    return not release.yanked, known is not None, final, known or Version("0"), release.text
