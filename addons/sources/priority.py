"""Sources in the order of their priority: the first one that has a project answers alone (PEP 766's index priority)."""

from collections.abc import Iterable, Sequence

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


class Priority:
    """The sources in order. Their answers are never mixed."""

    def __init__(self, sources: Sequence[Source], reserved: Reserved) -> None:
        self._sources = sources
        self._reserved = reserved

    async def page(self, project: ProjectName) -> tuple[Source, Page]:
        """Give the page of the first source that has the project, and that source.

        Absent asks the next; unavailable is not caught here, so it asks nobody (MRG-03). A reserved project is asked
        of own sources only (MRG-06). Raises ProjectAbsent or SourceUnavailable.
        """
        reserved = self._reserved.covers(project)
        for source in self._sources:
            if reserved and not source.own:
                continue
            try:
                return source, await source.page(project)
            except ProjectAbsent:
                continue
        raise ProjectAbsent(project)
