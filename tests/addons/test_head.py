"""Reading heads: what is read here is read the same way by mitmproxy, and the rest is left to it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mitmproxy.net.http import validate
from mitmproxy.net.http.http1 import expected_http_body_size, read_request_head

from addons.head import Head, Unread, read_head

PIP = (
    b"GET /simple/demo/ HTTP/1.1\r\nHost: pypi.org\r\nUser-Agent: pip/26.0 {}\r\nAccept: a/b, c/d; q=0.1\r\n"
    b"Connection: keep-alive\r\n\r\n"
)


def head(*lines: str, start: str = "GET / HTTP/1.1") -> bytes:
    """Give a head with a Host and further lines."""
    return "\r\n".join([start, "Host: pypi.org", *lines, "", ""]).encode("latin-1")


def test_head__as_pip_sends_it__is_read() -> None:
    """The usual request is read here: its target as sent, its header names in lower case."""
    headers = {"host": "pypi.org", "user-agent": "pip/26.0 {}", "accept": "a/b, c/d; q=0.1", "connection": "keep-alive"}
    assert read_head(PIP) == Head("GET", "/simple/demo/", "pypi.org", headers, closes=False)


def test_head__with_a_header_twice__has_its_values_joined() -> None:
    """A list may be sent in parts (RFC 9110 section 5.3)."""
    read = read_head(head("Accept: a/b", "X:  ", "ACCEPT:\tc/d \t"))
    assert read is not None
    assert read.headers == {"host": "pypi.org", "accept": "a/b, c/d", "x": ""}


@pytest.mark.parametrize(("value", "closes"), [("close", True), ("keep-alive", False), ("Keep-Alive", False)])
def test_head__with_a_wish_for_the_connection__tells_it(value: str, closes: bool) -> None:
    """Both wishes are known; others are not read here (below)."""
    read = read_head(head(f"Connection: {value}"))
    assert read is not None
    assert read.closes is closes


LEFT = [
    *(head(start=start) for start in ("get / HTTP/1.1", "POST / HTTP/1.1", "OPTIONS / HTTP/1.1", "GET * HTTP/1.1")),
    *(head(start=start) for start in ("GET / HTTP/1.0", "GET / HTTP/2.0", "GET / HTTP/1.10", "GET /", "GET  / HTTP/1.1")),
    *(head(start=start) for start in ("GET https://pypi.org/ HTTP/1.1", "GET simple/ HTTP/1.1", "GET /\xe4 HTTP/1.1")),
    *(head(start=start) for start in ("GET /a b HTTP/1.1", "GET /\x00 HTTP/1.1", "GET\t/ HTTP/1.1", " GET / HTTP/1.1")),
    head("Content-Length: 0"), head("Content-Length: 5"), head("Transfer-Encoding: chunked"), head("Expect: 100-continue"),
    head("Upgrade: h2c"), head("Connection: upgrade"), head("Connection: close, TE"), head("Connection: keep-alive", "Connection: close"),
    head("Host: pypi.org"), head("host:example.org"), b"GET / HTTP/1.1\r\nAccept: a/b\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
    head("X : a"), head(" X: a"), head("X: a", " folded"), head("X"), head(": a"), head("X\xe4: a"), head("X(y): a"),
    head("X: \xe4"), head("X: \x00"), head("X: \x7f"), head("X: \x0b"), head("X: a\rb"), head("X: a\nY: b"),
    PIP.replace(b"\r\n", b"\n"), PIP.replace(b"pypi.org\r\n", b"pypi.org\n"), PIP[:-2] + b"\n", PIP + b"G", PIP[:-2], b"\r\n" + PIP,
]  # fmt: skip


@pytest.mark.parametrize("sent", LEFT, ids=ascii)
def test_head__of_any_other_kind__is_left_to_mitmproxy(sent: bytes) -> None:
    """What is unusual, ambiguous, malformed, or announces a body, is none of the lane's business."""
    assert read_head(sent) is None


