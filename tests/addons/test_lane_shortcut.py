"""What the shortcut leaves alone: whatever is not plainly the next request, with nothing before it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

import pytest
import trustme
from mitmproxy.connection import Client
from mitmproxy.proxy import events
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO
from OpenSSL import SSL

from addons.lane_shortcut import Shortcut

REQUEST = b"GET /simple/demo/ HTTP/1.1\r\nHost: pypi.org\r\nAccept: */*\r\n\r\n"
ANSWER = b"HTTP/1.1 304 Not Modified\r\n\r\n"


class Watch:
    """The timer of an idle connection."""

    def __init__(self) -> None:
        self.activity = 0

    def register_activity(self) -> None:
        """Count it."""
        self.activity += 1


class Handler:
    """What the shortcut knows of mitmproxy's handler of a connection."""

    def __init__(self, client: Client, end: ConnectionIO) -> None:
        self.transports = {client: end}
        self.timeout_watchdog = Watch()
        self.told: list[events.Event] = []
        self.may_read = asyncio.Event()
        self.may_read.set()

    async def server_event(self, event: events.Event) -> None:
        """Be told, when it may be."""
        await self.may_read.wait()
        self.told.append(event)


class Quick:
    """A lane that has one answer, or none."""

    def __init__(self) -> None:
        self.busy = False
        self.answer: bytes | None = ANSWER
        self.asked: list[bytes] = []

    def at_once(self, sent: bytes) -> bytes | None:
        """Give it."""
        self.asked.append(sent)
        return self.answer


class Setting:
    """One connection with the shortcut at its gateway's end; `client` is the TLS of the other one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        authority = trustme.CA()
        context = SSL.Context(SSL.TLS_METHOD)
        leaf = authority.issue_cert("pypi.org")
        authority.configure_trust(context)
        leaf.configure_cert(context)
        self.tls, self.client = SSL.Connection(context), SSL.Connection(context)
        self.tls.set_accept_state()
        self.client.set_connect_state()
        self._shake_hands()
        self.reader, self.quick = reader, Quick()
        connection = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2))
        self.handler = Handler(connection, ConnectionIO(None, reader, writer))
        self.shortcut = Shortcut(cast(ConnectionHandler, self.handler), connection, self.tls, self.quick)

    def _shake_hands(self) -> None:
        for one, other in [(self.client, self.tls), (self.tls, self.client)] * 3:
            with contextlib.suppress(SSL.WantReadError):
                one.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(65_535))

    def record(self, said: bytes = REQUEST) -> bytes:
        """Give the record that says it."""
        self.client.sendall(said)
        return self.client.bio_read(65_535)


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    """Such a connection, on the loopback."""
    ends: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(lambda reader, writer: ends.set_result((reader, writer)), "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    reader, gateways = await ends
    yield Setting(reader, gateways)
    for end in (gateways, writer):
        end.close()
        await end.wait_closed()
    server.close()
    await server.wait_closed()


def passed_on(setting: Setting, sealed: bytes) -> bool:
    """Tell whether the bytes went to mitmproxy's own reader, untouched."""
    return bytes(setting.reader._buffer).endswith(sealed) and not setting.quick.asked  # type: ignore[attr-defined] # as there


async def test_request__whose_answer_is_in_hand__is_answered_and_counts_as_activity(setting: Setting) -> None:
    """Else a busy client would be cut off as an idle one."""
    setting.shortcut.data_received(setting.record())
    assert setting.quick.asked == [REQUEST]
    assert setting.handler.timeout_watchdog.activity == 1
    assert setting.handler.told == []


async def test_request__whose_answer_is_not_in_hand__still_lies_where_mitmproxy_reads(setting: Setting) -> None:
    """It was only looked at, and mitmproxy is told that there is something."""
    setting.quick.answer = None
    setting.shortcut.data_received(setting.record())
    assert [type(event) for event in setting.handler.told] == [events.DataReceived]
    assert setting.tls.recv(65_535) == REQUEST


async def test_record__behind_bytes_that_nobody_has_read__waits_behind_them(setting: Setting) -> None:
    """The first half of a record lies in mitmproxy's reader: what comes after it must not overtake it."""
    first = setting.record()
    setting.shortcut.data_received(first[:30])
    setting.shortcut.data_received(second := setting.record())
    assert passed_on(setting, second)


async def test_record__while_mitmproxy_is_still_to_read__waits_behind_that(setting: Setting) -> None:
    """It was told, and has not come to it yet."""
    setting.quick.answer = None
    setting.handler.may_read.clear()
    setting.shortcut.data_received(setting.record())
    setting.quick.asked.clear()
    setting.shortcut.data_received(second := setting.record())
    assert passed_on(setting, second)
    setting.handler.may_read.set()


async def test_record__while_the_lane_is_busy__goes_the_usual_way(setting: Setting) -> None:
    """With mitmproxy's own flow control for what a client sends."""
    setting.quick.busy = True
    setting.shortcut.data_received(sealed := setting.record())
    assert passed_on(setting, sealed)


@pytest.mark.parametrize("size", [1, 5, 20, 5_000, 20_000])
async def test_record__of_no_requests_size__goes_the_usual_way(setting: Setting, size: int) -> None:
    """Alerts and key updates are smaller, what is larger deserves mitmproxy's time."""
    setting.shortcut.data_received(sealed := setting.record(b"x" * size))
    assert passed_on(setting, sealed)


async def test_records__two_in_one_piece_or_one_and_a_half__go_the_usual_way(setting: Setting) -> None:
    """OpenSSL would give the first alone."""
    pieces = setting.record() + setting.record()
    setting.shortcut.data_received(pieces)
    assert passed_on(setting, pieces)


async def test_record__that_was_changed__is_left_to_mitmproxys_layer(setting: Setting) -> None:
    """OpenSSL refuses it here, and again there, where it becomes an alert."""
    sealed = bytearray(setting.record())
    sealed[-1] ^= 1
    setting.shortcut.data_received(bytes(sealed))
    assert setting.quick.asked == []
    assert len(setting.handler.told) == 1


async def test_record__by_which_the_client_ends_tls__is_left_to_mitmproxys_layer(setting: Setting) -> None:
    """Also where it is padded to a request's size it is no request: here it is simply short."""
    setting.client.shutdown()
    setting.shortcut.data_received(sealed := setting.client.bio_read(65_535))
    assert passed_on(setting, sealed)
