"""Gateways killed (SIGKILL) at random moments of hundreds of cold downloads: what is on disk then, and after a restart."""

import asyncio
import hashlib
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.fakepypi import FakeFile, FakePyPI
from tests.faults.clients import GONE, Client
from tests.faults.conftest import Scale
from tests.gateway.running import configuration
from tests.wheelgate_process import Gateway

_MOST_ROUNDS = 20


def hashed(folder: Path) -> dict[str, bool]:
    """Give the names of all kept files, and whether each is right."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() == path.name
        for path in (folder / "cache" / "files").glob("*/*")
    }


@contextmanager
def gateways(config: Path, folder: Path, count: int) -> Iterator[list[Gateway]]:
    """Start so many gateways, which share one folder."""
    with ExitStack() as stack:
        yield [stack.enter_context(Gateway(config, folder, "--listen", "127.0.0.1:0")) for _ in range(count)]


async def download(client: Client, file: FakeFile, headers: str, outcomes: list[str]) -> None:
    """Download a file, and note what came of it: `whole`, `wrong`, `refused` or `cut off`."""
    try:
        had = await client.get(file.url, headers)
    except GONE:
        outcomes.append("cut off")
        return
    right = (200, file.body.size, file.sha256)
    outcomes.append(
        "whole" if (had.status, had.size, had.sha256) == right else "refused" if had.status == 503 else "wrong"
    )


async def crowd(
    running: list[Gateway], folder: Path, files: list[FakeFile], count: int, chance: random.Random, kill: int
) -> list[str]:
    """Let so many clients download files at once; the first `kill` gateways are killed when some of them are through."""
    clients = [Client(gateway.proxy, folder / "certs" / "ca.pem") for gateway in running]
    outcomes: list[str] = []
    tasks = {
        asyncio.ensure_future(download(clients[number % len(clients)], files[number % len(files)], "", outcomes))
        for number in range(count)
    }
    for gateway in running[:kill]:
        moment, pending = chance.randrange(count), set(tasks)
        while pending and len(outcomes) <= moment:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        gateway.process.kill()
    await asyncio.gather(*tasks)
    return outcomes


@pytest.mark.parametrize("shared", [1, 2], ids=["alone", "two on one folder"])
async def test_gateway__killed_in_hundreds_of_downloads__leaves_no_wrong_byte_and_loses_none(
    pypi: FakePyPI, tmp_path: Path, scale: Scale, shared: int
) -> None:
    """FIL-12: nobody takes a part for whole, all that is kept is right and stays, and the next start finds no leftover."""
    chance, count = scale.chance("killed", shared), scale.count(40, 200)
    files = [
        pypi.big("demo", f"{number}.0", chance.choice((20_000, 300_000, 2_000_000))) for number in range(count // 2)
    ]
    config, sure, seen, rounds = configuration(pypi, tmp_path), set[str](), dict[str, int](), 0
    while rounds < scale.count(1, 12) or not seen.get("cut off"):  # where all were through before it, it says nothing
        rounds += 1
        assert rounds < _MOST_ROUNDS
        with gateways(config, tmp_path, shared) as running:
            for outcome in await crowd(running, tmp_path, files, count, chance, 1):
                seen[outcome] = seen.get(outcome, 0) + 1
            for gateway in running[1:]:
                gateway.process.kill()
        found = hashed(tmp_path)
        assert all(found.values())
        assert sure <= set(found)
        sure = set(found) if chance.randrange(3) and seen.get("cut off") else forgotten(tmp_path, chance)
    assert "wrong" not in seen
    print(f"downloads: {seen}")  # noqa: T201 -- for who runs it in full, with -rP
    with gateways(config, tmp_path, shared) as running:
        assert await crowd(running, tmp_path, files, count, chance, 0) == ["whole"] * count
        for gateway in running:
            assert gateway.stop() == 0
    found = hashed(tmp_path)
    assert found.keys() >= {file.sha256 for file in files}  # what was read out of them lies there, too
    assert all(found.values())
    assert list((tmp_path / "cache" / "growing").iterdir()) == []


def forgotten(folder: Path, chance: random.Random) -> set[str]:
    """Delete some of what is kept, so that there is always something to fetch, and give what is left."""
    for path in (folder / "cache" / "files").glob("*/*"):
        if chance.randrange(2):
            path.unlink()
    return set(hashed(folder))
