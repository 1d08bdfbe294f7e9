"""Pages come over HTTP/2 where the server speaks it."""

import asyncio
from pathlib import Path

from addons.fetch.upstream import Upstream
from proxyconf.settings import Upstream as UpstreamSettings
from tests.addons.fetch.http2_server import http2_server
from tests.addons.fetch.upstreams import LISTEN


async def test_documents__from_a_server_that_speaks_http2__share_one_connection(tmp_path: Path) -> None:
    """Twenty pages at once cost one handshake."""
    async with http2_server(tmp_path) as server:
        upstream = Upstream(UpstreamSettings(proxy="none", ca=server.ca), ["localhost"], LISTEN)
        first = await upstream.document(f"https://localhost:{server.port}/simple/first/", {})
        asked = [f"/simple/demo-{number}/" for number in range(20)]
        answers = await asyncio.gather(
            *(upstream.document(f"https://localhost:{server.port}{path}", {}) for path in asked)
        )
        await upstream.close()
    assert first.body == b"/simple/first/"
    assert [answer.body.decode() for answer in answers] == asked
    assert len(server.connections) == 1
