"""What is announced is served: after restarts and kills, in outages, by every gateway of a folder, and when it made way."""

import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.calling import call
from tests.fakepypi import FakeFile, FakePyPI, IgnoreRange, NoContentLength, Reset, Status
from tests.gateway.announced import (
    AHEAD,
    fetched,
    hashed,
    head_of,
    made_way,
    metadata_of,
    said,
    stretches,
    unannounced,
    until,
    until_announced,
    wheel_of,
    wholes,
)
from tests.gateway.conftest import Start
from tests.gateway.listing import listed
from tests.gateway.running import JSON, configuration
from tests.wheelgate_process import Gateway

MB = 1_000_000


def test_announced_metadata__after_a_restart_while_upstream_is_down__is_the_same(start: Start, pypi: FakePyPI) -> None:
    """MET-02, CCH-02, CCH-08: of a wheel whose index never said anything: page, ETag, hash and bytes."""
    file = pypi.release("demo", "1.0")
    first = start()
    served = metadata_of(first, file).content
    until_announced(first, file, served)
    etag = first.page("demo").headers["ETag"]
    first.stop()
    pypi.fault("", Reset("connect"))
    second = start()
    page = second.page("demo")
    assert page.json()["files"][0]["core-metadata"] == hashed(served)
    assert page.headers["ETag"] == etag
    assert metadata_of(second, file).content == served


def test_announced_metadata__after_a_restart__costs_upstream_nothing(start: Start, pypi: FakePyPI) -> None:
    """MET-04: it is obtained once for each file, over restarts; also what has none is not looked at again."""
    file, none = pypi.release("demo", "1.0"), wheel_of(pypi, "empty", b"")
    first = start()
    served = metadata_of(first, file).content
    assert metadata_of(first, none).status_code == 404
    first.stop()
    before = fetched(pypi, file), fetched(pypi, none)
    second = start(metadata=AHEAD)
    assert metadata_of(second, file).content == served
    assert metadata_of(second, none).status_code == 404
    assert (fetched(pypi, file), fetched(pypi, none)) == before


@pytest.mark.parametrize("way", ["metadata", "ranges", "whole"])
def test_announced_metadata__that_made_way_on_disk__is_got_again(
    start: Start, pypi: FakePyPI, tmp_path: Path, way: str
) -> None:
    """MET-02: eviction breaks no promise: the same bytes come from where they were had, or at last out of the wheel."""
    file = unannounced(pypi, "demo", "1.0") if way == "metadata" else pypi.release("demo", "1.0")
    first = start()
    served = metadata_of(first, file).content
    until_announced(first, file, served)
    page = first.page("demo")
    if way == "whole":
        pypi.fault(file.path, IgnoreRange())
    made_way(tmp_path, served)
    first.stop()
    second = start()
    assert metadata_of(second, file).content == served
    until(lambda: said(second, file) == page.json()["files"][0]["core-metadata"])


def test_announced_metadata__that_makes_way_under_a_running_gateway__is_served_all_the_same(
    start: Start, pypi: FakePyPI, tmp_path: Path
) -> None:
    """MET-02: to a client whose page is older than that, in a coding in which nobody has asked yet."""
    file = pypi.release("demo", "1.0")
    gateway = start()
    served = metadata_of(gateway, file, Accept_Encoding="identity").content
    until_announced(gateway, file, served)
    made_way(tmp_path, served)
    for coding in ("gzip", "zstd"):
        assert metadata_of(gateway, file, Accept_Encoding=coding).content == served
    assert said(gateway, file) == hashed(served)


def test_announced_metadata__that_made_way_and_cannot_be_had_now__is_announced_no_more(
    start: Start, pypi: FakePyPI, tmp_path: Path
) -> None:
    """MET-02: 503 for whoever has the page of before; later, when upstream answers, the very bytes."""
    file = pypi.release("demo", "1.0")
    gateway = start()
    served = metadata_of(gateway, file, Accept_Encoding="identity").content
    until_announced(gateway, file, served)
    made_way(tmp_path, served)
    pypi.fault("/packages/", Status(503))
    assert metadata_of(gateway, file, Accept_Encoding="gzip").status_code == 503
    until(lambda: said(gateway, file) is False)
    pypi.lift()
    until(lambda: metadata_of(gateway, file, Accept_Encoding="gzip").content == served)
    until_announced(gateway, file, served)


def test_metadata_ahead__of_an_index_that_stops_serving_it__is_had_at_any_price(start: Start, pypi: FakePyPI) -> None:
    """MET-02: the page said that it can be had before it was in hand; so the whole wheel is fetched for it."""
    first, later = unannounced(pypi, "demo", "1.0"), unannounced(pypi, "other", "1.0")
    gateway = start(metadata=AHEAD)
    assert said(gateway, first)
    pypi.add(replace(later, metadata=None))
    pypi.fault(later.path, IgnoreRange())
    pypi.fault(later.path, NoContentLength())
    assert said(gateway, later)
    answer = metadata_of(gateway, later)
    assert (answer.status_code, answer.content) == (200, later.metadata)
    assert wholes(pypi)[-1:] == [later.path]


