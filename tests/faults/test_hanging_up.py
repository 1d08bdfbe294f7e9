"""Clients that open and hang up at any moment, read slowly, or not at all: nothing stays behind, and nobody else notices."""

import asyncio
import gc
import random
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from mitmproxy import ctx
from mitmproxy.addons.proxyserver import Proxyserver

from tests.fakepypi import FakeFile, FakePyPI
from tests.faults.clients import GONE, Client, Had
from tests.faults.conftest import Scale
from tests.faults.stage import open_below
from tests.gateway import planting
from tests.gateway.running import RunningGateway, configuration

MB = 1_000_000
KB = 1_000
MOMENTS = ("connected", "asked for a tunnel", "in the tunnel", "in the head", "asked", "first bytes", "middle")


def client_of(gateway: RunningGateway) -> Client:
    """Give a client of this gateway."""
    return Client(gateway.url, gateway.authority.ca_path)


async def hang_up(gateway: RunningGateway, url: str, moment: str, chance: random.Random) -> None:
    """Open, come as far as the moment, and leave, with or without a word."""
    reader, writer = await asyncio.open_connection(*gateway.address)
    try:
        if moment == "connected":
            return
        writer.write(b"CONNECT files.pythonhosted.org:443 HTTP/1.1\r\nHost: files.pythonhosted.org:443\r\n\r\n")
        if moment == "asked for a tunnel":
            return
        await reader.readuntil(b"\r\n\r\n")
        if moment == "in the tunnel":
            writer.write(b"\x16\x03\x01")
            return
    finally:
        leave(writer, chance)
    reader, writer = await client_of(gateway).connected(url)
    try:
        request = Client.request(url, chance.choice(("", "Range: bytes=5000-\r\n", "Range: bytes=-100\r\n")))
        writer.write(request[: chance.randrange(1, len(request) - 1)] if moment == "in the head" else request)
        async with asyncio.timeout(0.3):  # some are held up by upstream, and lose their patience
            if moment == "first bytes":
                await reader.read(chance.randrange(1, 2000))
            elif moment == "middle":
                for _ in range(chance.randrange(2, 8)):
                    await reader.read(50_000)
    finally:
        leave(writer, chance)


def leave(writer: asyncio.StreamWriter, chance: random.Random) -> None:
    """Hang up, in order or by RST."""
    if chance.randrange(2) and not writer.is_closing():
        bare = writer.get_extra_info("socket")
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


async def wave(gateway: RunningGateway, files: list[FakeFile], count: int, chance: random.Random) -> None:
    """Let so many clients hang up, all at once, on cold files and warm ones."""
    leaving = [
        hang_up(gateway, chance.choice(files).url, chance.choice(MOMENTS), random.Random(chance.random()))
        for _ in range(count)
    ]
    for outcome in await asyncio.gather(*leaving, return_exceptions=True):
        if isinstance(outcome, Exception) and not isinstance(outcome, GONE):
            raise outcome


def state(gateway: RunningGateway, folder: Path) -> dict[str, object]:
    """Give what the gateway has open and under way."""
    found: dict[str, object] = {}

    def look() -> None:
        server = ctx.master.addons.get("proxyserver")
        assert isinstance(server, Proxyserver)
        found["clients"] = len(server.connections)
        found["tasks"] = sorted(re.sub(r"\d+", "", str(task.get_coro())) for task in asyncio.all_tasks())
        found["growing"] = len(planting.intercept_of(gateway).present.blobs.under_way)  # type: ignore[union-attr]

    gateway.on_loop(look)
    return {**found, "files": [name for name in open_below(folder) if "documents" not in name]}


async def settled(gateway: RunningGateway, folder: Path, right: Callable[[dict[str, object]], bool]) -> None:
    """Wait until the state is right. Raises AssertionError if it stays wrong."""
    last: dict[str, object] = {}
    try:
        async with asyncio.timeout(20):
            while not right(last := await asyncio.to_thread(state, gateway, folder)):
                pass
    except TimeoutError:
        raise AssertionError(last) from None


