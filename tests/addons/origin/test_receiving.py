import asyncio
from collections.abc import AsyncIterator

import pytest

from addons.answers import Answer
from addons.origin.server import Origin
from addons.origin.tickets import TICKET, BrokenOff, Receiving, Tickets

OK = Answer(200, {}, b"taken")
MIB = 1 << 20


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    """A running origin, which drains at most 8 MiB."""
    running = Origin(Tickets(), most_drained=8 * MIB)
    await running.start()
    yield running
    await running.stop()


async def begin(origin: Origin, receiving: Receiving, length: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send the head of a request with a ticket for this."""
    assert origin.address is not None
    reader, writer = await asyncio.open_connection(*origin.address)
    ticket = origin.tickets.issue(receiving)
    writer.write(f"POST / HTTP/1.1\r\nHost: x\r\n{TICKET}: {ticket}\r\nContent-Length: {length}\r\n\r\n".encode())
    return reader, writer


async def sent(writer: asyncio.StreamWriter, count: int) -> None:
    """Send so many MiB."""
    for _ in range(count):
        writer.write(bytes(MIB))
        await writer.drain()


async def test_body__that_is_received__comes_as_it_is_sent(origin: Origin) -> None:
    """Each piece is given before the next one is sent, and the answer is what is made of it."""
    got: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(chunks: AsyncIterator[bytes]) -> Answer:
        async for chunk in chunks:
            got.put_nowait(chunk)
        return OK

    reader, writer = await begin(origin, Receiving(take), 10)
    for piece in (b"hello", b"world"):
        writer.write(piece)
        assert await got.get() == piece
    assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
    writer.close()


async def test_body__that_nobody_takes__holds_its_sender_up(origin: Origin) -> None:
    """Memory does not grow: what is sent stays with who sends it until somebody takes it."""
    let = asyncio.Event()
    count = 0

    async def take(chunks: AsyncIterator[bytes]) -> Answer:
        nonlocal count
        await let.wait()
        async for chunk in chunks:
            count += len(chunk)
        return OK

    reader, writer = await begin(origin, Receiving(take), 64 * MIB)
    sending = asyncio.ensure_future(sent(writer, 64))
    done, _ = await asyncio.wait([sending], timeout=0.2)
    assert not done
    let.set()
    await sending
    assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
    assert count == 64 * MIB
    writer.close()


async def test_body__that_is_not_wanted__is_drained_so_that_the_answer_is_heard(origin: Origin) -> None:
    """UPL-12: to a bound, who sends hears the answer when all is sent."""

    async def take(chunks: AsyncIterator[bytes]) -> Answer:
        await anext(aiter(chunks))
        return Answer(403, {}, b"", "no")

    reader, writer = await begin(origin, Receiving(take), 7 * MIB)
    await sent(writer, 7)
    assert (await reader.readline()) == b"HTTP/1.1 403 no\r\n"
    writer.close()


async def test_body__that_breaks_off__is_told_to_who_takes_it(origin: Origin) -> None:
    """It is never taken for a body that has ended; whoever takes it ends in its own way."""
    told: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
    begun, ended = asyncio.Event(), asyncio.Event()

    async def take(chunks: AsyncIterator[bytes]) -> Answer:
        try:
            async for _ in chunks:
                begun.set()
        except BrokenOff as error:
            told.set_result(error)
            await asyncio.to_thread(int)  # what it cleans up takes its time
            ended.set()
            raise
        return OK

    _, writer = await begin(origin, Receiving(take), 10)
    writer.write(b"hello")
    await begun.wait()
    writer.close()
    assert isinstance(await told, BrokenOff)
    await ended.wait()


async def test_taking__whose_client_has_gone__goes_on_to_its_end(origin: Origin) -> None:
    """What has come whole is stored whole, also where nobody is left to be told so."""
    let, begun, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def take(chunks: AsyncIterator[bytes]) -> Answer:
        assert b"".join([chunk async for chunk in chunks]) == b"hello"
        begun.set()
        await let.wait()
        ended.set()
        return OK

    _, writer = await begin(origin, Receiving(take), 5)
    writer.write(b"hello")
    await begun.wait()
    writer.close()
    await writer.wait_closed()
    let.set()
    await ended.wait()


async def test_origin__that_stops__waits_for_what_has_come(origin: Origin) -> None:
    """A restart does not break off what is being written."""
    begun, ended = asyncio.Event(), False

    async def take(chunks: AsyncIterator[bytes]) -> Answer:
        nonlocal ended
        assert b"".join([chunk async for chunk in chunks]) == b"hello"
        begun.set()
        await asyncio.to_thread(sum, range(10**6))
        ended = True
        return OK

    _, writer = await begin(origin, Receiving(take), 5)
    writer.write(b"hello")
    await begun.wait()
    await origin.stop()
    assert ended
    writer.close()
