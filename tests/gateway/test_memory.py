"""Memory does not grow with a body's size, in either direction: seen at a gateway in a process of its own."""

import hashlib
import re
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakepypi import FakePyPI
from tests.fakepypi.building import Recipe, big_wheel
from tests.gateway.elsewhere import http_server
from tests.gateway.listing import PUBLIC
from tests.gateway.running import configuration
from tests.wheelgate_process import Gateway

MB = 1_000_000
BIG = 100 * MB
ROOM = 25 * MB  # by which the process may grow: buffers of sockets and TLS, nothing that knows how long a body is

type Outside = Callable[..., tuple[Gateway, httpx.Client]]


@pytest.fixture
def outside(pypi: FakePyPI, tmp_path: Path) -> Iterator[Outside]:
    """Start a gateway in a process of its own, and a client of it that has had a file, so that both are warm."""
    warm = pypi.release("warm", "1.0", size_padding=MB)
    closing: list[httpx.Client | Gateway] = []

    def start(**settings: object) -> tuple[Gateway, httpx.Client]:
        gateway = Gateway(configuration(pypi, tmp_path, **settings), tmp_path, "--listen", "127.0.0.1:0")
        closing.append(gateway.__enter__())
        trust = ssl.create_default_context(cafile=tmp_path / "certs" / "ca.pem")
        client = httpx.Client(proxy=gateway.proxy, verify=trust, trust_env=False, timeout=30)
        closing.append(client.__enter__())
        assert client.get(warm.url).status_code == 200
        return gateway, client

    yield start
    for thing in reversed(closing):
        thing.__exit__(None, None, None)


def peak(gateway: Gateway) -> int:
    """Give the most memory (bytes) that the gateway's process ever had."""
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def hashed(client: httpx.Client, url: str) -> tuple[int, str]:
    """Give the length and the sha256 of a body, without holding it."""
    digest, size = hashlib.sha256(), 0
    with client.stream("GET", url) as answer:
        assert answer.status_code == 200
        for part in answer.iter_raw():
            digest.update(part)
            size += len(part)
    return size, digest.hexdigest()


def zeros(size: int) -> Iterator[bytes]:
    """Make a body of zeros while it is sent."""
    for _ in range(size // MB):
        yield bytes(MB)


def test_public_file__however_big__is_streamed(outside: Outside, pypi: FakePyPI) -> None:
    """It passes through, checked, and is never held."""
    file = pypi.big("demo", "1.0", BIG)
    gateway, client = outside()
    before = peak(gateway)
    assert hashed(client, file.url) == (BIG, file.sha256)
    assert peak(gateway) - before < ROOM


def test_own_file__however_big__is_streamed(outside: Outside, tmp_path: Path) -> None:
    """The same for a file in the organisation's own folder."""
    folder = tmp_path / "own"
    folder.mkdir()
    name, body = big_wheel(Recipe(name="acme", version="1.0"), BIG)
    with (folder / name).open("wb") as written:
        written.writelines(body.chunks())
    gateway, client = outside(sources=[{"name": "own", "folder": str(folder)}, PUBLIC])
    page = client.get("https://pypi.org/simple/acme/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    (entry,) = page.json()["files"]
    before = peak(gateway)
    assert hashed(client, entry["url"]) == (BIG, entry["hashes"]["sha256"])
    assert peak(gateway) - before < ROOM


def test_file__that_a_client_does_not_read__is_not_gathered(outside: Outside, pypi: FakePyPI) -> None:
    """A client that stops reading holds upstream up; while another is served, nothing piles up for it."""
    file = pypi.big("demo", "1.0", BIG)
    other = pypi.big("demo", "2.0", BIG // 2)
    gateway, client = outside()
    before = peak(gateway)
    with client.stream("GET", file.url) as unread:
        next(unread.iter_raw())
        assert hashed(client, other.url) == (BIG // 2, other.sha256)
    assert peak(gateway) - before < ROOM


@pytest.mark.parametrize(
    ("url", "status"), [("https://upload.pypi.org/legacy/", 403), ("https://files.pythonhosted.org/packages/x", 405)]
)
@pytest.mark.parametrize("headers", [{"Content-Length": str(BIG)}, {}], ids=["length", "chunked"])
def test_upload__however_big__is_refused_at_constant_memory(
    outside: Outside, pypi: FakePyPI, url: str, status: int, headers: dict[str, str]
) -> None:
    """The client hears why, and PyPI hears nothing of it."""
    gateway, client = outside()
    before = peak(gateway)
    pypi.clear_log()
    answer = client.post(url, content=zeros(BIG), headers=headers)
    assert (answer.status_code, answer.reason_phrase[:10]) == (status, "wheelgate:")
    assert peak(gateway) - before < ROOM
    assert pypi.asked() == []


def test_plain_http__to_another_host__is_streamed_both_ways(outside: Outside) -> None:
    """What passes by is not gathered either."""
    with http_server() as heard:
        gateway, client = outside(other_hosts={"allow": ["localhost"], "ports": [heard.port]})
        before = peak(gateway)
        with client.stream("POST", f"http://localhost:{heard.port}/{BIG}", content=zeros(BIG),
                           headers={"Content-Length": str(BIG)}) as answer:  # fmt: skip
            assert sum(map(len, answer.iter_raw())) == BIG
        assert heard.taken == BIG
        assert peak(gateway) - before < ROOM


def test_read__with_a_big_body__is_refused_at_constant_memory(outside: Outside, pypi: FakePyPI) -> None:
    """A GET with a body means nothing; its body is let pass by before it is told so."""
    gateway, client = outside()
    before = peak(gateway)
    answer = client.request("GET", "https://pypi.org/simple/demo/", content=zeros(BIG))
    assert (answer.status_code, answer.reason_phrase) == (400, "wheelgate: a GET with a body means nothing")
    assert peak(gateway) - before < ROOM
