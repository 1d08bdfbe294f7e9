"""Stretches cut out of bodies that come in pieces."""

from collections.abc import AsyncIterator

from addons.sources.source import SourceUnavailable, Span


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
