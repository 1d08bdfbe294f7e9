"""What the tests of announced core metadata share: files whose index says nothing of theirs, what a page says, what was fetched."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from addons.cache.layout import Layout
from tests.addons.metadata.archives import zipped
from tests.fakepypi import FakeFile, FakePyPI
from tests.fakepypi.index import FakeIndex
from tests.gateway.listing import listed
from tests.gateway.running import RunningGateway

AHEAD = {"ahead": True}
PATIENCE = 15  # seconds: it only keeps a broken test from hanging


def unannounced(index: FakeIndex, project: str, version: str, **what: object) -> FakeFile:
    """Release a wheel on a plain mirror: `.metadata` is served and not announced."""
    file = index.release(project, version, announce_metadata=True, **what)  # type: ignore[arg-type] # as release has it
    return index.add(replace(file, metadata_hashes=None))


def head_of(project: str, version: str = "1.0", metadata_version: str = "2.1") -> bytes:
    """Give the least core metadata that names a release."""
    return f"Metadata-Version: {metadata_version}\nName: {project}\nVersion: {version}\n".encode()


def wheel_of(index: FakeIndex, project: str, metadata: bytes, *folders: str) -> FakeFile:
    """Release a wheel 1.0 with this very METADATA in each of these `.dist-info` folders, of which nothing else is served."""
    stem = f"{project.replace('-', '_')}-1.0"
    members = {f"{folder}.dist-info/METADATA": metadata for folder in folders or (stem,)}
    return index.add_bytes(project, "1.0", f"{stem}-py3-none-any.whl", zipped({f"{project}.py": b"x = 1\n", **members}))


def metadata_of(gateway: RunningGateway, file: FakeFile, **headers: str) -> httpx.Response:
    """Ask for a file's metadata, at PyPI's own address."""
    return gateway.get(f"{file.url}.metadata", **headers)


def said(gateway: RunningGateway, file: FakeFile) -> object:
    """Give what the page says of a file's metadata, False where it says nothing."""
    [found] = [entry for entry in listed(gateway, file.project) if entry["filename"] == file.filename]
    return found.get("core-metadata", False)


def hashed(content: bytes) -> dict[str, str]:
    """Give what a page says of these bytes."""
    return {"sha256": hashlib.sha256(content).hexdigest()}


def until(holds: Callable[[], bool]) -> None:
    """Wait for what the gateway does beside requests, asking over and over."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end


def until_announced(gateway: RunningGateway, file: FakeFile, content: bytes | None) -> None:
    """Wait until the page announces these bytes of a file."""
    assert content is not None
    until(lambda: said(gateway, file) == hashed(content))


def made_way(folder: Path, content: bytes | None) -> None:
    """Take metadata away from the cache of the gateway whose folder this is, once it lies there."""
    path = lying_at(folder, content)
    until(path.exists)
    path.unlink()


def lying_at(folder: Path, content: bytes | None) -> Path:
    """Give where these bytes lie in the cache of the gateway whose folder this is."""
    assert content is not None
    return Layout(folder / "cache").file(hashed(content)["sha256"])


def stretches(pypi: FakePyPI, file: FakeFile) -> list[str]:
    """Give the ranges that upstream was asked for of a file."""
    return [seen.headers["range"] for seen in pypi.asked(urlsplit(file.url).path) if "range" in seen.headers]


def wholes(pypi: FakePyPI) -> list[str]:
    """Give the paths of files that upstream was asked for as a whole."""
    return [
        seen.path
        for seen in pypi.requests
        if "/packages/" in seen.path and not seen.path.endswith(".metadata") and "range" not in seen.headers
    ]


def fetched(pypi: FakePyPI, file: FakeFile) -> int:
    """Give how often upstream was asked for anything of a file."""
    return len(pypi.asked(file.path)) + len(pypi.asked(f"{file.path}.metadata"))
