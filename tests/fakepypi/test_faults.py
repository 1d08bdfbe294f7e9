"""Each kind of fault really shows as it should."""

import gzip
import os
import socket
import ssl

import httpx
import pytest

from tests.fakepypi import (
    ContentType,
    Corrupt,
    ExtraBytes,
    FakePyPI,
    GzipBody,
    Hang,
    IgnoreRange,
    LoginPage,
    NoContentLength,
    Redirect,
    Reset,
    Slow,
    Status,
    Truncate,
    WrongRange,
)

DEMO = "https://pypi.org/simple/demo/"
CONTENT = bytes(index % 251 for index in range(100_000))


@pytest.fixture
def url(pypi: FakePyPI) -> str:
    """The URL of a file with CONTENT."""
    return pypi.add_bytes("demo", "1.0", "demo-1.0.zip", CONTENT).url


def received(client: httpx.Client, url: str) -> tuple[bytes, Exception | None]:
    """All bytes of a body that came, and what ended it."""
    came = b""
    with client.stream("GET", url) as answer:
        try:
            for chunk in answer.iter_raw():
                came += chunk
        except httpx.TransportError as error:
            return came, error
    return came, None


def tls_to(pypi: FakePyPI, host: str = "pypi.org") -> ssl.SSLSocket:
    """A connection to a host, by hand."""
    context = ssl.create_default_context(cafile=str(pypi.ca_path))
    plain = socket.create_connection(("127.0.0.1", pypi.port), timeout=10)
    return context.wrap_socket(plain, server_hostname=host)


def raw_end(pypi: FakePyPI, host: str, path: str) -> tuple[int, OSError | None]:
    """How many bytes of TCP come for a request, and what ends them.

    Below TLS, because Python's ssl before 3.12.3 calls a reset an end of file.
    """
    came = 0
    with tls_to(pypi, host) as tls, socket.socket(fileno=os.dup(tls.fileno())) as raw:
        raw.settimeout(10)
        tls.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        try:
            while chunk := raw.recv(65_536):
                came += len(chunk)
        except OSError as error:
            return came, error
    return came, None


def test_status__in_place_of_a_page__has_body_type_and_headers(pypi: FakePyPI, client: httpx.Client) -> None:
    """Any answer can be put in place of the right one."""
    pypi.fault("/simple/demo/", Status(520, b"<b>oops</b>", "text/html", {"Retry-After": "7"}))
    answer = client.get(DEMO)
    assert (answer.status_code, answer.content) == (520, b"<b>oops</b>")
    assert (answer.headers["content-type"], answer.headers["retry-after"]) == ("text/html", "7")


def test_times__used_up__lets_the_right_answer_through(pypi: FakePyPI, client: httpx.Client) -> None:
    """A fault can be for the next two requests only, and counts them."""
    pypi.create("demo")
    fault = pypi.fault("/simple/demo/", Status(), times=2)
    assert [client.get(DEMO).status_code for _ in range(3)] == [503, 503, 200]
    assert fault.hits == 2


def test_match__by_host_and_method__spares_the_others(pypi: FakePyPI, client: httpx.Client, url: str) -> None:
    """A fault may be for one host or one method."""
    pypi.fault("", Status(), host="pypi.org")
    pypi.fault("/packages/", Status(501), method="HEAD")
    statuses = client.get(DEMO).status_code, client.head(url).status_code, client.get(url).status_code
    assert statuses == (503, 501, 200)


