"""Clients that send much or read little: what is held of them, and for them, stays bounded on either road."""

import asyncio
import logging
import threading

import pytest
from mitmproxy import ctx
from mitmproxy.addons.proxyserver import Proxyserver

from addons.answers import Answer
from addons.lane_others import OPTION
from tests.gateway import planting
from tests.gateway.conftest import Start
from tests.gateway.links import Held, Scripted, answered, asked, link, said, script
from tests.gateway.running import RunningGateway

PAGE = Answer(200, {"Content-Type": "text/plain"}, bytes(range(256)) * 2_800)  # 700 KB, as the largest pages are
MANY = 60
ROOM = 64 * 1024  # the transport's own limit, above which we wait
FLOOD = 1_000  # requests of a kilobyte: many times what is held of them, less than the sockets take
SENT_AHEAD = 12  # answers that the two ends' sockets may take beyond what the client has read


class Watch:
    """An addon that notices that a layer begins to wait."""

    def __init__(self) -> None:
        self.begun = threading.Event()

    def wheelgate_lane(self, _: object) -> None:
        """Notice it."""
        self.begun.set()


def clients() -> list[asyncio.Transport]:
    """Give the transports of all clients."""
    server = ctx.master.addons.get("proxyserver")
    assert isinstance(server, Proxyserver)
    ends = [handler.transports.get(handler.client) for handler in server.connections.values()]
    writers = [end.writer for end in ends if end is not None]
    found = [writer.transport for writer in writers if isinstance(writer, asyncio.StreamWriter)]
    return [transport for transport in found if isinstance(transport, asyncio.Transport)]


def waiting_to_be_sent(gateway: RunningGateway) -> int:
    """Give the bytes that wait for clients inside this process."""
    held: list[int] = []
    gateway.on_loop(lambda: held.append(sum(client.get_write_buffer_size() for client in clients())))
    return held[0]


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("end", ["keep-alive", "close"])
def test_client__that_asks_much_and_reads_nothing__is_not_answered_into_memory(
    gateway: RunningGateway, fast: bool, end: str
) -> None:
    """Pipelined requests wait while their client takes nothing, and are all answered, in order, once it does."""
    scripted, watch = Scripted(PAGE), Watch()
    script(gateway, scripted)
    planting.option(gateway, **{OPTION: fast})
    planting.plant(gateway, watch, "first")
    with link(gateway) as one:
        targets = [f"/simple/p{number}/" for number in range(MANY)]
        sent = b"".join(asked(target) for target in targets[:-1]) + asked(targets[-1], f"Connection: {end}")
        one.socket.sendall(sent)
        assert watch.begun.wait(10)
        assert waiting_to_be_sent(gateway) <= ROOM + len(PAGE.body) + 200_000
        assert len(scripted.asked) <= SENT_AHEAD
        for _ in range(MANY):
            assert one.read().body == PAGE.body
    assert scripted.asked == targets
    assert answered(gateway) == (MANY if fast else 0)


def test_client__that_reads_nothing__has_little_encrypted_for_it_on_the_lane(gateway: RunningGateway) -> None:
    """Of one large answer, a part at a time: what waits is no more than a part above the transport's limit."""
    script(gateway, Scripted(Answer(200, {}, PAGE.body * 30)))
    watch = Watch()
    planting.plant(gateway, watch, "first")
    with link(gateway) as one:
        one.socket.sendall(asked("/", "Connection: close"))
        assert watch.begun.wait(10)
        assert 0 < waiting_to_be_sent(gateway) <= ROOM + 140_000
        assert one.read().body == PAGE.body * 30


def test_client__that_takes_nothing_for_too_long__is_cut_off(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """After mitmproxy's own time for idle connections: nobody can hold an answer for ever."""
    caplog.set_level(logging.INFO)
    gateway = start()
    planting.option(gateway, tcp_timeout=1)
    script(gateway, Scripted(Answer(200, {}, PAGE.body * 30)))
    with link(gateway) as one:
        one.socket.sendall(asked())
        watch = Watch()
        planting.plant(gateway, watch, "first")
        with said("took nothing of its answer") as heard:
            assert heard.wait(10)
        with pytest.raises((EOFError, OSError)):
            one.read()


def test_client__that_has_sent_all_and_half_closes__still_gets_its_whole_answer(gateway: RunningGateway) -> None:
    """The end of what a client has to say is not the end of its listening."""
    script(gateway, Scripted(Answer(200, {}, PAGE.body * 30)))
    watch = Watch()
    planting.plant(gateway, watch, "first")
    with link(gateway) as one:
        one.socket.sendall(asked())
        assert watch.begun.wait(10)
        one.half_close()
        assert one.read().body == PAGE.body * 30


@pytest.mark.parametrize("fast", [True, False])
def test_client__that_floods_while_its_answer_is_made__is_not_read_on(gateway: RunningGateway, fast: bool) -> None:
    """What it sends stays in its own buffers, until its first request is answered."""
    held = Held(Answer(200, {}, b"hello"))
    script(gateway, held)
    planting.option(gateway, **{OPTION: fast})
    with link(gateway) as one:
        one.socket.sendall(asked())
        assert held.begun.wait(10)
        sent = 0
        while _is_reading(gateway):
            one.socket.sendall(asked("/simple/x/", f"X: {'y' * 900}"))
            sent += 1
            assert sent < FLOOD
        held.let.set()
        for _ in range(sent + 1):
            assert one.read().body == b"hello"
        assert _is_reading(gateway)


def _is_reading(gateway: RunningGateway) -> bool:
    found: list[bool] = []
    gateway.on_loop(lambda: found.append(all(client.is_reading() for client in clients())))
    return found[0]


def test_client__that_asks_much_at_once__is_not_answered_all_in_one_turn(gateway: RunningGateway) -> None:
    """Between its answers the event loop looks after other clients too, though nothing has to be waited for."""
    script(gateway, Scripted(Answer(200, {}, b"hello")))
    watch = Watch()
    with link(gateway) as one:
        planting.plant(gateway, watch, "first")
        one.socket.sendall(asked() * 100)
        for _ in range(100):
            assert one.read().body == b"hello"
    assert watch.begun.is_set()
    assert answered(gateway) == 100


@pytest.mark.parametrize("fast", [True, False])
def test_head__that_never_ends__is_refused(gateway: RunningGateway, fast: bool) -> None:
    """Mitmproxy would gather it for ever; here it is 431 in words, on both roads, once it is longer than any in good faith."""
    planting.option(gateway, **{OPTION: fast})
    with link(gateway) as one:
        one.socket.sendall(asked()[:-2] + b"X: " + b"y" * 60_000)
        one.socket.sendall(b"y" * 6_000)
        answer = one.read()
        assert answer.status == 431
        assert b"wheelgate: the head of a request is longer" in answer.head
        with pytest.raises((EOFError, OSError)):
            one.read()


@pytest.mark.parametrize("fast", [True, False])
def test_head__that_comes_byte_by_byte__is_read_once(gateway: RunningGateway, fast: bool) -> None:
    """A long head in single bytes costs a look at each byte, not at all that came before."""
    script(gateway, Scripted(Answer(200, {}, b"hello")))
    planting.option(gateway, **{OPTION: fast})
    sent = asked("/simple/x/", f"X: {'y' * 3_000}")
    with link(gateway) as one:
        for byte in sent:
            one.socket.send(bytes([byte]))
        assert one.read().body == b"hello"
