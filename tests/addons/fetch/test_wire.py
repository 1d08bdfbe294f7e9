"""The connections themselves: what asyncio hands over, and what a reader may make of it."""

import asyncio
import gc
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore
import pytest

from addons.fetch.wire import Wires
from tests.addons.fetch.raw_servers import (
    HOST,
    RawServer,
    Script,
    client_tls,
    cut_off,
    never,
    raw_server,
    server_tls,
)

SOON = 0.05  # seconds, where a time-out is what is tested
PIECE = bytes(1 << 16)


@asynccontextmanager
async def stream_to(
    script: Script, *, tls: bool = False
) -> AsyncIterator[tuple[httpcore.AsyncNetworkStream, RawServer]]:
    """Connect to a server that follows a script."""
    async with raw_server(script, server_tls() if tls else None) as server:
        stream = await Wires().connect_tcp(HOST, server.port, timeout=3)
        if tls:
            stream = await stream.start_tls(client_tls(), HOST, timeout=3)
        try:
            yield stream, server
        finally:
            await stream.aclose()


async def to_the_end(stream: httpcore.AsyncNetworkStream) -> bytes:
    """Read until there is no more."""
    whole = bytearray()
    while piece := await stream.read(65_536, timeout=3):
        whole += piece
    return bytes(whole)


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say three words and end in order."""
    writer.write(b"one two three")
    await writer.drain()
    writer.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say back what is said."""
    while piece := await reader.read(65_536):
        writer.write(piece)
        await writer.drain()
    writer.close()


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing at all."""
    await never()


# How a connection comes about, or does not


async def test_connect__where_nobody_listens__is_an_error_of_connecting() -> None:
    """The error is the one that httpx makes its own ConnectError of."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))  # and does not listen
        with pytest.raises(httpcore.ConnectError, match="Connection refused"):
            await Wires().connect_tcp(HOST, taken.getsockname()[1], timeout=3)


@pytest.mark.parametrize("name", ["nobody.invalid", "x" * 64 + ".invalid", "double..dot.invalid"])
async def test_connect__to_what_dns_does_not_know__is_an_error_of_connecting(name: str) -> None:
    """So it is for what could not even be asked for: Python's codec has an error of its own there."""
    with pytest.raises(httpcore.ConnectError):
        await Wires().connect_tcp(name, 443, timeout=3)


async def test_connect__to_a_host_of_two_families__finds_the_one_that_listens() -> None:
    """RFC 8305: localhost is ::1 as well on many machines, and only 127.0.0.1 answers here."""
    async with raw_server(talk) as server:
        stream = await Wires().connect_tcp("localhost", server.port, timeout=3)
        assert await to_the_end(stream) == b"one two three"
        await stream.aclose()


