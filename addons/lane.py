"""The fast lane's addon: puts the lane under the connections to PyPI's hosts. Docs: decision 12."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from mitmproxy.addonmanager import Loader
from mitmproxy.master import Master
from mitmproxy.proxy import layer
from mitmproxy.proxy.layers import ClientTLSLayer, HttpLayer
from mitmproxy.proxy.layers.http import HTTPMode

from addons.callers import Callers
from addons.lane_asking import Supply
from addons.lane_client import end_of
from addons.lane_layer import LaneLayer
from addons.lane_others import OPTION, Others
from proxyconf import hosts


class Lane:
    """Puts the lane under the connections to PyPI's hosts. `beside` names the addons that it must not be without."""

    name = "wheelgate-lane"

    def __init__(
        self, master: Master, callers: Callers, clock: Callable[[], datetime], beside: tuple[str, ...]
    ) -> None:
        self._master = master
        self._others = Others(master, (*beside, self.name))
        self.supply = Supply(self._others, callers, clock)

    def load(self, loader: Loader) -> None:
        """Add the option that closes the lane."""
        loader.add_option(OPTION, bool, True, "Answer what is in hand without making flows, which addons would see.")

    def configure(self, updated: set[str]) -> None:
        """Look again whether somebody wants to see flows."""
        self._others.forget()

    def next_layer(self, nextlayer: layer.NextLayer) -> None:
        """Wrap the HTTP layer that mitmproxy chose for a connection to one of PyPI's hosts."""
        inner = nextlayer.layer
        tls = _tls_for_us(inner) if isinstance(inner, HttpLayer) else None
        if isinstance(inner, HttpLayer) and tls is not None:
            end = end_of(self._master, inner.context.client, tls.tls, float(self._master.options.tcp_timeout))
            if end is not None:
                nextlayer.layer = LaneLayer(inner, self.supply, end)

    async def wheelgate_lane(self, until: Callable[[], Awaitable[object]]) -> None:
        """Wait, for a layer."""
        await until()


def _tls_for_us(inner: HttpLayer) -> ClientTLSLayer | None:
    """Give the layer that the lane would stand on; None for connections that are not for it."""
    context = inner.context
    client, stack = context.client, context.layers
    below = stack[-2] if len(stack) > 1 else None
    for_us = (
        inner.mode is HTTPMode.transparent
        and client.tls_established
        and client.alpn in (None, b"", b"http/1.1")
        and hosts.is_protected(client.sni or "")
        and context.server.address is not None
        and stack[-1] is inner
        and sum(isinstance(one, ClientTLSLayer) for one in stack) == 1  # TLS within TLS is read by mitmproxy alone
    )
    return below if for_us and isinstance(below, ClientTLSLayer) else None
