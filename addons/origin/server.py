"""The origin's server: on the loopback, for the gateway and nobody else."""

import asyncio
import logging
from contextlib import suppress

from aiohttp import web

from addons.answers import Answer, fault, refused
from addons.origin.deliver import deliver, plain
from addons.origin.receiving import pieces
from addons.origin.tickets import TICKET, BrokenOff, Delivery, Receiving, Tickets

logger = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_SECONDS_TO_END = 5.0
_SECONDS_OF_DRAINING = 600.0
_MOST_DRAINED = 2 << 30  # bytes of a refused body that are still read, so that the client hears why


class Origin:
    """Serves orders by ticket on a free port of the loopback. `address` is (host, port) once started."""

    def __init__(self, tickets: Tickets, most_drained: int = _MOST_DRAINED) -> None:
        self.tickets = tickets
        self._most_drained = most_drained
        self.address: tuple[str, int] | None = None
        self._runner: web.ServerRunner | None = None
        self._taking: set[asyncio.Future[Answer]] = set()

    async def start(self) -> None:
        """Listen. Raises OSError if the loopback has no port left."""
        # Without a router, which would answer CONNECT and `OPTIONS *` in words of its own, before a ticket is asked for.
        # Whoever waits for an upstream that is silent, and hangs up, is waited for no longer.
        server = web.Server(self._serve, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, _HOST, 0).start()
        self._runner = runner
        self.address = (_HOST, runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening; what is still being streamed has a second to end."""
        self.address = None
        if self._runner is not None:
            await self._runner.cleanup()
        if self._taking:  # what has come whole is not left half done
            await asyncio.wait(self._taking, timeout=_SECONDS_TO_END)
        for taking in self._taking:
            taking.cancel()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        order = self.tickets.redeem(request.headers.get(TICKET, ""))
        if order is None:
            return plain(refused("origin", "wheelgate: this address serves the gateway only"))
        try:
            if isinstance(order, Delivery):
                return await deliver(request, order)
            answer = await self._taken(request, order) if isinstance(order, Receiving) else order.answer
            with suppress(TimeoutError):
                async with asyncio.timeout(_SECONDS_OF_DRAINING):
                    await self._drain(request)
            return plain(answer)
        except (ConnectionError, BrokenOff):  # whoever asked has gone, before the first byte
            logger.info("the client hung up")
            if request.transport is not None:
                request.transport.abort()
            return plain(fault())
        except Exception:
            logger.exception("a fault in the origin")
            return plain(fault())

    async def _taken(self, request: web.BaseRequest, order: Receiving) -> Answer:
        # Shielded: a client that hangs up cancels who serves it, and what has begun with its body ends in its own way.
        taking = asyncio.ensure_future(order.take(pieces(request.content)))
        self._taking.add(taking)
        taking.add_done_callback(self._taking.discard)
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(_ended_alone)
            raise

    async def _drain(self, request: web.BaseRequest) -> None:
        count = 0
        async for chunk in pieces(request.content):
            count += len(chunk)
            if count > self._most_drained:
                return


def _ended_alone(taking: asyncio.Future[Answer]) -> None:
    """Take note of how it has ended, as nobody waits for it any more: that its body broke off is no fault."""
    error = None if taking.cancelled() else taking.exception()
    if error is not None and not isinstance(error, ConnectionError | BrokenOff):
        logger.error("a fault in the origin", exc_info=error)
