"""Announcing: what is known of files' core metadata, and how it comes to be known. One for all configurations."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from addons.announcing.in_hand import InHand
from addons.announcing.lines import Key, Lines
from addons.announcing.links import Announced, Terms
from addons.announcing.obtaining import NoMetadata, Obtaining, Wanted, wanted
from addons.announcing.proving import Proving
from addons.announcing.serving import Serving
from addons.cache.announced import Entry
from addons.cache.blobs import Blobs
from addons.cache.documents import Documents
from addons.cache.flight import Flights
from addons.off_loop import off_loop
from addons.simple.names import ProjectName
from addons.simple.page import File
from addons.sources.kept_files import promise_of
from addons.sources.priority import Part
from addons.sources.source import FileGone, Refused, Source, SourceUnavailable

logger = logging.getLogger(__name__)

_TURN_SECONDS = 30.0  # for which another process that obtains the same is waited for


class Announcing:
    """Core metadata of the files of indexes, on disk with its hash. `wall` gives seconds since the epoch."""

    def __init__(
        self,
        blobs: Blobs,
        documents: Documents,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._blobs = blobs
        self._documents = documents
        self._clock = clock
        self._lines = Lines(documents, blobs.path, clock)
        self._in_hand = InHand(blobs, self._lines, wall)
        self._obtaining = Obtaining(blobs)
        self._flights: Flights[tuple[Key, str, bool], bytes] = Flights()
        self._servings: dict[str, Serving] = {}
        self._loading: Flights[str, Serving] = Flights()
        self._proving = Proving(clock)

    def at_hand(self, parts: Sequence[Part], terms: Terms) -> tuple[Announced, ...] | None:
        """Give what `known` does, if nothing has to be waited for; every request for a page asks this."""
        found, ahead = [], terms.ahead and not terms.offline
        for part in parts:
            source = part.source
            key = source.list_terms.key
            if key is None:
                continue
            line, serving = self._lines.at_hand((key, part.page.project)), self._servings.get(key)
            if line is None or (ahead and (serving is None or self._proving.has_to(part, serving))):
                return None
            state = line.state(self._clock(), len(part.page.files))
            gives = ahead and serving is not None and serving.is_known
            found.append(Announced(source.name, state, gives, source.direct))
        return tuple(found)

    async def known(
        self, parts: Sequence[Part], terms: Terms, offers: Callable[[Part, File], bool] = lambda part, file: True
    ) -> tuple[Announced, ...]:
        """Give what is known of the files of a page's parts: without waiting, if it was asked for before.

        The first page of a source that nothing is known of waits a moment, until it is known whether that serves metadata;
        it is asked for that of a file only if the policies offer that.
        """
        found = []
        for part in parts:
            key = part.source.list_terms.key
            if key is not None:
                line = self._lines.at_hand((key, part.page.project)) or await self._lines.line((key, part.page.project))
                ahead = await self._ahead(part, key, terms, offers)
                state = line.state(self._clock(), len(part.page.files))
                found.append(Announced(part.source.name, state, ahead, part.source.direct))
        return tuple(found)

    async def _ahead(self, part: Part, key: str, terms: Terms, offers: Callable[[Part, File], bool]) -> bool:
        if not terms.ahead or terms.offline:
            return False
        serving = await self._serving(key)

        async def attempt(file: File) -> bytes | None:
            return await self.tried(part.source, part.page.project, file) if offers(part, file) else None

        if self._proving.has_to(part, serving):
            await self._proving.prove(part, serving, attempt)
        return serving.is_known

    async def _serving(self, key: str) -> Serving:
        return self._servings.get(key) or await self._loading.share(key, lambda: self._loaded(key))

    async def _loaded(self, key: str) -> Serving:
        serving = Serving(key, self._documents, self._clock)
        await serving.load()
        self._servings[key] = serving
        return serving

    def entry(self, source: Source, project: ProjectName, file: File) -> Entry | None:
        """Give what is known of a file, as far as it is in memory."""
        key = source.list_terms.key
        return None if key is None else self._lines.entry((key, project), file.hashes.get("sha256", ""))

    async def gives(self, source: Source) -> bool:
        """Whether a source was seen to give its files' metadata besides what its pages announce; it is not asked."""
        key = source.list_terms.key
        return key is not None and (await self._serving(key)).is_known

    async def barred(self, source: Source, file: File) -> str:
        """Say, in words that follow `it`, why no metadata of a file can be had here, whatever its source gives; else ""."""
        key = source.list_terms.key
        try:
            if key is not None:
                wanted(source, await self._serving(key), file)
        except NoMetadata as error:
            return str(error)
        return ""

    def lacks(self, source: Source, project: ProjectName, file: File) -> bool:
        """Whether the metadata of a file of an index is worth trying for."""
        key = source.list_terms.key
        announced = isinstance(file.core_metadata, dict)
        return key is not None and not announced and self._in_hand.lacks((key, project), file)

    async def kept(self, files: Sequence[File]) -> list[File]:
        """Give those of the files that lie here, so that nothing has to be fetched to read their metadata."""
        return await off_loop(True, lambda: [file for file in files if self._lies_here(file)])

    def _lies_here(self, file: File) -> bool:
        promise = promise_of(file)
        return promise is not None and self._blobs.find(promise.sha256) is not None

    async def metadata(self, source: Source, project: ProjectName, file: File) -> bytes:
        """Give a file's metadata, at any price if need be. Raises NoMetadata, FileGone or SourceUnavailable."""
        key = source.list_terms.key
        if key is None or (file.core_metadata is True and promise_of(file) is None):
            return await source.core_metadata(file)  # an own file's; or upstream's word, of which nothing could be kept
        line = await self._lines.line((key, project))
        if isinstance(file.core_metadata, dict) and file.hashes.get("sha256", "") not in line.entries:
            return await self._as_announced((key, project), source, file)
        return await self._found((key, project), source, file, at_any_price=True)

    async def _as_announced(self, key: Key, source: Source, file: File) -> bytes:
        """Give what the source itself announces: from elsewhere if it does not keep its word."""
        try:
            return await source.core_metadata(file)
        except (FileGone, Refused) as error:
            logger.warning("source %s: %s: it is got otherwise", source.name, error)
        except SourceUnavailable:
            with suppress(SourceUnavailable, NoMetadata, FileGone):
                return await self._found(key, source, file, at_any_price=False, asked=True)
            raise
        return await self._found(key, source, file, at_any_price=True, asked=True)

    async def tried(self, source: Source, project: ProjectName, file: File) -> bytes | None:
        """Give a file's metadata if it is there, or little of the file is enough; None if not. Raises SourceUnavailable."""
        key = source.list_terms.key
        assert key is not None
        with suppress(NoMetadata, FileGone):
            return await self._found((key, project), source, file, at_any_price=False)
        return None

    async def _found(self, key: Key, source: Source, file: File, *, at_any_price: bool, asked: bool = False) -> bytes:
        want = wanted(source, await self._serving(key[0]), file, asked=asked)
        content = await self._in_hand.find(key, want, at_any_price=at_any_price)
        if content is not None:
            return content
        if at_any_price:  # what is tried already mostly leads there
            await self._flights.over((key, want.promise.sha256, False))
        flight = key, want.promise.sha256, at_any_price
        return await self._flights.share(flight, lambda: self._obtained(key, want, at_any_price))

    async def _obtained(self, key: Key, want: Wanted, at_any_price: bool) -> bytes:
        """Obtain it, unless another process just has."""
        async with self._documents.turns.taking(f"{key} {want.promise.sha256}", _TURN_SECONDS):
            await self._lines.looked(key)
            content = await self._in_hand.find(key, want, at_any_price=at_any_price)
            if content is not None:
                return content
            try:
                obtained = await self._obtaining.obtain(want, at_any_price=at_any_price)
            except NoMetadata as error:
                await self._in_hand.has_none(key, want, error)
                raise
            if not await self._in_hand.keep(key, want, obtained):
                raise FileGone(
                    f"the metadata of {want.file.filename} is not what was announced, and is announced no more"
                )
            return obtained.content

    async def compare(self, source: Source, project: ProjectName, file: File) -> None:
        """Read the metadata out of our copy of a file, if it is there and was not read yet; what differs from it is wrong."""
        key = source.list_terms.key
        assert key is not None
        with suppress(NoMetadata):
            want = wanted(source, await self._serving(key), file)
            try:
                found = await self._obtaining.copied(want)
            except NoMetadata as error:
                await self._in_hand.has_none((key, project), want, error)
                return
            if found is not None:
                await self._in_hand.keep((key, project), want, found)

    def forget(self, project: ProjectName) -> None:
        """Forget what is in memory of a project: it was purged from the disk."""
        self._lines.forget(project)

    async def close(self) -> None:
        """Ask for nothing more of its own accord."""
        await self._proving.close()
