"""Projects that outlast their removal upstream, as the operator wants (`cache.keep`): the last page that had each file.

A quarantine ends that: what an index takes for malware is offered by nobody, and what was remembered of it is forgotten.
"""

import hashlib
import logging
from collections.abc import Callable

import msgspec

from addons.cache.flight import Flights
from addons.cache.recent import Recent
from addons.fetch.upstream import Document
from addons.off_loop import off_loop
from addons.simple.json_form import read_json, render_json
from addons.simple.names import ProjectName
from addons.simple.negotiation import Form
from addons.simple.page import Page, with_files
from addons.sources.asking import Asking
from addons.sources.lasting import Lasting

logger = logging.getLogger(__name__)

_KEPT_FILES = 50_000  # how many page entries are remembered, over all pages
_LARGE = 100  # files: of such a page, work on all of them is done beside the event loop
_QUARANTINED = "quarantined"
_HEADERS = {"content-type": Form.JSON.value}


class Outlasting:
    """What has gone from the pages of an index at `url`. `understood`: how the index takes a page up."""

    def __init__(self, url: str, asking: Asking, understood: Callable[[Page, Document], Page]) -> None:
        self._url = url
        self._asking = asking
        self._understood = understood
        documents = asking.keeping.documents
        self._disk = Lasting(asking, documents) if documents is not None else None
        self._recent: Recent[ProjectName, tuple[str, Page]] = Recent(_KEPT_FILES)
        self._flights: Flights[tuple[ProjectName, str], Page] = Flights()
        self._said: dict[ProjectName, frozenset[str]] = {}

    def wanted(self, project: ProjectName) -> bool:
        """Tell whether the operator wants that of the project."""
        return self._asking.keeping.forever(project)

    async def with_vanished(self, page: Page) -> Page:
        """Give the page with the files that have gone from it; what is in hand without suspending."""
        found = self._recent.find(page.project)
        if found is None or found[0] != page.version:
            whole = await self._flights.share((page.project, page.version), lambda: self._whole(page))
        else:
            whole = found[1]
        return msgspec.structs.replace(whole, stale=page.stale)

    async def instead(self, project: ProjectName) -> Page | None:
        """Give the last page of a project that the index said has gone; None if nothing is remembered of it."""
        last = await self._last(project)
        if last is None or last.status == _QUARANTINED:
            return None
        self._say(project, frozenset(file.filename for file in last.files))
        return last

    async def has_gone(self, project: ProjectName) -> bool:
        """Tell whether the last that the index said of the project is that there is none."""
        state = await self._disk.state(f"{self._url}{project}/") if self._disk is not None else None
        return state is not None and not state.digest

    def forget(self, project: ProjectName) -> None:
        """Forget what is in memory of a project."""
        self._recent.forget(project)

    async def _whole(self, page: Page) -> Page:
        last = await self._last(page.project)
        if page.status == _QUARANTINED:
            return await self._given_up(page, last)
        listed = {file.filename for file in page.files}
        gone = tuple(file for file in last.files if file.filename not in listed) if last is not None else ()
        whole = await off_loop(len(page.files) > _LARGE, with_files, page, (*page.files, *gone)) if gone else page
        if gone:
            digest = hashlib.blake2b(page.version.encode(), digest_size=16)
            digest.update(msgspec.json.encode(gone))
            whole = msgspec.structs.replace(whole, version=digest.hexdigest())
        self._say(page.project, frozenset(file.filename for file in gone))
        self._recent.keep(page.project, (page.version, whole), len(whole.files) + 1)
        if last is None or last.files != whole.files:
            await self._lay_down(whole)
        return whole

    async def _given_up(self, page: Page, last: Page | None) -> Page:
        self._recent.keep(page.project, (page.version, page), 1)
        self._said.pop(page.project, None)
        if last is not None and last.status != _QUARANTINED:
            logger.warning("source %s: %s is quarantined, and not kept any more", self._asking.source, page.project)
        if self._disk is not None:
            await self._disk.forget(self._place(page.project), self._asking.clock())
        return page

    async def _last(self, project: ProjectName) -> Page | None:
        found = self._recent.find(project)
        remembered = found[1] if found is not None else None
        state = await self._disk.state(self._place(project)) if self._disk is not None else None
        if state is None or self._disk is None:
            return remembered
        if not state.digest:  # perhaps another process was told of a quarantine
            self._recent.forget(project)
            return None
        if remembered is not None:
            return remembered
        answer = await self._disk.find(self._place(project), state.digest)
        return await off_loop(True, self._read, answer, project) if answer is not None else None

    def _read(self, answer: Document, project: ProjectName) -> Page:
        return self._understood(read_json(answer.body, answer.url, project), answer)

    async def _lay_down(self, page: Page) -> None:
        if self._disk is not None:
            body = await off_loop(len(page.files) > _LARGE, render_json, page)
            answer = Document(200, _HEADERS, body, f"{self._url}{page.project}/")
            now = self._asking.clock()
            await self._disk.keep(self._place(page.project), answer, now, now)

    def _place(self, project: ProjectName) -> str:
        return f"{self._url}{project}/#kept"

    def _say(self, project: ProjectName, gone: frozenset[str]) -> None:
        """Say in the log, once, which files are offered although they have gone."""
        if new := sorted(gone - self._said.get(project, frozenset())):
            words = "source %s: %d files of %s have gone, and are offered still, as cache.keep has it: %s"
            logger.warning(words, self._asking.source, len(new), project, ascii(", ".join(new))[:200])
        self._said[project] = gone
