"""What is known of the metadata of each project of a source: in memory, and on disk for all processes and restarts."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from addons.cache.announced import Entries, Entry, joined, read, written
from addons.cache.documents import Documents
from addons.cache.flight import Flights
from addons.cache.recent import Recent
from addons.cache.whose import announced_key
from addons.off_loop import off_loop
from addons.simple.names import ProjectName

_KEPT = 400_000  # entries in memory, over all projects: about 100 MB
_LOOK_SECONDS = 10.0  # after which it is looked whether other processes know more
_FILES_A_SECOND = 500  # of a page that is rendered anew for what came to be known: large ones wait for more of it


@dataclass(frozen=True, eq=False)
class State:
    """What a page announces from: two are equal only if they are one, so it can stand for its content in a key."""

    entries: Entries = field(default_factory=dict)


NOTHING = State()


class Line:
    """One project of one source."""

    def __init__(self, entries: Entries, loaded_at: float) -> None:
        self.entries = dict(entries)
        self.loaded_at = loaded_at
        self._shown = State(entries) if entries else NOTHING
        self._shown_at = -inf
        self._changed = False

    def take(self, entries: Entries) -> None:
        """Take what others know."""
        both = joined(self.entries, entries)
        self._changed |= both != self.entries
        self.entries = both

    def note(self, sha256: str, entry: Entry) -> None:
        """Note what is known of a file from now on."""
        self._changed |= self.entries.get(sha256) != entry
        self.entries[sha256] = entry

    def forget(self, sha256: str) -> None:
        """Forget what was known of a file."""
        self._changed |= self.entries.pop(sha256, None) is not None

    def state(self, now: float, files: int) -> State:
        """Give what a page of so many files announces from: often the same, as each new one is a new page for everybody."""
        if self._changed and now - self._shown_at >= files / _FILES_A_SECOND:
            self._shown, self._shown_at, self._changed = State(dict(self.entries)), now, False
        return self._shown


type Key = tuple[str, ProjectName]
"""Key of a source's index, and project."""


class Lines:
    """Lines by source and project. `path` gives the place of metadata by its sha256; what is not there is not known.

    `clock` gives seconds.
    """

    def __init__(
        self, documents: Documents, path: Callable[[str], Path], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self._documents = documents
        self._path = path
        self._lines: Recent[Key, Line] = Recent(_KEPT)
        self._loading: Flights[Key, Line] = Flights()

    def at_hand(self, key: Key) -> Line | None:
        """Give what is known, if it is in memory; what other processes know is looked for now and then meanwhile."""
        line = self._lines.find(key)
        if line is not None and self.clock() - line.loaded_at >= _LOOK_SECONDS:
            line.loaded_at = self.clock()
            self._loading.start(key, lambda: self._loaded(key))
        return line

    async def line(self, key: Key) -> Line:
        """Give what is known: without waiting, but for the first time."""
        return self.at_hand(key) or await self._loading.share(key, lambda: self._loaded(key))

    def entry(self, key: Key, sha256: str) -> Entry | None:
        """Give what is known of a file, as far as it is in memory."""
        line = self._lines.find(key)
        return line.entries.get(sha256) if line is not None else None

    async def looked(self, key: Key) -> Line:
        """Give what is known now, by all processes."""
        return await self._loading.begin(key, lambda: self._loaded(key))

    async def _loaded(self, key: Key) -> Line:
        content = await self._documents.own(announced_key(*key))
        entries = await off_loop(bool(content), self._understood, content)
        line = self._lines.find(key)
        if line is None:
            line = Line(entries, self.clock())
        else:
            line.take(entries)
        self._lines.keep(key, line, len(line.entries) + 1)
        return line

    def _understood(self, content: bytes) -> dict[str, Entry]:
        entries = read(content)
        here = {sha256: self._path(sha256).is_file() for sha256 in {entry.sha256 for entry in entries.values()} - {""}}
        return {file: entry for file, entry in entries.items() if here.get(entry.sha256, True)}

    async def note(self, key: Key, found: Mapping[str, Entry]) -> None:
        """Note what is known of files, for all processes."""
        line = await self.line(key)
        for sha256, entry in found.items():
            line.note(sha256, entry)
        self._lines.keep(key, line, len(line.entries) + 1)
        await asyncio.shield(
            self._documents.change(announced_key(*key), lambda before: written({**read(before), **found}))
        )

    def forget(self, project: ProjectName) -> None:
        """Forget what is in memory of a project: it was purged from the disk."""
        for key in [key for key in self._lines if key[1] == project]:
            self._lines.forget(key)
