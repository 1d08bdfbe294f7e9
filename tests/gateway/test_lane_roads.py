"""One answer on both roads: whatever is sent, the lane answers with the bytes of the flow road, or leaves it to it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from addons.lane_others import OPTION
from tests.fakepypi import FakePyPI
from tests.gateway import planting
from tests.gateway.links import answered, asked, exchange, link
from tests.gateway.running import JSON, RunningGateway, configuration

DENIED = {"policies": [{"deny": [{"project": "demo", "versions": "==2.0", "reason": "steals tokens"}]}]}
LAST = asked("/simple/last/", "Connection: close")
HTML = "application/vnd.pypi.simple.v1+html"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningGateway, FakePyPI]]:
    """A gateway for all tests of this file: none changes anything, but the road."""
    folder: Path = tmp_path_factory.mktemp("roads")
    with FakePyPI(folder) as pypi:
        pypi.release("demo", "1.0")
        pypi.release("demo", "2.0")
        pypi.release("last", "1.0")
        with RunningGateway(configuration(pypi, folder, **DENIED)) as gateway:
            for project in ("demo", "last"):
                assert gateway.page(project).status_code == 200
            yield gateway, pypi


@pytest.fixture(scope="module")
def gateway(served: tuple[RunningGateway, FakePyPI]) -> RunningGateway:
    """The gateway."""
    return served[0]


def on_both(gateway: RunningGateway, *pieces: bytes, **names: str) -> tuple[bytes, bytes, int]:
    """Give what comes back with the lane open, with the lane closed, and how many answers of the first were the lane's."""
    before = answered(gateway)
    with_lane = exchange(gateway, *pieces, **names)
    taken = answered(gateway) - before
    planting.option(gateway, **{OPTION: False})
    try:
        without = exchange(gateway, *pieces, **names)
        assert answered(gateway) == before + taken
    finally:
        planting.option(gateway, **{OPTION: True})
    return with_lane, without, taken


def etag(gateway: RunningGateway) -> str:
    """Give the validator of the page that `asked` asks for."""
    with link(gateway) as one:
        head = one.ask(asked()).head.decode()
    return head.partition("ETag: ")[2].partition("\r")[0]


USUAL = [
    *(asked(target) for target in ("/simple/demo/", "/simple/Demo/", "/simple/demo", "/simple/absent/", "/simple/demo/?format=x")),
    *(asked(target) for target in ("/", "/nowhere", "/simple/%2e%2e/", "/simple/a%2fb/", "//x")),
    *(asked(target) for target in ("/simple/demo/#part", "/simple/demo/?a=b&c", "/simple/d~mo/", "/simple/demo/\"<>", "/%00")),
    *(asked("/simple/demo/", f"Accept: {accept}") for accept in (HTML, "text/html", "*/*", "x/y", "q", f"{JSON};q=0, */*")),
    *(asked("/simple/demo/", f"Accept-Encoding: {coding}") for coding in ("gzip", "identity", "gzip;q=0", "br", "*", "zstd, gzip")),
    *(asked("/simple/demo/", f"If-None-Match: {tag}") for tag in ("*", '"x"', 'W/"x", "y"', "x", "")),
    *(asked(target, method="HEAD") for target in ("/simple/demo/", "/simple/absent/", "/simple/Demo/", "/nowhere")),
    asked("/simple/demo/", "Cache-Control: max-age=0", "Pragma: no-cache", "User-Agent: x", "Cookie: a=b", "Cookie: c=d"),
    asked("/simple/demo/", "Connection: keep-alive"), asked("/simple/demo/", "Connection: Keep-Alive"),
    asked("/simple/demo/", "Range: bytes=0-3"), asked("/simple/demo/", "Origin: https://example.org"), asked("/simple/demo/", "X:"),
    asked(host="PyPI.org"), asked(host="pypi.org."), asked(host="pypi.org:443"), asked(host="example.org"), asked(host="[::1]"),
    asked(host="pypi.org, pypi.org"), asked(host=""), asked(host="127.0.0.1"), asked(host="files.pythonhosted.org"),
]  # fmt: skip


