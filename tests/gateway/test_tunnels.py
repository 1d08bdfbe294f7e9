"""Connections that are not for PyPI: passed on byte for byte, or refused; and the doors into the gateway itself."""

import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme

from addons.lane_others import OPTION
from addons.origin.tickets import TICKET
from proxyconf.addresses import Address
from proxyconf.settings import OtherHosts, Settings
from tests.fakepypi import FakePyPI
from tests.gateway import planting
from tests.gateway.conftest import Start
from tests.gateway.elsewhere import Heard, echo_server, echoed, http_server, sha256
from tests.gateway.running import RunningGateway, configuration

HERE = ["127.0.0.1", "localhost"]


@pytest.fixture
def plain() -> Iterator[Heard]:
    """A plain HTTP server that is not PyPI."""
    with http_server() as heard:
        yield heard


def open_to(start: Start, port: int, *allow: str) -> RunningGateway:
    """Start a gateway that lets clients reach this port of the test's own machine."""
    return start(other_hosts={"allow": list(allow or HERE), "ports": [80, 443, port]})


def test_tunnel__to_another_host__shows_that_hosts_own_certificate(start: Start, tmp_path: Path) -> None:
    """A client that trusts the other host's CA, and not ours, is served: nothing was decrypted."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "theirs.pem")
    theirs = ssl.create_default_context(cafile=tmp_path / "theirs.pem")
    with http_server(ca, "localhost") as server:
        gateway = open_to(start, server.port)
        with httpx.Client(proxy=gateway.url, verify=theirs, trust_env=False) as client:
            answer = client.get(f"https://localhost:{server.port}/7", headers={TICKET: "mine"})
            assert answer.content == b"xxxxxxx"
            assert server.requests[0][2][TICKET.lower()] == "mine"
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            gateway.get(f"https://localhost:{server.port}/7")


@pytest.mark.parametrize(
    "beginning", [b"\x16\x03\x01", b"SSH-2.0-x\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\0"]
)
def test_tunnel__to_another_host__passes_bytes_untouched(start: Start, beginning: bytes) -> None:
    """Whatever is spoken in the tunnel arrives as it was sent, both ways."""
    with echo_server() as port:
        gateway = open_to(start, port)
        sent = beginning + os.urandom(1_000_000)
        with gateway.tunnel("localhost", port) as link:
            assert sha256(echoed(link, sent)) == sha256(sent)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "127.1", "2130706433", "0x7f.1", "0"]
)
def test_connect__to_this_machine__is_refused(gateway: RunningGateway, host: str) -> None:
    """The default refuses every spelling that the system's resolver leads inside."""
    with pytest.raises(AssertionError, match="403 wheelgate: this name leads to"):
        gateway.tunnel(host)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "127.1", "2130706433", "0x7f.1"]
)
def test_plain_http__to_this_machine__is_refused(gateway: RunningGateway, host: str) -> None:
    """The same for requests without a tunnel."""
    answer = spoken(gateway, f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    assert answer.startswith("HTTP/1.1 403 wheelgate: this name leads to")


def spoken(gateway: RunningGateway, request: str) -> str:
    """Send a request to the proxy port by hand, and give what comes back until it closes."""
    with socket.create_connection(gateway.address, timeout=20) as link:
        link.sendall(request.encode("latin-1"))
        return "".join(iter(lambda: link.recv(65_536).decode("latin-1"), ""))


@pytest.mark.parametrize("label", ["a" * 64, "a..b"])
def test_connect__to_a_name_that_cannot_be_one__is_refused_in_words(gateway: RunningGateway, label: str) -> None:
    """What the resolver cannot even spell is no fault of the gateway's."""
    with pytest.raises(AssertionError, match=r"HTTP/1.1 (400|502 wheelgate: the host's name cannot be resolved)"):
        gateway.tunnel(f"{label}.example.org")


def test_connect__in_mode_refuse__is_refused_and_pypi_is_served(start: Start, pypi: FakePyPI) -> None:
    """A restricted network has PyPI and nothing else."""
    pypi.release("demo", "1.0")
    gateway = start(other_hosts={"mode": "refuse"})
    with pytest.raises(AssertionError, match="403 wheelgate: only PyPI"):
        gateway.tunnel("example.org")
    assert gateway.get("http://example.org/").status_code == 403
    assert gateway.page("demo").status_code == 200


def test_plain_http__to_an_allowed_host__passes_on(start: Start, plain: Heard) -> None:
    """Other hosts' plain HTTP is passed on as it is, without what was meant for the proxy."""
    gateway = open_to(start, plain.port)
    secret = {TICKET: "forged", "Proxy-Authorization": "Basic c2VjcmV0", "X-Theirs": "kept"}
    answer = gateway.get(f"http://localhost:{plain.port}/300000", **secret)
    assert (answer.status_code, len(answer.content)) == (200, 300_000)
    headers = plain.requests[0][2]
    assert headers["x-theirs"] == "kept"
    assert headers["host"] == f"localhost:{plain.port}"
    assert not {TICKET.lower(), "proxy-authorization", "proxy-connection"} & set(headers)
    assert headers["via"].startswith("1.1 wheelgate-")


def test_plain_http__asked_again_and_again_over_one_connection__passes_on(start: Start, plain: Heard) -> None:
    """mitmproxy opens five connections to one address and then waits for one to end: each has to."""
    gateway = open_to(start, plain.port)
    with gateway.client() as client:
        answers = [client.get(f"http://localhost:{plain.port}/5") for _ in range(12)]
    assert [answer.content for answer in answers] == [b"xxxxx"] * 12
    assert len(plain.requests) == 12


def test_plain_http__posted_to_an_allowed_host__passes_on(start: Start, plain: Heard) -> None:
    """A body goes on as well."""
    gateway = open_to(start, plain.port)
    with gateway.client() as client:
        answer = client.post(f"http://localhost:{plain.port}/5", content=b"x" * 1_000_000)
    assert (answer.content, plain.taken) == (b"xxxxx", 1_000_000)


@pytest.mark.parametrize("url", ["http://localhost:{}/", "http://127.0.0.1:{}/"])
def test_plain_http__to_a_host_that_is_not_allowed__does_not_reach_it(
    gateway: RunningGateway, plain: Heard, url: str
) -> None:
    """A refused host hears nothing."""
    answer = gateway.get(url.format(plain.port))
    assert answer.status_code == 403
    assert plain.requests == []


def test_https__asked_of_the_proxy_without_a_tunnel__is_refused(start: Start) -> None:
    """`GET https://…` would let the gateway see what is private: it neither dials nor decrypts for other hosts."""
    ca = trustme.CA()
    with http_server(ca, "localhost") as server:
        gateway = open_to(start, server.port)
        dials = planting.watch_dials(gateway)
        url = f"https://localhost:{server.port}/"
        answer = spoken(gateway, f"GET {url} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert answer.startswith("HTTP/1.1 421 wheelgate: other hosts are reached over HTTPS by CONNECT only")
        assert (server.requests, dials.made, dials.refused) == ([], [], [])


def origin_of(gateway: RunningGateway, pypi: FakePyPI) -> tuple[str, int]:
    """Find out where the gateway's own origin listens."""
    dials = planting.watch_dials(gateway)
    planting.option(gateway, **{OPTION: False})
    assert gateway.get(pypi.release("demo", "1.0").url).status_code == 200
    return dials.made[0]


def test_origin__asked_by_a_client__is_out_of_reach(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """Neither CONNECT nor an absolute request leads to the origin."""
    host, port = origin_of(gateway, pypi)
    with pytest.raises(AssertionError, match="403"):
        gateway.tunnel(host, port)
    assert gateway.get(f"http://{host}:{port}/").status_code == 403


def test_origin__opened_by_a_careless_configuration__still_asks_for_a_ticket(
    gateway: RunningGateway, pypi: FakePyPI
) -> None:
    """Even where the loopback and the very port are allowed, a forged ticket is worth nothing, as is one by CONNECT."""
    host, port = origin_of(gateway, pypi)
    opened = OtherHosts(allow=("127.0.0.1",), ports=(port,))
    present = planting.intercept_of(gateway).present
    gateway.until(lambda: present.swap(Settings(other_hosts=opened, certs=present.assembly.settings.certs)))
    answer = gateway.get(f"http://{host}:{port}/", **{TICKET: "forged"})
    assert (answer.status_code, answer.reason_phrase) == (403, "wheelgate: this address serves the gateway only")
    with gateway.tunnel(host, port) as link:
        link.sendall(f"GET / HTTP/1.1\r\nHost: x\r\n{TICKET}: forged\r\nConnection: close\r\n\r\n".encode())
        assert b"403 wheelgate: this address serves the gateway only" in link.recv(65_536)


def test_file__asked_with_a_ticket_of_the_clients__is_served_by_ours(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """What a client sends under the ticket's name is taken out before the gateway writes its own."""
    file = pypi.release("demo", "1.0")
    assert gateway.get(file.url, **{TICKET: "forged"}).content == file.content


@pytest.mark.parametrize(
    "url", ["http://wheelgate.internal/status", "http://127.0.0.1:{}/status", "http://localhost:{}/status"]
)
def test_gateway__asked_for_itself__answers_and_dials_nobody(gateway: RunningGateway, url: str) -> None:
    """The proxy's own address is the front desk, not a host to be reached."""
    dials = planting.watch_dials(gateway)
    answer = gateway.get(url.format(gateway.address[1]))
    assert answer.json()["ca_sha256"] == gateway.authority.fingerprint
    assert (dials.made, dials.refused) == ([], [])


def test_gateway__reached_through_itself__breaks_the_loop(pypi: FakePyPI, tmp_path: Path) -> None:
    """A configuration that allows an address of the gateway's own cannot make it ask itself for ever."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    others = {"allow": ["127.0.0.2"], "ports": [port]}
    with RunningGateway(configuration(pypi, tmp_path, other_hosts=others), Address("0.0.0.0", port)) as gateway:
        dials = planting.watch_dials(gateway)
        answer = spoken(gateway, f"GET http://127.0.0.2:{port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith("HTTP/1.1 508 wheelgate: this request came from this gateway itself")
    assert dials.made == [("127.0.0.2", port)]
