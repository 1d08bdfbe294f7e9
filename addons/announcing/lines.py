"""What is known of the metadata of each project of a source: in memory, and on disk for all processes and restarts."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from addons.cache.announced import Entries, Entry, joined, noted, read, written
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
        self._become(joined(self.entries, entries))

    def _become(self, entries: dict[str, Entry]) -> None:
        for sha256 in self.entries.keys() | entries.keys():
            before, after = self.entries.get(sha256), entries.get(sha256)
            if before != after:
                self._changed = True
                if after is None or not after.sha256 or (before is not None and before.sha256 != after.sha256):
                    self._shown_at = -inf  # a promise ends at once
        self.entries = entries

    def note(self, found: Entries) -> None:
        """Note what is known of files from now on."""
        self._become(noted(self.entries, found))

    def forget(self, sha256: str) -> None:
        """Forget what was known of a file."""
        self._become({each: entry for each, entry in self.entries.items() if each != sha256})

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
        line = self._lines.find(key)
        known = {entry.sha256 for entry in line.entries.values()} if line is not None else set[str]()
        entries = await off_loop(bool(content), self._understood, content, known)
        line = self._lines.find(key)
        if line is None:
            line = Line(entries, self.clock())
        else:
            line.take(entries)
        self._lines.keep(key, line, len(line.entries) + 1)
        return line

    def _understood(self, content: bytes, known: set[str]) -> dict[str, Entry]:
        # What has made way since it is known shows when it is read.
        entries = read(content)
        named = {entry.sha256 for entry in entries.values()} - known - {""}
        here = {sha256: _is_there(self._path(sha256)) for sha256 in named}
        return {file: entry for file, entry in entries.items() if here.get(entry.sha256, True)}

    async def note(self, key: Key, found: Mapping[str, Entry]) -> None:
        """Note what is known of files, for all processes."""
        line = await self.line(key)
        line.note(found)
        self._lines.keep(key, line, len(line.entries) + 1)
        await asyncio.shield(
            self._documents.change(announced_key(*key), lambda before: written(noted(read(before), found)))
        )

    def forget(self, project: ProjectName) -> None:
        """Forget what is in memory of a project: it was purged from the disk."""
        for key in [key for key in self._lines if key[1] == project]:
            self._lines.forget(key)


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # what cannot even be looked at could not be served
        return False
