"""Resolving: which releases an installer would choose for a target, found as pip finds them (resolvelib is pip's own).

The resolver runs in a thread, and asks the event loop for pages and metadata. Whatever it looks at is looked at by
clients as well, so it is kept: also the newest release of each requirement by itself, which uv reads ahead.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, override

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible, Resolver
from resolvelib.resolvers import RequirementInformation, ResolutionTooDeep

from addons.simple.names import ProjectName, normalise
from addons.simple.page import Refusal
from addons.sources.source import FileGone, ProjectAbsent
from addons.warming.dependencies import requires_dist
from addons.warming.gathering import Gathering
from addons.warming.releases import Release, Releases
from addons.warming.targets import Target
from addons.warming.wanted import Line, Wanted

_ROUNDS = 100_000
_PINS = ("==", "===")

type _Key = tuple[ProjectName, frozenset[str]]


@dataclass(frozen=True)
class Need:
    """A requirement of a project, with its extras; `by` says who has it, in words."""

    project: ProjectName
    extras: frozenset[str]
    specifier: SpecifierSet
    by: str

    @override
    def __str__(self) -> str:
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        return f"{self.project}{extras}{self.specifier}"


@dataclass(frozen=True)
class Candidate:
    """A release that may be chosen, with the extras that are asked for."""

    project: ProjectName
    extras: frozenset[str]
    release: Release


class Impossible(Exception):
    """No set of releases does. In words, a line each."""


type _Found = RequirementInformation[Need, Candidate]


class Resolving:
    """One target's resolution. `wanted` is what is to be installed there, `words` says a refusal as clients read it."""

    def __init__(self, gathering: Gathering, target: Target, wanted: Wanted, words: Callable[[Refusal], str]) -> None:
        self._gathering = gathering
        self._target = target
        self._wanted = wanted
        self._words = words
        self._hashes = _hashes(wanted.lines)
        self._constraints = _constraints(wanted.constraints, target)
        self._projects: dict[ProjectName, Releases] = {}
        self.absent: set[ProjectName] = set()

    async def resolve(self, lines: Iterable[Line]) -> list[Candidate]:
        """Give the releases to install. Raises Impossible, SourceUnavailable or FileGone."""
        needs = [need for line in lines for need in self._needs([line.requirement], "", line.place)]
        self._look_ahead(needs)
        loop = asyncio.get_running_loop()

        def wait[T](work: Coroutine[Any, Any, T]) -> T:
            return asyncio.run_coroutine_threadsafe(work, loop).result()

        resolver = Resolver(_Provider(self, wait), BaseReporter[Need, Candidate, _Key]())
        try:
            result = await asyncio.to_thread(resolver.resolve, needs, _ROUNDS)
        except ResolutionImpossible as error:
            causes = [cause.requirement for cause in error.causes]
            unmet = [need for need in needs if await self._unmet(need)]
            raise Impossible("\n".join(dict.fromkeys(map(self._why, [*unmet, *causes])))) from error
        except ResolutionTooDeep as error:
            raise Impossible(
                "no set of releases was found in reasonable time; pin some, or give a lock file"
            ) from error
        return [candidate for candidate in result.mapping.values() if not candidate.extras]

    async def _unmet(self, need: Need) -> bool:
        releases = await self.releases(need.project)
        return releases is None or next(self.candidates(releases, need.specifier), None) is None

    def _why(self, need: Need) -> str:
        if need.project in self.absent:
            return f"no source has a project {need.project} ({need}, wanted by {need.by})"
        releases = self._projects[need.project]
        covered = [version for version in releases.versions if need.specifier.contains(version, prereleases=True)]
        refused = next(releases.refusals(covered), None)
        if refused is not None:
            return f"{need.project} {refused[0]}: {self._words(refused[1])} ({need}, wanted by {need.by})"
        if not any(releases.release(version) for version in covered):
            return f"no file of {need} (wanted by {need.by}) fits {self._target.words}"
        return f"{need} (wanted by {need.by}) does not go with the rest"

    # For the provider

    async def releases(self, project: ProjectName) -> Releases | None:
        """Give the project's releases for the target; None if no source has it."""
        if project not in self._projects:
            try:
                found = await self._gathering.page(project)
            except ProjectAbsent:
                self.absent.add(project)
                return None
            self._projects[project] = Releases(found, self._target, self._hashes.get(project, frozenset()))
        return self._projects[project]

    def candidates(self, releases: Releases, specifiers: SpecifierSet) -> Iterator[Release]:
        """Give the releases that these specifiers and the constraints allow, in the order in which clients try them."""
        specifiers &= self._constraints.get(releases.project, SpecifierSet())
        prereleases = True if self._wanted.prereleases else None
        fitting = (version for version in specifiers.filter(releases.versions, prereleases=prereleases))
        made = (release for version in fitting if (release := releases.release(version)) is not None)
        yanked = []
        for release in made:
            if release.yanked:
                yanked.append(release)
            else:
                yield release
        if any(each.operator in _PINS and not each.version.endswith(".*") for each in specifiers):
            yield from yanked  # only a pin takes them, and only where there is nothing else (PEP 592)

    async def dependencies(self, candidate: Candidate) -> list[Need]:
        """Give what the candidate requires on the target; a release that cannot be read requires what nobody has."""
        offered = candidate.release.files[0]
        metadata = await self._gathering.metadata(offered)
        by = f"{candidate.project} {candidate.release.version}"
        requirements = list(requires_dist(metadata))
        needs = [need for extra in candidate.extras or {""} for need in self._needs(requirements, extra, by)]
        self._look_ahead(needs)
        return needs

    def _needs(self, requirements: Iterable[Requirement], extra: str, by: str) -> Iterator[Need]:
        for each in requirements:
            if each.url is not None:
                self._gathering.tally.missing(f"{each.name} (wanted by {by}) comes from no source, and is not warmed")
            elif each.marker is None or each.marker.evaluate({**self._target.environment, "extra": extra}):
                extras = frozenset(map(str.lower, each.extras))
                yield Need(normalise(each.name), frozenset(), each.specifier, by)
                if extras:
                    yield Need(normalise(each.name), extras, each.specifier, by)

    def _look_ahead(self, needs: Iterable[Need]) -> None:
        for need in needs:
            self._gathering.ahead(partial(self._first_look, need))

    async def _first_look(self, need: Need) -> None:
        releases = await self.releases(need.project)
        first = None if releases is None else next(self.candidates(releases, need.specifier), None)
        if first is not None:
            await self._gathering.metadata(first.files[0])


