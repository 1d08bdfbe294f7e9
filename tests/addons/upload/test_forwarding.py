import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import trustme

from addons.upload.desk import Uploads
from proxyconf.addresses import Address
from proxyconf.settings import Settings, Upstream
from proxyconf.uploads import Uploads as UploadSettings
from tests.addons.upload.fakes import ALICE, PYPI, Counter, asked, counter
from tests.addons.upload.forms import KIND, form, pieces, upload

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
OPEN = "open-1.0-py3-none-any.whl"


@dataclass
class Public:
    """A public upload host: what came, and what it answers."""

    answer: bytes = OK
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request, and give the answer."""
        self.connections += 1
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
        )
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(length))
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def public(folder: Path, name: str = "upload.pypi.org") -> AsyncIterator[tuple[Public, Settings]]:
    """Run one, and give settings under which uploads of `open` and `acme-*` go on to it."""
    ca, host = trustme.CA(), Public()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert(name).configure_cert(context)
    async with await asyncio.start_server(host.serve, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        upstream = Upstream(
            proxy="none", ca=folder / "ca.pem", connect_to={"upload.pypi.org": Address("127.0.0.1", port)}
        )
        yield host, Settings(upstream=upstream, uploads=UploadSettings(forward=("open", "acme-*")))


def body_of(name: str = "open", filename: str = OPEN) -> bytes:
    """Write an upload."""
    return form(*upload(b"wheel" * 100_000, filename, name=name))


def nothing_left(desk: Counter) -> bool:
    """Tell whether the store has nothing of it."""
    return not desk.incoming and not [path for path in desk.parts.shelf.folder.rglob("*") if path.is_file()]


async def test_upload__of_a_project_that_goes_on__goes_as_it_came(tmp_path: Path) -> None:
    """UPL-25: byte for byte, under its author's own credentials, which nobody here is asked about; the answer comes back."""
    async with public(tmp_path) as (host, settings):
        host.answer = (
            b"HTTP/1.1 400 Bad\xe4 luck\r\nContent-Type: text/x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"
        )
        desk = counter(tmp_path / "store", settings)
        body = body_of()
        found = await desk.desk.take(asked(authorization=PYPI), pieces(body))
        assert host.bodies == [body]
        head = host.heads[0].decode()
        assert head.startswith("POST /legacy/ HTTP/1.1\r\n")
        assert f"\r\nAuthorization: {PYPI}\r\n" in head
        assert f"\r\nContent-Type: {KIND}\r\n" in head
        assert "\r\nHost: upload.pypi.org\r\n" in head
        assert (found.status, found.reason, found.body) == (400, "Bad luck", b"body")
        assert found.headers["Content-Type"] == "text/x"
        assert desk.others.told == []
        assert nothing_left(desk)


@pytest.mark.parametrize("first", ["name", "content"])
async def test_upload__of_any_other_project__ends_here(tmp_path: Path, first: str) -> None:
    """UPL-25, UPL-24: with forwarding for others configured, it is taken into the store, and nobody is dialled."""
    async with public(tmp_path) as (host, settings):
        desk = counter(tmp_path / "store", settings)
        parts = upload()
        body = form(*(parts if first == "name" else parts[::-1]))
        assert (await desk.desk.take(asked(authorization=ALICE), pieces(body))).status == 200
        assert (await desk.desk.take(asked(authorization=PYPI), pieces(body))).status == 403
        assert (host.connections, desk.filenames(), desk.incoming) == (0, ["demo-1.0-py3-none-any.whl"], [])


@pytest.mark.parametrize("authorization", [None, ALICE, "Basic YWxpY2U6cHlwaS1hYmM=", "Bearer abc", "Basic x"])
async def test_upload__with_credentials_that_are_not_pypis__does_not_go_on(
    tmp_path: Path, authorization: str | None
) -> None:
    """UPL-24: a token of ours never leaves."""
    async with public(tmp_path) as (host, settings):
        desk = counter(tmp_path / "store", settings)
        found = await desk.desk.take(asked(authorization=authorization), pieces(body_of()))
        assert (found.status, host.connections) == (403, 0)
        assert "need an API token of it" in found.reason
        assert nothing_left(desk)


@pytest.mark.parametrize(
    ("filename", "status"),
    [
        ("acme_x-1.0-py3-none-any.whl", 400),
        ("secret-1.0.tar.gz", 400),
        ("open.whl", 400),
        ("x.txt", 400),
        ("open-1.0.tar.gz", 200),
    ],
)
async def test_file__that_is_named_after_another_project__does_not_go_on(
    tmp_path: Path, filename: str, status: int
) -> None:
    """UPL-25: the name in the form and that in the filename are one."""
    async with public(tmp_path) as (host, settings):
        desk = counter(tmp_path / "store", settings)
        found = await desk.desk.take(asked(authorization=PYPI), pieces(body_of("open", filename)))
        assert (found.status, host.connections) == (status, int(status == 200))


async def test_project__that_is_the_organisations_own__does_not_go_on(tmp_path: Path) -> None:
    """UPL-25: what lies in the store, or in another own source, stays, whatever `forward` says."""
    async with public(tmp_path) as (host, settings):
        desk = counter(tmp_path / "store")
        assert (await desk.upload(b"wheel", OPEN, name="open")).status == 200
        desk.others.elsewhere_has = frozenset({"acme-x"})
        forwarding = counter(tmp_path / "store", settings, desk.others)
        for body in (body_of(), body_of("acme-x", "acme_x-1.0.tar.gz")):
            found = await forwarding.desk.take(asked(authorization=PYPI), pieces(body))
            assert (found.status, host.connections) == (403, 0)
            assert "one of your organisation's own" in found.reason


@pytest.mark.parametrize("fault", ["untrusted", "refused", "garbage", "redirect", "offline", "query"])
async def test_upload__that_cannot_go_on__is_refused(tmp_path: Path, fault: str) -> None:
    """UPL-25, UPL-22: any fault refuses, in words; nothing is stored in its stead, and no redirect is followed."""
    async with public(tmp_path, "example.org" if fault == "untrusted" else "upload.pypi.org") as (host, settings):
        if fault in ("garbage", "redirect"):
            found = (
                b"HTTP/1.1 308 Go\r\nLocation: https://example.org/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            host.answer = b"what?\r\n\r\n" if fault == "garbage" else found
        upstream = settings.upstream
        if fault == "refused":
            upstream = Upstream(proxy="none", ca=upstream.ca, connect_to={"upload.pypi.org": Address("127.0.0.1", 1)})
        changed = Settings(upstream=upstream, uploads=settings.uploads, offline=fault == "offline")
        desk = counter(tmp_path / "store", changed)
        asking = asked(authorization=PYPI, query="a=b" if fault == "query" else "")
        answer = await desk.desk.take(asking, pieces(body_of()))
        assert answer.status == {"offline": 403, "query": 400}.get(fault, 503)
        assert PYPI[6:] not in answer.body.decode() + answer.reason
        assert nothing_left(desk)


async def test_upload__in_a_fault_before_it_goes_on__does_not(tmp_path: Path) -> None:
    """UPL-25: where nobody can tell whose the project is, nothing is dialled."""
    async with public(tmp_path) as (host, settings):
        desk = counter(tmp_path / "store", settings)

        async def unknown(project: str) -> str | None:
            raise RuntimeError("planted")

        broken = Uploads(replace(desk.parts, elsewhere=unknown))
        with pytest.raises(RuntimeError, match="planted"):
            await broken.take(asked(authorization=PYPI), pieces(body_of()))
        assert host.connections == 0
        assert nothing_left(desk)
