"""The guard: loaded first, refuses everything until another addon has decided. mitmproxy fails open, we fail closed."""

from mitmproxy import http
from mitmproxy.proxy import server_hooks

from addons.answers import unavailable
from addons.flows import NO_VERDICT, ROAD, names_of, respond
from proxyconf import hosts

_UNDECIDED = unavailable(NO_VERDICT)


class Guard:
    """Gives every flow and connection a refusal, which the addons after it replace if they can answer.

    An addon that raises, or is not there, leaves the refusal standing. It has no state and no configuration, so there
    is nothing in it that could fail.
    """

    name = "wheelgate-guard"

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """Refuse the tunnel."""
        respond(flow, _UNDECIDED)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Refuse the request."""
        respond(flow, _UNDECIDED)

    def request(self, flow: http.HTTPFlow) -> None:
        """Refuse a request for PyPI's hosts that is about to be sent anywhere but to the gateway's own origin."""
        if flow.response is None and ROAD not in flow.metadata and any(map(hosts.is_protected, names_of(flow))):
            respond(flow, _UNDECIDED)

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Refuse to dial."""
        data.server.error = NO_VERDICT
