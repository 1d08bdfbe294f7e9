"""The one function between a request and its answer: route, page, policy, file."""

import hashlib
import logging

from werkzeug.http import parse_etags

from addons.answering.offer import Offer, Offered
from addons.answering.page_answer import answer_page
from addons.answering.request import Request
from addons.answers import Answer, absent, bad_upstream, moved, refused, unavailable
from addons.origin.tickets import Delivery
from addons.policies.wording import words
from addons.routes import PageRoute, PublicFile, Route, SourceFile, route
from addons.simple.distributions import version_of
from addons.simple.names import InvalidName, normalise
from addons.sources.source import FileGone, ProjectAbsent, SourceUnavailable

logger = logging.getLogger(__name__)

_IMMUTABLE = "max-age=365000000, immutable, public"  # PyPI's own, for what lies under its hash
_REVALIDATED = "max-age=0"  # the organisation's own files can be removed or replaced


class Answering:
    """Answers requests under one configuration, from start to end."""

    def __init__(self, offer: Offer, contact: str, max_age_seconds: int) -> None:
        self._offer = offer
        self._contact = contact
        self._max_age = max_age_seconds

    async def answer(self, request: Request) -> Answer | Delivery:
        """Give the answer, or the delivery that the origin makes of it. Known faults are answers; others are raised."""
        found = route(request.method, request.host, request.target)
        if isinstance(found, Answer):
            return found
        try:
            return await self._on(found, request)
        except SourceUnavailable as error:
            logger.warning("%s", error)
            return unavailable(f"wheelgate: {error}")
        except FileGone as error:
            logger.error("%s", error)
            return bad_upstream(f"wheelgate: {error}")

    async def _on(self, found: Route, request: Request) -> Answer | Delivery:
        match found:
            case PageRoute():
                return await self._page(found, request)
            case PublicFile():
                return await self._file(found, await self._offer.public_file(found, request.at), request)
            case SourceFile():
                return await self._file(found, await self._offer.source_file(found, request.at), request)

    async def _page(self, found: PageRoute, request: Request) -> Answer:
        try:
            project = normalise(found.spelling)
        except InvalidName:
            return absent("wheelgate: no project can have this name")
        if project != found.spelling:
            return moved(f"/simple/{project}/" + (f"?{found.query}" if found.query else ""))
        try:
            page = await self._offer.page(project, request.at)
        except ProjectAbsent:
            return absent(f"wheelgate: no source has a project {project}")
        return await answer_page(page, request.headers, found.wanted, self._max_age)

    async def _file(
        self, found: PublicFile | SourceFile, offered: Offered | None, request: Request
    ) -> Answer | Delivery:
        if offered is None:
            return refused("offer", f"wheelgate: no page offers {found.filename} at this address")
        if offered.file.refused is not None:
            return self._refused(offered)
        if found.part == "metadata":
            return await self._metadata(offered, request)
        headers = _file_headers(offered)
        if _unchanged(request, headers.get("ETag")):
            return Answer(304, headers)
        return Delivery(offered.source, offered.file, headers)

    def _refused(self, offered: Offered) -> Answer:
        assert offered.file.refused is not None
        line = words(offered.file.refused, self._contact)
        version = version_of(offered.file.filename, offered.project)
        logger.info("refused %s: %s", offered.file.filename, line)
        return refused(
            offered.file.refused.policy, line, f"{offered.project} {version or offered.file.filename}: {line}"
        )

    async def _metadata(self, offered: Offered, request: Request) -> Answer:
        if not offered.file.core_metadata:
            return absent(f"wheelgate: no metadata is announced for {offered.file.filename}")
        body = await offered.source.core_metadata(offered.file)
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        headers = {"ETag": etag, "Cache-Control": _cache_control(offered)}
        if _unchanged(request, etag):
            return Answer(304, headers)
        return Answer(200, {**headers, "Content-Type": "application/octet-stream"}, body)


def _cache_control(offered: Offered) -> str:
    return _IMMUTABLE if offered.source.direct and offered.file.hashes else _REVALIDATED


def _file_headers(offered: Offered) -> dict[str, str]:
    headers = {
        "Content-Type": "application/octet-stream",
        "Accept-Ranges": "bytes",
        "Cache-Control": _cache_control(offered),
    }
    sha256 = offered.file.hashes.get("sha256")
    return {**headers, "ETag": f'"{sha256}"'} if sha256 else headers


def _unchanged(request: Request, etag: str | None) -> bool:
    sent = parse_etags(request.headers.get("if-none-match"))
    return etag is not None and sent.contains_weak(etag.strip('"'))
