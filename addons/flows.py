"""Between mitmproxy's flows and the gateway's own words: names, requests and answers."""

from datetime import datetime

from mitmproxy import http

from addons.answering.request import Request
from addons.answers import Answer, body_for, outgoing, reason_of
from addons.clients.caller import Address
from proxyconf.hosts import normal_host

ROAD = "wheelgate-road"
"""Key in a flow's metadata: "origin" (streams from our origin) or "onward" (plain HTTP that goes on to another host)."""

NO_VERDICT = "wheelgate: no verdict on this (a part of the gateway failed), so it is refused"
"""What the guard says of every flow and every dial, for the addons after it to take away: these very words."""


def names_of(flow: http.HTTPFlow) -> list[str]:
    """Give every host that the request names, in order: target, authority, each Host header, SNI; normalised.

    Four names that can disagree: CONNECT's target, the authority of an absolute request, Host and SNI. A client
    controls all of them.
    """
    request = flow.request
    named = [request.host, request.authority, *request.headers.get_all("host"), flow.client_conn.sni or ""]
    return [normal_host(name) for name in named if name]


def undecided(flow: http.HTTPFlow) -> bool:
    """Tell whether nobody has answered yet: the refusal of another addon (proxyauth, a block list) is left to stand."""
    return flow.response is None or flow.response.reason == NO_VERDICT


def has_body(flow: http.HTTPFlow) -> bool:
    """Tell whether the request announces a body (RFC 9112 section 6)."""
    headers = flow.request.headers
    return "transfer-encoding" in headers or headers.get("content-length", "0").strip() != "0"


def request_of(flow: http.HTTPFlow, host: str, at: datetime, address: Address | None = None) -> Request:
    """Give the flow's request, free of mitmproxy. Repeated headers are joined with commas (RFC 9110 section 5.3)."""
    headers = {name.lower(): value for name, value in flow.request.headers.items()}
    return Request(flow.request.method, host, flow.request.path, headers, at, has_body(flow), address)


def respond(flow: http.HTTPFlow, answer: Answer) -> None:
    """Make `answer` the flow's response, with its true length also where no body goes out (HEAD)."""
    fields = outgoing(answer, _now(flow))
    headers = http.Headers([(name.encode(), value.encode("latin-1")) for name, value in fields.items()])
    content, reason = body_for(answer, flow.request.method), reason_of(answer).encode("latin-1")
    flow.response = http.Response(b"HTTP/1.1", answer.status, reason, headers, content, None, _now(flow), _now(flow))


def _now(flow: http.HTTPFlow) -> float:
    return flow.request.timestamp_start
