"""CONNECT, SNI, authority and Host are four names that can disagree: only where all are one is a request answered."""

import ssl

import pytest

from addons.simple.negotiation import Form
from proxyconf import hosts
from tests.fakepypi import FakePyPI
from tests.gateway import planting
from tests.gateway.conftest import Start
from tests.gateway.elsewhere import tls_within
from tests.gateway.running import RunningGateway

OPEN = {"other_hosts": {"allow": ["127.0.0.1", "localhost"]}}
PAGE = "/simple/demo/"


def request(host: str, target: str = PAGE, *headers: str, method: str = "GET") -> bytes:
    """Give a request's bytes."""
    lines = [f"{method} {target} HTTP/1.1", *([f"Host: {host}"] if host else []), "Connection: close", *headers]
    return "\r\n".join([*lines, f"Accept: {Form.JSON.content_type}", "", ""]).encode("latin-1")


def status(answer: bytes) -> int:
    """Give the status of an answer, 0 if there is none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


AGREED = [
    ("pypi.org", "pypi.org", "pypi.org"),
    ("PyPI.org", "pypi.ORG", "PYPI.org"),
    ("pypi.org.", "pypi.org", "pypi.org."),
    ("pypi.org", "pypi.org", "pypi.org:443"),
    ("127.0.0.1", "pypi.org", "pypi.org"),  # an address names nobody
    ("1.1.1.1", "pypi.org", "pypi.org"),
    *((name, name, name) for name in sorted(hosts.INDEX)),
]


@pytest.mark.parametrize(("connect", "sni", "host"), AGREED)
def test_page__where_all_names_are_one__is_answered(
    start: Start, pypi: FakePyPI, connect: str, sni: str, host: str
) -> None:
    """Case, a trailing dot and a port make no other name; every alias of the index is decrypted and answered."""
    pypi.release("demo", "1.0")
    assert status(start(**OPEN).raw(request(host), connect=connect, sni=sni)) == 200


DISAGREED = [
    ("pypi.org", "pypi.org", "example.org", PAGE),
    ("pypi.org", "pypi.org", "files.pythonhosted.org", PAGE),
    ("pypi.org", "pypi.org", "www.pypi.org", PAGE),
    ("pypi.org", "pypi.org", "127.0.0.1", PAGE),
    ("pypi.org", "pypi.org", "pypi.org.example.org", PAGE),
    ("pypi.org", "pypi.org", "pypi.org, example.org", PAGE),
    ("pypi.org", "pypi.org", "example.org@pypi.org", PAGE),
    ("pypi.org", "files.pythonhosted.org", "pypi.org", PAGE),
    ("pypi.org", "files.pythonhosted.org", "files.pythonhosted.org", PAGE),
    ("pypi.org", "example.org", "pypi.org", PAGE),
    ("pypi.org", "example.org", "example.org", PAGE),
    ("pypi.org", None, "pypi.org", PAGE),
    ("files.pythonhosted.org", "files.pythonhosted.org", "pypi.org", PAGE),
    ("localhost", "pypi.org", "pypi.org", PAGE),
    ("localhost", "pypi.org", "localhost", PAGE),
    ("127.0.0.1", "pypi.org", "127.0.0.1", PAGE),
    ("127.0.0.1", "pypi.org", "files.pythonhosted.org", PAGE),
    ("pypi.org", "pypi.org", "pypi.org", "https://example.org/simple/demo/"),
    ("pypi.org", "pypi.org", "pypi.org", "http://files.pythonhosted.org/simple/demo/"),
    ("pypi.org", "pypi.org", "example.org", "https://pypi.org/simple/demo/"),
]


@pytest.mark.parametrize(("connect", "sni", "host", "target"), DISAGREED)
def test_page__where_names_disagree__is_misdirected(
    start: Start, pypi: FakePyPI, connect: str, sni: str | None, host: str, target: str
) -> None:
    """421 in words, and nobody is asked: neither PyPI nor the other host."""
    pypi.release("demo", "1.0")
    gateway = start(**OPEN)
    dials = planting.watch_dials(gateway)
    answer = gateway.raw(request(host, target), connect=connect, sni=sni)
    assert answer.startswith(b"HTTP/1.1 421 wheelgate: CONNECT, SNI and Host do not name one and the same host")
    assert (pypi.asked(), dials.made, dials.refused) == ([], [], [])


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (request("pypi.org", PAGE, "Host: pypi.org"), {400, 421}),
        (request("pypi.org", PAGE, "Host: example.org"), {400, 421}),
        (request("pypi.org", PAGE, "Upgrade: websocket", "Connection: Upgrade"), {400}),
        (request("pypi.org", PAGE, "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AA"), {400}),
        (request("pypi.org", PAGE, "Content-Length: 5") + b"hello", {400}),
        (request("pypi.org", PAGE, "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n", {400}),
        (request("pypi.org", PAGE, "Content-Length: 5", "Content-Length: 6") + b"hello", {400}),
        (request("pypi.org", "pypi.org:443", method="CONNECT"), {400}),
        (request("example.org", "example.org:443", method="CONNECT"), {400}),
        (request("pypi.org", "*", method="OPTIONS"), {400, 405}),
        (request("pypi.org", method="TRACE"), {405}),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", {400, 405}),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", {0, 400}),
        (b"\x00\x01\x02\x03\r\n\r\n", {0, 400}),
        (b"GET /simple/demo/\r\n\r\n", {0, 400}),
    ],
)  # fmt: skip
def test_tunnel__with_what_is_no_request_of_pypis__is_refused(
    gateway: RunningGateway, pypi: FakePyPI, sent: bytes, expected: set[int]
) -> None:
    """Ambiguous requests, other protocols and tunnels within tunnels end here."""
    pypi.release("demo", "1.0")
    dials = planting.watch_dials(gateway)
    assert status(gateway.raw(sent)) in expected
    assert (pypi.asked(), {host for host, _ in dials.made} - {"127.0.0.1"}, dials.refused) == ([], set(), [])


@pytest.mark.parametrize(
    ("connect", "sent", "expected"),
    [
        ("pypi.org", request("pypi.org"), 403),
        ("pypi.org", request("example.org"), 403),
        ("localhost", request("pypi.org"), 403),
        ("127.0.0.1", request("pypi.org"), 403),
        ("pypi.org", request("pypi.org", "https://pypi.org/simple/demo/"), 403),
        ("pypi.org", b"SSH-2.0-OpenSSH_9.6\r\n\r\n", 400),
        ("pypi.org", b"\x00\x01\x02\x03 \r\n\r\n", 400),
    ],
)
def test_tunnel__without_tls__is_refused(
    start: Start, pypi: FakePyPI, connect: str, sent: bytes, expected: int
) -> None:
    """In a tunnel to PyPI, or with PyPI's name in it, nothing but TLS is spoken."""
    gateway = start(**OPEN)
    dials = planting.watch_dials(gateway)
    with gateway.tunnel(connect) as link:
        link.sendall(sent)
        answer = link.recv(65_536)
    assert status(answer) == expected
    assert (pypi.asked(), dials.made, dials.refused) == ([], [], [])


