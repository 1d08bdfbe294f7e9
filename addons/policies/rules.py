"""Rules that name a project and perhaps versions: looked up by normalised name, matched by file."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from addons.simple.distributions import version_of
from addons.simple.names import ProjectName, normalise


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


def matches(rule: ProjectRule, filename: str, project: ProjectName, *, unknown: bool) -> bool:
    """Tell whether the rule covers the file; `unknown` is the answer where no version can be read from its name."""
    return rule.versions is None or covers(rule, version_of(filename, project), unknown=unknown)


def covers(rule: ProjectRule, version: Version | None, *, unknown: bool) -> bool:
    """Tell whether the rule covers the version; `unknown` is the answer where there is none (None).

    Pre-releases count: a rule for `<2` covers 1.9rc1, and 1.0 is 1.0.0. The specifier means what it means to pip
    (PEP 440): neither `<2` nor `>=2` covers 2.0rc1, `<=2,!=2` does; and `>1.0` does not cover 1.0.post1.
    """
    if rule.versions is None:
        return True
    return unknown if version is None else rule.versions.contains(version, prereleases=True)
