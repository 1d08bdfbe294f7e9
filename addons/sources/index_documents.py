"""PyPI's documents beside the pages: the legacy JSON API, provenance, classifiers. Kept as pages are.

Sources: https://docs.pypi.org/api/json/; https://docs.pypi.org/api/integrity/.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec

from addons.cache.whose import Whose, kind_of
from addons.fetch.upstream import Document
from addons.off_loop import off_loop
from addons.simple.names import ProjectName
from addons.simple.page import File
from addons.sources.asking import Asking
from addons.sources.revalidated import Revalidated
from addons.sources.source import LegacyDocument, SourceUnavailable, Told

_CAPACITY = 64_000_000  # bytes of documents: twenty of the largest projects, or thousands of usual ones
_ENTRY = 1000  # bytes that an entry costs besides its content
_SMALL = 32_768  # bytes: read in less time than a hop to a thread is worth
_JSON = {"Accept": "application/json"}
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,254}")  # no other text is one, and none leads elsewhere (PEP 440)
INTEGRITY = "application/vnd.pypi.integrity.v1+json"
"""The media type of provenance objects (PEP 740)."""


_OBJECT = msgspec.json.Decoder(dict[str, Any])


class IndexDocuments:
    """Asks PyPI for documents of its own. `root` is the URL that their paths begin at, with its slash."""

    def __init__(self, asking: Asking, root: str) -> None:
        self._asking = asking
        self._root = root
        self._kept: Revalidated[str, LegacyDocument | None] = Revalidated(
            asking, _CAPACITY, lambda found: _ENTRY + (len(found.content) if found is not None else 0), lambda: None
        )

    async def legacy(self, project: ProjectName, version: str | None, max_age: float | None) -> LegacyDocument | None:
        """Give the document of a project or of one release; None where PyPI has none (plain mirrors lack the latter).

        Raises SourceUnavailable, also for what is no such document.
        """
        if version is not None and not _VERSION.fullmatch(version):
            return None
        below = project if version is None else f"{project}/{quote(version, safe='+!')}"
        return await self._get(f"{self._root}pypi/{below}/json", _JSON, self._legacy, max_age)

    async def provenance(self, file: File, max_age: float | None = None) -> Told | None:
        """Give the provenance that the file's page leads to; None if it leads to none, or PyPI has none there."""
        if file.provenance is None:
            return None
        accept = {"Accept": f"{INTEGRITY}, application/json;q=0.5"}
        return _told(await self._get(file.provenance, accept, self._provenance, max_age))

    async def classifiers(self, max_age: float | None = None) -> Told | None:
        """Give the classifiers, one a line; None if PyPI does not have them there."""
        url = f"{self._root}pypi?%3Aaction=list_classifiers"
        return _told(await self._get(url, {"Accept": "*/*"}, self._classifiers, max_age))

    def forget(self, project: ProjectName) -> None:
        """Forget what is in memory of a project."""
        index = f"{self._root}simple/"
        self._kept.forget(lambda url: kind_of(Whose(self._asking.source, index, "", url))[1] == project)

    async def _get(
        self,
        url: str,
        headers: dict[str, str],
        read: Callable[[Document], LegacyDocument],
        max_age: float | None = None,
    ) -> LegacyDocument | None:
        async def checked(answer: Document) -> LegacyDocument:
            self._expect(answer, url)
            return await off_loop(len(answer.body) > _SMALL, read, answer)

        found, stale = await self._kept.get(url, url, headers, checked, max_age)
        return found if found is None or stale is None else replace(found, stale=stale)

    def _expect(self, answer: Document, url: str) -> None:
        path = url.removeprefix(self._root)
        if answer.status != HTTPStatus.OK:
            raise SourceUnavailable(f"source {self._asking.source}: answered {answer.status} for {path}")

    def _legacy(self, answer: Document) -> LegacyDocument:
        """Check that the body is a document: JSON by its label and in fact, an object with an `info` object."""
        self._typed(answer, "application/json")
        info = self._object(answer).get("info")
        if not isinstance(info, dict):
            raise SourceUnavailable(f"source {self._asking.source}: answered with a document that has no info")
        text = info.get("version")
        return _document(answer, text if isinstance(text, str) else None)

    def _provenance(self, answer: Document) -> LegacyDocument:
        self._typed(answer, INTEGRITY, "application/json")
        self._object(answer)
        return _document(answer, None)

    def _classifiers(self, answer: Document) -> LegacyDocument:
        self._typed(answer, "text/plain")
        return _document(answer, None)

    def _typed(self, answer: Document, *types: str) -> None:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in types:
            said = ascii(kind)[:100] if kind else "no content type"
            raise SourceUnavailable(f"source {self._asking.source}: answered with {said} where {types[0]} belongs")

    def _object(self, answer: Document) -> dict[str, Any]:
        try:
            return _OBJECT.decode(answer.body)
        except (ValueError, RecursionError) as error:  # msgspec's own errors are ValueErrors
            raise SourceUnavailable(
                f"source {self._asking.source}: answered with what is no such document: {ascii(str(error))[:200]}"
            ) from error


def _told(found: LegacyDocument | None) -> Told | None:
    return None if found is None else Told(found.content, found.stale)


def _document(answer: Document, describes: str | None) -> LegacyDocument:
    return LegacyDocument(answer.body, hashlib.blake2b(answer.body, digest_size=16).hexdigest(), describes)