@pytest.mark.parametrize(
    ("connect", "inner", "host", "expected"),
    [
        ("pypi.org", "pypi.org", "pypi.org", 200),
        ("pypi.org", "example.org", "pypi.org", 421),
        ("pypi.org", "example.org", "example.org", 421),
        ("localhost", "pypi.org", "pypi.org", 421),
    ],
)
def test_tunnel__with_tls_within_tls__is_judged_by_the_names_of_the_inner_one(
    start: Start, pypi: FakePyPI, connect: str, inner: str, host: str, expected: int
) -> None:
    """Another layer of TLS, under another name, is no way round: CONNECT's name counts as much as the inner one's."""
    pypi.release("demo", "1.0")
    gateway = start(**OPEN)
    dials = planting.watch_dials(gateway)
    unchecked = ssl.create_default_context(cafile=gateway.authority.ca_path)
    unchecked.check_hostname = False
    with (
        gateway.tunnel(connect) as link,
        gateway.trust.wrap_socket(link, server_hostname="pypi.org") as outer,
    ):
        assert status(tls_within(outer, unchecked, inner, request(host))) == expected
    assert (dials.made, dials.refused) == ([], [])


def test_client__that_would_speak_http_2__is_offered_http_1(gateway: RunningGateway) -> None:
    """HTTP/2 has no reason phrases, by which most clients tell their users why."""
    context = gateway.trust
    context.set_alpn_protocols(["h2", "http/1.1"])
    with gateway.tunnel("pypi.org") as link, context.wrap_socket(link, server_hostname="pypi.org") as secured:
        assert secured.selected_alpn_protocol() == "http/1.1"


PLAIN = ["http://pypi.org", "http://PyPI.org.", "http://files.pythonhosted.org", "http://upload.pypi.org:80"]


@pytest.mark.parametrize("host", [*PLAIN, "http://pypi.org:443", "http://another.pypi.org"])
def test_plain_http__to_pypi__is_refused(gateway: RunningGateway, pypi: FakePyPI, host: str) -> None:
    """Nothing that comes without TLS is answered, nor passed on."""
    dials = planting.watch_dials(gateway)
    answer = gateway.get(f"{host}/simple/demo/")
    assert (answer.status_code, answer.reason_phrase) == (403, "wheelgate: PyPI's hosts are answered over HTTPS only")
    assert (pypi.asked(), dials.made, dials.refused) == ([], [], [])


def test_plain_http__to_another_host_in_pypis_name__is_refused(start: Start) -> None:
    """A Host header that names PyPI makes a request one for PyPI, wherever it is going."""
    gateway = start(**OPEN)
    dials = planting.watch_dials(gateway)
    assert gateway.get("http://localhost/", Host="pypi.org").status_code == 403
    assert (dials.made, dials.refused) == ([], [])
