import asyncio
import json
import logging
import tracemalloc
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from addons.answers import refused
from addons.origin.server import Origin
from addons.origin.tickets import TICKET, Draining, Tickets
from addons.sources.source import FileGone, SourceUnavailable, Span
from tests.addons.origin.giving import NAME, Asking, Giving, delivery, of, pieces

BODY = bytes(range(256)) * 40
MIB = 1 << 20
BROKEN_OFF = (httpx.RemoteProtocolError, httpx.ReadError)


@pytest.fixture
async def ask() -> AsyncIterator[Asking]:
    """A running origin, and a client that asks it."""
    origin = Origin(Tickets())
    await origin.start()
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        yield Asking(origin, client)
    await origin.stop()


# Who may ask


@pytest.mark.parametrize("ticket", [None, "", "made-up", "0" * 43])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
async def test_origin__without_a_ticket__gives_nothing(ask: Asking, ticket: str | None, method: str) -> None:
    """Another program on the machine finds a port that refuses, on every path."""
    ask.origin.tickets.issue(of(BODY))
    for path in ("/", f"/{NAME}", "/a/b?c"):
        answer = await ask.client.request(
            method, f"http://{ask.host}:{ask.port}{path}", headers={} if ticket is None else {TICKET: ticket}
        )
        assert answer.status_code == 403
        assert BODY[:100] not in answer.content


@pytest.mark.parametrize(
    "line",
    [
        "CONNECT pypi.org:443",
        "CONNECT 127.0.0.1:443",
        "GET https://pypi.org/simple/",
        "GET http://example.org/",
        "OPTIONS *",
        "TRACE /",
        "GET /?X-Wheelgate-Ticket={}",
        "GET /{}",
    ],
)
async def test_origin__asked_as_a_proxy_or_with_a_ticket_elsewhere__refuses_in_the_same_words(
    ask: Asking, line: str
) -> None:
    """It is nobody's proxy, tunnels nothing, and reads tickets in their own header only."""
    ticket = ask.origin.tickets.issue(of(BODY))
    reader, writer = await asyncio.open_connection(ask.host, ask.port)
    named = f"Cookie: {TICKET}={ticket}\r\nAuthorization: Bearer {ticket}\r\nConnection: close"
    writer.write(f"{line.format(ticket)} HTTP/1.1\r\nHost: x\r\n{named}\r\n\r\n".encode())
    assert (await reader.readline()) == b"HTTP/1.1 403 wheelgate: this address serves the gateway only\r\n"
    assert BODY[:100] not in await reader.read()
    writer.close()
    assert ask.origin.tickets.redeem(ticket) is not None


async def test_ticket__used_twice_at_once__is_good_once(ask: Asking) -> None:
    """Spent with the request's head, not with its answer: a second one finds none while the first is served."""
    headers = {TICKET: ask.origin.tickets.issue(of(BODY, *range(10, 1000, 10)))}
    url = f"http://{ask.host}:{ask.port}/"
    answers = await asyncio.gather(*(ask.client.get(url, headers=headers) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, *[403] * 7]


@pytest.mark.parametrize(
    ("method", "wanted"), [("HEAD", {}), ("GET", {"Range": "bytes=0-0"}), ("GET", {"Range": "bytes=99999-"})]
)
async def test_ticket__spent_on_less_than_the_file__is_spent(ask: Asking, method: str, wanted: dict[str, str]) -> None:
    """Neither a look at the headers nor a range, not even one that cannot be satisfied, leaves it good for the rest."""
    headers = {TICKET: ask.origin.tickets.issue(of(BODY))}
    url = f"http://{ask.host}:{ask.port}/"
    assert (await ask.client.request(method, url, headers={**headers, **wanted})).status_code in {200, 206, 416}
    assert (await ask.client.get(url, headers=headers)).status_code == 403


async def test_ticket__used_twice__is_good_once(ask: Asking) -> None:
    """Who overhears a ticket has nothing of it."""
    headers = {TICKET: ask.origin.tickets.issue(of(BODY))}
    url = f"http://{ask.host}:{ask.port}/"
    assert [(await ask.client.get(url, headers=headers)).status_code for _ in range(3)] == [200, 403, 403]


async def test_origin__started__listens_on_the_loopback_only(ask: Asking) -> None:
    """Nobody on the network reaches it; stopped, nobody does."""
    assert ask.host == "127.0.0.1"
    await ask.origin.stop()
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection(ask.host, ask.port)


async def test_origin__never_started__stops_without_complaint() -> None:
    """A gateway that fails while starting can still clean up."""
    origin = Origin(Tickets())
    await origin.stop()
    assert origin.address is None


# Whole files


@pytest.mark.parametrize("cuts", [(), (1,), (100, 100, 5000), (len(BODY) - 1,)])
async def test_get__of_a_file__is_all_of_it_with_exact_headers(ask: Asking, cuts: tuple[int, ...]) -> None:
    """FIL-02: length, ranges and a strong tag, whatever pieces it comes in."""
    order = of(BODY, *cuts)
    answer = await ask(order)
    assert (answer.status_code, answer.content) == (200, BODY)
    assert answer.headers["content-length"] == str(len(BODY))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert (answer.headers["etag"], answer.headers["accept-ranges"]) == (order.headers["ETag"], "bytes")
    assert "content-encoding" not in answer.headers
    assert "date" in answer.headers


async def test_head__of_a_file__has_the_headers_and_reads_nothing(ask: Asking) -> None:
    """NAM-07: as GET without a body, and without a fetch upstream."""
    order = of(BODY)
    get, head = await ask(of(BODY)), await ask(order, "HEAD")
    for answer in (get, head):
        answer.headers.pop("date")
    assert (head.status_code, head.headers, head.content) == (200, get.headers, b"")
    assert isinstance(order.source, Giving)
    assert order.source.spans == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("listed", "told"), [(None, len(BODY)), (None, None), (len(BODY), None)])
