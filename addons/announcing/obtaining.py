"""Where core metadata comes from, in order: our copy of the file, upstream's own, the remote file's end, all of it (MET-04)."""

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path

from addons.announcing.ranges import TooMuch, by_ranges
from addons.announcing.serving import Serving
from addons.cache.announced import How
from addons.cache.blobs import Blobs
from addons.cache.promised import Promise
from addons.metadata.agreeing import check_agreement
from addons.metadata.archive import BOUNDS, NotADistribution, Read, core_metadata, wheel_metadata
from addons.metadata.final import check_final
from addons.off_loop import off_loop
from addons.simple.distributions import Distribution, distribution
from addons.simple.page import File
from addons.sources.kept_files import promise_of
from addons.sources.source import FileGone, Refused, Source, SourceUnavailable, Stretch, Unranged

logger = logging.getLogger(__name__)

_SMALL = 32_768  # bytes of metadata, looked through in less time than a hop to a thread takes
_TAIL = 66_000  # bytes: what the reader of archives looks at first, which often has all
_LONG_TAILS = ((100_000_000, 196_608), (10_000_000, 131_072))  # of wheels of more bytes, which have more members
_RANGES_SECONDS = 60.0


def _read(path: Path, named: Distribution) -> bytes:
    content = core_metadata(path, named)
    if named.kind == "sdist":
        check_final(content)
    return content


class NoMetadata(Exception):
    """There is none that could be served. In words that follow the file's name. `how`: what was looked at, and said so."""

    def __init__(self, words: str, how: How | None = None) -> None:
        super().__init__(words)
        self.how = how


@dataclass(frozen=True)
class Obtained:
    """Core metadata, byte for byte, and where it came from."""

    content: bytes
    how: How


@dataclass(frozen=True)
class Wanted:
    """A file whose metadata is wanted, its source, and what that serves; `asked`: its `.metadata` came to nothing just now."""

    source: Source
    serving: Serving
    file: File
    named: Distribution
    promise: Promise
    asked: bool

    @property
    def is_wheel(self) -> bool:
        """Whether little of it is enough: an sdist has to be unpacked from its beginning."""
        return self.named.kind == "wheel"


def wanted(source: Source, serving: Serving, file: File, *, asked: bool = False) -> Wanted:
    """Say what is wanted; `asked`: its source's `.metadata` came to nothing just now. Raises NoMetadata for what can have none."""
    named, promise = distribution(file.filename), promise_of(file)
    if named is None:
        raise NoMetadata("is not named like a wheel or an sdist")
    if promise is None:
        raise NoMetadata("has no sha256 on its page, by which its metadata could be told from another file's")
    return Wanted(source, serving, file, named, promise, asked)


class Obtaining:
    """Obtains core metadata; files that it needs all of go into the store.

    `ranges_seconds` is for all requests for the ranges of one wheel.
    """

    def __init__(self, blobs: Blobs, ranges_seconds: float = _RANGES_SECONDS) -> None:
        self._blobs = blobs
        self._ranges_seconds = ranges_seconds

    async def obtain(self, want: Wanted, *, at_any_price: bool) -> Obtained:
        """Give a file's metadata; `at_any_price`, also if the whole file has to be fetched for it.

        Raises NoMetadata, FileGone or SourceUnavailable.
        """
        found = await self.copied(want) or await self._own(want)
        broke_off = False
        if found is None:
            try:
                found = await self._ranged(want)
            except (NoMetadata, SourceUnavailable) as error:  # of what is not proven to be the right file; of ranges
                if not at_any_price:
                    raise
                broke_off = isinstance(error, SourceUnavailable)
        if found is None and at_any_price:
            await self._fetch(want)
            if broke_off:  # only ranges are not to be had
                await want.serving.failed(want.serving.ranges)
            found = await self.copied(want)
        if found is None:
            raise NoMetadata("is not there, and its source gives nothing less than the whole file")
        return found

    async def copied(self, want: Wanted) -> Obtained | None:
        """Read it out of our copy, once that is proven; None if there is none. Raises NoMetadata."""
        path = await self._blobs.proven(want.promise.sha256)
        if path is None:
            return None
        try:
            return Obtained(await off_loop(True, _read, path, want.named), "file")
        except NotADistribution as error:
            if not path.exists():  # it was purged, or made way, meanwhile
                return None
            raise NoMetadata(str(error), "file") from error

    async def _own(self, want: Wanted) -> Obtained | None:
        way, announced = want.serving.metadata, isinstance(want.file.core_metadata, dict)
        if want.asked or (not announced and not (way.is_open if want.is_wheel else want.file.core_metadata)):
            return None
        try:
            content = await want.source.core_metadata(want.file)
            await off_loop(len(content) > _SMALL, check_agreement, content, want.named, BOUNDS)
        except (FileGone, NotADistribution) as error:
            logger.info("source %s: no .metadata of %s: %s", want.source.name, want.file.filename, error)
            if not announced:
                await want.serving.failed(way)
            return None
        except SourceUnavailable as error:
            logger.info("%s", error)
            if isinstance(error, Refused) and not announced:
                await want.serving.failed(way)
            return None
        if not announced:
            await want.serving.led(way)
        return Obtained(content, "upstream")

    async def _ranged(self, want: Wanted) -> Obtained | None:
        way = want.serving.ranges
        if not (want.is_wheel and way.is_open):
            return None

        def parse(read: Read, length: int) -> bytes:
            return wheel_metadata(read, length, want.named)

        def fetch(at: int | None, count: int) -> Awaitable[Stretch]:
            return want.source.stretch(want.file, at, count)

        tail = next((tail for size, tail in _LONG_TAILS if (want.file.size or 0) > size), _TAIL)
        try:
            async with asyncio.timeout(self._ranges_seconds):
                content = await by_ranges(parse, fetch, want.file.size, tail)
        except (Unranged, TimeoutError) as error:
            logger.info(
                "%s: its metadata cannot be had by ranges: %s", want.file.filename, str(error) or "it took too long"
            )
            if not isinstance(error, TooMuch):
                await want.serving.failed(way)
            return None
        except NotADistribution as error:
            raise NoMetadata(str(error), "ranges") from error
        await want.serving.led(way)
        return Obtained(content, "ranges")

    async def _fetch(self, want: Wanted) -> None:
        async with want.source.read(want.file, None) as reading:
            async for _ in reading.chunks:
                pass
        await self._blobs.put_away(want.promise.sha256)
