"""The TLS handshake with clients: what is made ready for it once is what mitmproxy makes each time."""

import socket
import ssl
from dataclasses import dataclass
from datetime import timedelta

import pytest
from mitmproxy import ctx
from mitmproxy.addons.tlsconfig import TlsConfig
from mitmproxy.tls import TlsData
from OpenSSL import SSL

from addons.handshake import Handshake
from addons.install import clock
from addons.lifetime import Lifetime
from addons.trust.authority import renew_leaf
from tests.fakepypi import FakePyPI
from tests.gateway import planting
from tests.gateway.links import asked
from tests.gateway.running import RunningGateway


@dataclass(frozen=True)
class Client:
    """How a client begins: the versions of TLS and the protocols that it offers, and the name it asks for."""

    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    protocols: tuple[str, ...] = ("http/1.1",)
    sni: str | None = "pypi.org"

    def context(self, gateway: RunningGateway) -> ssl.SSLContext:
        """Give its context, which trusts the gateway's CA."""
        context = ssl.create_default_context(cafile=gateway.authority.ca_path)
        context.check_hostname = self.sni is not None
        context.minimum_version, context.maximum_version = self.versions
        if self.protocols:
            context.set_alpn_protocols(self.protocols)
        return context

    def begin(self, gateway: RunningGateway) -> object:
        """Give all that the handshake has come to, or the error that ended it."""
        context = self.context(gateway)
        try:
            with gateway.tunnel("pypi.org") as link, context.wrap_socket(link, server_hostname=self.sni) as secured:
                secured.sendall(asked())
                secured.recv(1)  # an answer, of whatever kind: the gateway has seen the handshake's end too
                chosen = (secured.version(), secured.cipher(), secured.selected_alpn_protocol())
                return (*chosen, secured.getpeercert(binary_form=True))
        except ssl.SSLError as error:
            return error.reason


USUAL = Client()
OLD = Client(versions=(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2))
CLIENTS = {
    "usual": USUAL,
    "TLS 1.2": OLD,
    "HTTP/2 too": Client(protocols=("h2", "http/1.1")),
    "HTTP/2 only": Client(protocols=("h2",)),
    "no protocols": Client(protocols=()),
    "another of PyPI's names": Client(sni="files.pythonhosted.org"),
    "a foreign name": Client(sni="example.org"),
    "no name": Client(sni=None),
}


class Watch:
    """An addon that keeps what each handshake was made with."""

    name = "watch"

    def __init__(self) -> None:
        self.connections: list[SSL.Connection] = []

    def tls_established_client(self, data: TlsData) -> None:
        """Keep it."""
        assert data.ssl_conn is not None
        self.connections.append(data.ssl_conn)

    @property
    def contexts(self) -> list[SSL.Context]:
        """Their contexts."""
        return [connection.get_context() for connection in self.connections]


@pytest.fixture
def watch(gateway: RunningGateway) -> Watch:
    """One that watches the gateway."""
    watch = Watch()
    gateway.plant(watch)
    return watch


def renew(gateway: RunningGateway) -> bytes:
    """Let the gateway take over a new leaf, and give it."""
    renewed = renew_leaf(gateway.authority.folder, clock() + timedelta(seconds=5))
    lifetime = ctx.master.addons.get(Lifetime.name)
    assert isinstance(lifetime, Lifetime)
    gateway.until(lambda: lifetime.leaf.renew(lifetime.show))
    return ssl.PEM_cert_to_DER_cert(renewed.leaf_path.read_text().partition("-----END PRIVATE KEY-----\n")[2])


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_handshake__made_ready_once__is_the_one_that_mitmproxy_makes(gateway: RunningGateway, client: Client) -> None:
    """Version, cipher, protocol and certificate, or the refusal, are the same with it and without it."""
    USUAL.begin(gateway)
    ours = client.begin(gateway)
    planting.remove(gateway, Handshake.name)
    assert client.begin(gateway) == ours


def test_client__that_offers_http2__is_given_http1(gateway: RunningGateway) -> None:
    """Every client, not only the first one that the handshake was made ready for."""
    for client in (USUAL, CLIENTS["HTTP/2 too"]):
        begun = client.begin(gateway)
        assert isinstance(begun, tuple)
        assert begun[2] == "http/1.1"


