import asyncio
import base64
import gzip
from collections.abc import Mapping

import httpx
import pytest

from addons.fetch.upstream import Document, FetchFailed, Upstream
from tests.addons.fetch.upstreams import dialled, upstream
from tests.fakepypi import (
    FakePyPI,
    Fault,
    GzipBody,
    Hang,
    NoContentLength,
    Redirect,
    Reset,
    Status,
    Truncate,
)

DEMO = "https://pypi.org/simple/demo/"
NOTHING: Mapping[str, str] = {}


async def whole(made: Upstream, url: str, headers: Mapping[str, str] = NOTHING) -> bytes:
    """Read a file to its end."""
    async with made.file(url, headers) as response:
        return b"".join([chunk async for chunk in response.aiter_raw()])


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


async def test_document__of_a_page__is_handed_back_with_what_was_said_of_it(pypi: FakePyPI) -> None:
    """Status, headers by lower-case name, bytes, and the URL it came from."""
    pypi.release("demo", "1.0")
    async with upstream(pypi) as made:
        answer = await made.document(DEMO, {"Accept": "text/html"})
    assert isinstance(answer, Document)
    assert (answer.status, answer.url) == (200, DEMO)
    assert answer.headers["content-type"] == "text/html; charset=UTF-8"
    assert b"demo-1.0-py3-none-any.whl" in answer.body
    [seen] = pypi.requests
    assert (seen.host, seen.sni, seen.headers["accept"]) == ("pypi.org", "pypi.org", "text/html")
    assert seen.headers["user-agent"].startswith("wheelgate/")


@pytest.mark.parametrize("code", [200, 204, 301, 304, 404, 410, 500, 503])
async def test_document__with_any_status__is_the_callers_to_judge(pypi: FakePyPI, code: int) -> None:
    """What a status means is not for the road to say; a redirect that leads nowhere is an answer as well."""
    pypi.fault("/simple/demo/", Status(code))
    async with upstream(pypi) as made:
        assert (await made.document(DEMO, NOTHING)).status == code


async def test_document__gzipped__is_handed_back_plain(pypi: FakePyPI) -> None:
    """Pages come compressed over the wire."""
    pypi.release("demo", "1.0")
    pypi.compress_pages = True
    async with upstream(pypi) as made:
        answer = await made.document(DEMO, NOTHING)
    assert answer.headers["content-encoding"] == "gzip"
    assert b"demo-1.0" in answer.body


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
async def test_document__larger_than_allowed__is_not_read_on(pypi: FakePyPI, gzipped: bool, chunked: bool) -> None:
    """The limit counts what would be held in memory: a small body that unpacks to much is stopped as well."""
    pypi.document("pypi.org", "/big", bytes(1_000_001))
    pypi.document("pypi.org", "/fits", bytes(1_000_000))
    if gzipped:
        pypi.fault("", GzipBody())
    if chunked:
        pypi.fault("", NoContentLength())
    async with upstream(pypi, max_page_mb=1) as made:
        assert len((await made.document("https://pypi.org/fits", NOTHING)).body) == 1_000_000
        with pytest.raises(FetchFailed, match=r"pypi\.org sent a page of more than 1 MB"):
            await made.document("https://pypi.org/big", NOTHING)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Reset("headers"), "broke the connection"),
        (Reset("body", 10), "broke off in the middle"),
        (Truncate(10), "broke off in the middle"),
        (Hang("headers"), "did not answer in time"),
        (Hang("body", 10), "stopped sending"),
        (Status(200, b"no gzip", headers={"Content-Encoding": "gzip"}), "broke off in the middle"),
    ],
)
async def test_document__from_a_server_at_fault__fails_in_words(
    pypi: FakePyPI, kind: Reset | Hang | Truncate | Status, words: str
) -> None:
    """Whatever goes wrong on the way is said with the host's name, and is never a document."""
    pypi.release("demo", "1.0")
    pypi.fault("/simple/demo/", kind)
    async with upstream(pypi, read_seconds=0.3) as made:
        with pytest.raises(FetchFailed, match=rf"pypi\.org {words}"):
            await made.document(DEMO, NOTHING)


@pytest.mark.parametrize("kind", [Reset("connect"), Hang("connect")])
async def test_document__from_a_server_that_takes_no_connection__fails_in_words(
    pypi: FakePyPI, kind: Reset | Hang
) -> None:
    """A connection that is refused or never ready ends within its time limit."""
    pypi.fault("", kind)
    async with upstream(pypi, connect_seconds=0.3) as made:
        with pytest.raises(FetchFailed, match=r"pypi\.org (could not be reached|did not answer in time)"):
            await made.document(DEMO, NOTHING)


async def test_document__that_trickles__ends_with_its_budget(pypi: FakePyPI) -> None:
    """Each piece in time is not enough: the whole page has a budget."""
    pypi.fault("", Hang("headers"))
    async with upstream(pypi, page_seconds=0.3) as made:
        with pytest.raises(FetchFailed, match=r"pypi\.org did not answer within 0\.3 s"):
            await made.document(DEMO, NOTHING)


