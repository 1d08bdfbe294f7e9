"""Routes through a running gateway: what reaches clients on the wire, with the programs that ask these routes."""

import http.client
import xmlrpc.client
from dataclasses import dataclass
from typing import override

import pytest

from tests.fakepypi import FakePyPI
from tests.gateway import planting
from tests.gateway.running import JSON, RunningGateway

INDEX, FILES = "https://pypi.org", "https://files.pythonhosted.org"


@dataclass
class ThroughGateway(xmlrpc.client.SafeTransport):
    """How `xmlrpc.client` goes through a proxy."""

    gateway: RunningGateway

    def __post_init__(self) -> None:
        super().__init__(context=self.gateway.trust)

    @override
    def make_connection(self, host: object) -> http.client.HTTPSConnection:
        """Give a connection by CONNECT."""
        link = http.client.HTTPSConnection(*self.gateway.address, context=self.gateway.trust)
        link.set_tunnel(str(host), 443)
        self._connection = (str(host), link)  # which it closes in the end
        return link


@pytest.mark.parametrize("path", ["/pypi", "/pypi/", "/RPC2"])
@pytest.mark.parametrize("method", ["changelog_last_serial", "list_packages_with_serial", "browse", "package_releases"])
def test_xml_rpc__of_pythons_own_client__prints_why_it_is_refused(
    gateway: RunningGateway, pypi: FakePyPI, path: str, method: str
) -> None:
    """LEG-07: what the program raises has our words in it, and PyPI hears nothing."""
    with (
        xmlrpc.client.ServerProxy(f"{INDEX}{path}", transport=ThroughGateway(gateway)) as server,
        pytest.raises(xmlrpc.client.ProtocolError, match="403 wheelgate: XML-RPC is not passed through"),
    ):
        getattr(server, method)("demo")
    assert pypi.requests == []


def test_file__in_every_spelling__arrives_whole(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """FIL-06: over the wire, where a server or a proxy might have read the path another way."""
    file = pypi.release("demo", "1.0")
    digest = file.path.rpartition("/")[0]
    for path in (
        file.path.replace(digest, digest.upper().replace("/PACKAGES", "/packages")),
        file.path.replace("demo", "%64%65mo"),
        f"{file.path}?x=1#sha256=00",
    ):
        for host in (INDEX, FILES):
            assert gateway.get(host + path).content == file.content
            assert gateway.get(host + path, Range="bytes=1-4").content == file.content[1:5]
            head = gateway.get(host + path, "HEAD")
            assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(file.content)))


@pytest.mark.parametrize(
    "path",
    ["//packages/{}", "/packages//{}", "/packages/%2e%2e/packages/{}", "/simple/..%2fpackages/{}", "/packages/{}.asc"],
)
def test_file__by_a_way_round__is_refused(gateway: RunningGateway, pypi: FakePyPI, path: str) -> None:
    """NAM-09, NAM-10: written to the wire by hand, as no client would."""
    file = pypi.release("demo", "1.0")
    dials = planting.watch_dials(gateway)
    target = path.format(file.path.removeprefix("/packages/"))
    head = f"GET {target} HTTP/1.1\r\nHost: files.pythonhosted.org\r\nConnection: close\r\n\r\n"
    answer = gateway.raw(head.encode(), connect="files.pythonhosted.org", sni="files.pythonhosted.org")
    assert int(answer.split()[1]) in (400, 403, 404)
    assert b"wheelgate: " in answer.split(b"\r\n")[0]
    assert (pypi.asked("/packages/"), dials.made) == ([], [])


def test_predictable_url__followed__ends_at_the_file(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """LEG-11: as old build recipes have it."""
    file = pypi.release("demo", "1.0", kind="sdist")
    with gateway.client() as client:
        for host in (INDEX, FILES):
            answer = client.get(f"{host}/packages/source/d/demo/{file.filename}", follow_redirects=True)
            assert answer.content == file.content
            assert [hop.status_code for hop in answer.history] == [302]
            assert str(answer.url) == file.url


@pytest.mark.parametrize("url", [f"{INDEX}/simple/demo/", f"{INDEX}/pypi/demo/json", "FILE", "FILE.metadata"])
def test_script__in_a_browser__may_ask(gateway: RunningGateway, pypi: FakePyPI, url: str) -> None:
    """FIL-14, CCH-15: what micropip does: a preflight, then the request, both with what the browser insists on."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    asked = url.replace("FILE", file.url)
    origin = {"Origin": "https://example.org"}
    preflight = gateway.get(asked, "OPTIONS", **origin, Access_Control_Request_Method="GET")
    assert (preflight.status_code, preflight.content) == (204, b"")
    assert "content-length" not in preflight.headers
    assert "GET" in preflight.headers["Access-Control-Allow-Methods"]
    answer = gateway.get(asked, **origin, Accept=JSON)
    assert answer.status_code == 200
    assert {preflight.headers["Access-Control-Allow-Origin"], answer.headers["Access-Control-Allow-Origin"]} == {"*"}


@pytest.mark.parametrize("accept_encoding", ["identity", "gzip", "zstd"])
@pytest.mark.parametrize("url", [f"{INDEX}/simple/demo/", f"{INDEX}/simple/none/", f"{INDEX}/pypi/demo/json", "FILE"])
def test_head__of_anything__has_the_headers_of_get(
    gateway: RunningGateway, pypi: FakePyPI, url: str, accept_encoding: str
) -> None:
    """NAM-07, CCH-05: status, type, tag, length and Vary of GET, a Date, and no body."""
    asked = url.replace("FILE", pypi.release("demo", "1.0").url)
    get, head = (gateway.get(asked, method, Accept_Encoding=accept_encoding) for method in ("GET", "HEAD"))
    assert (head.status_code, head.reason_phrase, head.content) == (get.status_code, get.reason_phrase, b"")
    assert {k: v for k, v in head.headers.items() if k != "date"} == {
        k: v for k, v in get.headers.items() if k != "date"
    }
    assert "date" in head.headers


@pytest.mark.parametrize(
    "path", ["/simple/demo/", "/simple/", "/pypi/demo/json", "/packages/py3/d/demo/x.whl", "/legacy/", "/"]
)
@pytest.mark.parametrize("host", ["pypi.org", "files.pythonhosted.org", "upload.pypi.org"])
def test_plain_http__on_any_route__has_no_content(
    gateway: RunningGateway, pypi: FakePyPI, host: str, path: str
) -> None:
    """NAM-14: never answered with content, nor led to it by a redirect, nor passed on."""
    pypi.release("demo", "1.0")
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        answer = gateway.get(f"http://{host}{path}", method)
        assert (answer.status_code, answer.reason_phrase) == (
            403,
            "wheelgate: PyPI's hosts are answered over HTTPS only",
        )
    assert pypi.requests == []


@pytest.mark.parametrize("method", ["BREW", "M-SEARCH", "brew", "!", "PUT"])
@pytest.mark.parametrize("body", [b"", b"hello"])
def test_method__of_any_name__is_refused_by_name_with_a_body_or_without(
    gateway: RunningGateway, method: str, body: bytes
) -> None:
    """NAM-08: a body goes by way of the origin, whose parser knows some methods only: it has no say in this."""
    head = (
        f"{method} /simple/demo/ HTTP/1.1\r\nHost: pypi.org\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = gateway.raw(head.encode() + body)
    assert answer.startswith(f"HTTP/1.1 405 wheelgate: {method.upper()} is not a method of this route\r\n".encode())
