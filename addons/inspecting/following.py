"""Following a file's metadata: what its page announces, where that came from, and where it lies."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from addons.announcing.announcing import Announcing
from addons.announcing.links import Terms
from addons.answering.offer import Found, Offered
from addons.cache import small
from addons.cache.announced import Entry
from addons.cache.blobs import Blobs
from addons.cache.promised import Damaged, Mismatch, NotKept, Promise
from addons.inspecting.asked import Named, Release
from addons.inspecting.facts import Group, Origin, Seen
from addons.inspecting.inspecting import Chosen, Outcomes
from addons.inspecting.reasons import SDISTS_OFF, Known, reason
from addons.metadata.archive import NotADistribution
from addons.metadata.final import check_final
from addons.simple.page import File, Refusal
from addons.sources.kept_files import promise_of
from addons.sources.kept_metadata import metadata_promise
from addons.sources.source import FileGone, SourceUnavailable
from addons.sources.stored import Stored


class Following:
    """Of files of one configuration; `words` says a refusal as clients read it. Nothing is fetched."""

    def __init__(self, announcing: Announcing, blobs: Blobs, terms: Terms, words: Callable[[Refusal], str]) -> None:
        self._announcing = announcing
        self._blobs = blobs
        self._terms = terms
        self._words = words

    async def group(self, argument: str, asked: Release | Named, chosen: Chosen, outcomes: Outcomes) -> Group:
        """Give what is known now of what was chosen."""
        found = chosen.found
        shown = {file.filename: file for file in found.shown.files}
        files = []
        for offered in chosen.files:
            seen = await self._seen(offered, shown.get(offered.file.filename), found)
            failure = outcomes.get(offered.file.filename)
            counts = self._terms.sdists or offered.file.filename.endswith(".whl") or isinstance(asked, Named)
            files.append(
                msgspec.structs.replace(
                    seen, expected=counts, fetched=None if failure is None else not failure, failure=failure or None
                )
            )
        return Group(
            argument=argument,
            project=found.project,
            version=str(chosen.version) if chosen.version is not None else None,
            newest=isinstance(asked, Release) and asked.version is None,
            stale_seconds=found.stale,
            files=files,
        )

    async def text(self, offered: Offered) -> bytes | None:
        """Give a file's metadata if it is in hand."""
        if offered.source.list_terms.key is None:
            try:
                return await offered.source.core_metadata(offered.file)
            except (FileGone, SourceUnavailable):
                return None
        promise = metadata_promise(offered.file)
        if promise is None:
            return None
        try:
            return await small.read(self._blobs, promise, None)
        except (NotKept, Damaged, Mismatch):
            return None

    async def _seen(self, offered: Offered, shown: File | None, found: Found) -> Seen:
        file = offered.file
        seen = Seen(
            filename=file.filename,
            source=offered.source.name,
            sha256=file.hashes.get("sha256"),
            announced=shown.core_metadata if shown is not None else False,
            refused=self._words(file.refused) if file.refused is not None else None,
        )
        if offered.source.list_terms.key is None:
            return await self._own(offered, seen)
        entry = self._announcing.entry(offered.source, offered.project, file)
        if not seen.announced:
            return msgspec.structs.replace(
                seen, reason=None if seen.refused else await self._why(offered, entry, found)
            )
        size = await self._size(metadata_promise(file))
        since = datetime.fromtimestamp(int(entry.at), UTC) if entry is not None else None
        origin = _origin(offered, entry, found)
        return msgspec.structs.replace(seen, origin=origin, since=since, in_hand=size is not None, bytes=size)

    async def _own(self, offered: Offered, seen: Seen) -> Seen:
        content = await self.text(offered)
        if not seen.announced:
            return msgspec.structs.replace(seen, reason=None if seen.refused else self._why_own(content))
        size = len(content) if content is not None else None
        since = _moment(offered.file.upload_time)
        origin: Origin = "store" if isinstance(offered.source, Stored) else "folder"
        return msgspec.structs.replace(seen, origin=origin, since=since, in_hand=size is not None, bytes=size)

    def _why_own(self, content: bytes | None) -> str:
        """Say why nothing is announced of an own file: it is an sdist, as wheels without metadata are on no page."""
        if not self._terms.sdists:
            return SDISTS_OFF
        try:
            check_final(content or b"")
        except NotADistribution as error:
            return str(error)
        return "is not there any more"

    async def _why(self, offered: Offered, entry: Entry | None, found: Found) -> str:
        promise = promise_of(offered.file)
        known = Known(
            entry=entry,
            barred=await self._announcing.barred(offered.source, offered.file),
            lies_here=await self._size(promise) is not None,
            apart=any(file.core_metadata for file in _listed(found, offered).values()),
        )
        return reason(offered.file, known, self._terms)

    async def _size(self, promise: Promise | None) -> int | None:
        found = await asyncio.to_thread(self._blobs.find, promise.sha256) if promise is not None else None
        return found.size if found is not None else None


def _listed(found: Found, offered: Offered) -> Mapping[str, File]:
    """Give the files that the file's source lists, as it does."""
    return {file.filename: file for part in found.parts if part.source is offered.source for file in part.page.files}


def _origin(offered: Offered, entry: Entry | None, found: Found) -> Origin:
    if entry is not None and entry.sha256:
        return entry.how
    listed = _listed(found, offered).get(offered.file.filename)
    return "index" if listed is not None and listed.core_metadata else "ahead"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(microsecond=0) if text is not None else None
