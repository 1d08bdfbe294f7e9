"""Sources in the order of their priority: the first one that has a project answers alone (PEP 766's index priority).

Only where the configuration names a project and its sources do several answer together.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass

from addons.simple.names import ProjectName, normalise
from addons.simple.page import Page
from addons.sources.source import ProjectAbsent, Source


class Reserved:
    """Names and prefixes that belong to the organisation, whether or not they have files yet (MRG-04).

    `acme` is that name; `acme-*` is every name that begins with `acme-` after normalisation, as PEP 752 matches.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        written = list(patterns)
        self._names = frozenset(normalise(text) for text in written if not text.endswith("-*"))
        self._prefixes = tuple(normalise(text.removesuffix("-*")) + "-" for text in written if text.endswith("-*"))

    def covers(self, project: ProjectName) -> bool:
        """Tell whether no public source may be asked about the project."""
        return project in self._names or project.startswith(self._prefixes)


@dataclass(frozen=True)
class Part:
    """What one source says of a project."""

    source: Source
    page: Page


class Priority:
    """The sources in order. Their answers are mixed for the projects in `merge` only, highest first.

    `withheld` are own sources that who asks here does not get: the public ones are not asked about their projects either.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        reserved: Reserved,
        merge: Mapping[ProjectName, Sequence[Source]] | None = None,
        withheld: Sequence[Source] = (),
    ) -> None:
        self.sources = sources
        self._withheld = withheld
        self._reserved = reserved
        self._merge = merge or {}

    @property
    def own(self) -> Sequence[Source]:
        """All sources of the organisation's own, withheld ones too."""
        return [*(each for each in self.sources if each.own), *self._withheld]

    def withholds(self, name: str) -> bool:
        """Tell whether this source is there, and not for who asks here."""
        return any(each.name == name for each in self._withheld)

    async def parts(self, project: ProjectName, max_age: float | None = None) -> Sequence[Part]:
        """Give the page of the first source that has the project; of every one that has it if they are to be merged.

        Absent asks the next; unavailable is not caught here, so it asks nobody (MRG-03). A reserved project is asked
        of own sources only (MRG-06). `max_age` in seconds, as sources take it. Raises ProjectAbsent or
        SourceUnavailable.
        """
        together = self._merge.get(project)
        if together is not None:
            return await self._together(together, project, max_age)
        reserved = self._reserved.covers(project)
        withheld = self._withheld
        for source in self.sources:
            if reserved and not source.own:
                continue
            if withheld and not source.own:  # its own sources stand above: they have been asked
                if await self._is_withheld(project, max_age):
                    break
                withheld = ()
            try:
                return (Part(source, await source.page(project, max_age)),)
            except ProjectAbsent:
                continue
        raise ProjectAbsent(project)

    async def _is_withheld(self, project: ProjectName, max_age: float | None) -> bool:
        """Tell whether a source that is withheld has the project: then its name is nobody's business outside."""
        for source in self._withheld:
            with suppress(ProjectAbsent):
                await source.page(project, max_age)
                return True
        return False

    def told(self, project: ProjectName, parts: Sequence[Part]) -> Mapping[str, str]:
        """Say of each source, by its name, what part it had in these parts of a project, or why none. In words."""
        answered = {part.source.name for part in parts}
        first = next((each.name for each in self.sources if each.name in answered), None)
        return {each.name: self._told(each, project, answered, first) for each in self.sources}

    def _told(self, source: Source, project: ProjectName, answered: Set[str], first: str | None) -> str:
        together = self._merge.get(project)
        if source.name in answered:
            return "answered" if together is None else "answered, merged with the others that did"
        if together is not None:
            merged = any(each.name == source.name for each in together)
            return "has no such project" if merged else "was not asked: `merge` does not name it for this project"
        if self._reserved.covers(project) and not source.own:
            return "is never asked: the name is reserved"
        names = [each.name for each in self.sources]
        if first is not None and names.index(source.name) > names.index(first):
            return f"was not asked: {first} stands before it and has the project"
        if first is None and self._withheld and not source.own:
            return "has no such project, or was not asked as an own source that these clients do not get has it"
        return "has no such project"

    async def _together(self, sources: Sequence[Source], project: ProjectName, max_age: float | None) -> Sequence[Part]:
        parts: list[Part] = []
        for source in sources:
            try:
                parts.append(Part(source, await source.page(project, max_age)))
            except ProjectAbsent:
                continue
        if not parts:
            raise ProjectAbsent(project)
        return parts
