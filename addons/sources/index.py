"""index: a Simple index somewhere else. PyPI is one; so is a partner's, or the organisation's own server."""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

import msgspec
from werkzeug.http import parse_cache_control_header

from addons.cache.flight import Flights
from addons.cache.recent import Recent
from addons.fetch.upstream import Document, FetchFailed, Upstream
from addons.off_loop import off_loop
from addons.simple.html_form import read_html
from addons.simple.json_form import read_json
from addons.simple.names import ProjectName
from addons.simple.negotiation import Form
from addons.simple.page import File, NotAPage, Page, with_files
from addons.sources.index_files import ABSENT, IndexFiles
from addons.sources.source import ProjectAbsent, Reading, SourceUnavailable, Span
from proxyconf import hosts
from proxyconf.addresses import is_loopback
from proxyconf.settings import MOST_FRESH_SECONDS
from proxyconf.settings import Source as SourceSettings

logger = logging.getLogger(__name__)

_ACCEPT = f"{Form.JSON.content_type}, {Form.HTML.content_type};q=0.2, text/html;q=0.01"
_SMALL = 32_768  # bytes of a page: read in less time than a hop to a thread is worth
_KEPT_FILES = 50_000  # how many page entries are remembered, over all pages: about 50 MB


@dataclass(frozen=True)
class _Kept:
    page: Page
    etag: str | None
    fresh_until: float


class Index:
    """Pages and files of a Simple index, asked over HTTP; pages are kept as long as upstream says, then revalidated."""

    def __init__(
        self,
        settings: SourceSettings,
        upstream: Upstream,
        fresh_seconds: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = settings.name
        self.own = settings.own
        self._url = settings.index or ""
        self.direct = hosts.normal_host(urlsplit(self._url).netloc) in hosts.INDEX
        # URLs of a direct source reach clients unchanged: on a host that is not PyPI's, no policy would see the request.
        mine = frozenset(map(hosts.normal_host, dialled(settings)))
        self._hosts = mine & (hosts.INDEX | hosts.FILES) if self.direct else mine
        self._upstream = upstream
        self._files = IndexFiles(settings.name, upstream)
        self._fresh_seconds = fresh_seconds
        self._clock = clock
        self._recent: Recent[ProjectName, _Kept] = Recent(_KEPT_FILES)
        self._flights: Flights[ProjectName, Page] = Flights()

    async def page(self, project: ProjectName) -> Page:
        """Give the page as upstream has it. Raises ProjectAbsent (404, 410) or SourceUnavailable (anything else)."""
        kept = self._recent.find(project)
        if kept is not None and self._clock() < kept.fresh_until:
            return kept.page
        return await self._flights.share(project, lambda: self._ask(project, kept))

    async def _ask(self, project: ProjectName, kept: _Kept | None) -> Page:
        conditional = {"If-None-Match": kept.etag} if kept is not None and kept.etag else {}
        try:
            answer = await self._upstream.document(f"{self._url}{project}/", {"Accept": _ACCEPT, **conditional})
        except FetchFailed as error:
            raise SourceUnavailable(f"source {self.name}: {error}") from error
        if answer.status == HTTPStatus.NOT_MODIFIED and kept is not None:
            self._keep(project, replace(kept, fresh_until=self._until(answer)))
            return kept.page
        if answer.status in ABSENT:
            self._recent.forget(project)
            raise ProjectAbsent(project)
        page = await self._read(answer, project)
        self._keep(project, _Kept(page, answer.headers.get("etag"), self._until(answer)))
        return page

    async def _read(self, answer: Document, project: ProjectName) -> Page:
        if answer.status != HTTPStatus.OK:
            raise SourceUnavailable(f"source {self.name}: {urlsplit(self._url).hostname} answered {answer.status}")
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        read = read_json if kind == Form.JSON.content_type else read_html if kind in _HTML else None
        if read is None:
            raise SourceUnavailable(f"source {self.name}: answered with {kind or 'no content type'}, which is no page")
        try:
            return await off_loop(
                len(answer.body) > _SMALL, lambda: self._within_reach(read(answer.body, answer.url, project))
            )
        except NotAPage as error:
            raise SourceUnavailable(
                f"source {self.name}: what it answered for {project} is no page: {error}"
            ) from error

    def _within_reach(self, page: Page) -> Page:
        """Leave out files on hosts that this source may not dial; they could not be had."""
        reachable = tuple(file for file in page.files if self._reaches(urlsplit(file.url)))
        if left_out := len(page.files) - len(reachable):
            logger.warning(
                "source %s: %d files of %s lie on hosts that are not in its files_hosts, and are left out",
                *(self.name, left_out, page.project),
            )
        return msgspec.structs.replace(with_files(page, reachable) if left_out else page, source=self.name)

    def _reaches(self, url: SplitResult) -> bool:
        host = hosts.normal_host(url.netloc)
        return host in self._hosts and (url.scheme == "https" or is_loopback(host))

    def _keep(self, project: ProjectName, kept: _Kept) -> None:
        self._recent.keep(project, kept, len(kept.page.files) + 1)

    def _until(self, answer: Document) -> float:
        said = parse_cache_control_header(answer.headers.get("cache-control"))
        if said.no_store or said.no_cache:
            return 0.0
        seconds = self._fresh_seconds if said.max_age is None else said.max_age
        return self._clock() + min(max(seconds, 0), MOST_FRESH_SECONDS)

    def read(self, file: File, span: Span | None) -> AbstractAsyncContextManager[Reading]:
        """Read a file from upstream, as `IndexFiles.read` does."""
        return self._files.read(file, span)

    async def core_metadata(self, file: File) -> bytes:
        """Ask upstream for the file's metadata, as `IndexFiles.core_metadata` does."""
        return await self._files.core_metadata(file)

    async def retire(self) -> None:
        """Close the pool when the last answer is through."""
        await self._upstream.retire()

    async def close(self) -> None:
        """Close the pool now."""
        await self._upstream.close()


_HTML = frozenset({"text/html", Form.HTML.content_type})


def dialled(settings: SourceSettings) -> tuple[str, ...]:
    """Give the hosts that an index source may dial: its own first, then those its files may lie on."""
    return (urlsplit(settings.index or "").netloc, *settings.files_hosts)
