"""The project list as bytes from disk: in the form and coding that the client asked for."""

import hashlib

from addons.answering.kept import STALE, is_same
from addons.answering.page_answer import serial
from addons.answering.request import Request
from addons.answers import CROSS_ORIGIN, Answer
from addons.listing.project_list import ProjectList
from addons.origin.tickets import Delivery
from addons.route_kinds import ListRoute
from addons.simple.negotiation import Form, coding, negotiate


class ListAnswers:
    """Answers for the project list. `max_age` is the Cache-Control that clients get, in seconds."""

    def __init__(self, projects: ProjectList, max_age: int) -> None:
        self._projects = projects
        self._max_age = max_age

    async def answer(self, route: ListRoute, request: Request) -> Answer | Delivery:
        """Answer with the list, or 304 where the client's copy is this very one (CCH-01 to CCH-04).

        Raises SourceUnavailable, or RuntimeError for a fault of this machine.
        """
        made = await self._projects.current(request.at, request.max_age)
        form = negotiate(request.headers.get("accept"), route.wanted)
        code = coding(request.headers.get("accept-encoding"))
        found = made.files["json" if form is Form.JSON else "html", code]
        # Two types have the same bytes: of one ETag they would be one representation (NEG-09).
        digest = hashlib.sha256((found.file.hashes["sha256"] + form.content_type).encode()).hexdigest()
        etag = f'"{digest[:32]}"'
        common = {
            "ETag": etag,
            "Cache-Control": f"max-age={self._max_age}",
            "Vary": "Accept, Accept-Encoding",
            **serial({"_last-serial": made.serial}),
            **CROSS_ORIGIN,
        }
        stale = self._projects.stale
        if stale is not None:
            common["Cache-Control"] = "max-age=0"
        if is_same(etag, request.headers.get("if-none-match")):
            return Answer(304, common)
        mark = {} if stale is None else {STALE: f"{stale:.0f}"}
        encoding = {} if code == "identity" else {"Content-Encoding": code}
        return Delivery(
            *(found, found.file),
            {**common, **encoding, **mark, "Content-Type": form.content_type, "Accept-Ranges": "bytes"},
        )