def test_match__of_a_file__spares_its_metadata(pypi: FakePyPI, client: httpx.Client) -> None:
    """A path that does not end with a slash means that path only."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    pypi.fault(file.path, Status())
    assert [client.get(file.url + end).status_code for end in ("", ".metadata")] == [503, 200]


def test_lift__of_all_faults__makes_everything_right(pypi: FakePyPI, client: httpx.Client) -> None:
    """After lifting, nothing is wrong any more; one fault can be lifted on its own."""
    pypi.create("demo")
    first = pypi.fault("", Status(500))
    pypi.fault("", ContentType("text/plain"))
    first.lift()
    assert (client.get(DEMO).status_code, client.get(DEMO).headers["content-type"]) == (200, "text/plain")
    pypi.lift()
    assert client.get(DEMO).headers["content-type"] == "text/html; charset=UTF-8"


def test_reset__at_connect__ends_the_handshake(pypi: FakePyPI, client: httpx.Client) -> None:
    """The connection is reset before TLS; the next one is good."""
    pypi.create("demo")
    pypi.fault("", Reset(at="connect"), times=1)
    with pytest.raises(ConnectionResetError), socket.create_connection(("127.0.0.1", pypi.port), timeout=10) as plain:
        plain.recv(1)
    assert client.get(DEMO).status_code == 200


def test_reset__before_the_headers__leaves_no_status(pypi: FakePyPI) -> None:
    """The request was seen, and the connection reset without an answer."""
    pypi.fault("/simple/demo/", Reset())
    came, error = raw_end(pypi, "pypi.org", "/simple/demo/")
    assert came < 5_000  # bytes, all of TLS itself
    assert isinstance(error, ConnectionResetError)
    assert [seen.status for seen in pypi.asked("/simple/demo/")] == [0]


def test_reset__in_the_body__comes_after_some_bytes(pypi: FakePyPI, url: str) -> None:
    """The headers and the first bytes arrive, then RST."""
    fault = pypi.fault("/packages/", Reset(at="body", after_bytes=50_000))
    came, error = raw_end(pypi, "files.pythonhosted.org", httpx.URL(url).path)
    assert 50_000 < came < 60_000
    assert isinstance(error, ConnectionResetError)
    assert (fault.hits, pypi.requests[0].status) == (1, 200)


def test_truncate__of_a_file__closes_early(pypi: FakePyPI, client: httpx.Client, url: str) -> None:
    """The Content-Length promises more than comes before an orderly end."""
    pypi.fault("/packages/", Truncate(after_bytes=70_000))
    came, error = received(client, url)
    assert came == CONTENT[:70_000]
    assert isinstance(error, httpx.RemoteProtocolError)


def test_hang__before_the_headers__goes_on_when_lifted(pypi: FakePyPI) -> None:
    """Nothing comes until the fault is lifted; then the answer does."""
    pypi.create("demo")
    fault = pypi.fault("/simple/demo/", Hang())
    with tls_to(pypi) as tls:
        tls.sendall(b"GET /simple/demo/ HTTP/1.1\r\nHost: pypi.org\r\n\r\n")
        assert fault.reached.wait(10)
        assert (fault.waiting, pypi.requests[0].status) == (1, 0)
        fault.lift()
        assert tls.recv(15) == b"HTTP/1.1 200 OK"


def test_hang__in_the_body__holds_after_some_bytes(pypi: FakePyPI, client: httpx.Client, url: str) -> None:
    """The first bytes come, the others when it is lifted."""
    fault = pypi.fault("/packages/", Hang(at="body", after_bytes=1000))
    with client.stream("GET", url) as answer:
        chunks = answer.iter_raw()
        came = next(chunks)
        assert fault.reached.wait(10)
        while len(came) < 1000:
            came += next(chunks)
        assert came == CONTENT[:1000]
        pypi.lift()
        assert came + b"".join(chunks) == CONTENT


def test_hang__at_connect__gives_no_handshake_until_lifted(pypi: FakePyPI) -> None:
    """TCP connects, TLS is not answered."""
    fault = pypi.fault("", Hang(at="connect"))
    context = ssl.create_default_context(cafile=str(pypi.ca_path))
    with socket.create_connection(("127.0.0.1", pypi.port), timeout=10) as plain:
        assert fault.reached.wait(10)
        pypi.lift()
        with context.wrap_socket(plain, server_hostname="pypi.org") as tls:
            assert tls.selected_alpn_protocol() is None
            assert tls.version() == "TLSv1.3"


def test_slow__body__comes_chunk_by_chunk(pypi: FakePyPI, client: httpx.Client, url: str) -> None:
    """Every step lets one chunk through, and lifting the rest."""
    fault = pypi.fault("/packages/", Slow(chunk=300))
    with client.stream("GET", url) as answer:
        chunks = answer.iter_raw()
        fault.step()
        assert next(chunks) == CONTENT[:300]
        fault.step()
        assert next(chunks) == CONTENT[300:600]
        fault.lift()
        assert b"".join(chunks) == CONTENT[600:]


def test_corrupt__file__differs_in_one_byte(pypi: FakePyPI, client: httpx.Client, url: str) -> None:
    """The length is right and one byte is not."""
    pypi.fault("/packages/", Corrupt(offset=500))
    answer = client.get(url)
    assert answer.headers["content-length"] == "100000"
    assert [at for at in range(len(CONTENT)) if answer.content[at] != CONTENT[at]] == [500]


def test_extra_bytes__behind_a_file__come_chunked(pypi: FakePyPI, client: httpx.Client, url: str) -> None:
    """More comes than there is."""
    pypi.fault("/packages/", ExtraBytes(b"!!"))
    answer = client.get(url)
    assert answer.content == CONTENT + b"!!"
    assert answer.headers["transfer-encoding"] == "chunked"


def test_no_content_length__of_a_file__is_chunked(pypi: FakePyPI, client: httpx.Client, url: str) -> None:
    """The right bytes, without a word of how many."""
    pypi.fault("/packages/", NoContentLength())
    answer = client.get(url)
    assert answer.content == CONTENT
    assert "content-length" not in answer.headers


def test_login_page__in_place_of_a_file__is_a_form_with_200(pypi: FakePyPI, client: httpx.Client, url: str) -> None:
    """A captive portal answers everything with its form."""
    pypi.fault("", LoginPage())
    answer = client.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b'type="password"' in answer.content


@pytest.mark.parametrize("labelled", [True, False])
def test_gzip_body__though_identity_was_asked__is_gzip(
    pypi: FakePyPI, client: httpx.Client, url: str, labelled: bool
) -> None:
    """A middlebox may compress, with or without saying so."""
    pypi.fault("/packages/", GzipBody(labelled=labelled))
    with client.stream("GET", url) as answer:
        assert answer.headers.get("content-encoding") == ("gzip" if labelled else None)
        assert gzip.decompress(b"".join(answer.iter_raw())) == CONTENT


def test_redirect__of_a_page__names_another_place(pypi: FakePyPI, client: httpx.Client) -> None:
    """Somewhere else, with the code that the test wants."""
    pypi.fault("/simple/demo/", Redirect("https://example.org/x", 307))
    answer = client.get(DEMO)
    assert (answer.status_code, answer.headers["location"]) == (307, "https://example.org/x")


def test_wrong_range__of_a_file__tells_of_other_bytes(pypi: FakePyPI, client: httpx.Client, url: str) -> None:
    """A 206 that does not fit to what was asked."""
    pypi.fault("/packages/", WrongRange("bytes 0-9/50"))
    answer = client.get(url, headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.headers["content-range"]) == (206, "bytes 0-9/50")


def test_ignore_range__of_a_file__sends_it_whole(pypi: FakePyPI, client: httpx.Client, url: str) -> None:
    """A server without ranges answers 200, and the log still has the range."""
    pypi.fault("/packages/", IgnoreRange())
    answer = client.get(url, headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert pypi.requests[0].headers["range"] == "bytes=10-19"