async def test_file__whose_length_the_page_or_the_server_does_not_know__arrives(
    ask: Asking, method: str, listed: int | None, told: int | None
) -> None:
    """A length is given where anybody knows it; else the body ends by itself."""
    answer = await ask(delivery(Giving(BODY[:99], BODY[99:], size=told), listed), method)
    assert (answer.status_code, answer.content) == (200, BODY if method == "GET" else b"")
    known = told is not None or (listed is not None and method == "HEAD")
    assert answer.headers.get("content-length") == (str(len(BODY)) if known else None)


@pytest.mark.parametrize("size", [0, None])
@pytest.mark.parametrize("empty_pieces", [(), (b"",), (b"", b"")])
async def test_file__without_bytes__is_a_whole_answer(
    ask: Asking, size: int | None, empty_pieces: tuple[bytes, ...]
) -> None:
    """An empty file ends as cleanly as any."""
    answer = await ask(delivery(Giving(*empty_pieces, size=size), size))
    assert (answer.status_code, answer.content) == (200, b"")


# Ranges


@pytest.mark.parametrize(
    ("wanted", "start", "stop", "span"),
    [
        ("bytes=0-0", 0, 1, Span(0, 1)),
        ("bytes=100-299", 100, 300, Span(100, 300)),
        ("bytes=-16", 10_224, 10_240, Span(10_224, 10_240)),
        ("bytes=10000-99999", 10_000, 10_240, Span(10_000, 10_240)),
        ("bytes=10000-", 10_000, 10_240, None),
        ("bytes=1-", 1, 10_240, None),
        ("bytes=0-", 0, 10_240, None),
        ("bytes=0-10239", 0, 10_240, None),
        ("bytes=-99999", 0, 10_240, None),
    ],
)
async def test_range__of_a_file__is_that_stretch(
    ask: Asking, wanted: str, start: int, stop: int, span: Span | None
) -> None:
    """FIL-03: 206 with exact headers. A stretch to the end is read whole, so that its end is proven by the hash."""
    order = of(BODY, 50, 5000)
    answer = await ask(order, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, BODY[start:stop])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/10240"
    assert answer.headers["content-length"] == str(stop - start)
    assert answer.headers["etag"] == order.headers["ETag"]
    assert isinstance(order.source, Giving)
    assert order.source.spans == [span]


async def test_range__with_head__is_passed_over(ask: Asking) -> None:
    """RFC 9110 section 14.2: ranges are GET's; HEAD tells the length of the whole."""
    for wanted in ("bytes=5-9", "bytes=10240-"):
        answer = await ask(of(BODY), "HEAD", headers={"Range": wanted})
        assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "10240", b"")


