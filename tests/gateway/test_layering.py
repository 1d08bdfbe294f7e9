"""What comes next on a connection: what is decided without mitmproxy's NextLayer is what that would decide."""

import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from mitmproxy import connection
from mitmproxy.addons.next_layer import NextLayer
from mitmproxy.proxy import events, layer, layers, mode_specs
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.test import taddons

from addons.intercept import DECRYPTED
from addons.layering import Layering


def _hello() -> bytes:
    """What a client begins with."""
    sent = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), sent, server_hostname="pypi.org").do_handshake()
    return sent.read()


HELLO = _hello()
CONNECT = b"CONNECT pypi.org:443 HTTP/1.1\r\nHost: pypi.org:443\r\n\r\n"
GET = b"GET /simple/demo/ HTTP/1.1\r\nHost: pypi.org\r\n\r\n"


@dataclass(frozen=True)
class Case:
    """A connection so far: its layers above the proxy's own, where its tunnel leads, and what either side has said."""

    above: Sequence[type[layer.Layer]] = ()
    host: str | None = "pypi.org"
    client: bytes = b""
    server: bytes = b""
    mode: str = "regular"
    options: tuple[tuple[str, Any], ...] = ()

    def asked(self, options: Any) -> layer.NextLayer:
        """Give the question that mitmproxy asks."""
        client = connection.Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2))
        client.proxy_mode = mode_specs.ProxyMode.parse(self.mode)
        context = Context(client, options)
        context.server = connection.Server(address=None if self.host is None else (self.host, 443))
        modes.HttpProxy(context)
        for kind in self.above:
            kind(context, HTTPMode.regular) if kind is layers.HttpLayer else kind(context)
        asked = layer.NextLayer(context)
        asked.events = [
            events.DataReceived(end, said)
            for end, said in ((context.client, self.client), (context.server, self.server))
            if said
        ]
        return asked


TUNNEL = (layers.HttpLayer,)
SECURED = (layers.HttpLayer, layers.ServerTLSLayer, layers.ClientTLSLayer)
DECIDED = {
    "a CONNECT": Case(host=None, client=CONNECT),
    "TLS in a tunnel": Case(TUNNEL, client=HELLO),
    "TLS to the files host, in capitals": Case(TUNNEL, host="FILES.pythonhosted.org.", client=HELLO),
    "HTTP in TLS": Case(SECURED, client=GET),
}
LEFT = {
    "HTTP to the proxy itself": Case(host=None, client=GET),
    "TLS to the proxy itself": Case(host=None, client=HELLO),
    "HTTP in a tunnel": Case(TUNNEL, client=GET),
    "TLS to another host": Case(TUNNEL, host="example.org", client=HELLO),
    "no HTTP in TLS": Case(SECURED, client=b"\x00\x01\x02\x03"),
    "a server that speaks first": Case(TUNNEL, client=HELLO, server=b"220 ready\r\n"),
    "another kind of proxy": Case(TUNNEL, client=HELLO, mode="transparent"),
    "hosts that somebody set": Case(TUNNEL, client=HELLO, options=(("tcp_hosts", ["pypi.org"]),)),
}


def kinds(found: layer.Layer | None) -> list[object]:
    """Give what the layers are, outermost first."""
    kinds: list[object] = []
    while found is not None:
        kinds += [type(found), getattr(found, "mode", None)]
        found = getattr(found, "child_layer", None)
        found = None if isinstance(found, layer.NextLayer) else found
    return kinds


def answers(case: Case) -> tuple[list[object], list[object]]:
    """Give what is decided here, and what mitmproxy decides."""
    with taddons.context() as tctx:
        ours, theirs = Layering(tctx.options), NextLayer()
        tctx.master.addons.add(ours, theirs)
        tctx.configure(theirs, allow_hosts=[DECRYPTED], rawtcp=False, **dict(case.options))
        ours.configure(set())
        asked, also = case.asked(tctx.options), case.asked(tctx.options)
        ours.next_layer(asked)
        theirs.next_layer(also)
        return kinds(asked.layer), kinds(also.layer)


@pytest.mark.parametrize("case", DECIDED.values(), ids=DECIDED)
async def test_layering__of_a_plain_connection__decides_as_mitmproxy_would(case: Case) -> None:
    """CONNECT, TLS in it, HTTP in that: nothing else is usual."""
    ours, theirs = answers(case)
    assert ours == theirs
    assert ours


@pytest.mark.parametrize("case", LEFT.values(), ids=LEFT)
async def test_layering__of_any_other_connection__leaves_it_to_mitmproxy(case: Case) -> None:
    """Other hosts, other protocols, other proxies, and options that somebody has set."""
    ours, _ = answers(case)
    assert ours == []


async def test_layering__where_another_addon_has_decided__changes_nothing() -> None:
    """The gateway's own addons that stand before it count."""
    with taddons.context() as tctx:
        asked = DECIDED["TLS in a tunnel"].asked(tctx.options)
        asked.layer = chosen = layers.TCPLayer(asked.context)
        ours = Layering(tctx.options)
        ours.configure(set())
        ours.next_layer(asked)
        assert asked.layer is chosen
