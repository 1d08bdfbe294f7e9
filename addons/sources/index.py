"""index: a Simple index somewhere else. PyPI is one; so is a partner's, or the organisation's own server."""

import hashlib
import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from math import inf
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import msgspec

from addons.cache.blobs import Blobs
from addons.fetch.upstream import Document, Upstream
from addons.off_loop import off_loop
from addons.simple.html_form import read_html
from addons.simple.json_form import read_json
from addons.simple.names import ProjectName
from addons.simple.negotiation import Form
from addons.simple.page import File, NotAPage, Page, with_files
from addons.sources.asking import Asking, Keeping
from addons.sources.index_documents import IndexDocuments
from addons.sources.index_files import IndexFiles
from addons.sources.index_list import IndexList
from addons.sources.kept_files import KeptFiles
from addons.sources.kept_metadata import KeptMetadata
from addons.sources.listed import ListDocument, ListTerms
from addons.sources.outlasting import Outlasting
from addons.sources.revalidated import Absent, Revalidated
from addons.sources.source import LegacyDocument, ProjectAbsent, Reading, SourceUnavailable, Span, Stretch, Told
from proxyconf import hosts
from proxyconf.addresses import is_loopback
from proxyconf.settings import Source as SourceSettings

logger = logging.getLogger(__name__)

_HEADERS = {"Accept": f"{Form.JSON.content_type}, {Form.HTML.content_type};q=0.2, text/html;q=0.01"}
_SMALL = 32_768  # bytes of a page: read in less time than a hop to a thread is worth
_KEPT_FILES = 50_000  # how many page entries are remembered, over all pages: about 50 MB


