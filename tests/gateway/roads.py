"""Requests of many kinds, and the two roads that they are sent on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from addons.lane_others import OPTION
from tests.fakepypi import FakePyPI
from tests.gateway import planting
from tests.gateway.links import answered, asked, exchange
from tests.gateway.running import JSON, RunningGateway, configuration

DENIED = {"policies": [{"deny": [{"project": "demo", "versions": "==2.0", "reason": "steals tokens"}]}]}
LAST = asked("/simple/last/", "Connection: close")
HTML = "application/vnd.pypi.simple.v1+html"


@contextmanager
def both_roads(folder: Path) -> Iterator[RunningGateway]:
    """Run a gateway with the projects that the requests ask for, their pages in hand."""
    with FakePyPI(folder) as pypi:
        pypi.release("demo", "1.0")
        pypi.release("demo", "2.0")
        pypi.release("last", "1.0")
        with RunningGateway(configuration(pypi, folder, **DENIED)) as gateway:
            for project in ("demo", "last"):
                assert gateway.page(project).status_code == 200
            yield gateway


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
