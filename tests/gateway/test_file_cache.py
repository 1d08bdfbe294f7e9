"""Public files through a gateway that keeps them: fetched once for all, had for as long as their page has them."""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.addons.cache.fetching import as_kept, lying
from tests.deleting import delete
from tests.fakepypi import Corrupt, FakePyPI, Hang, Reset, Status, Truncate
from tests.fakepypi.faults import Kind
from tests.gateway.conftest import Start
from tests.gateway.running import RunningGateway
from tests.gateway.test_broken_files import impatient, whole

MB = 1_000_000


def kept(folder: Path) -> dict[str, bytes]:
    """Give the distributions that lie in the file store of the gateway whose folder this is, and what grows there."""
    found = lying(folder / "cache").items()
    return {
        path: content
        for path, content in found
        if path.startswith(("files/", "growing/")) and not content.startswith(b"Metadata-Version")
    }


def status(gateway: RunningGateway) -> dict[str, int]:
    """Give what the front desk says of the file store."""
    files: dict[str, int] = httpx.get(f"{gateway.url}/status", trust_env=False).json()["files"]
    return files


def test_clients__fifty_for_one_cold_file__have_one_fetch_and_first_bytes_before_its_end(
    gateway: RunningGateway, pypi: FakePyPI
) -> None:
    """FIL-12: each reads while it grows; all get the right bytes."""
    file = pypi.big("demo", "1.0", 2 * MB)
    gate, begun, clients = pypi.gate(file.path, MB), threading.Semaphore(0), 50

    def client(number: int) -> str:
        digest = hashlib.sha256()
        with gateway.client() as asking, asking.stream("GET", file.url) as answer:
            for place, part in enumerate(answer.iter_raw()):
                digest.update(part)
                if not place:
                    begun.release()
        return digest.hexdigest()

    with ThreadPoolExecutor(clients) as pool:
        outcomes = pool.map(client, range(clients))
        for _ in range(clients):
            assert begun.acquire(timeout=20)
        gate.open()
        assert set(outcomes) == {file.sha256}
    assert len(pypi.asked(file.path)) == 1


def test_file__had_once__is_given_from_disk_also_after_a_restart(start: Start, pypi: FakePyPI, tmp_path: Path) -> None:
    """Whole, in ranges and resumed; upstream is asked for the page, and for the file never again."""
    file = pypi.release("demo", "1.0", kind="sdist", size_padding=3 * MB)
    first = start()
    assert first.get(file.url).content == file.content
    first.stop()
    assert kept(tmp_path) == as_kept(file.content)
    second = start()
    etag = f'"{file.sha256}"'
    assert second.get(file.url).content == file.content
    assert second.get(file.url, Range="bytes=-16384").content == file.content[-16384:]
    resumed = second.get(file.url, Range="bytes=2000000-", If_Range=etag)
    assert (resumed.status_code, resumed.content) == (206, file.content[2 * MB :])
    assert second.get(file.url, Range="bytes=5-9", If_Range='"x"').content == file.content
    assert second.get(file.url, Range="bytes=99999999-").status_code == 416
    assert second.get(file.url, "HEAD").headers["Content-Length"] == str(len(file.content))
    assert len(pypi.asked(file.path)) == 1
    assert status(second) | {"hits": 4, "misses": 0, "bytes_from_upstream": 0} == status(second)


def test_gateways__two_on_one_folder__fetch_a_file_once(start: Start, pypi: FakePyPI) -> None:
    """The second reads along with the first."""
    file = pypi.big("demo", "1.0", 2 * MB)
    gate, gateways = pypi.gate(file.path, MB), [start(), start()]
    with gateways[0].client() as one, one.stream("GET", file.url) as first:
        parts = first.iter_raw()
        begin = next(parts)
        with gateways[1].client() as other, other.stream("GET", file.url) as second:
            along = second.iter_raw()
            assert next(along)[:10] == begin[:10] == file.content[:10]
            gate.open()
            assert sum(map(len, along)) > MB
        assert begin + b"".join(parts) == file.content
    assert len(pypi.asked(file.path)) == 1


