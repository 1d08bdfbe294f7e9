"""What comes next on a connection of PyPI's hosts, where that is plain: a tunnel's TLS, HTTP inside it.

mitmproxy's NextLayer reads its options and the whole ClientHello each time, to tell whether a connection is to be
decrypted. Those to PyPI's hosts always are, so nothing has to be asked of them. What is not as usual is left to it.
"""

from mitmproxy.connection import Client
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.options import Options
from mitmproxy.proxy import layer, layers, mode_specs
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http import HTTPMode

from proxyconf import hosts

_CONNECT = b"CONNECT "
_LEFT = ("ignore_hosts", "tcp_hosts", "rawtcp")
"""Options by which connections of PyPI's hosts would be something else; nobody sets them here, but they are heeded."""


class Layering:
    """Stands before NextLayer, which leaves alone what is decided already."""

    name = "wheelgate-layering"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._usual = False

    def configure(self, updated: set[str]) -> None:
        """See whether anything but the usual is configured."""
        self._usual = not any(name in self._options and getattr(self._options, name) for name in _LEFT)

    def next_layer(self, asked: layer.NextLayer) -> None:
        """Decide, if it is plain."""
        context, said = asked.context, asked.data_client()
        if asked.layer is None and self._usual and _is_plain(context.client) and not asked.data_server():
            asked.layer = _next(context, said)


def _is_plain(client: Client) -> bool:
    return client.transport_protocol == "tcp" and isinstance(client.proxy_mode, mode_specs.RegularMode)


def _next(context: Context, said: bytes) -> layer.Layer | None:
    """Give the layer; None to leave it to mitmproxy."""
    last = context.layers[-1]
    if isinstance(last, modes.HttpProxy):
        return layers.HttpLayer(context, HTTPMode.regular) if said.startswith(_CONNECT) else None
    if context.server.address is None or not hosts.is_protected(context.server.address[0]):
        return None
    if isinstance(last, layers.ClientTLSLayer):
        return layers.HttpLayer(context, HTTPMode.transparent) if said[:3].isalpha() else None
    if starts_like_tls_record(said):
        tls = layers.ServerTLSLayer(context)
        tls.child_layer = layers.ClientTLSLayer(context)
        return tls
    return None