def _hashes(lines: Iterable[Line]) -> Mapping[ProjectName, frozenset[str]]:
    allowed: dict[ProjectName, frozenset[str]] = {}
    for line in lines:
        if line.hashes:
            name = normalise(line.requirement.name)
            allowed[name] = allowed.get(name, frozenset()) | line.hashes
    return allowed


def _constraints(lines: Iterable[Line], target: Target) -> Mapping[ProjectName, SpecifierSet]:
    together: dict[ProjectName, SpecifierSet] = {}
    for line in lines:
        marker = line.requirement.marker
        if marker is None or marker.evaluate({**target.environment, "extra": ""}):
            name = normalise(line.requirement.name)
            together[name] = together.get(name, SpecifierSet()) & line.requirement.specifier
    return together


class _Provider(AbstractProvider[Need, Candidate, _Key]):
    """What resolvelib asks, answered from a thread."""

    def __init__(self, resolving: Resolving, wait: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._resolving = resolving
        self._wait = wait

    @override
    def identify(self, requirement_or_candidate: Need | Candidate) -> _Key:
        return requirement_or_candidate.project, requirement_or_candidate.extras

    @override
    def get_preference(
        self,
        identifier: _Key,
        resolutions: Mapping[_Key, Candidate],
        candidates: Mapping[_Key, Iterator[Candidate]],
        information: Mapping[_Key, Iterator[_Found]],
        backtrack_causes: Sequence[_Found],
    ) -> tuple[bool, bool, bool, ProjectName]:
        specifiers = [each.requirement.specifier for each in information[identifier]]
        pinned = any(each.operator in _PINS for specifier in specifiers for each in specifier)
        causing = any(identifier[0] == cause.requirement.project for cause in backtrack_causes)
        return not causing, not pinned, not any(specifiers), identifier[0]

    @override
    def find_matches(
        self,
        identifier: _Key,
        requirements: Mapping[_Key, Iterator[Need]],
        incompatibilities: Mapping[_Key, Iterator[Candidate]],
    ) -> Callable[[], Iterator[Candidate]]:
        project, extras = identifier
        plain = (project, frozenset[str]())
        needs = [*requirements[identifier], *(requirements[plain] if extras and plain in requirements else ())]
        specifiers = SpecifierSet()
        for need in needs:
            specifiers &= need.specifier
        bad: set[Version] = {each.release.version for each in incompatibilities[identifier]}
        releases: Releases | None = self._wait(self._resolving.releases(project))

        def matches() -> Iterator[Candidate]:
            if releases is not None:
                for release in self._resolving.candidates(releases, specifiers):
                    if release.version not in bad:
                        yield Candidate(project, extras, release)

        return matches

    @override
    def is_satisfied_by(self, requirement: Need, candidate: Candidate) -> bool:
        return requirement.specifier.contains(candidate.release.version, prereleases=True)

    @override
    def get_dependencies(self, candidate: Candidate) -> list[Need]:
        try:
            needs: list[Need] = self._wait(self._resolving.dependencies(candidate))
        except FileGone as error:
            raise Impossible(str(error)) from error
        if candidate.extras:
            same = SpecifierSet(f"==={candidate.release.version}")
            needs.append(Need(candidate.project, frozenset(), same, f"{candidate.project} with extras"))
        return needs