def memory() -> int:
    """Give the bytes of memory that this process has, gateway, fake PyPI and clients together."""
    gc.collect()
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def descriptors() -> int:
    """Give how many files, sockets and pipes are open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def idle(now: dict[str, object]) -> bool:
    """Whether nobody is served, nothing is fetched, and no metadata is read out of what was."""
    return not (now["clients"] or now["growing"] or now["files"]) and "Ahead" not in str(now["tasks"])


async def test_clients__that_open_and_hang_up__leave_nothing_behind(
    gateway: RunningGateway, pypi: FakePyPI, tmp_path: Path, scale: Scale
) -> None:
    """FIL-12: memory, descriptors, tasks, connections and locks are back to where they were, and all files can be had."""
    chance, cache = scale.chance("hang up"), tmp_path / "cache"
    files = [pypi.big("demo", f"{number}.0", chance.choice((MB // 10, 3 * MB))) for number in range(6)]
    client = client_of(gateway)
    await asyncio.gather(*(client.get(file.url) for file in files[:2]))
    await wave(gateway, files[:2], 20, chance)
    await settled(gateway, cache, idle)
    before, most, had = state(gateway, cache), descriptors(), list[int]()
    for _ in range(scale.count(2, 10)):
        gates = [pypi.gate(file.path, chance.randrange(file.body.size)) for file in files[2:4]]
        await wave(gateway, files, scale.count(40, 500), chance)
        if chance.randrange(2):  # else upstream stays silent, and it is for us to notice that nobody waits any more
            for gate in gates:
                gate.open()
        await settled(gateway, cache, lambda now: now == before)
        pypi.lift()
        had.append(memory())
    print(f"memory after each wave: {had}")  # noqa: T201 -- for who runs it in full, with -rP
    assert descriptors() <= most + 40  # connections to upstream that are kept for the next ones, both their ends
    assert had[-1] - had[len(had) // 2 - 1] < 40 * MB  # by then all that is ever held at once was
    assert list((cache / "growing").iterdir()) == []
    assert await asyncio.gather(*(client.get(file.url) for file in files)) == [
        Had(200, file.body.size, file.sha256) for file in files
    ]


async def test_clients__that_read_a_kilobyte_at_a_time__hold_up_nobody(
    gateway: RunningGateway, pypi: FakePyPI, scale: Scale
) -> None:
    """FIL-12: others have the same growing file, and others, in the time of a few such steps; the slow have it right."""
    file, other = pypi.big("demo", "1.0", 8 * MB), pypi.big("demo", "2.0", MB)
    client, slow = client_of(gateway), scale.count(5, 100)
    links = [await client.connected(file.url) for _ in range(slow)]
    for _, writer in links:
        writer.write(Client.request(file.url))
    begun = [await reader.readuntil(b"\r\n\r\n") and await reader.readexactly(KB) for reader, _ in links]
    for _ in range(3):
        had = await asyncio.gather(*map(client.get, (file.url, other.url)))
        assert had == [Had(200, 8 * MB, file.sha256), Had(200, MB, other.sha256)]
        begun = [before + await reader.readexactly(KB) for before, (reader, _) in zip(begun, links, strict=True)]
    assert set(begun) == {file.content[: 4 * KB]}
    reader, _ = links[0]
    assert begun[0] + await reader.readexactly(8 * MB - 4 * KB) == file.content
    for _, writer in links:
        writer.transport.abort()
    assert len(pypi.asked(file.path)) == 1


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
async def test_client__that_reads_a_file_no_further__is_cut_off(
    gateway: RunningGateway, pypi: FakePyPI, tmp_path: Path, warm: bool
) -> None:
    """After mitmproxy's time for idle connections; the file is kept all the same, and nothing of the client's stays."""
    file, client = pypi.big("demo", "1.0", 30 * MB), client_of(gateway)
    if warm:
        await client.get(file.url)
    await asyncio.to_thread(planting.option, gateway, tcp_timeout=1)
    reader, writer = await client.connected(file.url)
    writer.write(Client.request(file.url))
    await reader.readuntil(b"\r\n\r\n")
    await settled(gateway, tmp_path / "cache", lambda now: not (now["clients"] or now["files"] or now["growing"]))
    assert await asyncio.to_thread((tmp_path / "cache" / "files" / file.sha256[:2] / file.sha256).exists)
    with pytest.raises(GONE):
        await reader.readexactly(30 * MB)
    writer.transport.abort()


@pytest.mark.parametrize("headers", ["", "Range: bytes=-100\r\n", "Range: bytes=5000-\r\n"])
async def test_client__that_hangs_up_while_upstream_is_silent__is_not_waited_for(
    pypi: FakePyPI, tmp_path: Path, headers: str
) -> None:
    """FIL-12: upstream may be silent for a minute here; what nobody waits for any more is given up at once."""
    upstream = {"ca": str(pypi.ca_path), "proxy": "none", "connect_to": pypi.connect_to, "read_seconds": 60}
    file = pypi.big("demo", "1.0", 3 * MB)
    with RunningGateway(configuration(pypi, tmp_path, upstream=upstream)) as gateway:
        gate = pypi.gate(file.path, 50)
        _, writer = await client_of(gateway).connected(file.url)
        writer.write(Client.request(file.url, headers))
        assert await asyncio.to_thread(gate.reached.wait, 10)
        writer.transport.abort()
        await settled(gateway, tmp_path / "cache", lambda now: not (now["clients"] or now["growing"] or now["files"]))
        gate.open()
