"""Rules looked up by project and matched to files: ten thousand of them cost a page hardly more than ten."""

import hashlib
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache

from packaging.version import Version

from addons.policies.globs import Globs
from addons.policies.spans import Span, Versions, span
from addons.policies.whole import Whole
from addons.simple.distributions import version_of
from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from proxyconf.rules import EVERY, Rule

_REMEMBERED = 10_000  # projects
_HELD = 200_000  # rules, in the lists of those that are about one project


@dataclass(frozen=True)
class About[R: Rule]:
    """The rules about one project, in the order written, with their places in it.

    `digest` is equal exactly if the rules are, and their order, wherever they are written; "" if there is none.
    """

    rules: tuple[tuple[int, R], ...]
    digest: str

    @cached_property
    def matching(self) -> "_Matching[R]":
        """The rules, ready to be held against files."""
        return _Matching(self.rules)


class Rulebook[R: Rule]:
    """All rules of one policy."""

    def __init__(self, rules: Sequence[R]) -> None:
        self.rules = tuple(rules)
        self._named: dict[str, list[tuple[int, R]]] = {}
        self._hashed: dict[str, list[tuple[int, R]]] = {}
        self._about: dict[ProjectName, About[R]] = {}
        self._alike: dict[tuple[str, ...], About[R]] = {}
        self._held = 0
        hashed: list[tuple[int, R]] = []
        for number, rule in enumerate(rules):
            if rule.sha256 and rule.project in (None, EVERY):
                hashed.append((number, rule))
                for sha256 in dict.fromkeys(rule.sha256):
                    self._hashed.setdefault(sha256, []).append((number, rule))
            else:
                self._named.setdefault(rule.project or EVERY, []).append((number, rule))
        self._hashed_at = [number for number, _ in hashed]
        self._digest = _digest([rule for _, rule in hashed]) if hashed else ""

    def about(self, project: ProjectName) -> About[R]:
        """Give the rules that name the project, a prefix of it, or every one; not those about files of any project by their sha256."""
        found = self._about.get(project)
        if found is None:
            found = self._of(tuple(name for name in _names(project) if name in self._named))
            if len(self._about) >= _REMEMBERED:
                self._about.clear()
            self._about[project] = found
        return found

    def _of(self, names: tuple[str, ...]) -> About[R]:
        """Give the rules of these names: one and the same object for all projects that no others are about."""
        found = self._alike.get(names)
        if found is None:
            rules = sorted((pair for name in names for pair in self._named[name]), key=_place)
            # Where they stand among the rules on sha256 counts, as the first rule gives a file its words; else no number does.
            digest = _digest([(bisect(self._hashed_at, number), rule) for number, rule in rules]) if rules else ""
            found = About(tuple(rules), digest + self._digest)
            if self._held > _HELD:
                self._about, self._alike, self._held = {}, {}, 0
            self._held += len(rules)
            self._alike[names] = found
        return found

    def covered(self, page: Page, at: datetime, *, unknown: bool) -> Mapping[int, tuple[R, ...]]:
        """Give the positions of the page's files that any rule covers at this instant, with those rules, in their order.

        `unknown` is the answer where no version can be read from a file's name. Each version is compared once only.
        """
        found = self.about(page.project).matching.covered(page, at, unknown=unknown)
        for position, file in enumerate(page.files) if self._hashed else ():
            pairs = self._hashed.get(file.hashes.get("sha256", ""), ())
            pairs = [pair for pair in pairs if is_in_force(pair[1], at) and _is_meant(pair[1], file)]
            version = version_of(file.filename, page.project) if pairs else None
            if covering := [pair for pair in pairs if covers(pair[1], version, unknown=unknown)]:
                found[position] = sorted((*found.get(position, ()), *covering), key=_place)
        # Files of one version have the very same rules, and where those are many it counts that they are written once.
        alike = {id(pairs): tuple([rule for _, rule in pairs]) for pairs in found.values()}
        return {position: alike[id(pairs)] for position, pairs in found.items()}

    def numbered(self, page: Page, at: datetime, *, unknown: bool) -> Mapping[int, tuple[tuple[int, R], ...]]:
        """Give what `covered` gives, each rule with its number, from 0; for those who explain."""
        hashed = (pair for file in page.files for pair in self._hashed.get(file.hashes.get("sha256", ""), ()))
        numbers = {id(rule): number for number, rule in (*self.about(page.project).rules, *hashed)}
        found = self.covered(page, at, unknown=unknown)
        return {place: tuple((numbers[id(rule)], rule) for rule in rules) for place, rules in found.items()}

    def changes(self, page: Page, at: datetime) -> datetime | None:
        """Give the instant after `at` at which the first rule about the page's files ends by itself; None: none does."""
        rules = [rule for _, rule in self.about(page.project).rules]
        for file in page.files if self._hashed else ():
            rules += [rule for _, rule in self._hashed.get(file.hashes.get("sha256", ""), ())]
        return min((rule.until for rule in rules if rule.until is not None and rule.until > at), default=None)


