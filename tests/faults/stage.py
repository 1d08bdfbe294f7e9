"""Store, index and origin as in a gateway, without mitmproxy: what a client has of it, and what stays behind."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from addons.cache.blobs import Blobs
from addons.fetch.upstream import Upstream
from addons.origin.server import Origin
from addons.origin.tickets import TICKET, Delivery, Tickets
from addons.simple.page import File
from addons.sources.index_files import IndexFiles
from addons.sources.kept_files import KeptFiles
from tests.addons.cache.fetching import AMPLE, lying, settled
from tests.addons.fetch.upstreams import HOSTS, LISTEN, dialled, upstream_settings
from tests.fakepypi import FakeFile, FakePyPI

IMPATIENT, PATIENT = 0.4, 10.0  # seconds for which upstream may be silent


@dataclass(frozen=True)
class Got:
    """An answer that its client takes for whole: 200 or 206, and the body to its end."""

    status: int
    content: bytes
    content_range: str | None


def listed(file: FakeFile, size: int | None = -1) -> File:
    """Give a file as its page lists it; `size` is what the page says in place of the file's."""
    said = file.size if size == -1 else size
    return File(filename=file.filename, url=file.url, hashes=dict(file.hashes), size=said)


@dataclass(frozen=True)
class Stage:
    """A running origin in front of a store in front of the fake PyPI, and a client."""

    blobs: Blobs
    origin: Origin
    files: KeptFiles
    client: httpx.AsyncClient

    async def ask(
        self, file: FakeFile, headers: Mapping[str, str] | None = None, *, size: int | None = -1
    ) -> Got | None:
        """Ask for a file; None is a refusal in words, or a connection that broke."""
        order = Delivery(self.files, listed(file, size), {"ETag": f'"{file.sha256}"'})
        assert self.origin.address is not None
        url = f"http://{self.origin.address[0]}:{self.origin.address[1]}/"
        try:
            answer = await self.client.get(url, headers={TICKET: self.origin.tickets.issue(order), **(headers or {})})
        except httpx.TransportError:
            return None
        if answer.status_code in (200, 206):
            return Got(answer.status_code, answer.content, answer.headers.get("content-range"))
        assert answer.status_code in (502, 503), answer
        assert answer.reason_phrase.startswith("wheelgate: ")
        return None


@asynccontextmanager
async def stage(
    pypi: FakePyPI, folder: Path, connect_to: str = "", patience: float = PATIENT, **store: Any
) -> AsyncIterator[Stage]:
    """Set one up over the store in `folder`, and take it down again: then nothing of it is left."""
    before = asyncio.all_tasks()
    blobs = Blobs(folder, store.pop("limits", AMPLE), **store)
    addresses = dialled(dict.fromkeys(HOSTS, connect_to or pypi.address))
    settings = upstream_settings(pypi, connect_seconds=patience, read_seconds=patience, connect_to=addresses)
    upstream, origin = Upstream(settings, HOSTS, LISTEN), Origin(Tickets())
    await origin.start()
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=20, limits=httpx.Limits(max_connections=None)) as client:
            yield Stage(blobs, origin, KeptFiles("pypi", IndexFiles("pypi", upstream), blobs), client)
            await settled(blobs)
    finally:
        await blobs.close()
        await origin.stop()
        await upstream.close()
    await gone(lambda: asyncio.all_tasks() <= before)
    await gone(lambda: not open_below(folder))


async def gone(done: Callable[[], bool]) -> None:
    """Wait until something is so: of what ends by itself in the background."""
    async with asyncio.timeout(10):
        while not done():
            await asyncio.wait([asyncio.ensure_future(asyncio.to_thread(os.sched_yield))])


def open_below(folder: Path) -> list[str]:
    """Give the files below a folder that this process has open."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.startswith(f"{folder}/"):
            found.append(target)
    return found


def kept(folder: Path) -> dict[str, bytes]:
    """Give what lies in a store."""
    return lying(folder) if folder.exists() else {}
