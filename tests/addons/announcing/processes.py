"""What the tests of this folder share: one process of several that have a cache folder in common, and what it asks."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from addons.announcing.announcing import Announcing
from addons.announcing.links import Announced, Terms
from addons.announcing.obtaining import Obtaining, Wanted, wanted
from addons.announcing.serving import Serving
from addons.cache.blobs import Blobs
from addons.cache.documents import Documents
from addons.cache.room import Limits
from addons.fetch.upstream import Upstream
from addons.simple.page import File
from addons.sources.index import Index, dialled
from addons.sources.priority import Part
from proxyconf.settings import Source as SourceSettings
from tests.addons.cache.fetching import AMPLE
from tests.addons.fetch.upstreams import LISTEN, upstream_settings
from tests.addons.sources.places import DEMO
from tests.fakepypi import FakeFile, FakePyPI
from tests.fakepypi.building import Recipe

METADATA = Recipe(name="demo", version="1.0").metadata
OTHER = METADATA + b"Requires-Dist: other\n"
LARGE = 400_000  # bytes of a wheel that is not had with its tail


@dataclass(frozen=True)
class Process:
    """A process: its store, its documents, its index, and what it knows."""

    blobs: Blobs
    documents: Documents
    index: Index
    announcing: Announcing

    @property
    def key(self) -> str:
        """The key of its index."""
        assert self.index.list_terms.key is not None
        return self.index.list_terms.key

    async def part(self) -> Part:
        """The page as its source has it."""
        return Part(self.index, await self.index.page(DEMO))

    async def file(self) -> File:
        """The one file of the page."""
        [file] = (await self.index.page(DEMO)).files
        return file

    async def tried(self, file: File | None = None) -> bytes | None:
        """What is had of a file without fetching all of it."""
        return await self.announcing.tried(self.index, DEMO, file or await self.file())

    async def metadata(self, file: File | None = None) -> bytes:
        """What a client gets."""
        return await self.announcing.metadata(self.index, DEMO, file or await self.file())

    async def compare(self) -> None:
        """Hear that the file is kept."""
        await self.announcing.compare(self.index, DEMO, await self.file())

    async def whole(self) -> None:
        """Get the file, as a client does."""
        file = await self.file()
        async with self.index.read(file, None) as reading:
            async for _ in reading.chunks:
                pass
        await self.blobs.put_away(file.hashes["sha256"])

    async def known(self, **terms: bool) -> Announced:
        """What is known of the page, by default of what is in hand only."""
        [known] = await self.announcing.known([await self.part()], Terms(**{"ahead": False, **terms}))
        return known

    async def said(self) -> str | None:
        """The sha256 of the metadata that the page announces; empty where there is none, None where nothing is known."""
        entry = (await self.known()).state.entries.get((await self.file()).hashes["sha256"])
        return None if entry is None else entry.sha256


@asynccontextmanager
async def process(
    pypi: FakePyPI,
    folder: Path,
    *,
    clock: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,
    limits: Limits = AMPLE,
    **settings: Any,
) -> AsyncIterator[Process]:
    """Start a process on a folder, and end it."""
    source = SourceSettings(name="pypi", index="https://pypi.org/simple/", public=True)
    blobs, documents = Blobs(folder, limits), Documents(folder / "documents", wall=wall)
    asked = Upstream(upstream_settings(pypi, **settings), dialled(source), LISTEN)
    index = Index(source, asked, 60, blobs=blobs)
    announcing = Announcing(blobs, documents, clock, wall)
    try:
        yield Process(blobs, documents, index, announcing)
    finally:
        await announcing.close()
        await blobs.close()
        await index.close()
        await documents.close()


class Taking:
    """Obtaining by itself, over one index, and what its source was found to give."""

    def __init__(self, at: Process, clock: Callable[[], float] = time.monotonic, ranges_seconds: float = 60.0) -> None:
        self.serving = Serving(at.key, at.documents, clock)
        self.obtaining = Obtaining(at.blobs, ranges_seconds)
        self._at = at

    async def want(self) -> Wanted:
        """The one file of the page."""
        return wanted(self._at.index, self.serving, await self._at.file())


def unannounced(pypi: FakePyPI, made: FakeFile, metadata: bytes | None = METADATA) -> FakeFile:
    """Serve metadata beside a file, and say nothing of it, as plain mirrors do."""
    return pypi.add(replace(made, metadata=metadata, metadata_hashes=None))


def of_metadata(made: FakeFile) -> str:
    """The path of a file's metadata."""
    return f"{urlsplit(made.url).path}.metadata"


def asked(pypi: FakePyPI) -> list[str]:
    """What the files host was asked for: `whole`, `range` or `metadata`."""
    found = pypi.asked("", host="files.pythonhosted.org")
    return [
        "metadata" if seen.path.endswith(".metadata") else "range" if "range" in seen.headers else "whole"
        for seen in found
    ]