class _Matching[R: Rule]:
    """The rules about one project, made ready to be held against the files of its page.

    They are looked up by the files' hashes, by the ends of their names or by the span of their versions, whichever says most.
    """

    def __init__(self, rules: Iterable[tuple[int, R]]) -> None:
        self._by_hash: dict[str, list[tuple[int, R]]] = {}
        self._by_version: list[tuple[tuple[int, R], Span]] = []
        globs: list[tuple[str, tuple[int, R]]] = []
        for pair in rules:
            rule = pair[1]
            if rule.sha256:
                for sha256 in dict.fromkeys(rule.sha256):
                    self._by_hash.setdefault(sha256, []).append(pair)
            elif rule.files:
                globs += [(pattern, pair) for pattern in rule.files]
            else:
                self._by_version.append((pair, span(rule.versions)))
        self._globs = Globs(globs) if globs else None

    def covered(self, page: Page, at: datetime, *, unknown: bool) -> dict[int, list[tuple[int, R]]]:
        """Give the positions of the files that the rules cover, as the rulebook does, with the rules' numbers."""
        found: dict[int, list[tuple[int, R]]] = {}
        for version, pairs in self._fitting(page, at, unknown=unknown).items():
            found.update((position, pairs) for position in positions_by_version(page)[version])
        for position, file in enumerate(page.files) if self._globs is not None or self._by_hash else ():
            near = [pair for pair in self._near(file) if is_in_force(pair[1], at)]
            version = version_of(file.filename, page.project) if near else None
            if covering := [pair for pair in near if covers(pair[1], version, unknown=unknown)]:
                found[position] = sorted((*found.get(position, ()), *covering), key=_place)
        return found

    def _fitting(self, page: Page, at: datetime, *, unknown: bool) -> Mapping[Version | None, list[tuple[int, R]]]:
        """Give for each version on the page the rules that are about all files of it."""
        rules = [each for each in self._by_version if is_in_force(each[0][1], at)]
        found: dict[Version | None, list[tuple[int, R]]] = {}
        versions = _versions_on(page) if rules else Versions(())
        for pair, wanted in rules:
            for version in versions.within(wanted):
                if covers(pair[1], version, unknown=unknown):
                    found.setdefault(version, []).append(pair)
        if rules and None in positions_by_version(page):
            found[None] = [pair for pair, _ in rules if covers(pair[1], None, unknown=unknown)]
        return {version: pairs for version, pairs in found.items() if pairs}

    def _near(self, file: File) -> Iterable[tuple[int, R]]:
        """Give the rules that are about the file by its hash or its name, whatever its version."""
        by_name = self._globs.matching(file.filename.lower()) if self._globs is not None else ()
        near = dict(by_name)
        hashed = self._by_hash.get(file.hashes.get("sha256", ""), ()) if self._by_hash else ()
        near.update(pair for pair in hashed if _is_meant(pair[1], file))
        return near.items()


