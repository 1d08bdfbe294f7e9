"""`wheelgate cache` beside a gateway that runs: it is heard, it disturbs nobody, and it tells what the gateway counts."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from addons.cache.layout import Layout
from proxyconf.addresses import Address
from tests.addons.cache.fetching import lying
from tests.calling import call
from tests.fakepypi import FakePyPI, Status
from tests.gateway.running import RunningGateway, configuration
from tests.gateway.test_file_cache import status
from tests.wheelgate_process import free_port

MB = 1_000_000
LEGACY = "https://pypi.org/pypi/{}/json"


@pytest.fixture
def beside(pypi: FakePyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningGateway]:
    """A gateway at the address of its configuration, which is the working folder's; pages count for ten minutes."""
    monkeypatch.chdir(tmp_path)
    pypi.cache_control = "max-age=600"
    listen = f"127.0.0.1:{free_port()}"
    with RunningGateway(configuration(pypi, tmp_path, listen=listen), Address.read(listen)) as gateway:
        yield gateway


def cache(*arguments: str, code: int = 0) -> str:
    """Call `wheelgate cache` with arguments, and give what it prints."""
    said = call("cache", *arguments)
    assert said.exit_code == code, said.output
    return said.stdout


def fetched(gateway: RunningGateway, url: str) -> bytes:
    """A file's bytes, once the gateway has put it away too."""
    content = gateway.get(url).content
    settled(gateway)
    return content


def settled(gateway: RunningGateway) -> None:
    """Wait until nothing grows any more."""
    while status(gateway)["growing"]:
        pass


def versions(gateway: RunningGateway, project: str) -> list[str]:
    """What the gateway says of a project, from memory if it can."""
    answer = gateway.page(project)
    assert answer.status_code == 200, answer.text
    found: list[str] = answer.json()["versions"]
    return found


def test_purge__of_one_project__is_heard_by_the_gateway_within_seconds(beside: RunningGateway, pypi: FakePyPI) -> None:
    """Its page and documents are asked for anew though they would count for long; those of others are not."""
    for project in ("demo", "other"):
        pypi.release(project, "1.0")
        assert versions(beside, project) == ["1.0"]
        assert beside.get(LEGACY.format(project)).status_code == 200
        pypi.release(project, "2.0")
    assert versions(beside, "demo") == ["1.0"]
    asked = len(pypi.asked("/pypi/demo/json"))
    assert cache("purge", "demo").startswith("demo: 2 documents and 0 files purged, ")
    until = time.monotonic() + 10
    while versions(beside, "demo") == ["1.0"]:
        assert time.monotonic() < until
    assert beside.get(LEGACY.format("demo")).json()["info"]["version"] == "2.0"
    assert len(pypi.asked("/pypi/demo/json")) == asked + 1
    assert versions(beside, "other") == ["1.0"]


def test_purge__while_pypi_fails__leaves_nothing_that_stands_in(beside: RunningGateway, pypi: FakePyPI) -> None:
    """Gone is gone; nobody gets from memory what its keeper has taken away."""
    pypi.release("demo", "1.0")
    versions(beside, "demo")
    cache("purge", "demo")
    pypi.fault("/", Status(503))
    until = time.monotonic() + 10
    while beside.page("demo").status_code == 200:
        assert time.monotonic() < until
    assert beside.page("demo").status_code == 503


def test_purge_prune_verify__while_a_file_is_fetched__let_its_readers_have_it(
    beside: RunningGateway, pypi: FakePyPI, tmp_path: Path
) -> None:
    """What grows is left alone, and is kept in the end."""
    file = pypi.big("demo", "1.0", 2 * MB)
    gate, got = pypi.gate(file.path, MB), b""
    with beside.client() as client, client.stream("GET", file.url) as answer:
        for part in answer.iter_raw():
            if not got:
                cache("purge", "demo")
                cache("prune", "--to", "0")
                assert cache("verify").endswith(": all right\n")
                assert json.loads(cache("show", "--json"))["growing"]["count"] == 1
                gate.open()
            got += part
    assert got == file.content
    settled(beside)
    assert file.content in lying(tmp_path / "cache" / "files").values()


def test_verify__of_a_file_that_was_damaged__has_the_gateway_fetch_it_anew(
    beside: RunningGateway, pypi: FakePyPI, tmp_path: Path
) -> None:
    """Nobody is given the damaged one afterwards."""
    file = pypi.big("demo", "1.0", 100_000)
    assert fetched(beside, file.url) == file.content
    path = Layout(tmp_path / "cache").file(file.sha256)
    path.write_bytes(b"x" + file.content[1:])
    assert ": removed\n" in cache("verify", code=1)
    assert fetched(beside, file.url) == file.content
    assert path.read_bytes() == file.content
    assert len(pypi.asked(file.path)) == 2


def test_show__beside_a_gateway__tells_what_it_counted(beside: RunningGateway, pypi: FakePyPI, tmp_path: Path) -> None:
    """The same numbers as at /status; of a gateway with another cache, that it has another."""
    file = pypi.release("demo", "1.0", kind="sdist", size_padding=100_000)
    for _ in range(3):
        versions(beside, "demo")
        assert fetched(beside, file.url) == file.content
    beside.page("nobody")
    found = json.loads(cache("show", "--json"))
    said = httpx.get(f"{beside.url}/status", trust_env=False).json()
    assert said["cache"] == str(tmp_path / "cache")
    assert found["gateway"] == {"proxy": beside.url, **{name: said[name] for name in ("pid", "files", "documents")}}
    counted = found["gateway"]["documents"]
    assert (counted["misses"], counted["absent"], counted["errors"], counted["stale"]) == (1, 1, 0, 0)
    assert counted["hits"] >= 5
    assert found["gateway"]["files"]["hits"] == 2
    text = cache("show")
    assert f"gateway    {beside.url}, process {said['pid']}; since its start:\n  files    hits 2, misses 1," in text
    (tmp_path / "other.yaml").write_text(f"listen: {beside.url.removeprefix('http://')}\ncache: {{folder: other}}\n")
    assert f"the one at {beside.url} has another cache" in cache("show", "--config", "other.yaml")
    assert json.loads(cache("show", "--json", "--config", "other.yaml"))["gateway"] is None
