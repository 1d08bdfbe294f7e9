"""What the tests of `wheelgate exec` and `wheelgate run` share: small configurations, and another program at a port."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import override

from addons.install import Plan
from addons.trust.authority import open_authority
from proxyconf.addresses import Address
from proxyconf.settings import Cache, Settings, Store
from tests.wheelgate_process import free_port


def write(path: Path, port: int, certs: str = "certs", more: str = "") -> Path:
    """Write a configuration."""
    path.parent.mkdir(exist_ok=True)
    place = path.parent.absolute()
    path.write_text(f"listen: 127.0.0.1:{port}\ncerts: {place / certs}\nstore: {{folder: {place}/store}}\n{more}")
    return path


def plan_of(config: Path | None, listen: Address | None = None, certs: Path | None = None) -> Plan:
    """What exec makes of a configuration, or of none."""
    certs = certs or Path("certs").absolute()
    settings = Settings(
        listen=listen or Address("127.0.0.1", free_port()),
        certs=certs,
        cache=Cache(folder=certs.parent / "cache"),
        store=Store(folder=certs.parent / "store"),
    )
    return Plan(settings, config, open_authority(certs, datetime.now(UTC)))  # noqa: TID251 -- the real clock


class Stranger(socketserver.StreamRequestHandler):
    """Some other program at the port of the gateway."""

    @override
    def handle(self) -> None:
        """Read a request, and answer with what the server was made for."""
        while self.rfile.readline().strip():
            pass
        assert isinstance(self.server, Strange)
        self.wfile.write(self.server.says)


class Strange(socketserver.ThreadingTCPServer):
    """Its server."""

    daemon_threads = True

    def __init__(self, says: bytes) -> None:
        self.says = says
        super().__init__(("127.0.0.1", 0), Stranger)


@contextmanager
def strange_program(says: bytes) -> Iterator[int]:
    """Another program that answers every request with `says`; gives its port."""
    with Strange(says) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
