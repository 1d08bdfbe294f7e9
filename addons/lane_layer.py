"""The fast lane: answers below mitmproxy's HTTP layer. The one file that knows mitmproxy's layers.

mitmproxy makes of every request a flow, asks every addon about it four times and copies header by header: several times
what a ready answer costs. A layer of our own, right on the client's TLS, reads the requests that can be read in one way
only (addons/head.py), makes the same checks as the flow road, asks the same function and writes the same bytes.

It decides nothing. Whatever it does not know goes, with the bytes read so far, to the HttpLayer that mitmproxy chose,
and so to the flow road, until that layer has nothing left to do; then the lane takes the next request. Docs: decision 12.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers import HttpLayer
from mitmproxy.proxy.layers.http._http1 import Http1Server

from addons import answers
from addons.agreement import Asked, host_meant
from addons.answering.request import Request
from addons.answers import Answer
from addons.head import Head, Unread, read_head
from addons.lane_asking import Asking, Supply
from addons.lane_client import ClientEnd
from addons.lane_sending import Sending
from addons.origin.tickets import TICKET, Delivery
from proxyconf import hosts

logger = logging.getLogger(__name__)

_LARGEST_HEAD = 65_536  # bytes of a head whose end has not come; the longest that clients of PyPI send have 2,000
_TURN = 64  # answers to one client before others are looked after
_PART = 131_072  # bytes of a body that are encrypted before anybody looks whether the client takes them

_TOO_LONG = answers.problem(431, "head", "wheelgate: the head of a request is longer than anything asked in good faith")

type Commands = layer.CommandGenerator[None]


@dataclass
class WheelgateLaneHook(commands.StartHook):
    """How a layer waits for something asynchronous: mitmproxy asks the addons, and ours waits."""

    until: Callable[[], Awaitable[object]]


class LaneLayer(layer.Layer):
    """Answers what it knows, and leaves the rest to `inner`.

    It never pauses as mitmproxy's layers do, for it would not see then how much a client goes on sending. What it waits
    for, the end of an answer's making or of its sending, is in `_waiting`. At most one answer, of which nothing is
    encrypted ahead of the client's reading but one part, and one head are held: the client's own buffers hold the rest.
    """

    def __init__(self, inner: HttpLayer, supply: Supply, end: ClientEnd) -> None:
        super().__init__(inner.context)
        stack = self.context.layers
        stack.remove(self)
        stack.insert(stack.index(inner), self)  # an HttpStream looks for its HttpLayer right above itself
        self._inner = inner
        self._supply = supply
        self._end = end
        self._client = inner.context.client
        self._asker = supply.asker(self._client)
        self._unread = Unread()
        self._started = False
        self._handed = False  # whether the client's requests are the inner layer's, until it is idle
        self._later: deque[events.Event] = deque()  # of the inner layer's, until the client has taken what it was sent
        self._waiting: WheelgateLaneHook | None = None
        self._asking: Asking | None = None
        self._rest = memoryview(b"")  # of the body that is being sent
        self._sending: Sending | None = None  # a file
        self._last = False  # whether the connection ends with this answer
        self._ended = False
        self._in_turn = 0
        self._begun: tuple[bytes, Asking] | None = None  # by the shortcut: a head, and what was asked for it
        self._known: tuple[str | None, str | Answer] = (None, "")  # the last Host, and what it meant

    @override
    def _handle_event(self, event: events.Event) -> Commands:
        self._in_turn = 0
        try:
            yield from self._take(event)
            yield from self._go_on()
            yield from self._keep_bounds()
        except Exception:
            logger.exception("a fault in the lane")
            yield from self._give_up(answers.fault())

    def _take(self, event: events.Event) -> Commands:
        if isinstance(event, events.DataReceived) and event.connection is self._client:
            if self._handed:
                yield from self._pass_on(event)
            elif not self._ended:
                self._unread.add(event.data)
        elif isinstance(event, events.CommandCompleted) and event.command is self._waiting:
            self._waiting = None
            if self._ended and self._asking is not None:
                self._asking.outcome()  # nobody is left to be told it, but a fault goes into the log
        elif isinstance(event, events.ConnectionClosed) and event.connection is self._client:
            yield from self._client_closed(event)
        elif not isinstance(event, events.Start):  # the inner layer starts when it is needed
            yield from self._pass_on(event)

    def _go_on(self) -> Commands:
        while self._waiting is None and not self._ended:
            if not (self._under_way or (self._unread and not self._handed)):
                return
            if self._end.full:
                yield from self._wait(self._end.drained)
            elif self._in_turn >= _TURN:
                yield from self._wait(lambda: asyncio.sleep(0))
            elif self._sending is not None:
                yield from self._sent(self._sending)
            elif self._rest:
                yield from self._send_on()
            elif self._later:
                yield from self._inside(self._later.popleft())
            elif self._asking is not None:
                yield from self._conclude(self._asking)
            elif not (yield from self._next()):
                return

    def _next(self) -> layer.CommandGenerator[bool]:
        """Take up the next request; tell whether there was one."""
        self._unread.skip_blank()
        if self._unread and not self._supply.open:
            yield from self._hand_over()
            return True
        head = self._unread.head()
        if head is not None:
            yield from self._begin(head)
        return head is not None

    def _begin(self, head: bytes) -> Commands:
        read = read_head(head)
        if read is None or TICKET.lower() in read.headers:
            yield from self._hand_over()
            return
        begun, self._begun = self._begun, None
        self._asking = asking = begun[1] if begun and begun[0] == head else self._ask(read, len(head))
        if not asking.is_over:
            yield from self._wait(asking.ended)

    def _ask(self, read: Head, length: int) -> Asking:
        at, host = self._supply.now(), self._meant(read.host)
        if isinstance(host, Answer):
            return Asking(read, length, at, host)
        request = Request(read.method, host, read.target, read.headers, at, address=self._asker.caller.address)
        # Begun here and now: an answer that is in hand is given without the event loop's going round.
        work = asyncio.Task(self._asker.ask(request), loop=asyncio.get_running_loop(), eager_start=True)
        return Asking(read, length, at, work)

    def at_once(self, sent: bytes) -> bytes | None:
        """Give the answer to what a client has sent, if that is one request, alone, and its answer is in hand.

        For the shortcut (`busy` was asked), which sends all else the usual way: what was begun for it is gone on with.
        """
        if not self._supply.open:
            return None
        read = read_head(sent)
        if read is None or read.closes or TICKET.lower() in read.headers:
            return None
        asking = self._ask(read, len(sent))
        self._begun = sent, asking
        if not asking.is_over:
            return None
        outcome = asking.outcome()
        if not isinstance(outcome, Answer) or len(outcome.body) > _PART:
            return None
        self._begun = None
        self._supply.answered += 1
        self._supply.answered_at_once += 1
        return answers.head(outcome, asking.at.timestamp()) + answers.body_for(outcome, read.method)

    @property
    def busy(self) -> bool:
        """Whether something is under way on this connection."""
        held = self._handed or self._waiting or self._ended or self._unread
        return bool(held) or self._under_way or self._end.full

    @property
    def _under_way(self) -> bool:
        return bool(self._rest or self._later or self._asking or self._sending)

    def _meant(self, host: str) -> str | Answer:
        if self._known[0] != host:
            address = self.context.server.address
            named = (address[0] if address else "", host, self._client.sni or "")
            names = [hosts.normal_host(name) for name in named if name]
            self._known = host, host_meant(Asked("GET", names, self._client.sni, self._client.tls_established))
        return self._known[1]

    def _conclude(self, asking: Asking) -> Commands:
        self._asking = None
        outcome = asking.outcome()
        if isinstance(outcome, Delivery):
            self._supply.answered += 1
            self._sending = Sending(self._end, outcome, asking.head, asking.length)
            if not self._sending.is_over:
                yield from self._wait(self._sending.ended)
            return
        self._supply.answered += 1
        self._answered(asking.length, closes=asking.head.closes)
        body = answers.body_for(outcome, asking.head.method)
        self._rest = memoryview(body)[_PART:]
        yield commands.SendData(self._client, answers.head(outcome, asking.at.timestamp()) + body[:_PART])
        if self._last and not self._rest:
            yield from self._close()

    def _answered(self, length: int, *, closes: bool) -> None:
        self._unread.drop(length)
        self._in_turn += 1
        self._last = self._last or closes
        self._end.cut_short(self)

    def _sent(self, sending: Sending) -> Commands:
        self._sending = None
        if sending.left_out:  # the flow road asks again, and sends it to the origin
            self._supply.answered -= 1
            yield from self._hand_over()
            return
        self._answered(sending.length, closes=sending.broken or sending.head.closes)
        if self._last:
            yield from self._close()

    def _send_on(self) -> Commands:
        part, self._rest = bytes(self._rest[:_PART]), self._rest[_PART:]
        yield commands.SendData(self._client, part)
        if self._last and not self._rest:
            yield from self._close()

    def _close(self) -> Commands:
        self._ended = True
        yield commands.CloseConnection(self._client)

    def _wait(self, until: Callable[[], Awaitable[object]]) -> Commands:
        self._waiting = WheelgateLaneHook(until)
        # No layer pauses then, and the completion comes as an event like any other.
        self._waiting.blocking = self  # type: ignore[assignment] # as mitmproxy's layers do
        yield self._waiting

    def _hand_over(self) -> Commands:
        self._handed = True
        yield from self._pass_on(events.DataReceived(self._client, self._unread.take()))

    def _pass_on(self, event: events.Event) -> Commands:
        if not self._started:
            self._started = True
            yield from self._inner.handle_event(events.Start())
        # mitmproxy answers pipelined requests without a look at what the client takes. Each needs hooks: they can wait.
        held_up = isinstance(event, events.CommandCompleted) and self._end.full
        if not self._ended and (self._later or held_up):
            self._later.append(event)
        else:
            yield from self._inside(event)

    def _inside(self, event: events.Event) -> Commands:
        yield from self._inner.handle_event(event)
        if self._handed and self._is_idle():
            self._handed = False

    def _is_idle(self) -> bool:
        """Tell whether the inner layer has answered all that it was given, to the last byte."""
        server = self._server
        idle = server is not None and server.state == server.read_headers and server.request is None
        return idle and not self._inner.streams and server is not None and not server.buf

    @property
    def _server(self) -> Http1Server | None:
        server = self._inner.connections.get(self._client)
        return server if isinstance(server, Http1Server) else None

    def _client_closed(self, event: events.Event) -> Commands:
        self._unread.take()
        if (self._rest or self._sending) and self._client.state & ConnectionState.CAN_WRITE and not self._end.gone:
            self._last = True  # it can still take what it asked for
            if self._sending is not None:
                self._sending.last_words()
            return
        self._ended = True
        if self._sending is not None:
            self._sending.stop()
        while self._later:
            yield from self._inside(self._later.popleft())
        if self._started:
            yield from self._inside(event)  # which closes
        else:
            yield commands.CloseConnection(self._client)

    def _keep_bounds(self) -> Commands:
        """Bound what is held of a client's: an endless head is refused, other bytes are left where they come from."""
        if self._ended:
            return
        server = self._server if self._handed else None
        held = len(server.buf) if server is not None else len(self._unread)
        in_head = server.state == server.read_headers if server is not None else self._waiting is None
        if held > _LARGEST_HEAD and in_head:
            yield from self._give_up(_TOO_LONG)
        else:
            self._end.read(held <= _LARGEST_HEAD and not self._later)

    def _give_up(self, answer: Answer) -> Commands:
        """End the connection, in words if nothing of another answer is on its way."""
        if self._ended:
            return
        server = self._server if self._handed else None
        if not self._rest and not self._sending and (server is None or server.request is None):
            head = answers.head(answer, self._supply.now().timestamp())
            yield commands.SendData(self._client, head + answer.body)
        yield from self._close()
