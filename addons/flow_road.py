"""The flow road: mitmproxy's flow becomes a request, its answer the flow's response, or its way to the origin."""

import logging
import secrets
from collections.abc import Callable
from datetime import datetime

from mitmproxy import http

from addons import answers
from addons.agreement import Asked, host_meant
from addons.callers import Outcome, caller_of
from addons.flows import ROAD, has_body, names_of, request_of, respond, undecided
from addons.front_desk import FrontDesk
from addons.intercept import Intercept
from addons.origin.server import Origin
from addons.origin.tickets import TICKET, Delivery, Draining, Order, Receiving
from proxyconf import hosts

logger = logging.getLogger(__name__)

_NOT_FOR_THE_ORIGIN = ("authorization", "proxy-authorization", "cookie", TICKET)
_ORIGINS_METHODS = ("GET", "HEAD", "POST")
_NOT_TO_GO_ONWARD = ("proxy-authorization", "proxy-connection")


class FlowRoad:
    """Answers the requests for PyPI's hosts, and for the gateway itself; lets other plain HTTP on if it may go on."""

    name = "wheelgate-flow-road"

    def __init__(
        self, origin: Origin, intercept: Intercept, front_desk: FrontDesk, clock: Callable[[], datetime]
    ) -> None:
        self._origin = origin
        self._intercept = intercept
        self._front_desk = front_desk
        self._clock = clock
        # Our name in Via (RFC 9110 section 7.6.3): by it a request is known that comes back to where it has been.
        self._pseudonym = f"wheelgate-{secrets.token_hex(8)}"

    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Decide before the body comes: an answer, or the way to the origin. The boundary: any fault refuses."""
        flow.request.headers.pop(TICKET, None)
        if not undecided(flow):
            return
        try:
            await self._decide(flow)
        except Exception:
            logger.exception("a fault while answering %s", flow.request.method)
            self._settle(flow, answers.fault())

    async def _decide(self, flow: http.HTTPFlow) -> None:
        names = names_of(flow)
        if any(map(hosts.is_protected, names)):
            self._settle(flow, await self._answer(flow, names))
        elif flow.request.scheme == "http" and self._front_desk.is_for(flow.request.host, flow.request.port):
            self._settle(flow, await self._told(flow))
        elif refusal := await self._not_onward(flow):
            self._settle(flow, refusal)
        else:
            self._send_onward(flow)

    async def _told(self, flow: http.HTTPFlow) -> answers.Answer:
        asked, headers = flow.request, flow.request.headers
        caller = caller_of(flow.client_conn, headers.get("proxy-authorization"))
        return await self._front_desk.told(asked.method, asked.path, headers.get("accept"), self._clock(), caller)

    async def _not_onward(self, flow: http.HTTPFlow) -> answers.Answer | None:
        if flow.request.scheme != "http":  # asked for over TLS with us, or as `GET https://…`: a tunnel is the way
            return answers.misdirected("wheelgate: other hosts are reached over HTTPS by CONNECT only, undecrypted")
        if self._pseudonym in flow.request.headers.get("via", ""):
            return answers.problem(508, "loop", "wheelgate: this request came from this gateway itself")
        return await self._intercept.refusal(flow.request.host, flow.request.port)

    def _send_onward(self, flow: http.HTTPFlow) -> None:
        for header in _NOT_TO_GO_ONWARD:
            flow.request.headers.pop(header, None)
        flow.request.headers.add("Via", f"1.1 {self._pseudonym}")
        # One request a connection: mitmproxy looks for an open one by name, ours are open to the address that was
        # checked, so none is found again, and after five to one address it waits for ever.
        flow.request.headers["Connection"] = "close"
        flow.request.stream = True
        flow.metadata[ROAD] = "onward"
        flow.response = None

    async def _answer(self, flow: http.HTTPFlow, names: list[str]) -> Outcome:
        host = host_meant(_asked(flow, names))
        if isinstance(host, answers.Answer):
            return host
        asker = self._intercept.callers.of(flow.client_conn)
        return await asker.ask(request_of(flow, host, self._clock(), asker.caller.address))

    def _settle(self, flow: http.HTTPFlow, outcome: Outcome) -> None:
        if isinstance(outcome, Delivery | Receiving):
            self._send_to_origin(flow, outcome)
        elif has_body(flow):  # an answer set here would make mitmproxy hold the whole body in memory first
            self._send_to_origin(flow, Draining(outcome))
        else:
            respond(flow, outcome)

    def _send_to_origin(self, flow: http.HTTPFlow, order: Order) -> None:
        if self._origin.address is None:
            raise RuntimeError("the origin is not running")
        for header in _NOT_FOR_THE_ORIGIN:
            flow.request.headers.pop(header, None)
        # A method that the origin's parser does not know would be refused by that, in other words than the answer's.
        if flow.request.method not in _ORIGINS_METHODS:
            flow.request.method = "POST"
        flow.request.headers[TICKET] = self._origin.tickets.issue(order)
        flow.request.scheme = "http"
        flow.request.host, flow.request.port = self._origin.address
        flow.request.path = "/"
        flow.request.stream = True
        flow.metadata[ROAD] = "origin"
        flow.response = None

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Let bodies that come from a server pass through instead of being gathered."""
        if flow.response is not None and flow.metadata.get(ROAD):
            flow.response.stream = True
            if flow.metadata[ROAD] == "origin":
                flow.response.headers.pop("server", None)
            else:
                flow.response.headers["Connection"] = "close"


def _asked(flow: http.HTTPFlow, names: list[str]) -> Asked:
    request, client = flow.request, flow.client_conn
    return Asked(
        method=request.method,
        names=names,
        sni=client.sni,
        tls=request.scheme == "https" and client.tls_established,
        hosts=len(request.headers.get_all("host")),
        upgrade="upgrade" in request.headers,
        has_body=has_body(flow),
    )
