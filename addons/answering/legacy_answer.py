"""The legacy JSON API, for every project that has a page: PyPI's own document made to agree with it, or a composed one."""

import logging
from collections.abc import Hashable
from urllib.parse import quote

from addons.answering.coded import coded
from addons.answering.kept import Kept, Ready, no_longer_than, ready, stood_in
from addons.answering.legacy_facts import Facts, composed, gather, public_source, rendered
from addons.answering.offer import Found, Offer, is_large
from addons.answering.page_answer import serial
from addons.answering.request import Request
from addons.answers import CROSS_ORIGIN, Answer, moved, phrase
from addons.cache.recent import Recent
from addons.events.serving import UNRECORDED, Serving
from addons.legacy.shelf import Shelf, shelved
from addons.off_loop import off_loop
from addons.route_kinds import LegacyRoute
from addons.simple.names import InvalidName, normalise
from addons.simple.negotiation import Coding, coding
from addons.sources.source import ProjectAbsent

logger = logging.getLogger(__name__)

_SMALL = 32_768  # bytes of a document: rewritten in less time than a hop to a thread is worth
_KEPT_FILES = 50_000  # how many page entries are kept sorted by release, over all pages


class LegacyAnswers:
    """Answers for `/pypi/<name>/json` and `/pypi/<name>/<version>/json`. `max_age` is what clients get, in seconds.

    `serving` takes note of them as of pages.
    """

    def __init__(self, offer: Offer, kept: Kept, max_age: int, serving: Serving = UNRECORDED) -> None:
        self._offer = offer
        self._kept = kept
        self._max_age = max_age
        self._serving = serving
        self._shelves: Recent[Hashable, Shelf] = Recent(_KEPT_FILES)
        self._said: set[str] = set()  # sources of which the log has said that they lack documents

    async def answer(self, route: LegacyRoute, request: Request) -> Answer:
        """Answer with the document, a 304, or 404 where the page shows no file (LEG-03). Raises SourceUnavailable."""
        try:
            project = normalise(route.spelling)
        except InvalidName:
            return not_found("no project can have this name")
        if project != route.spelling:
            below = project if route.version is None else f"{project}/{quote(route.version, safe='+!')}"
            return moved(f"/pypi/{below}/json")
        try:
            found = await self._offer.find(project, request.at, request.max_age)
        except ProjectAbsent:
            return not_found(f"no source has a project {project}")
        shelf = await self._shelf(found)
        about = shelf.latest if route.version is None else shelf.find(route.version)
        if about is None:
            return not_found(f"no file of {project} is offered" + (" in this version" if route.version else ""))
        facts = await gather(found, shelf, about, whole=route.version is None, max_age=request.max_age)
        made = await self._ready(facts, coding(request.headers.get("accept-encoding")))
        answer = no_longer_than(made.for_client(request.headers.get("if-none-match")), found.left(request.at))
        self._serving.page(project, request.at)
        return stood_in(answer, facts.stale)

    async def _shelf(self, found: Found) -> Shelf:
        shelf = self._shelves.find(found.version)
        if shelf is None:
            shelf = await off_loop(is_large(found.shown), shelved, found.shown)
            self._shelves.keep(found.version, shelf, len(found.shown.files) + 1)
        return shelf

    async def _ready(self, facts: Facts, code: Coding) -> Ready:
        versions = [document.version if document is not None else "" for document in (facts.project, facts.own)]
        key = ("legacy", facts.found.version, facts.whole, facts.about.text, *versions, code, self._max_age)
        return self._kept.find(key) or await self._kept.fetch(key, lambda: self._made(facts, code))

    async def _made(self, facts: Facts, code: Coding) -> Ready:
        info = None if facts.suffices else await composed(facts, self._offer.announcer)
        if not facts.described:
            self._say(facts)
        size = sum(len(document.content) for document in facts.documents)
        large = size > _SMALL or is_large(facts.found.shown)
        return await off_loop(large, _finished, facts, info, code, self._max_age)

    def _say(self, facts: Facts) -> None:
        """Say in the log, once, of whose releases no vulnerability will ever be told (LEG-06)."""
        source = public_source(facts.found)
        if source is not None and source.name not in self._said:
            self._said.add(source.name)
            logger.warning(
                "source %s: has no document of %s %s, so one is made out of core metadata, and tells of no"
                " vulnerabilities; this is said once",
                *(source.name, facts.found.project, ascii(facts.about.text)[:100]),
            )


def _finished(facts: Facts, info: dict[str, object] | None, code: Coding, max_age: int) -> Ready:
    body, meta = rendered(facts, info)
    headers = {"Cache-Control": f"max-age={max_age}", "Vary": "Accept-Encoding", **serial(meta), **CROSS_ORIGIN}
    return ready(coded(body, code), "application/json", code, headers)


def not_found(words: str) -> Answer:
    """Answer 404 as PyPI's JSON APIs do; `words` go into the reason phrase."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store", **CROSS_ORIGIN}
    return Answer(404, headers, b'{"message": "Not Found"}', phrase(f"wheelgate: {words}"))
