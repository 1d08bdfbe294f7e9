"""Files and their core metadata: had exactly when the page offers them, refused in the policy's own words."""

import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from urllib.parse import unquote, urlsplit

from addons.announcing.announcer import Announcer
from addons.announcing.obtaining import NoMetadata
from addons.answering.coded import coded
from addons.answering.kept import Kept, Ready, is_same, ready
from addons.answering.offer import NO_DESK, Desk, Offer, Offered
from addons.answering.request import Request
from addons.answers import CROSS_ORIGIN, Answer, absent, found_at, refused
from addons.events.serving import UNRECORDED, Serving
from addons.origin.tickets import Delivery
from addons.policies.wording import line, linked, words
from addons.route_kinds import PublicFile, SourceFile, one_spelling
from addons.simple.distributions import projects_of, version_of
from addons.simple.names import InvalidName, normalise
from addons.simple.negotiation import Coding, coding
from addons.sources.source import FileGone, ProjectAbsent

logger = logging.getLogger(__name__)

_IMMUTABLE = "max-age=365000000, immutable, public"  # PyPI's own, for what lies under its hash
_REVALIDATED = "max-age=0"  # the organisation's own files can be removed or replaced


class FileAnswers:
    """Answers for files and their core metadata. `serving` takes note of the files."""

    def __init__(
        self, offer: Offer, kept: Kept, contact: str, desk: Desk = NO_DESK, serving: Serving = UNRECORDED
    ) -> None:
        self._desk = desk
        self._offer = offer
        self._kept = kept
        self._contact = contact
        self._serving = serving

    async def public(self, route: PublicFile, request: Request) -> Answer | Delivery:
        """Answer for a path of PyPI's files host. Raises SourceUnavailable or FileGone."""
        async for offered in self._candidates(route, request):
            if _path(offered) == route.path:
                return await self.give(offered, route.part == "metadata", request)
            if route.predictable:
                return self._led(offered, route)
        return self._not_offered(route.filename)

    async def _candidates(self, route: PublicFile, request: Request) -> AsyncIterator[Offered]:
        # An sdist's name can be read as several projects' (FIL-08): each is asked, the likeliest first.
        for project in projects_of(route.filename):
            with suppress(ProjectAbsent):
                offered = (await self._offer.find(project, request.at)).file(route.filename)
                if offered is not None and offered.source.direct:
                    yield offered

    def _led(self, offered: Offered, route: PublicFile) -> Answer:
        """Lead from a path that was made up from the file's name to the one that the page has, as PyPI does (FIL-06)."""
        if offered.file.refused is not None:
            return self.refusal(offered)
        return found_at(offered.file.url + (".metadata" if route.part == "metadata" else ""))

    async def own(self, route: SourceFile, request: Request) -> Answer | Delivery:
        """Answer for a file of another source than PyPI. Raises SourceUnavailable or FileGone."""
        try:
            found = await self._offer.find(normalise(route.spelling), request.at)
        except (InvalidName, ProjectAbsent):
            return self._not_offered(route.filename)
        offered = found.file(route.filename)
        if offered is None or offered.source.name != route.source or offered.source.direct:
            return self._not_offered(route.filename)
        return await self.give(offered, route.part == "metadata", request)

    @staticmethod
    def _not_offered(filename: str) -> Answer:
        return refused("offer", f"wheelgate: no page offers {filename} at this address")

    async def give(self, offered: Offered, metadata: bool, request: Request) -> Answer | Delivery:
        """Answer with a file that its page lists, or with its core metadata."""
        if offered.file.refused is not None:
            return self.refusal(offered)
        if metadata:
            return await self._metadata(offered, request)
        headers = _file_headers(offered)
        given = partial(self._serving.file, offered.project, offered.file.filename, request.at)
        etag = headers.get("ETag")
        if etag is not None and is_same(etag, request.headers.get("if-none-match")):
            given()
            return Answer(304, headers)
        if self._offer.announcer is not None:
            self._offer.announcer.passing(offered.source, offered.project, offered.file)
        return Delivery(offered.source, offered.file, headers, given)

    def refusal(self, offered: Offered) -> Answer:
        """Answer in the policy's words for a file that is refused, whatever of it was asked for."""
        assert offered.file.refused is not None
        more = self._desk.explains(offered.project)
        said, short = words(offered.file.refused, self._contact), line(offered.file.refused, self._contact, more)
        version = version_of(offered.file.filename, offered.project)
        logger.info("refused %s: %s", offered.file.filename, said)
        detail = f"{offered.project} {version or offered.file.filename}: {linked(said, more)}"
        return refused(offered.file.refused.policy, short, detail, more)

    async def _metadata(self, offered: Offered, request: Request) -> Answer:
        file, announcer = offered.file, self._offer.announcer
        if not file.core_metadata and (announcer is None or not file.filename.endswith(".whl")):
            return absent(f"wheelgate: no metadata is announced for {file.filename}")
        code = coding(request.headers.get("accept-encoding"))
        announced = file.core_metadata if isinstance(file.core_metadata, dict) else {}
        # Everything that tells one file from another of this name, and what its metadata must be.
        key = ("metadata", offered.source.name, file.url, *file.hashes.values(), *announced.values(), code)
        try:
            kept = self._kept.find(key) or await self._kept.fetch(key, lambda: _fetched(offered, code, announcer))
        except NoMetadata as error:
            if file.core_metadata:  # a promise, which is broken: the page makes it no more
                raise FileGone(f"the metadata of {file.filename} was announced, but the file {error}") from error
            return absent(f"wheelgate: no metadata is announced for {file.filename}, which {error}")
        return kept.for_client(request.headers.get("if-none-match"))


async def _fetched(offered: Offered, code: Coding, announcer: Announcer | None) -> Ready:
    source, file = offered.source, offered.file
    if announcer is None:
        body = await source.core_metadata(file)
    else:
        body = await announcer.metadata(source, offered.project, file)
    headers = {"Cache-Control": _cache_control(offered), "Vary": "Accept-Encoding", **CROSS_ORIGIN}
    return ready(coded(body, code), "application/octet-stream", code, headers)


def _path(offered: Offered) -> str:
    return one_spelling(unquote(urlsplit(offered.file.url).path))


def _cache_control(offered: Offered) -> str:
    return _IMMUTABLE if offered.source.direct and offered.file.hashes else _REVALIDATED


def _file_headers(offered: Offered) -> dict[str, str]:
    headers = {
        "Content-Type": "application/octet-stream",
        "Accept-Ranges": "bytes",
        "Cache-Control": _cache_control(offered),
        **CROSS_ORIGIN,
    }
    sha256 = offered.file.hashes.get("sha256")
    return {**headers, "ETag": f'"{sha256}"'} if sha256 else headers
