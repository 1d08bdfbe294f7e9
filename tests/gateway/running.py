"""A whole gateway inside the test process: real mitmproxy, real origin, on loopback ports, with the fake PyPI behind it."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml
from mitmproxy import ctx

from addons.install import Plan, clock
from addons.policies.kinds import KINDS
from addons.serve import serving
from addons.trust.authority import open_authority
from proxyconf.addresses import Address
from proxyconf.reading import read
from tests.fakepypi import FakePyPI

JSON = "application/vnd.pypi.simple.v1+json"


def configuration(pypi: FakePyPI, folder: Path, **settings: object) -> Path:
    """Write a configuration whose PyPI is the fake one, and give its file; `settings` come over the usual ones."""
    usual: dict[str, object] = {
        "certs": str(folder / "certs"),
        "cache": {"folder": str(folder / "cache"), "absent_seconds": 0},  # else a test waits for what it has published
        "store": {"folder": str(folder / "store")},
        "metadata": {"ahead": False},  # else upstream is asked for what no client of a test has asked for
        "upstream": {
            "ca": str(pypi.ca_path),
            "proxy": "none",
            "connect_to": pypi.connect_to,
            "connect_seconds": 2,
            "read_seconds": 5,
            "page_seconds": 5,
        },
    }
    path = folder / "wheelgate.yaml"
    path.write_text(yaml.safe_dump({**usual, **settings}))
    return path


class RunningGateway:
    """A gateway under the configuration in a file, from `with` to its end, in a thread of its own."""

    def __init__(self, config: Path, listen: Address = Address("127.0.0.1", 0)) -> None:  # noqa: B008 - a constant
        self._config = config
        self._listen = listen
        self._ready: Future[tuple[str, int]] = Future()
        self._thread = threading.Thread(target=self._run, name="gateway")
        self.loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self.address = self._ready.result(20)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop it, and wait until it is; once more does nothing."""
        assert self.loop is not None
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        settings = read(self._config, KINDS)
        self.authority = open_authority(settings.certs or self._config.parent, clock())
        async with serving(Plan(settings, self._config, self.authority), self._listen) as address:
            self._ready.set_result(address)
            await self._stop.wait()

    @property
    def url(self) -> str:
        """The proxy's URL."""
        return f"http://{self.address[0]}:{self.address[1]}"

    @property
    def trust(self) -> ssl.SSLContext:
        """A context that trusts the gateway's CA and nobody else, as strictly as Python can."""
        context = ssl.create_default_context(cafile=self.authority.ca_path)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """A client that goes through the gateway and trusts its CA only."""
        with httpx.Client(proxy=self.url, verify=self.trust, trust_env=False, timeout=20) as client:
            yield client

    def get(self, url: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Ask one thing over a connection of its own; underscores in header names stand for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.client() as client:
            return client.request(method, url, headers=named)

    def page(self, project: str, **headers: str) -> httpx.Response:
        """Ask for a project's page as pip does, in JSON."""
        return self.get(f"https://pypi.org/simple/{project}/", **{"Accept": JSON, **headers})

    def on_loop(self, work: Callable[[], object]) -> None:
        """Do `work` on the gateway's own event loop and wait for it: the way to plant a fault in a running gateway."""
        done: Future[None] = Future()

        def run() -> None:
            try:
                work()
                done.set_result(None)
            except Exception as error:  # noqa: BLE001 - handed to the test that waits
                done.set_exception(error)

        assert self.loop is not None
        self.loop.call_soon_threadsafe(run)
        done.result(10)

    def until[T](self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do asynchronous `work` on the gateway's own event loop, wait for its end and give its outcome."""
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(work(), self.loop).result(10)

    def plant(self, addon: object) -> None:
        """Add an addon to the running mitmproxy, behind all others."""
        self.on_loop(lambda: ctx.master.addons.add(addon))

    def tunnel(self, connect: str, port: int = 443) -> socket.socket:
        """CONNECT to a host by hand; the socket is behind the proxy's 200. Raises AssertionError with its refusal."""
        link = socket.create_connection(self.address, timeout=20)
        link.sendall(f"CONNECT {connect}:{port} HTTP/1.1\r\nHost: {connect}:{port}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            part = link.recv(1)
            if not part:
                break
            head += part
        if b" 200 " not in head.split(b"\r\n")[0]:
            link.close()
            raise AssertionError(head.decode())
        return link

    def raw(self, request: bytes, *, connect: str = "pypi.org", sni: str | None = "pypi.org") -> bytes:
        """Send bytes inside a TLS tunnel made by hand, and give all that comes back until the end or two seconds' silence."""
        context = ssl.create_default_context(cafile=self.authority.ca_path)
        context.check_hostname = False
        with self.tunnel(connect) as link, context.wrap_socket(link, server_hostname=sni) as secured:
            secured.sendall(request)
            secured.settimeout(2)
            return _until_silence(secured)


def _until_silence(link: socket.socket) -> bytes:
    received = b""
    try:
        while part := link.recv(65536):
            received += part
    except (TimeoutError, ConnectionError, ssl.SSLError):
        pass
    return received