def test_ranges__of_a_growing_file__wait_for_their_bytes(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """FIL-03, FIL-04: what is there is given; HEAD and 416 need nothing but the page; a resumed download goes on."""
    file = pypi.big("demo", "1.0", 3 * MB)
    gate = pypi.gate(file.path, 2 * MB)
    with gateway.client() as client, client.stream("GET", file.url) as answer:
        parts = answer.iter_raw()
        begin = next(parts)
        assert gateway.get(file.url, Range="bytes=100-199").content == file.content[100:200]
        assert gateway.get(file.url, "HEAD").headers["Content-Length"] == str(3 * MB)
        assert gateway.get(file.url, Range="bytes=3000000-").status_code == 416
        with ThreadPoolExecutor(2) as pool:
            end = pool.submit(gateway.get, file.url, Range="bytes=-100")
            rest = pool.submit(gateway.get, file.url, Range="bytes=1000000-", If_Range=f'"{file.sha256}"')
            gate.open()
            assert end.result().content == file.content[-100:]
            assert (rest.result().status_code, rest.result().content) == (206, file.content[MB:])
        assert begin + b"".join(parts) == file.content
    assert len(pypi.asked(file.path)) == 1


FAULTS: list[tuple[Kind, int, bool]] = [
    (Status(500), 1, False),
    (Status(404), 1, False),
    (Reset("headers"), 2, True),
    (Hang("headers"), 1, False),
    (Truncate(100), 2, True),
    (Truncate(3 * MB - 1), 2, True),
    (Reset("body", MB), 2, True),
    (Reset("body", 3 * MB - 1), 2, True),
    (Hang("body", MB), 2, True),
    (Hang("body", 3 * MB - 1), 2, True),
    (Corrupt(0), 1, False),
    (Corrupt(3 * MB - 1), 1, False),
]


@pytest.mark.parametrize(("fault", "asked", "healed"), FAULTS, ids=repr)
def test_upstream__that_fails_once__is_asked_for_the_rest_or_leaves_no_trace(
    start: Start, pypi: FakePyPI, tmp_path: Path, fault: Kind, asked: int, healed: bool
) -> None:
    """What broke off is taken up again; what is wrong, or never began, is an error, and nothing lies on disk."""
    file = pypi.big("demo", "1.0", 3 * MB)
    gateway = impatient(start, pypi)
    pypi.fault(file.path, fault, times=1)
    assert whole(lambda: gateway.get(file.url)) == (file.content if healed else None)
    assert len(pypi.asked(file.path)) == asked
    gateway.stop()
    assert kept(tmp_path) == (as_kept(file.content) if healed else {})


def test_cache_folder__deleted_while_the_gateway_runs__is_made_again(
    gateway: RunningGateway, pypi: FakePyPI, tmp_path: Path
) -> None:
    """It may be deleted at any time."""
    file = pypi.release("demo", "1.0", size_padding=MB)
    for _ in range(3):
        assert gateway.get(file.url).content == file.content
        while status(gateway)["growing"]:
            pass
        delete(tmp_path / "cache")
    assert len(pypi.asked(file.path)) == 3


def test_cache_folder__that_cannot_be_used__fails_no_request(start: Start, pypi: FakePyPI, tmp_path: Path) -> None:
    """A file stands in its way: everything passes, and is asked for each time."""
    file = pypi.release("demo", "1.0", size_padding=MB)
    (tmp_path / "cache").mkdir()
    for name in ("files", "growing"):
        (tmp_path / "cache" / name).write_text("in the way")
    gateway = start()
    for _ in range(2):
        assert gateway.get(file.url).content == file.content
        assert gateway.get(file.url, Range="bytes=5-9").content == file.content[5:10]
    assert len(pypi.asked(file.path)) == 4


def deny(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """PyPI takes the file off its page, and keeps its bytes."""
    (file,) = pypi.projects["demo"].files.values()
    pypi.unlist(file, keep_bytes=True)


def remove(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """PyPI deletes the project."""
    pypi.remove("demo")


@pytest.mark.parametrize("take_down", [deny, remove])
def test_file__that_its_page_has_no_more__is_not_given_from_disk(
    gateway: RunningGateway, pypi: FakePyPI, take_down: Callable[[RunningGateway, FakePyPI], None]
) -> None:
    """The store has bytes and nothing to say: the page does, now."""
    pypi.cache_control = "max-age=0"
    file = pypi.release("demo", "1.0", size_padding=MB)
    assert gateway.get(file.url).content == file.content
    take_down(gateway, pypi)
    assert gateway.get(file.url).status_code == 403
    assert gateway.get(file.url, Range="bytes=0-9").status_code == 403
    assert gateway.get(file.url, "HEAD").status_code == 403


def test_room__of_the_configuration__is_kept_to(start: Start, pypi: FakePyPI, tmp_path: Path) -> None:
    """The files used longest ago make way."""
    files = [pypi.big("demo", f"{number}.0", MB) for number in range(4)]
    gateway = start(cache={"folder": str(tmp_path / "cache"), "max_gb": 0.0025})
    for file in files:
        assert gateway.get(file.url).content == file.content
    gateway.stop()
    assert len(kept(tmp_path)) == 2
