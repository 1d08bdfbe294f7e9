"""What the tests of this folder share: folders with wheels in them, and indexes that are the fake PyPI's."""

import io
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from addons.fetch.upstream import Upstream
from addons.metadata.archive import core_metadata
from addons.simple.names import ProjectName
from addons.simple.page import File
from addons.sources.asking import Keeping
from addons.sources.folder import Folder
from addons.sources.index import Index, dialled
from addons.sources.source import Reading, Source, Span
from proxyconf.settings import Source as SourceSettings
from tests.addons.fetch.upstreams import LISTEN, upstream_settings
from tests.fakepypi import FakeIndex, FakePyPI
from tests.fakepypi.building import Recipe, sdist, wheel

DEMO = ProjectName("demo")


def put(folder: Path, filename: str, content: bytes) -> Path:
    """Put a file in place as the documentation says: whole, by renaming."""
    folder.mkdir(parents=True, exist_ok=True)
    hidden = folder / f".{filename}"
    hidden.write_bytes(content)
    return hidden.rename(folder / filename)


def put_wheel(folder: Path, project: str, version: str, padding: int = 0, **more: Any) -> Path:
    """Put an installable wheel in place."""
    return put(folder, *wheel(Recipe(name=project, version=version, **more), padding))


def put_sdist(folder: Path, project: str, version: str, **more: Any) -> Path:
    """Put an sdist in place."""
    return put(folder, *sdist(Recipe(name=project, version=version, **more)))


def own_folder(folder: Path, clock: Callable[[], float] = time.time) -> Folder:
    """Make the source `acme` of a folder."""
    return Folder("acme", folder, core_metadata, clock)


@asynccontextmanager
async def public_index(
    pypi: FakePyPI,
    clock: Callable[[], float] = time.monotonic,
    files_hosts: tuple[str, ...] = (),
    keeping: Keeping | None = None,
    **settings: Any,
) -> AsyncIterator[Index]:
    """Make the source `pypi`, which is the fake."""
    source = SourceSettings(name="pypi", index="https://pypi.org/simple/", public=True, files_hosts=files_hosts)
    async with _index(pypi, source, clock, settings, keeping=keeping) as index:
        yield index


@asynccontextmanager
async def private_index(
    pypi: FakePyPI,
    private: FakeIndex,
    files_hosts: tuple[str, ...] = (),
    keeping: Keeping | None = None,
    clock: Callable[[], float] = time.monotonic,
    **settings: Any,
) -> AsyncIterator[Index]:
    """Make the source `registry`, the fake's private index, with the right credentials."""
    username = private.place.credentials[0] if private.place.credentials is not None else None
    source = SourceSettings(name="registry", index=private.place.simple_url, files_hosts=files_hosts, username=username)
    async with _index(pypi, source, clock, settings, private.place.credentials, keeping) as index:
        yield index


@asynccontextmanager
async def _index(
    pypi: FakePyPI,
    source: SourceSettings,
    clock: Callable[[], float],
    settings: dict[str, Any],
    credentials: tuple[str, str] | None = None,
    keeping: Keeping | None = None,
) -> AsyncIterator[Index]:
    upstream = Upstream(upstream_settings(pypi, **settings), dialled(source), LISTEN, credentials=credentials)
    index = Index(source, upstream, 60, clock, keeping)
    try:
        yield index
    finally:
        await index.close()


async def whole(source: Source, file: File, span: Span | None = None) -> bytes:
    """Read a file, or a span of it, to its end."""
    async with source.read(file, span) as reading:
        return await rest(reading)


async def rest(reading: Reading) -> bytes:
    """Read all the bytes of a reading."""
    body = io.BytesIO()
    async for chunk in reading.chunks:
        body.write(chunk)
    return body.getvalue()


def age(path: Path, seconds: float) -> None:
    """Set the time of a file's last change."""
    os.utime(path, (seconds, seconds))


async def only_file(index: Index) -> File:
    """Give the one file of the project's page."""
    [file] = (await index.page(DEMO)).files
    return file


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
