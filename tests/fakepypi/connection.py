"""One connection: requests in, answers out, exactly as well or as badly as they are to be delivered."""

import asyncio
import fcntl
import socket
import struct
import sys
import termios
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus

import h11

from tests.fakepypi.answer import Answer
from tests.fakepypi.log import Seen

_READ = 65_536  # bytes


class Dropped(Exception):
    """The connection is to end now, by our own wish."""


class Connection:
    """HTTP/1.1 over a stream, with keep-alive. `respond` gives the answer to a request."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        respond: Callable[[Seen], Answer],
        *,
        number: int,
        sni: str | None,
    ) -> None:
        self._reader, self._writer, self._respond = reader, writer, respond
        self._number, self._sni = number, sni
        self._http = h11.Connection(h11.SERVER)

    async def run(self) -> None:
        """Answer until one of the two sides has had enough. Raises OSError if the client goes away."""
        try:
            while (seen := await self._request()) is not None:
                await self._send(seen, self._respond(seen))
                if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                    return
                self._http.start_next_cycle()
        except (Dropped, h11.RemoteProtocolError):
            return

    async def _event(self) -> h11.Event | type[h11.PAUSED]:
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(_READ))
            elif not isinstance(event, type):
                return event
            else:
                return h11.PAUSED

    async def _request(self) -> Seen | None:
        head = await self._event()
        if not isinstance(head, h11.Request):
            return None
        content = bytearray()
        while not isinstance(event := await self._event(), h11.EndOfMessage):
            if isinstance(event, h11.Data) and head.method == b"POST":  # no other body is of interest
                content += event.data
        path, _, query = head.target.decode("ascii").partition("?")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
        return Seen(
            method=head.method.decode("ascii"),
            host=headers.get("host", "").rpartition(":")[0].lower() or headers.get("host", "").lower(),
            path=path,
            query=query,
            headers=headers,
            connection=self._number,
            sni=self._sni,
            content=bytes(content),
        )

    async def _send(self, seen: Seen, answer: Answer) -> None:
        delivery = answer.delivery
        for tap in delivery.before_headers:
            await tap.beyond(0)
        if delivery.reset_first:
            reset(self._writer)
            raise Dropped
        headers = answer.headers | {"Date": formatdate(usegmt=True)}
        if not delivery.chunked and answer.status != HTTPStatus.NOT_MODIFIED:
            headers["Content-Length"] = str(answer.body.size)
        seen.status = answer.status  # before it is sent: whoever has the answer may look here at once
        head = h11.Response(status_code=answer.status, headers=list(headers.items()), reason=_phrase(answer.status))
        await self._write(head, delivery.head_cut_after)
        if seen.method != "HEAD" and answer.status != HTTPStatus.NOT_MODIFIED:
            await self._send_body(answer)
        await self._write(h11.EndOfMessage())

    async def _send_body(self, answer: Answer) -> None:
        delivery, at = answer.delivery, 0
        for chunk in answer.body.chunks():
            rest = memoryview(chunk)
            while rest:
                room = len(rest) if delivery.cut_after is None else min(len(rest), delivery.cut_after - at)
                for tap in delivery.during_body:
                    room = min(room, await tap.beyond(at) - at)
                if room <= 0:
                    await self._cut(answer)
                await self._write(h11.Data(data=bytes(rest[:room])))
                at, rest = at + room, rest[room:]
        if delivery.cut_after is not None:
            await self._cut(answer)

    async def _cut(self, answer: Answer) -> None:
        if answer.delivery.cut_by_reset:
            await _received(self._writer.get_extra_info("socket"))
            reset(self._writer)
        raise Dropped

    async def _write(self, event: h11.Event, cut_after: int | None = None) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data[:cut_after])
            await self._writer.drain()
        if cut_after is not None:
            raise Dropped


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"  # 520, 527: a CDN's own


async def _received(sock: socket.socket) -> None:
    """Wait until the client's system has all bytes: an RST throws away what is still on the way.

    The kernel tells nobody, so it is asked, for a second at most (a client may not read at all).
    """
    nothing_left = 0
    for _ in range(500):
        if sock.fileno() < 0:  # the client has gone first
            return
        unacknowledged = int.from_bytes(fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
        nothing_left = 0 if unacknowledged else nothing_left + 1
        if nothing_left == 2:  # once more, as asyncio may just have handed over what it held itself
            return
        await asyncio.sleep(0.002)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST. What the client's system has not received by then is lost."""
    if not writer.is_closing():
        linger(writer.get_extra_info("socket"))
    writer.transport.abort()


def linger(sock: socket.socket) -> None:
    """Make the next close of a socket an RST (SO_LINGER with a time of 0)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