async def test_connect__that_nobody_takes__ends_in_time() -> None:
    """A listener whose queue is full answers nothing: ConnectTimeout, and no socket is left open."""
    with socket.socket() as full:
        full.bind((HOST, 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()), pytest.raises(httpcore.ConnectTimeout):
            await Wires().connect_tcp(HOST, full.getsockname()[1], timeout=SOON)


async def test_connect__given_up__leaves_nothing_open() -> None:
    """A request that is called off while it dials closes its socket; a socket left open would be a warning."""
    with socket.socket() as full:
        full.bind((HOST, 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()):
            dialling = asyncio.create_task(Wires().connect_tcp(HOST, full.getsockname()[1], timeout=3))
            for _ in range(3):
                await asyncio.sleep(0)
            dialling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await dialling
    gc.collect()


# TLS


async def test_tls__with_a_certificate_of_nobody__is_an_error_of_connecting() -> None:
    """The words say why."""
    async with raw_server(talk, server_tls()) as server:
        stream = await Wires().connect_tcp(HOST, server.port, timeout=3)
        with pytest.raises(httpcore.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await stream.start_tls(ssl.create_default_context(), HOST, timeout=3)


async def test_tls__with_a_certificate_for_another_host__is_an_error_of_connecting() -> None:
    """The name counts."""
    async with raw_server(talk, server_tls()) as server:
        stream = await Wires().connect_tcp(HOST, server.port, timeout=3)
        with pytest.raises(httpcore.ConnectError, match="Hostname mismatch"):
            await stream.start_tls(client_tls(), "example.org", timeout=3)


async def test_tls__that_is_never_answered__ends_in_time() -> None:
    """ConnectTimeout, and the server sees the end of it."""
    gone = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        finally:
            gone.set()

    async with stream_to(listen) as (stream, _):
        with pytest.raises(httpcore.ConnectTimeout):
            await stream.start_tls(client_tls(), HOST, timeout=SOON)
        await gone.wait()


async def test_tls__given_up__closes_the_connection() -> None:
    """A request that is called off in the handshake leaves no connection behind."""
    greeted, gone = asyncio.Event(), asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        greeted.set()
        try:
            await reader.read()
        finally:
            gone.set()

    async with stream_to(listen) as (stream, _):
        shaking = asyncio.create_task(stream.start_tls(client_tls(), HOST, timeout=3))
        await greeted.wait()
        shaking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await shaking
        await gone.wait()


async def test_tls__broken_off_in_the_handshake__is_an_error_of_connecting() -> None:
    """An end in the middle of the handshake."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    async with stream_to(hang_up) as (stream, _):
        with pytest.raises(httpcore.ConnectError):
            await stream.start_tls(client_tls(), HOST, timeout=3)


async def test_tls__after_words_in_the_clear__is_refused() -> None:
    """Whoever stands between may say something before the handshake: it must not pass for what the host said in TLS."""

    async def speak_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await never()

    async with stream_to(speak_first) as (stream, _):
        await readable(stream)
        await asyncio.sleep(0)  # the machine has it, and now this side of the loop
        await asyncio.sleep(0)
        with pytest.raises(httpcore.ConnectError, match="did not wait for TLS"):
            await stream.start_tls(client_tls(), HOST, timeout=3)


# What is read, and how it ends


@pytest.mark.parametrize("tls", [False, True])
async def test_read__to_an_orderly_end__gives_all_and_then_nothing(tls: bool) -> None:
    """However often it is asked for more."""
    async with stream_to(talk, tls=tls) as (stream, _):
        assert await to_the_end(stream) == b"one two three"
        assert await stream.read(1, timeout=3) == b""


async def test_read__of_tls_cut_off__is_an_error_after_what_came() -> None:
    """RFC 9112 section 9.8: a body that ends with its connection is whole only if TLS said so."""

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"one two")
        await writer.drain()
        cut_off(writer)

    async with stream_to(cut, tls=True) as (stream, _):
        assert await stream.read(65_536, timeout=3) == b"one two"
        for _ in range(2):
            with pytest.raises(httpcore.ReadError, match="cut off"):
                await stream.read(65_536, timeout=3)


@pytest.mark.parametrize("tls", [False, True])
async def test_read__of_a_connection_reset__is_an_error_of_its_own_each_time(tls: bool) -> None:
    """One exception raised again and again would grow, and hold on to all that it came through."""
    async with stream_to(echo, tls=tls) as (stream, server):
        await stream.write(b"x", timeout=3)
        assert await stream.read(1, timeout=3) == b"x"
        there = server.connections[0].get_extra_info("socket")
        there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        server.connections[0].transport.abort()
        caught = []
        for _ in range(2):
            with pytest.raises(httpcore.ReadError, match="reset") as failure:
                await stream.read(1, timeout=3)
            caught.append(failure.value.__cause__)
        assert caught[0] is not caught[1]
        with pytest.raises(httpcore.WriteError, match="reset"):
            await stream.write(b"x", timeout=3)


async def test_read__of_a_connection_closed_on_this_side__is_an_error() -> None:
    """A pool that is closed cuts off what is being read: that must not look like the end of a body."""
    async with stream_to(silence) as (stream, _):
        reading = asyncio.create_task(stream.read(1, timeout=3))
        await asyncio.sleep(0)
        await stream.aclose()
        with pytest.raises(httpcore.ReadError, match="closed on this side"):
            await reading


async def test_read__in_vain__ends_in_time_and_loses_nothing() -> None:
    """ReadTimeout; what comes later is there for the next one."""
    async with stream_to(echo) as (stream, _):
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(1, timeout=SOON)
        await stream.write(b"late", timeout=3)
        assert await stream.read(1, timeout=3) == b"late"


async def test_read__given_up_as_something_comes__loses_nothing() -> None:
    """A cancellation in the very turn in which bytes arrive."""
    async with stream_to(echo) as (stream, _):
        reading = asyncio.create_task(stream.read(1, timeout=3))
        await stream.write(b"now", timeout=3)
        await readable(stream)
        reading.cancel()
        await asyncio.wait([reading])
        got = b"" if reading.cancelled() else await reading
        assert got or await stream.read(1, timeout=3) == b"now"


# Whoever is slow


@pytest.mark.parametrize("tls", [False, True])
async def test_read__by_a_slow_reader__holds_the_sender_up(tls: bool) -> None:
    """What waits in memory has a bound, however much there is to come; then all of it comes."""
    sent, total, held_up = 0, 48 << 20, asyncio.Event()

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while sent < total:
            writer.write(PIECE)
            sent += len(PIECE)
            try:
                async with asyncio.timeout(SOON):
                    await writer.drain()
            except TimeoutError:
                held_up.set()
                await writer.drain()
        held_up.set()
        writer.close()

    async with stream_to(pour, tls=tls) as (stream, _):
        await held_up.wait()
        assert sent < total / 2  # most of which lies in the machine's own buffers
        got = 0
        while piece := await stream.read(65_536, timeout=3):
            got += len(piece)
        assert got == total


async def test_write__to_a_reader_that_stands_still__ends_in_time() -> None:
    """WriteTimeout, as much of it as the machine takes in having gone."""

    async def stand_still(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined] # it is a transport that reads
        await never()

    async with stream_to(stand_still) as (stream, _):
        with pytest.raises(httpcore.WriteTimeout):
            await stream.write(bytes(32 << 20), timeout=SOON)


# Connections that nobody uses


async def readable(stream: httpcore.AsyncNetworkStream) -> None:
    """Wait until a stream has something to say to the pool that keeps it."""
    async with asyncio.timeout(3):
        while not stream.get_extra_info("is_readable"):  # noqa: ASYNC110 (as the pool does: there is no event for it)
            await asyncio.sleep(0)


@pytest.mark.parametrize("tls", [False, True])
async def test_idle__and_nothing_has_come__is_fit_for_use(tls: bool) -> None:
    """Nor do a TLS 1.3 server's tickets count as something, once they were read."""
    async with stream_to(echo, tls=tls) as (stream, _):
        await stream.write(b"x", timeout=3)
        assert await stream.read(1, timeout=3) == b"x"
        assert not stream.get_extra_info("is_readable")
        assert stream.get_extra_info("server_addr")[0] == HOST
        assert (stream.get_extra_info("ssl_object") is not None) is tls


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("end", [False, True])
async def test_idle__and_something_or_the_end_has_come__is_not(tls: bool, end: bool) -> None:
    """Before the loop of this side has even looked at it."""
    async with stream_to(echo, tls=tls) as (stream, server):
        await stream.write(b"x", timeout=3)
        assert await stream.read(1, timeout=3) == b"x"
        if end:
            server.connections[0].close()
        else:
            server.connections[0].write(b"more")
        if not end:  # which takes a turn of the server's
            assert stream.get_extra_info("is_readable")
        await readable(stream)
