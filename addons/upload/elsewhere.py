"""Whether another own source has a project: two places that publish it would each hide what the other has."""

from collections.abc import Collection, Mapping, Sequence

from addons.simple.names import ProjectName
from addons.sources.source import ProjectAbsent, Source, SourceUnavailable
from addons.upload.refusal import UploadRefused


class OtherSources:
    """The own sources beside the store. `merged`: which sources' files make up a project's page together, on purpose."""

    def __init__(self, others: Sequence[Source], merged: Mapping[ProjectName, Collection[str]]) -> None:
        self._others = others
        self._merged = merged

    async def __call__(self, project: ProjectName) -> str | None:
        """Give the name of one that has the project; None if none has. Raises UploadRefused if one cannot say."""
        together = self._merged.get(project, ())
        for source in self._others:
            if source.name in together:
                continue
            try:
                await source.page(project)
            except ProjectAbsent:
                continue
            except SourceUnavailable:
                words = f"Whether {project!a} comes from the source {source.name!a} cannot be found out now; try again."
                raise UploadRefused(403, "other-source", words) from None
            return source.name
        return None
