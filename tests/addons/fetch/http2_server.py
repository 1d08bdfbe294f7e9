"""A server on the loopback that speaks HTTP/2 and nothing else: every request is answered with its own path."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import trustme


@dataclass
class Http2Server:
    """Where it is, what to trust, and how many connections were made to it."""

    port: int
    ca: Path
    connections: list[asyncio.StreamWriter] = field(default_factory=list)


@asynccontextmanager
async def http2_server(folder: Path) -> AsyncIterator[Http2Server]:
    """Serve localhost on a free port."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["h2"])
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(folder / "http2-ca.pem")
    here = Http2Server(0, folder / "http2-ca.pem")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here.connections.append(writer)
        await _speak(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    here.port = server.sockets[0].getsockname()[1]
    async with server:
        yield here
        for writer in here.connections:
            writer.close()


async def _speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    writer.write(connection.data_to_send())
    while data := await reader.read(65_536):
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                path = dict(event.headers or ())[b":path"]
                connection.send_headers(event.stream_id, [(":status", "200"), ("content-type", "text/plain")])
                connection.send_data(event.stream_id, path, end_stream=True)
        writer.write(connection.data_to_send())
        await writer.drain()
