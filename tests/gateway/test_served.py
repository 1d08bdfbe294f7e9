"""What a gateway records of what it served: each answer once, whatever road it took, and nothing that was refused."""

import asyncio
from datetime import date
from functools import partial
from pathlib import Path

import httpx
import pytest

from addons.events.got import Got
from addons.events.served import Batch
from addons.events.served_file import ServedFile
from addons.lane_others import OPTION
from addons.origin.tickets import Delivery
from addons.simple.page import File
from tests.fakepypi import FakeFile, FakePyPI, Status
from tests.gateway import planting
from tests.gateway.conftest import Start
from tests.gateway.links import Delivered, asked, link, script
from tests.gateway.logs import listening
from tests.gateway.roads import DENIED, LAST, USUAL, both_roads, on_both
from tests.gateway.running import RunningGateway, configuration
from tests.gateway.test_lane_files import Odd

DEMO = "demo-1.0-py3-none-any.whl"


def record(folder: Path) -> dict[str, int]:
    """Give how often each project's page, and each file, was served, by the record."""
    return {each.filename or each.project: each.number for each in rows(folder)}


def rows(folder: Path) -> list[Got]:
    """Give all of the record."""
    return ServedFile(folder / "store" / "served.db").read(date.min, date.max)


@pytest.fixture
def two(pypi: FakePyPI) -> dict[str, FakeFile]:
    """Two releases, of which the policies of DENIED refuse the second."""
    return {version: pypi.release("demo", version, announce_metadata=True) for version in ("1.0", "2.0")}


@pytest.fixture(params=["lane", "flow road"])
def road(request: pytest.FixtureRequest) -> str:
    """Both roads, in turn."""
    return str(request.param)


def on(road: str, gateway: RunningGateway) -> RunningGateway:
    """Have requests take this road."""
    planting.option(gateway, **{OPTION: road == "lane"})
    return gateway


def test_answers__on_either_road__are_recorded_once_each(
    start: Start, two: dict[str, FakeFile], tmp_path: Path, road: str
) -> None:
    """Page and 304 in any form, HEAD, file, range, 304 of a file: each counts; what is refused, led on or metadata, does not."""
    gateway, file, denied = on(road, start(**DENIED)), two["1.0"], two["2.0"]
    with gateway.client() as client:
        page = client.get("https://pypi.org/simple/demo/")
        for answer, status in (
            (page, 200),
            (client.get("https://pypi.org/simple/demo/", headers={"If-None-Match": page.headers["ETag"]}), 304),
            (client.head("https://pypi.org/simple/demo/"), 200),
            (client.get("https://pypi.org/pypi/demo/json"), 200),
            (client.get("https://pypi.org/simple/Demo/"), 301),
            (client.get("https://pypi.org/simple/absent/"), 404),
            (client.get(file.url), 200),
            (client.get(file.url, headers={"Range": "bytes=0-9"}), 206),
            (client.head(file.url), 200),
            (client.get(file.url, headers={"If-None-Match": f'"{file.sha256}"'}), 304),
            (client.get(f"{file.url}.metadata"), 200),
            (client.get(denied.url), 403),
            (client.get(f"{file.url[:-4]}.zip"), 403),
        ):
            assert answer.status_code == status, answer.url
    gateway.stop()
    assert record(tmp_path) == {"demo": 4, DEMO: 4}


def test_requests__of_the_usual_kind__are_recorded_as_often_as_answered(tmp_path: Path) -> None:
    """On both roads: those that the lane takes, at once or not, and those that it hands on."""
    with both_roads(tmp_path) as gateway:
        served = planting.intercept_of(gateway).present.assembly.memory.served
        assert served is not None
        for request in USUAL:
            gateway.on_loop(served.take)
            given = sum(answers.count(b"\r\nETag: ") for answers in on_both(gateway, request, LAST)[:2])
            batch: Batch = gateway.until(partial(asyncio.to_thread, served.take))
            assert sum(times.number for times in batch.values()) == given, request