@pytest.mark.parametrize("request_", USUAL, ids=ascii)
def test_request__of_the_usual_kind__is_answered_on_the_lane_as_on_the_flow_road(
    gateway: RunningGateway, request_: bytes
) -> None:
    """Byte for byte, and the lane was taken: for pages, refusals, redirects and errors alike."""
    with_lane, without, taken = on_both(gateway, request_ + LAST)
    assert with_lane == without
    assert with_lane.startswith(b"HTTP/1.1 ")
    assert taken == 2


@pytest.mark.parametrize(
    "target", ["/simple/", "/pypi/demo/json", "/pypi/demo/1.0/json", "/simple/demo", "/rss/updates.xml"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_request__of_any_other_route__is_answered_alike(gateway: RunningGateway, target: str, method: str) -> None:
    """Whether the lane answers it or the origin has to stream it."""
    with_lane, without, _ = on_both(gateway, asked(target, method=method) + LAST)
    assert with_lane == without


def test_page__that_the_client_has__is_304_on_both_roads(gateway: RunningGateway) -> None:
    """CCH-03: a validator that fits, in any of its forms, is answered alike, and on the lane."""
    tag = etag(gateway)
    sent = b"".join(asked("/simple/demo/", f"If-None-Match: {form}") for form in (tag, f"W/{tag}", f'"x", {tag}'))
    with_lane, without, taken = on_both(gateway, sent + LAST)
    assert with_lane == without
    assert with_lane.count(b"HTTP/1.1 304 ") == 3
    assert taken == 4


def _with(*lines: str) -> bytes:
    return asked("/simple/demo/", *lines)


HOSTILE = [
    *(asked(method=method) for method in ("get", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "FOO", "G\xe4T")),
    asked(method="CONNECT"), asked("*"), asked("simple/demo/"), asked("https://pypi.org/simple/demo/"), asked("https://example.org/"),
    asked("http://pypi.org/simple/demo/"), asked("/simple/d\xe4mo/"), asked("/simple/demo/\x00"), asked("/simple/ demo/"),
    *(asked().replace(b"HTTP/1.1", version) for version in (b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/11", b"http/1.1", b"")),
    asked().replace(b"\r\n", b"\n"), asked().replace(b"\r\nHost", b"\nHost"), asked()[:-2] + b"\n", asked().replace(b" HTTP", b"\tHTTP"),
    asked().replace(b"Host: pypi.org\r\n", b""), _with("Host: pypi.org"), _with("Host: example.org"), _with("Host : example.org"),
    _with("X : y"), _with(" X: y"), _with("X: y", " folded"), _with("X: y", "\tfolded"), _with("X"), _with(": y"), _with("X\xe4: y"),
    _with("X: \x00"), _with("X: \xe4"), _with("X: \x0b"), _with("X: a\rY: b"), _with("X(y): z"), _with('"X": z'), _with("X-Wheelgate-Ticket: a"),
    _with("Content-Length: 0"), _with("Content-Length: 5") + b"hello", _with("Content-Length: +5") + b"hello", _with("Content-Length: 5, 5") + b"hello",
    _with("Content-Length: 5", "Content-Length: 5") + b"hello", _with("Content-Length: 5", "Content-Length: 6") + b"hello!",
    _with("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n", _with("Transfer-Encoding: chunked") + b"0\r\n\r\n",
    _with("Transfer-Encoding: chunked, identity") + b"0\r\n\r\n", _with("Transfer-Encoding: xchunked") + b"0\r\n\r\n", _with("Transfer-Encoding: gzip"),
    _with("Upgrade: websocket", "Connection: Upgrade"), _with("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AA"),
    _with("Expect: 100-continue"), _with("Connection: Close"), _with("Connection: close, te"), _with("Connection: close", "Connection: keep-alive"),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"\x00\x01\x02\x03\r\n\r\n", b"GET /simple/demo/\r\n\r\n", b":\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("sent", HOSTILE, ids=ascii)
def test_request__of_a_hostile_kind__is_answered_as_by_the_flow_road(gateway: RunningGateway, sent: bytes) -> None:
    """Strictness is the flow road's, by construction: what is not plainly usual is read by mitmproxy alone."""
    with_lane, without, taken = on_both(gateway, sent + LAST)
    assert with_lane == without
    assert taken <= 1  # nothing but the request behind it, where the connection is still good for one


@pytest.mark.parametrize("sent", HOSTILE[::3], ids=ascii)
def test_request__of_a_hostile_kind_behind_and_before_others__is_answered_in_its_turn(
    gateway: RunningGateway, sent: bytes
) -> None:
    """Pipelined, the roads change within one connection, and no answer is lost, doubled or out of turn."""
    with_lane, without, taken = on_both(gateway, asked() + sent + asked("/simple/absent/") + LAST)
    assert with_lane == without
    assert taken >= 1


@pytest.mark.parametrize(
    ("connect", "sni", "host"),
    [
        ("pypi.org", "files.pythonhosted.org", "pypi.org"),
        ("pypi.org", "files.pythonhosted.org", "files.pythonhosted.org"),
        ("files.pythonhosted.org", "files.pythonhosted.org", "pypi.org"),
        ("files.pythonhosted.org", "files.pythonhosted.org", "files.pythonhosted.org"),
        ("upload.pypi.org", "upload.pypi.org", "upload.pypi.org"),
        ("pypi.org", "example.org", "pypi.org"),
    ],
)
def test_request__under_names_that_may_disagree__is_answered_alike(
    gateway: RunningGateway, connect: str, sni: str, host: str
) -> None:
    """421 is said on the lane where the flow road says it."""
    last = asked("/simple/last/", "Connection: close", host=host)
    with_lane, without, taken = on_both(gateway, asked(host=host) + last, connect=connect, sni=sni)
    assert with_lane == without
    assert taken == (0 if sni == "example.org" else 2)


@pytest.mark.parametrize(
    "sent", [asked(), asked("/simple/demo/", "X: y", " folded"), b"\r\n" + asked(), b"\n\r\n" + asked()], ids=ascii
)
def test_request__cut_at_every_byte__is_answered_as_in_one_piece(gateway: RunningGateway, sent: bytes) -> None:
    """Where a record of TLS ends means nothing: cut in two at every place, and into single bytes."""
    whole = exchange(gateway, sent + LAST)
    assert whole.count(b"HTTP/1.1 200 OK") == 2
    every: list[tuple[bytes, ...]] = [(sent[:at], sent[at:] + LAST) for at in range(1, len(sent))]
    every.append(tuple(bytes([byte]) for byte in sent + LAST))
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda pieces: exchange(gateway, *pieces), every)) == {whole}


_STARTS = [
    "GET /simple/demo/",
    "HEAD /simple/demo/",
    "GET /simple/absent/",
    "get /",
    "POST /",
    "GET http://pypi.org/",
    "OPTIONS /",
]
_VERSIONS = [" HTTP/1.1", " HTTP/1.1", " HTTP/1.0", "  HTTP/1.1", " HTTP/1.1 ", ""]
_FIELDS = [
    "Host: pypi.org", "host:pypi.org", "Host: example.org", "Accept: text/html", "Accept: */*;q=0.1", "Accept-Encoding: gzip",
    "If-None-Match: *", "Connection: keep-alive", "Content-Length: 0", "X: \xe4", "X : y", " fold", "Expect: no", "X:", "\tfold", "Y",
]  # fmt: skip
_ENDS = ["\r\n", "\r\n", "\r\n", "\n"]
_HEADS = st.builds(
    lambda start, version, fields, ends: (
        start + version + ends[0] + "".join(f + e for f, e in zip(fields, ends[1:], strict=False)) + ends[-1]
    ).encode("latin-1"),
    st.sampled_from(_STARTS),
    st.sampled_from(_VERSIONS),
    st.lists(st.sampled_from(_FIELDS), max_size=5).map(lambda fields: ["Host: pypi.org", *fields]),
    st.lists(st.sampled_from(_ENDS), min_size=8, max_size=8),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_HEADS, min_size=1, max_size=3))
def test_requests__of_any_mixture__are_answered_alike(gateway: RunningGateway, heads: list[bytes]) -> None:
    """Whatever is put together from good and bad parts, nobody can tell from the answers that there is a lane."""
    with_lane, without, _ = on_both(gateway, b"".join(heads) + LAST)
    assert with_lane == without
