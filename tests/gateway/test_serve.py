"""One gateway in this process, from its start to its end."""

import asyncio
import gc
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from mitmproxy import ctx

from addons.chain import Chain
from addons.install import Plan, clock
from addons.policies.kinds import KINDS
from addons.serve import StartFailed, serving
from addons.trust.authority import open_authority
from proxyconf.addresses import Address
from proxyconf.reading import read
from tests.fakepypi import FakePyPI
from tests.gateway.running import configuration

type MakePlan = Callable[..., Plan]


@pytest.fixture
def plan(pypi: FakePyPI, tmp_path: Path) -> MakePlan:
    """Make the plan of a gateway with further settings."""

    def make(**settings: object) -> Plan:
        path = configuration(pypi, tmp_path, **settings)
        return Plan(read(path, KINDS), path, open_authority(tmp_path / "certs", clock()))

    return make


async def test_gateway__that_ends__ends_its_connections(plan: MakePlan) -> None:
    """Open tunnels and kept-alive connections are closed, and nothing listens there any more."""
    async with serving(plan(), Address("127.0.0.1", 0)) as (host, port):
        links = [await asyncio.open_connection(host, port) for _ in range(2)]
        inside, tunnel = links[1]
        tunnel.write(b"CONNECT pypi.org:443 HTTP/1.1\r\nHost: pypi.org\r\n\r\n")
        assert b" 200 " in await inside.readuntil(b"\r\n\r\n")
    async with asyncio.timeout(10):
        for reader, writer in links:
            assert await _rest(reader) == b""
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, port)


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


async def test_gateway__whose_port_is_taken__does_not_start_and_says_what_to_do(plan: MakePlan) -> None:
    """The words name the address, and both ways to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(StartFailed, match=f"cannot listen on {address}.*--listen HOST:PORT.*listen:"):
            async with serving(plan(), address):
                pass


async def test_gateway__at_an_address_of_another_machine__does_not_start(plan: MakePlan) -> None:
    """The same words for an address that is not this machine's."""
    with pytest.raises(StartFailed, match=r"cannot listen on 192\.0\.2\.1:8080"):
        async with serving(plan(), Address("192.0.2.1", 8080)):
            pass


async def test_gateways__one_after_the_other__leave_nothing_behind(plan: MakePlan) -> None:
    """No task of one outlives it, so that a process can have several in its life."""
    before = asyncio.all_tasks()
    for _ in range(2):
        async with serving(plan(), Address("127.0.0.1", 0)):
            pass
    assert asyncio.all_tasks() == before


async def test_gateway__that_serves__asks_its_addons_in_a_chain(plan: MakePlan) -> None:
    """So whatever these tests say of faults in addons is said of the chain."""
    async with serving(plan(), Address("127.0.0.1", 0)):
        assert type(ctx.master.addons) is Chain


async def test_gateway__that_serves__is_not_searched_for_garbage(plan: MakePlan) -> None:
    """What it is made of stays, and a search of it is long: clients would wait. Afterwards all is as before."""
    before = gc.get_freeze_count()
    async with serving(plan(), Address("127.0.0.1", 0)):
        assert gc.get_freeze_count() > before + 10_000
    assert gc.get_freeze_count() == before
