"""A page as bytes: in the form and coding that the client asked for, made once for all who ask alike."""

import re
from collections.abc import Mapping

from addons.answering.coded import coded
from addons.answering.kept import Kept, Ready, no_longer_than, ready, stood_in
from addons.answering.offer import Found, Offer, is_large
from addons.answering.request import Request
from addons.answers import CROSS_ORIGIN, Answer, absent, found_at, moved
from addons.events.serving import UNRECORDED, Serving
from addons.route_kinds import PageRoute, ProjectForPeople
from addons.simple.html_form import render_html
from addons.simple.json_form import render_json
from addons.simple.names import InvalidName, normalise
from addons.simple.negotiation import Coding, Form, coding, negotiate
from addons.simple.page import Page
from addons.sources.source import ProjectAbsent

_SERIAL = re.compile(r"[0-9]{1,19}")  # upstream's text goes into a header: nothing but a number (MRG-09)


class PageAnswers:
    """Answers for projects' pages. `max_age` is the Cache-Control that clients get, in seconds; `serving` takes note of them."""

    def __init__(self, offer: Offer, kept: Kept, max_age: int, serving: Serving = UNRECORDED) -> None:
        self._offer = offer
        self._kept = kept
        self._max_age = max_age
        self._serving = serving

    async def answer(self, found: PageRoute, request: Request) -> Answer:
        """Answer with the page: 200, or 304 where the client's copy is this very page. Raises SourceUnavailable."""
        try:
            project = normalise(found.spelling)
        except InvalidName:
            return absent("wheelgate: no project can have this name")
        if project != found.spelling:
            return moved(f"/simple/{project}/" + (f"?{found.query}" if found.query else ""))
        try:
            offered = await self._offer.find(project, request.at, request.max_age)
        except ProjectAbsent:
            return absent(f"wheelgate: no source has a project {project}")
        form = negotiate(request.headers.get("accept"), found.wanted)
        code = coding(request.headers.get("accept-encoding"))
        made = await self._ready(offered, form, code)
        answer = no_longer_than(made.for_client(request.headers.get("if-none-match")), offered.left(request.at))
        self._serving.page(project, request.at)
        return stood_in(answer, offered.stale)

    async def _ready(self, offered: Found, form: Form, code: Coding) -> Ready:
        key = (offered.version, form, code, self._max_age)
        shown = offered.shown
        found = self._kept.find(key)
        if found is None:
            found = await self._kept.make(key, lambda: _made(shown, form, code, self._max_age), large=is_large(shown))
            if self._offer.announcer is not None:
                self._offer.announcer.shown(offered.parts, offered.page)
        return found

    def for_people(self, found: ProjectForPeople) -> Answer:
        """Lead a browser to what there is to see here: the project's page, policed like everything."""
        try:
            return found_at(f"/simple/{normalise(found.spelling)}/")
        except InvalidName:
            return absent("wheelgate: no project can have this name")


def _made(page: Page, form: Form, code: Coding, max_age: int) -> Ready:
    body = coded(render_json(page) if form is Form.JSON else render_html(page), code)
    headers = {"Cache-Control": f"max-age={max_age}", "Vary": "Accept, Accept-Encoding", **serial(page.meta)}
    return ready(body, form.content_type, code, {**headers, **CROSS_ORIGIN})


def serial(meta: Mapping[str, object]) -> dict[str, str]:
    """Give the header with upstream's serial, as its `meta` has it; nothing if it is no number (MRG-09)."""
    text = str(meta.get("_last-serial", ""))
    return {"X-PyPI-Last-Serial": text} if _SERIAL.fullmatch(text) else {}
