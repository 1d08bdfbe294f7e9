"""Provenance of files (PEP 740), policed like the files, and PyPI's list of classifiers.

Source: https://docs.pypi.org/api/integrity/.
"""

from collections.abc import Sequence

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from addons.answering.coded import coded
from addons.answering.file_answer import FileAnswers
from addons.answering.kept import no_longer_than, ready, stood_in
from addons.answering.legacy_answer import not_found
from addons.answering.offer import Offer
from addons.answering.request import Request
from addons.answers import CROSS_ORIGIN, Answer, absent, problem
from addons.legacy.shelf import key
from addons.off_loop import off_loop
from addons.route_kinds import ClassifiersRoute, ProvenanceRoute
from addons.simple.distributions import version_of
from addons.simple.names import InvalidName, normalise
from addons.simple.negotiation import coding
from addons.sources.source import ProjectAbsent, Source

_INTEGRITY = "application/vnd.pypi.integrity.v1+json"
_TYPES = (_INTEGRITY, "application/json")
_SMALL = 32_768  # bytes: compressed in less time than a hop to a thread is worth


class ProvenanceAnswers:
    """Answers for the provenance of files. `max_age` is what clients get, in seconds."""

    def __init__(self, offer: Offer, files: FileAnswers, max_age: int) -> None:
        self._offer = offer
        self._files = files
        self._max_age = max_age

    async def answer(self, route: ProvenanceRoute, request: Request) -> Answer:
        """Answer with PyPI's provenance of a file that the page offers: refused where the file is, 404 without one.

        Raises SourceUnavailable.
        """
        chosen = _chosen(request.headers.get("accept"))
        if chosen is None:
            words = f"wheelgate: provenance is served as {_INTEGRITY} or application/json"
            return problem(406, "type", words, Vary="Accept")
        try:
            project = normalise(route.spelling)
            found = await self._offer.find(project, request.at, request.max_age)
        except (InvalidName, ProjectAbsent):
            return not_found("no source has this project")
        offered = found.file(route.filename)
        if offered is None or version_of(route.filename, project) != key(route.version):
            return not_found("no page offers this file in this version")
        if offered.file.refused is not None:
            return self._files.refusal(offered)
        # On a merged page the file may be one source's and what is known of the same bytes another's.
        told = None
        for part in found.parts:
            told = told or await part.source.provenance(offered.file, request.max_age)
        if told is None:
            return not_found(f"no provenance is known of {route.filename}")
        ages = [age for age in (told.stale, found.stale) if age is not None]
        answer = no_longer_than(await self._given(told.content, chosen, request), found.left(request.at))
        return stood_in(answer, max(ages, default=None))

    async def _given(self, body: bytes, chosen: str, request: Request) -> Answer:
        code = coding(request.headers.get("accept-encoding"))
        headers = {"Cache-Control": f"max-age={self._max_age}", "Vary": "Accept, Accept-Encoding", **CROSS_ORIGIN}
        sent = await off_loop(len(body) > _SMALL, coded, body, code)
        return ready(sent, chosen, code, headers).for_client(request.headers.get("if-none-match"))


def _chosen(accept: str | None) -> str | None:
    """Give the media type to answer with: PyPI's own where the client does not care; None if it wants neither."""
    if not (accept or "").strip():
        return _INTEGRITY
    found: str | None = parse_accept_header(accept, MIMEAccept).best_match(_TYPES)
    return found


class ClassifiersAnswers:
    """Answers with the list of classifiers. `max_age` is what clients get, in seconds."""

    def __init__(self, sources: Sequence[Source], max_age: int) -> None:
        self._sources = sources
        self._max_age = max_age

    async def answer(self, route: ClassifiersRoute, request: Request) -> Answer:
        """Answer with PyPI's own list; 404 where no source has one. Raises SourceUnavailable."""
        for source in self._sources:
            told = await source.classifiers(request.max_age)
            if told is not None:
                code = coding(request.headers.get("accept-encoding"))
                headers = {"Cache-Control": f"max-age={self._max_age}", "Vary": "Accept-Encoding", **CROSS_ORIGIN}
                made = ready(coded(told.content, code), "text/plain; charset=utf-8", code, headers)
                return stood_in(made.for_client(request.headers.get("if-none-match")), told.stale)
        return absent("wheelgate: no source has a list of classifiers")
