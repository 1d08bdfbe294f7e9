"""The origin serves the gateway only: what a ticket is worth to anybody else, whichever way they come."""

import socket
from dataclasses import dataclass
from threading import Event

import pytest
from mitmproxy import http

from addons.origin.tickets import TICKET
from proxyconf.settings import OtherHosts, Settings
from tests.fakepypi import FakePyPI
from tests.gateway import planting
from tests.gateway.running import RunningGateway

_REFUSED = b"HTTP/1.1 403 wheelgate: this address serves the gateway only"


@dataclass
class Taken:
    """A ticket that another addon took on its way to the origin, and where it was good: unspent, of the file `content`."""

    content: bytes
    ticket: str = ""
    host: str = ""
    port: int = 0

    def request(self, target: str = "/") -> bytes:
        """Give a request that carries it."""
        fields = [f"Host: {self.host}:{self.port}", f"{TICKET}: {self.ticket}", "Connection: close"]
        return "\r\n".join([f"GET {target} HTTP/1.1", *fields, "", ""]).encode()

    def at_the_origin(self) -> bytes:
        """Go to the origin's own port with it, past the gateway; gives the whole answer."""
        with socket.create_connection((self.host, self.port), timeout=20) as link:
            link.sendall(self.request())
            return _all_of(link)


def _all_of(link: socket.socket) -> bytes:
    return b"".join(iter(lambda: link.recv(65_536), b""))


@pytest.fixture
def taken(gateway: RunningGateway, pypi: FakePyPI) -> Taken:
    """A ticket that was issued and never arrived, in a gateway whose configuration carelessly opens the origin's port."""
    file = pypi.release("demo", "1.0")
    found, there = Taken(file.content), Event()

    def take(flow: http.HTTPFlow) -> None:
        if TICKET in flow.request.headers and not there.is_set():
            found.ticket = flow.request.headers[TICKET]
            found.host, found.port = flow.request.host, flow.request.port
            flow.response = http.Response.make(204)
            there.set()

    planting.plant(gateway, planting.addon("requestheaders", take), "last")
    assert gateway.get(file.url).status_code == 204
    assert there.is_set()
    present = planting.intercept_of(gateway).present
    others = OtherHosts(allow=("127.0.0.1",), ports=(found.port,))
    gateway.until(lambda: present.swap(Settings(other_hosts=others, certs=present.assembly.settings.certs)))
    return found


def by_absolute_url(gateway: RunningGateway, taken: Taken) -> bytes:
    """Ask the proxy for the origin by its URL."""
    with socket.create_connection(gateway.address, timeout=20) as link:
        link.sendall(taken.request(f"http://{taken.host}:{taken.port}/"))
        return _all_of(link)


def by_connect(gateway: RunningGateway, taken: Taken) -> bytes:
    """Ask for it in a tunnel to the origin."""
    with gateway.tunnel(taken.host, taken.port) as link:
        link.sendall(taken.request())
        return _all_of(link)


def test_ticket__unspent_and_brought_by_a_client_by_absolute_url__is_taken_from_it(
    gateway: RunningGateway, taken: Taken
) -> None:
    """A real ticket is no use to a client of the proxy: it does not arrive, and stays what it was."""
    assert by_absolute_url(gateway, taken).startswith(_REFUSED)
    assert taken.at_the_origin().endswith(taken.content)


@pytest.mark.parametrize("target", ["/", "http://{}:{}/"])
def test_ticket__unspent_and_brought_inside_a_tunnel_to_pypi__does_not_lead_to_the_origin(
    gateway: RunningGateway, taken: Taken, target: str
) -> None:
    """Neither as Host nor as the target of a request: the names disagree with the tunnel's."""
    answer = gateway.raw(taken.request(target.format(taken.host, taken.port)))
    assert answer.startswith(b"HTTP/1.1 421 wheelgate:")
    assert taken.at_the_origin().endswith(taken.content)


def test_ticket__spent__is_refused_whichever_way_it_comes_back(gateway: RunningGateway, taken: Taken) -> None:
    """Good once: a second time it is as good as none, at the port itself, by CONNECT and by absolute URL."""
    assert taken.at_the_origin().endswith(taken.content)
    assert taken.at_the_origin().startswith(_REFUSED)
    assert by_connect(gateway, taken).startswith(_REFUSED)
    assert by_absolute_url(gateway, taken).startswith(_REFUSED)
