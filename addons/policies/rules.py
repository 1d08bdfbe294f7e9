"""Rules that name a project and perhaps versions: looked up by normalised name, matched by file."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

import msgspec
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from addons.simple.distributions import version_of
from addons.simple.names import ProjectName, normalise
from addons.simple.page import File, Page


class ProjectRule(Protocol):
    """What a configured rule says: a project in any spelling, versions (None: all), why, and a ticket or advisory."""

    @property
    def project(self) -> str: ...
    @property
    def versions(self) -> SpecifierSet | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def id(self) -> str | None: ...


def by_project[R: ProjectRule](rules: Iterable[R]) -> Mapping[ProjectName, tuple[R, ...]]:
    """Key the rules by the project's normalised name, so that no spelling slips past (NAM-03). Order is kept."""
    found: dict[ProjectName, tuple[R, ...]] = {}
    for rule in rules:
        name = normalise(rule.project)
        found[name] = (*found.get(name, ()), rule)
    return found


def covered[R: ProjectRule](page: Page, rules: Sequence[R], *, unknown: bool) -> Mapping[int, tuple[R, ...]]:
    """Give the positions of the page's files that any rule covers, with those rules, in their order.

    `unknown` is the answer where no version can be read from a file's name. Each version is compared once only.
    """
    found: dict[int, tuple[R, ...]] = {}
    for version, positions in positions_by_version(page).items():
        if covering := tuple(rule for rule in rules if covers(rule, version, unknown=unknown)):
            found.update(dict.fromkeys(positions, covering))
    return found


def positions_by_version(page: Page) -> Mapping[Version | None, Sequence[int]]:
    """Give where the files of each version stand on the page; None: of no version that can be read."""
    return _positions(tuple([file.filename for file in page.files]), page.project)


@lru_cache(maxsize=8)  # all policies ask it of the same page, one after the other
def _positions(filenames: tuple[str, ...], project: ProjectName) -> Mapping[Version | None, Sequence[int]]:
    found: dict[Version | None, list[int]] = {}
    for position, filename in enumerate(filenames):
        found.setdefault(version_of(filename, project), []).append(position)
    return found


def with_changed(page: Page, changed: Mapping[int, File]) -> Page:
    """Give the page with other files at these positions; the very page if there are none."""
    if not changed:
        return page
    files = list(page.files)
    for position, file in changed.items():
        files[position] = file
    return msgspec.structs.replace(page, files=tuple(files))


def covers(rule: ProjectRule, version: Version | None, *, unknown: bool) -> bool:
    """Tell whether the rule covers the version; `unknown` is the answer where there is none (None).

    Pre-releases count: a rule for `<2` covers 1.9rc1, and 1.0 is 1.0.0. The specifier means what it means to pip
    (PEP 440): neither `<2` nor `>=2` covers 2.0rc1, `<=2,!=2` does; and `>1.0` does not cover 1.0.post1.
    """
    if rule.versions is None:
        return True
    return unknown if version is None else rule.versions.contains(version, prereleases=True)