class Ruled[R: Rule]:
    """What policies that consist of rules share: what their verdict depends on, and when it changes. `contact` ends their words."""

    def __init__(self, rules: Sequence[R], contact: str = "") -> None:
        self._rules = Rulebook(rules)
        self._contact = contact

    def facts(self, project: ProjectName) -> tuple[str, ...]:
        """Give what stands for the project's rules, and whom the words name; `()` if no rule is about it."""
        digest = self._rules.about(project).digest
        return (digest, self._contact) if digest else ()

    def covering(self, page: Page, at: datetime, *, unknown: bool) -> Mapping[int, tuple[tuple[int, R], ...]]:
        """Give the positions of files that any rule is about, with those rules and their numbers; for those who explain."""
        return self._rules.numbered(page, at, unknown=unknown)

    def changes(self, page: Page, at: datetime) -> datetime | None:
        """Give the instant at which a rule ends by itself."""
        return self._rules.changes(page, at)

    def whole(self, at: datetime) -> Whole:
        """Say nothing: which files are meant only a page says."""
        return Whole()


def _names(project: ProjectName) -> Iterable[str]:
    prefixes = (f"{project[:place]}-*" for place, char in enumerate(project) if char == "-")
    return (project, *prefixes, EVERY)


def _place[R: Rule](pair: tuple[int, R]) -> int:
    return pair[0]


def _digest(rules: Iterable[object]) -> str:
    return hashlib.sha256(repr(list(rules)).encode()).hexdigest()


def is_in_force(rule: Rule, at: datetime) -> bool:
    """Tell whether the rule has not ended by itself."""
    return rule.until is None or at < rule.until


def first_end(rules: Iterable[Rule], at: datetime) -> datetime | None:
    """Give the instant at which the first of the rules that are in force ends by itself; None: none does."""
    return min((rule.until for rule in rules if rule.until is not None and is_in_force(rule, at)), default=None)


def covers(rule: Rule, version: Version | None, *, unknown: bool) -> bool:
    """Tell whether the rule covers the version; `unknown` is the answer where there is none (None).

    Pre-releases count: a rule for `<2` covers 1.9rc1, and 1.0 is 1.0.0. The specifier means what it means to pip
    (PEP 440): neither `<2` nor `>=2` covers 2.0rc1, `<=2,!=2` does; and `>1.0` does not cover 1.0.post1.
    """
    if rule.versions is None:
        return True
    return unknown if version is None else rule.versions.contains(version, prereleases=True)


def is_about_all_of_it(rule: Rule) -> bool:
    """Tell whether the rule is about every file of its projects, whatever comes."""
    return rule.versions is None and not rule.files and not rule.sha256


def _is_meant(rule: Rule, file: File) -> bool:
    if rule.sha256 and file.hashes.get("sha256") not in rule.sha256:
        return False
    if not rule.files:
        return True
    filename = file.filename.lower()
    return any(fnmatchcase(filename, pattern) for pattern in rule.files)


def positions_by_version(page: Page) -> Mapping[Version | None, Sequence[int]]:
    """Give where the files of each version stand on the page; None: of no version that can be read."""
    return _positions(tuple([file.filename for file in page.files]), page.project)


def _versions_on(page: Page) -> Versions:
    return _versions(tuple([file.filename for file in page.files]), page.project)


@lru_cache(maxsize=8)
def _versions(filenames: tuple[str, ...], project: ProjectName) -> Versions:
    return Versions(version for version in _positions(filenames, project) if version is not None)


@lru_cache(maxsize=8)  # all policies ask it of the same page, one after the other
def _positions(filenames: tuple[str, ...], project: ProjectName) -> Mapping[Version | None, Sequence[int]]:
    found: dict[Version | None, list[int]] = {}
    for position, filename in enumerate(filenames):
        found.setdefault(version_of(filename, project), []).append(position)
    return found
