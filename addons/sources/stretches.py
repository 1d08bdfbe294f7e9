"""Stretches cut out of bodies that come in pieces."""

import re
from collections.abc import AsyncIterator

import httpx

from addons.sources.source import SourceUnavailable, Span, Stretch

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19})")


async def cut(chunks: AsyncIterator[bytes], span: Span) -> AsyncIterator[bytes]:
    """Give just the span out of a body; raises SourceUnavailable if the body ends before the span does."""
    at = 0
    async for chunk in chunks:
        piece = chunk[max(span.start - at, 0) : span.stop - at]
        at += len(chunk)
        if piece:
            yield piece
        if at >= span.stop:
            return
    raise SourceUnavailable("the body ended before the range that was asked for")


async def behind(chunks: AsyncIterator[bytes], start: int) -> AsyncIterator[bytes]:
    """Give what stands behind the first `start` bytes of a body, to its end."""
    at = 0
    async for chunk in chunks:
        piece = chunk[max(start - at, 0) :]
        at += len(chunk)
        if piece:
            yield piece


async def chained(first: AsyncIterator[bytes], then: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Give one body after the other."""
    for chunks in (first, then):
        async for chunk in chunks:
            yield chunk


async def stretch_of(
    response: httpx.Response, chunks: AsyncIterator[bytes], at: int | None, count: int
) -> Stretch | None:
    """Give the bytes of a 206 for `count` of them from `at` on, or for the last ones (None); None if they are others.

    Fewer are given where the file ends. Source: RFC 9110, section 14.4. Raises SourceUnavailable.
    """
    said = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if said is None:
        return None
    first, last, length = map(int, said.groups())
    begin = max(length - count, 0) if at is None else at
    if first != begin or not first <= last == min(begin + count, length) - 1:
        return None
    content = bytearray()
    async for chunk in chunks:  # to the body's end: a connection that is left before it is lost to the next request
        content += chunk
        if len(content) > last + 1 - first:
            return None
    if len(content) < last + 1 - first:
        raise SourceUnavailable("the body ended before the range that was asked for")
    return Stretch(first, bytes(content), length, response.headers.get("etag", ""))