_PIECES = [
    b"GET", b"HEAD", b"POST", b" ", b"/", b"/simple/demo/", b"?a=b", b"#c", b"*", b" HTTP/1.1\r\n", b"HTTP/1.0", b"\r\n",
    b"\n", b"\r", b"Host: pypi.org\r\n", b"Host", b"Accept", b":", b"a/b", b"\t", b"\x00", b"\xff", b"\x7f", b";q=0.1", b",",
    b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"X: y\r\n", b" fold\r\n", b"\r\n\r\n",
]  # fmt: skip
_LINES = st.lists(st.sampled_from(_PIECES), max_size=6).map(b"".join)


@given(st.sampled_from([b"GET /a HTTP/1.1\r\nHost: pypi.org\r\n", b"HEAD / HTTP/1.1\r\n", b""]), _LINES)
@example(b"", PIP)
@example(b"", head("Accept: a", "accept:b", "X-Y: z"))
def test_head__of_whatever_bytes__means_to_mitmproxy_what_it_means_here(start: bytes, more: bytes) -> None:
    """HTTP smuggling needs two readers that differ: what this one takes, mitmproxy's reads to the same words, with no body."""
    sent = start + more + b"\r\n"
    read = read_head(sent)
    if read is None:
        return
    theirs = read_request_head(sent.split(b"\r\n")[:-2])
    validate.validate_headers(theirs)
    assert (read.method, read.target) == (theirs.method, theirs.path)
    assert read.headers == {name.lower(): value for name, value in theirs.headers.items()}
    assert theirs.headers.get_all("host") == [read.host]
    assert expected_http_body_size(theirs) == 0


@given(st.lists(st.binary(max_size=8), max_size=8))
def test_unread__given_bytes_in_any_pieces__finds_the_head_that_the_whole_has(pieces: list[bytes]) -> None:
    """Where a piece ends makes no difference."""
    in_pieces, whole = Unread(), Unread()
    for piece in [*pieces, PIP[:20], PIP[20:-1], PIP[-1:], b"more"]:
        in_pieces.add(piece)
        in_pieces.head()
    whole.add(b"".join(pieces) + PIP + b"more")
    assert in_pieces.head() == whole.head()
    assert whole.head() is not None


def test_unread__once_a_head_is_dropped__goes_on_with_the_next() -> None:
    """Pipelined requests are read one by one; empty lines before one are passed over."""
    unread = Unread()
    unread.add(PIP + b"\r\n\n" + PIP[:30])
    unread.drop(len(PIP))
    unread.skip_blank()
    assert unread.head() is None
    unread.add(PIP[30:])
    assert unread.head() == PIP
    assert unread.take() == PIP
    assert len(unread) == 0


@pytest.mark.parametrize("secret", ["Authorization: Basic eDp5", "cookie: a=b", "X-Api-Key: 1", "X-Private-Token: 1"])
def test_read_head__with_what_may_be_a_secret__is_not_remembered(secret: str) -> None:
    """What a client proves itself by is nowhere when its request has been answered."""
    plain = b"GET /simple/demo/ HTTP/1.1\r\nHost: pypi.org\r\n\r\n"
    secretive = plain.replace(b"\r\n\r\n", f"\r\n{secret}\r\n\r\n".encode())
    assert read_head(plain) is read_head(bytes(bytearray(plain)))
    first, second = read_head(secretive), read_head(bytes(bytearray(secretive)))
    assert first == second
    assert first is not second


def test_read_head__that_is_long__is_not_remembered() -> None:
    """What is remembered is bounded in bytes, not only in number."""
    head = b"GET /simple/demo/ HTTP/1.1\r\nHost: pypi.org\r\nA: " + b"x" * 2000 + b"\r\n\r\n"
    assert read_head(head) is not read_head(bytes(bytearray(head)))