@pytest.mark.parametrize("kind", [Reset("headers"), Reset("body", 10), Truncate(10)])
async def test_document__after_one_broken_connection__is_asked_once_more(
    pypi: FakePyPI, kind: Reset | Truncate
) -> None:
    """A pooled connection may have been closed meanwhile; that is nobody's outage."""
    pypi.release("demo", "1.0")
    pypi.fault("/simple/demo/", kind, times=1)
    async with upstream(pypi) as made:
        assert (await made.document(DEMO, NOTHING)).status == 200
    assert len(pypi.asked("/simple/demo/")) == 2


@pytest.mark.parametrize("kind", [Reset("headers"), Reset("body", 10)])
async def test_document__from_a_server_that_breaks_always__is_asked_twice_only(pypi: FakePyPI, kind: Reset) -> None:
    """A broken server is not hammered."""
    pypi.release("demo", "1.0")
    pypi.fault("/simple/demo/", kind)
    async with upstream(pypi) as made:
        with pytest.raises(FetchFailed):
            await made.document(DEMO, NOTHING)
    assert len(pypi.asked("/simple/demo/")) == 2


async def test_file__after_one_broken_connection__is_asked_once_more(pypi: FakePyPI) -> None:
    """The same for a file, as long as none of it has come."""
    file = pypi.release("demo", "1.0")
    pypi.fault(file.path, Reset("headers"), times=1)
    async with upstream(pypi) as made:
        assert await whole(made, file.url) == file.content


async def test_file__as_it_lies_there__is_streamed_raw(pypi: FakePyPI) -> None:
    """FIL-01: identity is asked for, and what comes is not unpacked by anybody."""
    packed = gzip.compress(b"x" * 1000, mtime=0)
    pypi.document("files.pythonhosted.org", "/x.gz", packed)
    async with upstream(pypi) as made:
        assert await whole(made, "https://files.pythonhosted.org/x.gz") == packed
    [seen] = pypi.requests
    assert seen.headers["accept-encoding"] == "identity"


async def test_file__broken_off__raises_what_the_reader_expects(pypi: FakePyPI) -> None:
    """The stream itself fails with an error of httpx, which its reader turns into words."""
    file = pypi.release("demo", "1.0", size_padding=100_000)
    pypi.fault(file.path, Truncate(50_000))
    async with upstream(pypi) as made:
        with pytest.raises(httpx.HTTPError):
            await whole(made, file.url)


# Where it may go


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_redirect__to_a_host_that_may_be_dialled__is_followed(pypi: FakePyPI, code: int) -> None:
    """The document's URL is the one that it came from, against which its links are resolved (HTM-09)."""
    pypi.document("files.pythonhosted.org", "/there", b"{}")
    pypi.fault("/simple/demo/", Redirect("//files.pythonhosted.org/there", code))
    async with upstream(pypi) as made:
        answer = await made.document(DEMO, NOTHING)
    assert (answer.status, answer.url, answer.body) == (200, "https://files.pythonhosted.org/there", b"{}")


@pytest.mark.parametrize(
    "location",
    [
        *("https://example.org/simple/demo/", "//example.org/", "http://pypi.org/simple/demo/", "https://127.0.0.1/"),
        *("https://pypi.org.example.org/", "https://pypi.org@example.org/", "ftp://pypi.org/x", "file:///etc/hostname"),
    ],
)
async def test_redirect__to_anywhere_else__is_refused(pypi: FakePyPI, location: str) -> None:
    """FIL-11: an upstream cannot lead the gateway to other hosts, nor off TLS; nothing is sent there."""
    pypi.fault("/simple/demo/", Redirect(location))
    async with upstream(pypi) as made:
        with pytest.raises(FetchFailed, match="no host that the configuration lets this source dial"):
            await made.document(DEMO, NOTHING)
    assert len(pypi.requests) == 1


async def test_redirect__to_what_is_no_url__fails_in_words(pypi: FakePyPI) -> None:
    """A broken Location is a broken answer."""
    pypi.fault("/simple/demo/", Redirect("https://pypi.org:port/"))
    async with upstream(pypi) as made:
        with pytest.raises(FetchFailed, match=r"pypi\.org broke the connection"):
            await made.document(DEMO, NOTHING)


async def test_url__that_is_none__fails_in_words(pypi: FakePyPI) -> None:
    """A page may list what httpx takes for no URL; that is one file's fault, not the gateway's."""
    async with upstream(pypi) as made:
        with pytest.raises(FetchFailed, match="no URL"):
            await whole(made, "https://pypi.org/" + "x" * 70_000)


async def test_redirect__in_a_circle__ends(pypi: FakePyPI) -> None:
    """Five are followed, and no more."""
    pypi.fault("/simple/demo/", Redirect(DEMO))
    async with upstream(pypi) as made:
        with pytest.raises(FetchFailed, match="more than 5 times"):
            await made.document(DEMO, NOTHING)
    assert len(pypi.requests) == 6