def test_handshakes__of_pypis_names__are_made_with_the_same_context(gateway: RunningGateway, watch: Watch) -> None:
    """That is what there is to gain, and foreign names have no part in it."""
    for client in (USUAL, CLIENTS["another of PyPI's names"], OLD, CLIENTS["no name"]):
        client.begin(gateway)
    first, second, third, foreign = watch.contexts
    assert first is second is third is not foreign


def test_leaf__renewed__is_shown_to_the_next_client_also_if_it_resumes(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """A client that comes back is recognised until then; afterwards it sees the new leaf as everybody does."""
    pypi.release("demo", "1.0")
    context = USUAL.context(gateway)
    session = None
    for resumed in (False, True):
        with (
            gateway.tunnel("pypi.org") as link,
            context.wrap_socket(link, server_hostname="pypi.org", session=session) as secured,
        ):
            secured.sendall(asked())
            assert b" 200 " in secured.recv(1000)
            assert secured.session_reused is resumed
            session = secured.session
    leaf = renew(gateway)
    with (
        gateway.tunnel("pypi.org") as link,
        context.wrap_socket(link, server_hostname="pypi.org", session=session) as secured,
    ):
        assert (secured.session_reused, secured.getpeercert(binary_form=True)) == (False, leaf)


def test_option__of_tls__set_later__holds_from_the_next_client_on(gateway: RunningGateway) -> None:
    """What was made ready under other options is not used any more."""
    assert isinstance(OLD.begin(gateway), tuple)
    planting.option(gateway, ciphers_client="ECDHE-ECDSA-CHACHA20-POLY1305")
    begun = OLD.begin(gateway)
    assert isinstance(begun, tuple)
    assert begun[1][0] == "ECDHE-ECDSA-CHACHA20-POLY1305"
    planting.option(gateway, ciphers_client=None, tls_version_client_min="TLS1_3")
    assert not isinstance(OLD.begin(gateway), tuple)
    assert isinstance(USUAL.begin(gateway), tuple)


def test_handshake__that_another_addon_provides__stays(gateway: RunningGateway, watch: Watch) -> None:
    """Ours gives nothing where there is something."""
    given: list[SSL.Connection] = []
    tls_config = ctx.master.addons.get("tlsconfig")
    assert isinstance(tls_config, TlsConfig)

    def provide(data: TlsData) -> None:
        tls_config.tls_start_client(data)
        assert data.ssl_conn is not None
        given.append(data.ssl_conn)

    planting.plant(gateway, planting.addon("tls_start_client", provide), "first")
    USUAL.begin(gateway)
    assert watch.connections == given != []


def test_client__that_an_addon_gives_ciphers__gets_these(gateway: RunningGateway) -> None:
    """An addon may choose for one client what the others do not have."""

    def choose(data: object) -> None:
        data.context.client.cipher_list = ["ECDHE-ECDSA-CHACHA20-POLY1305"]  # type: ignore[attr-defined] # ClientHelloData

    OLD.begin(gateway)
    planting.plant(gateway, planting.addon("tls_clienthello", choose), "last")
    begun = OLD.begin(gateway)
    assert isinstance(begun, tuple)
    assert begun[1][0] == "ECDHE-ECDSA-CHACHA20-POLY1305"


def test_tls__to_the_proxy_itself__is_left_to_mitmproxy(gateway: RunningGateway, watch: Watch) -> None:
    """Whatever name the client has for the proxy, PyPI's too: mitmproxy has rules of its own for it."""
    USUAL.begin(gateway)
    context = USUAL.context(gateway)
    with (
        socket.create_connection(gateway.address, 20) as link,
        context.wrap_socket(link, server_hostname="pypi.org") as secured,
    ):
        secured.sendall(b"CONNECT pypi.org:443 HTTP/1.1\r\nHost: pypi.org:443\r\n\r\n")
        assert b" 200 " in secured.recv(1000)
    first, second = watch.contexts
    assert first is not second
