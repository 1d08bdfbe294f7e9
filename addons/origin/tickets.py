"""Tickets: how the gateway tells its origin what to do with a request, without anybody else being able to."""

import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from addons.answers import Answer
from addons.simple.page import File
from addons.sources.source import Reading, Span

TICKET = "X-Wheelgate-Ticket"
"""The header that carries a ticket; what a client sends under this name is taken out before."""

_MOST = 10_000  # tickets out at once; a redeemed one is gone, so only requests that never arrive pile up


def nobody_cares() -> None:
    """Take no note."""


class Readable(Protocol):
    """Whoever has a file: a source, or what keeps files of its own."""

    def read(self, file: File, span: Span | None) -> AbstractAsyncContextManager[Reading]:
        """Read the file, or a span of it, as `Source.read` does."""
        ...


@dataclass(frozen=True)
class Delivery:
    """Stream this file of this source, with these headers; `given` is called once its answer is on its way."""

    source: Readable
    file: File
    headers: Mapping[str, str]
    given: Callable[[], object] = nobody_cares


@dataclass(frozen=True)
class Draining:
    """Read the request's body to its end, keep none of it, and then give this answer."""

    answer: Answer


class BrokenOff(Exception):
    """The body of a request ended before its end: whoever sent it has gone, or sent what is no body (RFC 9112 section 7)."""


@dataclass(frozen=True)
class Receiving:
    """Give the request's body to `take` as it comes, and then the answer that it gives.

    What `take` leaves unread is read and thrown away, up to a bound, so that the client hears the answer. The body raises
    BrokenOff where it ends too early. `take` is run to its end also when the client has gone.
    """

    take: Callable[[AsyncIterator[bytes]], Awaitable[Answer]]


type Order = Delivery | Draining | Receiving


class Tickets:
    """Orders by ticket. A ticket is 256 random bits and good for one request."""

    def __init__(self) -> None:
        self._out: OrderedDict[str, Order] = OrderedDict()

    def issue(self, order: Order) -> str:
        """Give a ticket for the order."""
        ticket = secrets.token_urlsafe(32)
        self._out[ticket] = order
        if len(self._out) > _MOST:
            self._out.popitem(last=False)
        return ticket

    def redeem(self, ticket: str) -> Order | None:
        """Give the order, once; None for a ticket that was never issued or was used."""
        return self._out.pop(ticket, None)
