"""The project list of a Simple index: streamed to a file as it comes, asked again with its ETag."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import httpx

from addons.fetch.upstream import Document
from addons.off_loop import opened
from addons.simple.negotiation import Form
from addons.sources.admitted import admitted, heard
from addons.sources.asking import Asking
from addons.sources.listed import ListDocument
from addons.sources.source import SourceUnavailable

MOST_BYTES = 512_000_000
"""Of a project list, as sent and as decoded: PyPI's million projects take 60 MB."""

MOST_SECONDS = 600.0
"""In which a project list has to arrive."""

MEDIA_TYPES = frozenset({Form.JSON.value, Form.HTML.value, Form.LEGACY_HTML.value})
_ACCEPT = f"{Form.JSON.content_type}, {Form.HTML.content_type};q=0.2, text/html;q=0.01"
_PART = 1 << 20  # bytes that are written at a time: each takes a hop to a thread


class IndexList:
    """Fetches the project list of the index at `url`."""

    def __init__(self, url: str, asking: Asking, most_bytes: int = MOST_BYTES, most_seconds: float = MOST_SECONDS):
        self._url = url
        self._asking = asking
        self._most_bytes = most_bytes
        self._most_seconds = most_seconds

    async def fetch(self, into: Path, known: ListDocument | None) -> ListDocument:
        """Write the list to `into`, as it was sent, unless it is the known one still. Raises SourceUnavailable.

        An index that has none (404) is no index without projects: that would make the whole list a lie.
        """
        try:
            async with asyncio.timeout(self._most_seconds):
                return await self._fetch(into, known)
        except TimeoutError as error:
            raise self._failed(f"its project list did not come within {self._most_seconds:g} s") from error
        except httpx.HTTPError as error:
            raise self._failed(f"broke off in the middle of its project list ({type(error).__name__})") from error

    async def _fetch(self, into: Path, known: ListDocument | None) -> ListDocument:
        conditional = {"If-None-Match": known.etag} if known is not None and known.etag else {}
        wanted = {"Accept": _ACCEPT, "Accept-Encoding": "gzip", **conditional}
        async with AsyncExitStack() as stack:
            with admitted(self._asking.source, self._asking.breaker) as turn:
                response = await stack.enter_async_context(self._asking.upstream.file(self._url, wanted))
                heard(turn, response.status_code, self._url)
            fresh_seconds = self._fresh_seconds(response)
            if response.status_code == HTTPStatus.NOT_MODIFIED and known is not None:
                return replace(known, fresh_seconds=fresh_seconds)
            media_type, gzipped = self._understood(response)
            digest = await self._write(response.aiter_raw(), into)
            return ListDocument(
                version=f"{media_type} {digest}",
                media_type=media_type,
                gzipped=gzipped,
                etag=response.headers.get("etag"),
                serial=response.headers.get("x-pypi-last-serial"),
                fresh_seconds=fresh_seconds,
            )

    def _understood(self, response: httpx.Response) -> tuple[str, bool]:
        if response.status_code != HTTPStatus.OK:
            host = urlsplit(self._url).hostname
            raise self._failed(f"{host} answered {response.status_code} for its project list")
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        if media_type not in MEDIA_TYPES:
            raise self._failed(f"answered with {ascii(media_type)[:80]}, which is no project list")
        if coding not in ("identity", "gzip", "x-gzip"):
            raise self._failed("sent its project list in a coding that was not asked for")
        return media_type, coding != "identity"

    async def _write(self, chunks: AsyncIterator[bytes], into: Path) -> str:
        digest, count, held = hashlib.sha256(), 0, bytearray()
        async with opened(into, "wb") as file:
            async for chunk in chunks:
                count += len(chunk)
                if count > self._most_bytes:
                    raise self._failed(f"sent a project list of more than {self._most_bytes // 1_000_000} MB")
                held += chunk
                if len(held) >= _PART:
                    await asyncio.to_thread(_keep, bytes(held), file, digest)
                    held.clear()
            await asyncio.to_thread(_keep, bytes(held), file, digest)
        return digest.hexdigest()

    def _fresh_seconds(self, response: httpx.Response) -> float:
        answer = Document(response.status_code, response.headers, b"", self._url)
        return max(self._asking.fresh_until(answer) - self._asking.clock(), 0.0)

    def _failed(self, words: str) -> SourceUnavailable:
        return SourceUnavailable(f"source {self._asking.source}: {words}")


def _keep(part: bytes, file: BinaryIO, digest: "hashlib._Hash") -> None:
    digest.update(part)
    file.write(part)
    file.flush()