async def test_range__behind_the_end__is_416(ask: Asking) -> None:
    """FIL-03: with the size, so that the client can ask rightly."""
    answer = await ask(of(BODY), headers={"Range": "bytes=10240-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10240")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("tag", "status"), [("ours", 206), ("weak", 200), ('"other"', 200), ("ours, ours", 200)])
async def test_range__with_if_range__resumes_the_same_file_only(ask: Asking, tag: str, status: int) -> None:
    """FIL-04: pip resumes so; another file's second half would be worse than all of it again."""
    order = of(BODY)
    etag = order.headers["ETag"]
    sent = tag.replace("ours", etag).replace("weak", f"W/{etag}")
    answer = await ask(order, headers={"Range": "bytes=5000-", "If-Range": sent})
    assert (answer.status_code, answer.content) == (status, BODY[5000:] if status == 206 else BODY)


async def test_range__of_a_file_of_unknown_length__is_the_whole_file(ask: Asking) -> None:
    """Without a length no stretch can be told, and the whole is a right answer."""
    answer = await ask(delivery(Giving(BODY, size=None), None), headers={"Range": "bytes=5-9"})
    assert (answer.status_code, answer.content) == (200, BODY)


async def test_range__whose_source_does_not_tell_the_total__has_the_pages(ask: Asking) -> None:
    """An upstream may answer `bytes 5-9/*`; ours once said `/None`."""
    answer = await ask(delivery(Giving(BODY, size=None), len(BODY)), headers={"Range": "bytes=5-9"})
    assert answer.headers["content-range"] == "bytes 5-9/10240"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(BODY)), max_size=4).map(sorted), st.integers(0, 10_239), st.integers(0, 12_000))
async def test_range__of_any_kind_over_any_pieces__is_the_slice(
    ask: Asking, cuts: list[int], start: int, more: int
) -> None:
    """Whatever pieces the body comes in, the bytes are those of the file at that place."""
    for wanted in (f"bytes={start}-{start + more}", f"bytes={start}-"):
        answer = await ask(of(BODY, *cuts), headers={"Range": wanted})
        assert answer.content == (BODY[start : start + more + 1] if wanted[-1] != "-" else BODY[start:])


# Faults


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(SourceUnavailable("it is down"), 503, "unavailable"), (FileGone("it is another"), 502, "bad-upstream")],
)
@pytest.mark.parametrize("wanted", [None, "bytes=5-9", "bytes=5-"])
async def test_fault__before_the_first_byte__is_said_in_words(
    ask: Asking, error: Exception, status: int, code: str, wanted: str | None
) -> None:
    """An answer with a reason that pip and uv print, stored nowhere; a retry is wanted where it may help."""
    order = delivery(Giving(error), len(BODY))
    answer = await ask(order, headers={} if wanted is None else {"Range": wanted})
    assert answer.status_code == status
    assert answer.reason_phrase == f"wheelgate: {error}"
    assert json.loads(answer.content)["code"] == code
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


@pytest.mark.parametrize("size", [len(BODY) * 2, None])
@pytest.mark.parametrize("error", [SourceUnavailable("it is down"), FileGone("it is another")])
async def test_fault__in_the_middle__breaks_the_connection_off(
    ask: Asking, caplog: pytest.LogCaptureFixture, size: int | None, error: Exception
) -> None:
    """Nobody takes the part for the whole: neither a short body nor a last chunk ends it cleanly. The log has the reason."""
    with pytest.raises(BROKEN_OFF):
        await ask(delivery(Giving(BODY, error, size=size), size))
    assert f"{NAME}: broken off in the middle: {error}" in caplog.text


async def test_fault__in_the_middle_of_a_resumed_download__breaks_the_connection_off(ask: Asking) -> None:
    """The end of a file that is not the page's is not handed to who has its beginning."""
    order = delivery(Giving(BODY, b"x" * 100, FileGone("it is another"), size=20_000), 20_000)
    with pytest.raises(BROKEN_OFF):
        await ask(order, headers={"Range": "bytes=10000-"})


async def test_body__shorter_than_its_length__breaks_the_connection_off(ask: Asking) -> None:
    """A source that ends early without saying so cannot make a short answer look whole."""
    with pytest.raises(BROKEN_OFF):
        await ask(delivery(Giving(BODY, size=20_000), 20_000))


