"""The connections under `Upstream`: that they are the ones used, and what becomes of answers, good and bad."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from addons.fetch.trust import Make
from addons.fetch.upstream import Unanswered, Upstream
from proxyconf.settings import Upstream as UpstreamSettings
from tests.addons.fetch.proxying import connect_proxy
from tests.addons.fetch.raw_servers import HOST, RawServer, Script, asked, authority, cut_off, raw_server, server_tls
from tests.addons.fetch.upstreams import LISTEN, upstream
from tests.fakepypi import FakePyPI

RECORD = 1 << 14  # bytes: the most that one TLS record has in it (RFC 8446 section 5.1)
NOTHING: Mapping[str, str] = {}
HI = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@asynccontextmanager
async def asking(script: Script, tmp_path: Path, proxy: str = "none") -> AsyncIterator[tuple[Upstream, str, RawServer]]:
    """Give an Upstream, and the address of a server that follows a script in TLS."""
    authority().cert_pem.write_to_path(tmp_path / "ca.pem")
    async with raw_server(script, server_tls()) as server:
        settings = UpstreamSettings(
            proxy=proxy, ca=tmp_path / "ca.pem", connect_seconds=3, read_seconds=3, page_seconds=6
        )
        made = Upstream(settings, [HOST], LISTEN)
        try:
            yield made, f"https://{HOST}:{server.port}/", server
        finally:
            await made.close()


def saying(*answers: bytes) -> Script:
    """Make a server that gives these answers, one for each request, and then closes in order."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await asked(reader)
            writer.write(answer)
            await writer.drain()
        writer.close()

    return say


async def test_file__over_tls__comes_in_more_than_single_records(pypi: FakePyPI) -> None:
    """docs/decisions/0028: were httpx to stop using these connections, a file would cost three times the CPU time."""
    file = pypi.release("demo", "1.0", size_padding=4_000_000)
    async with upstream(pypi) as made, made.file(file.url, NOTHING) as response:
        await asyncio.sleep(0)
        chunks = [chunk async for chunk in response.aiter_raw()]
    assert b"".join(chunks) == file.content
    assert max(map(len, chunks)) > 2 * RECORD


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
    ],
)
@pytest.mark.parametrize("farewell", [False, True])
async def test_document__that_ends_too_early__is_never_one(tmp_path: Path, answer: bytes, farewell: bool) -> None:
    """Whether TLS was closed in order or cut off: what the head announced is missing."""

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(answer)
        await writer.drain()
        if farewell:
            writer.close()
        else:
            cut_off(writer)

    async with asking(cut, tmp_path) as (made, url, _):
        with pytest.raises(Unanswered):
            await made.document(url, NOTHING)


async def test_document__that_lasts_until_the_close__needs_a_farewell_of_tls(tmp_path: Path) -> None:
    """RFC 9112 section 9.8: without it anybody may have cut the page short, and it would say that files are gone."""
    until_close = b"HTTP/1.0 200 OK\r\n\r\nwhole"

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(until_close)
        await writer.drain()
        cut_off(writer)

    async with asking(saying(until_close), tmp_path) as (made, url, _):
        assert (await made.document(url, NOTHING)).body == b"whole"
    async with asking(cut, tmp_path) as (made, url, _):
        with pytest.raises(Unanswered, match="broke off in the middle"):
            await made.document(url, NOTHING)


async def test_connection__kept_and_then_closed_by_the_server__is_not_used_again(tmp_path: Path) -> None:
    """The next request finds its end without having been sent over it, let alone having failed."""
    async with asking(saying(HI), tmp_path) as (made, url, server):
        for count in (1, 2):
            assert (await made.document(url, NOTHING)).body == b"hi"
            await server.connections[-1].wait_closed()
            assert len(server.connections) == count


async def test_connection__on_which_an_unasked_answer_came__is_not_used_again(tmp_path: Path) -> None:
    """What nobody asked for must not become the answer to what somebody asks next."""

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await asked(reader):
            writer.write(HI)
            await writer.drain()

    async with asking(twice, tmp_path) as (made, url, server):
        assert (await made.document(url, NOTHING)).body == b"hi"
        server.connections[0].write(HI.replace(b"hi", b"no"))
        assert (await made.document(url, NOTHING)).body == b"hi"
        assert len(server.connections) == 2


async def test_connection__kept_and_in_order__is_used_again(tmp_path: Path) -> None:
    """Else each of a thousand pages would cost a handshake."""
    async with asking(saying(HI, HI, HI), tmp_path) as (made, url, server):
        for _ in range(3):
            assert (await made.document(url, NOTHING)).body == b"hi"
        assert len(server.connections) == 1


async def test_close__while_a_body_lasts_until_the_close__is_an_error_to_its_reader(tmp_path: Path) -> None:
    """A pool that closes under a reader cuts the body short: that is not its end."""
    head = asyncio.Event()

    async def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nhalf")
        await head.wait()

    async with asking(start, tmp_path) as (made, url, _), made.file(url, NOTHING) as response:
        chunks = response.aiter_raw()
        assert await anext(chunks) == b"half"
        await made.close()
        with pytest.raises(httpx.ReadError):
            await anext(chunks)


async def test_proxy__over_tls_to_a_host_that_is_not_trusted__fails_in_words(tmp_path: Path) -> None:
    """TLS in TLS: CPython 3.12's own raises TypeError in place of saying what is wrong with the certificate."""
    stranger = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert(HOST).configure_cert(stranger)
    async with (
        raw_server(saying(HI), stranger) as host,
        connect_proxy(host.port, tls=server_tls()) as proxy,
        asking(saying(), tmp_path, proxy=f"https://{HOST}:{proxy.port}") as (made, url, _),
    ):
        with pytest.raises(Unanswered, match="CERTIFICATE_VERIFY_FAILED"):
            await made.document(url, NOTHING)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_proxy__to_a_host_that_is_not_trusted__leaves_no_connection_behind(tmp_path: Path, scheme: str) -> None:
    """httpcore keeps a tunnel for ever in which TLS failed: a hundred of them, and nobody would get a connection."""
    stranger = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert(HOST).configure_cert(stranger)
    context = ssl.create_default_context()
    authority().configure_trust(context)
    async with (
        raw_server(saying(HI), stranger) as host,
        connect_proxy(host.port, tls=server_tls() if scheme == "https" else None) as proxy,
    ):
        made = Make(context, {}, http2=False)(httpx.Proxy(f"{scheme}://{HOST}:{proxy.port}"))
        assert isinstance(made, httpx.AsyncHTTPTransport)
        async with httpx.AsyncClient(transport=made, trust_env=False) as client:
            for _ in range(3):
                with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                    await client.get(f"https://{HOST}:{host.port}/")
            assert made._pool.connections == []


async def test_document__in_large_pieces__is_given_in_small_ones(tmp_path: Path) -> None:
    """What is unpacked at once is bounded, as a page's size is looked at piece by piece only."""
    body = b"x" * 400_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with asking(saying(answer + body), tmp_path) as (_, url, __):
        context = ssl.create_default_context()
        authority().configure_trust(context)
        async with (
            httpx.AsyncClient(transport=Make(context, {}, http2=True)(), trust_env=False) as client,
            client.stream("GET", url) as response,
        ):
            sizes = [len(chunk) async for chunk in response.aiter_raw()]
    assert sum(sizes) == len(body)
    assert max(sizes) <= RECORD