def test_legacy_document__of_a_release_whose_metadata_is_in_its_wheel_alone__tells_its_dependencies(
    start: Start, pypi: FakePyPI
) -> None:
    """LEG-01, MET-04: poetry takes them from there; a release without any would be locked without its dependencies."""
    pypi.release("demo", "1.0", requires=["click"])
    pypi.release("demo", "2.0")
    pypi.legacy = "none"
    for settings in ({"ahead": False}, AHEAD):
        gateway = start(metadata=settings)
        info = gateway.get("https://pypi.org/pypi/demo/1.0/json").json()["info"]
        assert info["requires_dist"] == ["click"]
        gateway.stop()
    assert wholes(pypi) == []


def test_purge__of_a_project__leaves_no_promise_that_is_broken(
    start: Start, pypi: FakePyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MET-02: a client with the page of before gets the bytes of before; they are had from upstream again."""
    monkeypatch.chdir(tmp_path)
    file = pypi.release("demo", "1.0")
    gateway = start()
    served = metadata_of(gateway, file, Accept_Encoding="identity").content
    until_announced(gateway, file, served)
    gone = call("cache", "purge", "demo")
    assert gone.exit_code == 0, gone.output
    assert metadata_of(gateway, file, Accept_Encoding="gzip").content == served
    until_announced(gateway, file, served)
    gateway.stop()
    assert metadata_of(start(), file).content == served


# Processes


@contextmanager
def asking(running: Gateway, folder: Path) -> Iterator[httpx.Client]:
    """A client of a gateway in a process of its own."""
    trust = ssl.create_default_context(cafile=folder / "certs" / "ca.pem")
    with httpx.Client(proxy=running.proxy, verify=trust, trust_env=False, timeout=30) as client:
        yield client


def announced(client: httpx.Client, project: str) -> object:
    """Give what a page says of the metadata of its one file."""
    [entry] = client.get(f"https://pypi.org/simple/{project}/", headers={"Accept": JSON}).json()["files"]
    return entry.get("core-metadata", False)


def _is_announced(client: httpx.Client, project: str, content: bytes) -> bool:
    return announced(client, project) == hashed(content)


def test_two_gateways__on_one_folder__obtain_once_and_know_it_both_also_when_killed(
    pypi: FakePyPI, tmp_path: Path
) -> None:
    """MET-02, MET-04: twenty clients at once cost what one does; a kill takes nothing back; the next start serves it."""
    file, other = pypi.release("demo", "1.0", size_padding=3 * MB), unannounced(pypi, "other", "1.0")
    config = configuration(pypi, tmp_path)
    with ExitStack() as stack:
        running = [stack.enter_context(Gateway(config, tmp_path, "--listen", "127.0.0.1:0")) for _ in range(2)]
        clients = [stack.enter_context(asking(gateway, tmp_path)) for gateway in running]
        for client in clients:
            assert announced(client, "demo") is announced(client, "other") is False
        for each in (file, other):
            content = _rush(clients, each)
            assert content.startswith(b"Metadata-Version")
            for client in clients:
                until(partial(_is_announced, client, each.project, content))
        assert len(pypi.asked(f"{other.path}.metadata")) == 1
        assert fetched(pypi, file) <= 4
        assert len(stretches(pypi, file)) <= 3
        assert wholes(pypi) == []
        for gateway in running:
            gateway.process.kill()
    before = fetched(pypi, file)
    pypi.fault("", Reset("connect"))
    with Gateway(config, tmp_path, "--listen", "127.0.0.1:0") as again, asking(again, tmp_path) as client:
        assert announced(client, "other") == hashed(other.metadata or b"")
        assert client.get(f"{other.url}.metadata").content == other.metadata
        assert hashed(client.get(f"{file.url}.metadata").content) == announced(client, "demo")
    assert fetched(pypi, file) == before


def _rush(clients: list[httpx.Client], file: FakeFile) -> bytes:
    """Let twenty clients ask for a file's metadata at once, and give what all get."""
    begun = threading.Barrier(20)

    def client(number: int) -> bytes:
        begun.wait(20)
        return clients[number % len(clients)].get(f"{file.url}.metadata").content

    with ThreadPoolExecutor(20) as pool:
        [content] = set(pool.map(client, range(20)))
    return content


def test_metadata_ahead__while_upstream_is_down__is_unavailable_and_never_wrong(start: Start, pypi: FakePyPI) -> None:
    """MET-02: 503 with words, as for the file itself; what is in hand is served, and so is all once it is back."""
    pypi.cache_control = "max-age=0"
    files = [unannounced(pypi, "demo", version) for version in ("1.0", "2.0")]
    gateway = start(metadata=AHEAD)
    until(lambda: all(isinstance(entry.get("core-metadata"), dict) for entry in listed(gateway, "demo")))
    new = unannounced(pypi, "demo", "3.0")
    assert said(gateway, new) is not False
    gateway.stop()
    late = pypi.add(replace(wheel_of(pypi, "late", head_of("late")), metadata=head_of("late")))
    second = start(metadata=AHEAD)
    assert said(second, late)
    pypi.fault("/packages/", Status(503))
    assert metadata_of(second, late).status_code in (200, 503)
    for file in files:
        assert metadata_of(second, file).content == file.metadata
    pypi.lift()
    assert metadata_of(second, late).content == head_of("late")