async def test_fault__that_nobody_foresaw__refuses_without_telling_why(
    ask: Asking, caplog: pytest.LogCaptureFixture
) -> None:
    """The boundary: 500 in words for the client, the reason in the log."""
    answer = await ask(delivery(Giving(ValueError("secret detail")), len(BODY)))
    assert answer.status_code == 500
    assert b"secret detail" not in answer.content
    assert "secret detail" in caplog.text


async def test_fault__that_nobody_foresaw_in_the_middle__breaks_the_connection_off(
    ask: Asking, caplog: pytest.LogCaptureFixture
) -> None:
    """No second answer follows the first half of one."""
    with pytest.raises(BROKEN_OFF):
        await ask(delivery(Giving(BODY, ValueError("oh"), size=20_000), 20_000))
    assert "a fault in the origin" in caplog.text


async def test_client__gone_before_the_first_byte__is_no_fault(ask: Asking, caplog: pytest.LogCaptureFixture) -> None:
    """Writing to a connection that is closing raises; at the gateway's own end it happens to every transfer."""
    with caplog.at_level(logging.INFO), pytest.raises(BROKEN_OFF):
        await ask(delivery(Giving(ConnectionResetError("Cannot write to closing transport")), 5))
    assert "the client hung up" in caplog.text
    assert "a fault in the origin" not in caplog.text


async def test_client__that_hangs_up__ends_the_reading(ask: Asking, caplog: pytest.LogCaptureFixture) -> None:
    """The source is left at once, and the log does not call it an error."""
    caplog.set_level(logging.INFO)
    source = Giving(*pieces(MIB, 300), size=300 * MIB)
    reader, writer = await ask.raw(delivery(source, 300 * MIB))
    await reader.readuntil(b"\r\n\r\n")
    assert source.open == 1
    writer.transport.abort()
    await asyncio.wait_for(source.left.wait(), 10)
    assert source.open == 0
    assert source.given < 100 * MIB
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


# Memory


async def test_file__of_any_size__is_given_at_constant_memory(ask: Asking) -> None:
    """A slow reader slows the source down, and nothing piles up in between."""
    source = Giving(*pieces(MIB, 64), size=64 * MIB)
    reader, writer = await ask.raw(delivery(source, 64 * MIB))
    await reader.readuntil(b"\r\n\r\n")
    tracemalloc.start()
    count = 0
    while count < 64 * MIB:
        count += len(await reader.read(65536))
        assert source.given - count < 16 * MIB
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    writer.close()
    assert peak < 16 * MIB


async def test_draining__of_a_big_body__keeps_none_of_it_and_answers(ask: Asking) -> None:
    """A refused upload is heard out at constant memory, so that its client hears why."""
    chunk = bytes(MIB)

    async def sent() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield chunk

    tracemalloc.start()
    answer = await ask(Draining(refused("upload", "not here")), "POST", content=sent())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (answer.status_code, answer.reason_phrase) == (403, "not here")
    assert peak < 16 * MIB


@pytest.mark.parametrize("content", [b"", b"x"])
async def test_draining__of_a_small_body__answers_and_keeps_the_connection(ask: Asking, content: bytes) -> None:
    """The next request over the connection is read as a request, not as the rest of a body."""
    for _ in range(2):
        answer = await ask(Draining(refused("upload", "not here")), "POST", content=content)
        assert (answer.status_code, json.loads(answer.content)["code"]) == (403, "upload")
    assert (await ask(of(BODY))).content == BODY


async def test_draining__of_a_body_without_end__has_an_end() -> None:
    """A client that never stops sending is answered all the same, and its connection closed."""
    origin = Origin(Tickets(), most_drained=MIB)
    await origin.start()
    assert origin.address is not None
    reader, writer = await asyncio.open_connection(*origin.address)
    ticket = origin.tickets.issue(Draining(refused("upload", "not here")))
    writer.write(f"POST / HTTP/1.1\r\nHost: x\r\n{TICKET}: {ticket}\r\nContent-Length: {1 << 40}\r\n\r\n".encode())
    writer.write(bytes(2 * MIB))
    assert (await reader.readline()) == b"HTTP/1.1 403 not here\r\n"
    await origin.stop()
    writer.transport.abort()