def test_file__that_the_lane_leaves_to_the_flow_road__is_taken_note_of_once(gateway: RunningGateway) -> None:
    """It is asked for and opened twice then: by the lane, which cannot send it, and again."""
    noted: list[str] = []
    file = File("demo-1.0.tar.gz", "https://example.org/x", {})
    script(gateway, Delivered(Delivery(Odd(None), file, {"X": "y"}, lambda: noted.append(file.filename))))
    with link(gateway) as one:
        one.socket.sendall(asked("/", "Connection: close"))
        assert one.rest().endswith(b"\r\n0\r\n\r\n")
    assert noted == ["demo-1.0.tar.gz"]


def test_file__that_upstream_does_not_give__is_not_recorded(
    start: Start, two: dict[str, FakeFile], pypi: FakePyPI, tmp_path: Path, road: str
) -> None:
    """Nobody got it: 502, in words."""
    gateway = on(road, start())
    assert gateway.page("demo").status_code == 200
    pypi.fault(two["1.0"].path, Status(404))
    assert gateway.get(two["1.0"].url).status_code == 502
    gateway.stop()
    assert record(tmp_path) == {"demo": 1}


def test_status__of_a_gateway__counts_what_waits_to_be_recorded(start: Start, two: dict[str, FakeFile]) -> None:
    """With what was dropped, and how often the disk refused."""
    gateway = start()
    assert gateway.page("demo").status_code == 200
    said = httpx.get(f"{gateway.url}/status", trust_env=False).json()["served"]
    assert said.keys() == {"recorded", "waiting", "dropped", "failures"}
    assert (said["recorded"] + said["waiting"], said["dropped"], said["failures"]) == (1, 0, 0)


def test_recording__that_is_off__records_nothing(start: Start, two: dict[str, FakeFile], tmp_path: Path) -> None:
    """Not even a file."""
    gateway = start(served={"days": 0})
    assert gateway.page("demo").status_code == 200
    gateway.stop()
    assert not (tmp_path / "store" / "served.db").exists()


def test_recording__turned_off_by_an_edit__empties_the_record(
    pypi: FakePyPI, two: dict[str, FakeFile], tmp_path: Path
) -> None:
    """What was recorded before goes, and what is served then is not."""
    with listening("addons.lifetime") as log, RunningGateway(configuration(pypi, tmp_path)) as gateway:
        assert gateway.page("demo").status_code == 200
        configuration(pypi, tmp_path, served={"days": 0})
        log.wait_for("the new configuration is in force")
        assert gateway.page("demo").status_code == 200
    assert record(tmp_path) == {}


def test_record__that_cannot_be_written__changes_no_answer_and_is_told(
    start: Start, two: dict[str, FakeFile], tmp_path: Path
) -> None:
    """Its place is a folder: pages and files are served, and the log says so at the end at the latest."""
    (tmp_path / "store" / "served.db").mkdir(parents=True)
    with listening("addons.events.recording") as log:
        gateway = start()
        assert gateway.page("demo").status_code == 200
        assert gateway.get(two["1.0"].url).content == two["1.0"].content
        gateway.stop()
        assert "what is served cannot be recorded" in log.wait_for("recorded")


def test_record__of_clients_of_no_group__names_nobody(start: Start, two: dict[str, FakeFile], tmp_path: Path) -> None:
    """No address, no user, no tool: nothing of who asked is in the file."""
    gateway = start()
    headers = {"User-Agent": "pip/99 secret", "Authorization": "Basic c2VjcmV0"}
    assert gateway.get("https://pypi.org/simple/demo/", **headers).status_code == 200
    gateway.stop()
    [got] = rows(tmp_path)
    assert (got.group, got.profile, got.project, got.filename, got.number) == ("", "", "demo", "", 1)
    content = (tmp_path / "store" / "served.db").read_bytes()
    assert [word for word in (b"127.0.0.1", b"secret", b"pip/99", b"c2VjcmV0") if word in content] == []
