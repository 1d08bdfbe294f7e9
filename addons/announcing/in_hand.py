"""Core metadata in hand: on disk under its sha256, and noted for its file, so that what is announced can be served."""

import hashlib
import logging
import time
from collections.abc import Callable

from addons.announcing.lines import Key, Lines
from addons.announcing.obtaining import NoMetadata, Obtained, Wanted
from addons.cache import small
from addons.cache.announced import Entry
from addons.cache.blobs import Blobs
from addons.cache.promised import Damaged, Mismatch, NotKept, Promise
from addons.simple.page import File

logger = logging.getLogger(__name__)


class InHand:
    """What is in hand of all files. `wall` gives seconds since the epoch."""

    def __init__(self, blobs: Blobs, lines: Lines, wall: Callable[[], float] = time.time) -> None:
        self._blobs = blobs
        self._lines = lines
        self._wall = wall

    def lacks(self, key: Key, file: File) -> bool:
        """Whether there is something to find out about a file, as far as it is in memory."""
        entry = self._lines.entry(key, file.hashes.get("sha256", ""))
        return entry is None or not entry.is_settled(self._wall())

    async def find(self, key: Key, want: Wanted, *, at_any_price: bool) -> bytes | None:
        """Give what is in hand. Raises NoMetadata where it is known that there is none.

        `at_any_price`, only what the file itself has said counts: what a page announces may have been announced before.
        """
        line = await self._lines.line(key)
        entry = line.entries.get(want.promise.sha256)
        if entry is None or not entry.is_settled(self._wall()):
            return None
        if not entry.sha256:
            if at_any_price and not entry.is_proven:
                return None
            raise NoMetadata(entry.reason)
        try:
            return await small.read(self._blobs, Promise(entry.sha256), None)
        except (NotKept, Damaged, Mismatch):
            line.forget(want.promise.sha256)  # it made way, or is damaged: no page may announce it now
            return None

    async def keep(self, key: Key, want: Wanted, obtained: Obtained) -> bool:
        """Put it on disk, and note that it is there; False if something else was announced: that is at an end (MET-04)."""
        sha256 = hashlib.sha256(obtained.content).hexdigest()
        entry = (await self._lines.line(key)).entries.get(want.promise.sha256)
        before = entry.sha256 if entry is not None else _announced(want.file)
        is_right = before in (None, "", sha256)
        if not is_right:
            words = "source %s: the metadata announced of %s is not what the file has, and is announced no more"
            logger.warning(words, want.source.name, want.file.filename)
        if not is_right and obtained.how != "file":
            reason = "has other metadata than was announced, and one of the two is wrong"
            await self.note(key, want, Entry(obtained.how, self._wall(), reason=reason))
        elif await small.keep(self._blobs, sha256, obtained.content):
            await self._lines.note(key, {want.promise.sha256: Entry(obtained.how, self._wall(), sha256)})
        return is_right

    async def has_none(self, key: Key, want: Wanted, error: NoMetadata) -> None:
        """Note that there is none, if something that was looked at said so."""
        if error.how is not None:
            await self.note(key, want, Entry(error.how, self._wall(), reason=str(error)))

    async def note(self, key: Key, want: Wanted, entry: Entry) -> None:
        """Note why there is none."""
        logger.info(
            "source %s: no metadata is announced of %s: it %s", want.source.name, want.file.filename, entry.reason
        )
        await self._lines.note(key, {want.promise.sha256: entry})


def _announced(file: File) -> str | None:
    said = file.core_metadata
    return said.get("sha256") if isinstance(said, dict) else None