@pytest.mark.parametrize(
    "url", ["https://example.org/", "http://files.pythonhosted.org/x", "https://pypi.org./simple/x/"]
)
async def test_file__on_a_host_or_scheme_that_is_not_configured__is_not_dialled(pypi: FakePyPI, url: str) -> None:
    """The gateway dials only what it is configured to dial."""
    async with upstream(pypi, hosts=["example.com"], connect_to={}) as made:
        with pytest.raises(FetchFailed, match="no host that the configuration lets"):
            await whole(made, url)


# Whom it trusts and to whom it tells secrets


async def test_credentials__go_to_the_indexs_own_host_only(pypi: FakePyPI) -> None:
    """Neither another host that files lie on, nor one that is redirected to, ever sees them."""
    pypi.fault("/simple/demo/", Redirect("https://files.pythonhosted.org/there"))
    async with upstream(pypi, credentials=("reader", "secret")) as made:
        await made.document(DEMO, NOTHING)
        await made.document("https://files.pythonhosted.org/x", NOTHING)
        async with made.file("https://files.pythonhosted.org/x", NOTHING):
            pass
        async with made.file("https://pypi.org/x", NOTHING):
            pass
    sent = [(seen.host, seen.path, seen.headers.get("authorization")) for seen in pypi.requests]
    files = "files.pythonhosted.org"
    assert sent == [
        ("pypi.org", "/simple/demo/", basic("reader", "secret")),
        *((files, path, None) for path in ("/there", "/x", "/x")),
        ("pypi.org", "/x", basic("reader", "secret")),
    ]


async def test_credentials__in_a_redirect__are_the_redirects_own(pypi: FakePyPI) -> None:
    """A foreign user name in a Location does not carry ours along."""
    pypi.fault("/simple/demo/", Redirect("https://a:b@files.pythonhosted.org/there"))
    async with upstream(pypi, credentials=("reader", "secret")) as made:
        await made.document(DEMO, NOTHING)
    assert pypi.requests[-1].headers.get("authorization") in (None, basic("a", "b"))


async def test_connect_to__with_two_hosts_at_one_address__keeps_their_connections_apart(pypi: FakePyPI) -> None:
    """TLS was verified for the one host, so nothing for the other goes over it; it once did, and got 421."""
    pypi.document("files.pythonhosted.org", "/x.metadata", b"{}")
    async with upstream(pypi) as made:
        await made.document(DEMO, NOTHING)
        assert (await made.document("https://files.pythonhosted.org/x.metadata", NOTHING)).status == 200
        await made.document(DEMO, NOTHING)
    assert [(seen.sni, seen.connection) for seen in pypi.requests] == [
        ("pypi.org", 1),
        ("files.pythonhosted.org", 2),
        ("pypi.org", 1),
    ]


async def test_certificate__for_another_host__is_not_taken(pypi: FakePyPI) -> None:
    """`connect_to` is in place of DNS, not of TLS."""
    there = {"example.org": pypi.connect_to["pypi.org"]}
    async with upstream(pypi, hosts=["example.org"], connect_to=dialled(there)) as made:
        with pytest.raises(FetchFailed, match=r"example\.org could not be reached.*Hostname mismatch"):
            await made.document("https://example.org/", NOTHING)
    assert pypi.requests == []


async def test_certificate__of_an_unknown_ca__is_not_taken(pypi: FakePyPI) -> None:
    """Without the fake's CA the system's trust counts, and refuses."""
    async with upstream(pypi, ca=None) as made:
        with pytest.raises(FetchFailed, match=r"pypi\.org could not be reached"):
            await made.document(DEMO, NOTHING)
    assert pypi.requests == []


# How it ends


async def test_retire__with_a_file_under_way__waits_for_it(pypi: FakePyPI) -> None:
    """A configuration that is replaced cuts no download off; afterwards nothing goes over it any more."""
    file = pypi.release("demo", "1.0", size_padding=300_000)
    gate = pypi.gate(file.path, after_bytes=1000)
    async with upstream(pypi) as made:
        reading = asyncio.create_task(whole(made, file.url))
        await asyncio.to_thread(gate.reached.wait, 10)
        await made.retire()
        gate.open()
        assert await reading == file.content
        with pytest.raises(RuntimeError, match="closed"):
            await made.document(DEMO, NOTHING)


async def test_retire__with_nothing_under_way__closes_at_once(pypi: FakePyPI) -> None:
    """An idle pool is not kept."""
    async with upstream(pypi) as made:
        await made.document(DEMO, NOTHING)
        await made.retire()
        with pytest.raises(RuntimeError, match="closed"):
            await made.document(DEMO, NOTHING)


async def test_document__left_by_its_reader__leaves_nothing_behind(pypi: FakePyPI) -> None:
    """Whoever stops waiting ends the request, so that retiring does not wait for it for ever."""
    gate: Fault = pypi.gate("/simple/demo/")
    async with upstream(pypi) as made:
        asking = asyncio.create_task(made.document(DEMO, NOTHING))
        await asyncio.to_thread(gate.reached.wait, 10)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await made.retire()
        with pytest.raises(RuntimeError, match="closed"):
            await made.document(DEMO, NOTHING)