class Index:
    """Pages and files of a Simple index, asked over HTTP; pages are kept as long as upstream says, then revalidated."""

    def __init__(
        self,
        settings: SourceSettings,
        upstream: Upstream,
        fresh_seconds: int,
        clock: Callable[[], float] = time.monotonic,
        keeping: Keeping | None = None,
        blobs: Blobs | None = None,
    ) -> None:
        self.name = settings.name
        self.own = settings.own
        self._url = settings.index or ""
        self.direct = hosts.normal_host(urlsplit(self._url).netloc) in hosts.INDEX
        # URLs of a direct source reach clients unchanged: on a host that is not PyPI's, no policy would see the request.
        mine = frozenset(map(hosts.normal_host, dialled(settings)))
        self._hosts = mine & (hosts.INDEX | hosts.FILES) if self.direct else mine
        self._upstream = upstream
        self._files = IndexFiles(settings.name, upstream, clock)
        ask = self._files.core_metadata
        self._read_metadata = KeptMetadata(ask, blobs).read if blobs else ask
        self._read_file = KeptFiles(settings.name, self._files, blobs).read if blobs else self._files.read
        asking = Asking(
            source=settings.name,
            upstream=upstream,
            fresh_seconds=fresh_seconds,
            clock=clock,
            keeping=keeping,
            identity=(self._url, settings.username or ""),
        )
        self._asking = asking
        self._pages: Revalidated[ProjectName, Page] = Revalidated(asking, _KEPT_FILES, lambda page: len(page.files) + 1)
        self._outlasting = Outlasting(self._url, asking, self._understood)
        self._list = IndexList(self._url, asking)
        stale = asking.keeping.stale_seconds
        self.list_terms = ListTerms(
            key=asking.key(self._url),
            # An own source's list stands in only where none is to be had: MRG-03.
            stale_seconds=stale if settings.public or stale == inf else 0.0,
            patience_seconds=asking.keeping.patience_seconds,
        )
        self._documents = IndexDocuments(asking, self._url.removesuffix("simple/")) if self.direct else None

    async def page(self, project: ProjectName, max_age: float | None = None) -> Page:
        """Give the page as upstream has it, and what `Outlasting` has of it.

        Raises ProjectAbsent (404, 410) or SourceUnavailable (anything else).
        """
        outlasts = self._outlasting.wanted(project)
        try:
            page, stale = await self._pages.get(
                project, f"{self._url}{project}/", _HEADERS, lambda answer: self._read(answer, project), max_age
            )
        except (Absent, SourceUnavailable) as error:
            return await self._instead(project, error, outlasts=outlasts)
        page = page if stale is None else msgspec.structs.replace(page, stale=stale)
        return await self._outlasting.with_vanished(page) if outlasts else page

    async def _instead(self, project: ProjectName, error: Absent | SourceUnavailable, *, outlasts: bool) -> Page:
        last = await self._outlasting.instead(project) if outlasts else None
        if last is not None and (isinstance(error, Absent) or await self._outlasting.has_gone(project)):
            return last
        if isinstance(error, Absent):
            raise ProjectAbsent(project) from error
        raise error

    def forget(self, project: ProjectName) -> None:
        """Forget what is in memory of a project: it was purged from the disk."""
        self._pages.forget(lambda key: key == project)
        self._outlasting.forget(project)
        if self._documents is not None:
            self._documents.forget(project)

    @property
    def condition(self) -> str:
        """How the index is, in a word: `usual`, `out` (what is kept of it is given), or `down` (hardly asked any more)."""
        if self._asking.breaker.is_open:
            return "down"
        return "usual" if self._asking.outage.seconds is None else "out"

    async def projects(self, into: Path, known: ListDocument | None = None) -> ListDocument:
        """Write the index's project list to a file, as `IndexList.fetch` does."""
        return await self._list.fetch(into, known)

    async def _read(self, answer: Document, project: ProjectName) -> Page:
        if answer.status != HTTPStatus.OK:
            raise SourceUnavailable(f"source {self.name}: {urlsplit(self._url).hostname} answered {answer.status}")
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        read = read_json if kind == Form.JSON.content_type else read_html if kind in _HTML else None
        if read is None:
            raise SourceUnavailable(f"source {self.name}: answered with {kind or 'no content type'}, which is no page")
        try:
            return await off_loop(
                len(answer.body) > _SMALL, lambda: self._understood(read(answer.body, answer.url, project), answer)
            )
        except NotAPage as error:
            raise SourceUnavailable(
                f"source {self.name}: what it answered for {project} is no page: {error}"
            ) from error

    def _understood(self, page: Page, answer: Document) -> Page:
        # What was said, in which form and where, and which of it may be dialled: the same again is read to the same page.
        how = (answer.url, answer.headers.get("content-type"), sorted(self._hosts))
        digest = hashlib.blake2b(repr(how).encode(), digest_size=16)
        digest.update(answer.body)
        return msgspec.structs.replace(self._within_reach(page), source=self.name, version=digest.hexdigest())

    def _within_reach(self, page: Page) -> Page:
        """Leave out files on hosts that this source may not dial; they could not be had."""
        reached: dict[str, bool] = {}
        for file in page.files:
            origin = _origin(file.url)
            if origin not in reached:
                reached[origin] = self._reaches(urlsplit(origin))
        if all(reached.values()):
            return page
        reachable = tuple(file for file in page.files if reached[_origin(file.url)])
        logger.warning(
            "source %s: %d files of %s lie on hosts that are not in its files_hosts, and are left out",
            *(self.name, len(page.files) - len(reachable), page.project),
        )
        return with_files(page, reachable)

    def _reaches(self, url: SplitResult) -> bool:
        host = hosts.normal_host(url.netloc)
        return host in self._hosts and (url.scheme == "https" or is_loopback(host))

    def read(self, file: File, span: Span | None) -> AbstractAsyncContextManager[Reading]:
        """Read a file: from disk or while it is fetched there, as `KeptFiles.read` does, or from upstream."""
        return self._read_file(file, span)

    async def stretch(self, file: File, at: int | None, count: int) -> Stretch:
        """Ask upstream for a stretch of the file, as `IndexFiles.stretch` does."""
        return await self._files.stretch(file, at, count)

    async def core_metadata(self, file: File) -> bytes:
        """Give the file's metadata: from disk, or as `IndexFiles.core_metadata` gets it from upstream."""
        return await self._read_metadata(file)

    async def legacy(
        self, project: ProjectName, version: str | None, max_age: float | None = None
    ) -> LegacyDocument | None:
        """Ask PyPI for a document of its legacy JSON API, as `IndexDocuments.legacy` does; None if it is not PyPI."""
        return await self._documents.legacy(project, version, max_age) if self._documents is not None else None

    async def provenance(self, file: File, max_age: float | None = None) -> Told | None:
        """Ask PyPI for the file's provenance, as `IndexDocuments.provenance` does; None if it is not PyPI."""
        return await self._documents.provenance(file, max_age) if self._documents is not None else None

    async def classifiers(self, max_age: float | None = None) -> Told | None:
        """Ask PyPI for its classifiers, as `IndexDocuments.classifiers` does; None if it is not PyPI."""
        return await self._documents.classifiers(max_age) if self._documents is not None else None

    async def retire(self) -> None:
        """Close the pool when the last answer is through."""
        await self._upstream.retire()

    async def close(self) -> None:
        """Close the pool now."""
        await self._upstream.close()


_HTML = frozenset({"text/html", Form.HTML.content_type})


def _origin(url: str) -> str:
    """Give scheme, host and port of a file's URL, which is absolute: what stands before its path."""
    return url[: url.index("/", 8)]


def dialled(settings: SourceSettings) -> tuple[str, ...]:
    """Give the hosts that an index source may dial: its own first, then those its files may lie on."""
    return (urlsplit(settings.index or "").netloc, *settings.files_hosts)
