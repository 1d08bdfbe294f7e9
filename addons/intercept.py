"""intercept: which connections are decrypted, tunnelled untouched, or refused, and which address is dialled."""

import asyncio
import ipaddress
import logging
import re
import socket
from collections.abc import Awaitable, Callable, Sequence

from mitmproxy import http
from mitmproxy.proxy import server_hooks

from addons import answers
from addons.assembly import Present
from addons.callers import Callers
from addons.flows import NO_VERDICT, respond, undecided
from proxyconf import hosts
from proxyconf.settings import OtherHosts

logger = logging.getLogger(__name__)

type IP = ipaddress.IPv4Address | ipaddress.IPv6Address
type Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

DECRYPTED = rf"^([^:]+\.)?({'|'.join(map(re.escape, hosts.DOMAINS))})\.?:\d+$"
"""mitmproxy's `allow_hosts`: everything else is passed through without a look inside."""

_ONLY_PYPI = "wheelgate: only PyPI is reached through this gateway (see other_hosts)"
_INSIDE = "wheelgate: this name leads to a loopback, private or link-local address (see other_hosts.allow)"
_OFFLINE = "wheelgate: the configuration says offline, so no other host is reached (see other_hosts.allow)"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")  # the rest of IPv6 is not given out: old and local forms only
# IETF's own (a cloud has its metadata service there) and Azure's metadata service: public by number only.
_NOT_PUBLIC = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("168.63.129.16/32"))


class Intercept:
    """Decides on CONNECT and on every dial. `origin` tells where the gateway's own origin listens."""

    name = "wheelgate-intercept"

    def __init__(
        self, present: Present, origin: Callable[[], tuple[str, int] | None], resolve: Resolve | None = None
    ) -> None:
        self.present = present
        self.callers = Callers(present)
        self._origin = origin
        self._resolve = resolve or resolved

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        """Let CONNECT through to PyPI's hosts (they are answered here) and to other hosts that may be reached."""
        if not undecided(flow):
            return
        self.callers.hear(flow.client_conn, flow.request.headers.get("proxy-authorization"))
        host, port = hosts.normal_host(flow.request.host), flow.request.port
        if hosts.is_protected(host):
            refusal = None if port == 443 else answers.refused("port", f"wheelgate: PyPI is at port 443, not {port}")
        else:
            refusal = await self.refusal(host, port)
        if refusal is None:
            flow.response = None
        else:
            logger.info("CONNECT refused: %s", refusal.reason)
            respond(flow, refusal)

    async def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Let mitmproxy dial our origin and permitted hosts, at the very address that was checked; never PyPI."""
        address = data.server.address
        if address is None or data.server.error != NO_VERDICT:
            return
        if address[:2] != self._origin():
            chosen = await self._choose(address[0], address[1])
            if isinstance(chosen, answers.Answer):
                data.server.error = chosen.reason
                return
            data.server.address = (chosen, address[1])
        data.server.error = None

    async def refusal(self, host: str, port: int) -> answers.Answer | None:
        """Give the refusal of a host that is not PyPI's, or None if it may be reached."""
        chosen = await self._choose(host, port)
        return chosen if isinstance(chosen, answers.Answer) else None

    async def _choose(self, host: str, port: int) -> str | answers.Answer:
        others = self.present.assembly.settings.other_hosts
        name = hosts.normal_host(host)
        if hosts.is_protected(name):
            return answers.refused("protected", "wheelgate: PyPI is never reached past the gateway")
        named = name in others.allow
        if self.present.assembly.settings.offline and not named and not _literally(name, others):
            return answers.refused("offline", _OFFLINE)
        if others.mode == "refuse" and not named and not _networks(others):
            return answers.refused("other_hosts", _ONLY_PYPI)
        if port not in others.ports:
            return answers.refused("other_hosts", f"wheelgate: port {port} is not among other_hosts.ports")
        try:
            addresses = await self._resolve(name, port)
        except (OSError, ValueError):  # ValueError: a label that is too long, a NUL
            return answers.bad_upstream("wheelgate: the host's name cannot be resolved")
        if not addresses or not (named or all(_permitted(address, others) for address in addresses)):
            return answers.refused("other_hosts", _ONLY_PYPI if others.mode == "refuse" else _INSIDE)
        # IPv4 first: there is one dial, and a network that has no way out over IPv6 is the commoner fault.
        return min(addresses, key=lambda text: ":" in text)


async def resolved(host: str, port: int) -> Sequence[str]:
    """Resolve a name to IP addresses, as the system does. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _ip(text: str) -> IP | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _literally(name: str, others: OtherHosts) -> bool:
    """Tell whether the host is an address in an allowed network: a name would have to be asked of DNS."""
    address = _ip(name)
    return address is not None and any(address in network for network in _networks(others))


def _permitted(text: str, others: OtherHosts) -> bool:
    address = _ip(text)
    if address is None:
        return False
    allowed = any(address in network for network in _networks(others))
    return allowed or (others.mode == "tunnel" and _public(address))


def _public(address: IP) -> bool:
    """Tell whether an address is on the internet at large, also where IPv6 only wraps an IPv4 one."""
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is not None:
            return _public(wrapped)
        return address in _GLOBAL_UNICAST and address.is_global
    return address.is_global and not address.is_multicast and not any(address in network for network in _NOT_PUBLIC)


def _networks(others: OtherHosts) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [network for network in map(_network, others.allow) if network is not None]


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
