"""An index that does not answer: what is kept stands in, within limits; what is gone stays gone."""

import asyncio
import json
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from addons.cache.documents import Documents
from addons.sources.asking import Keeping
from addons.sources.index import Index
from addons.sources.source import ProjectAbsent, SourceUnavailable
from proxyconf.addresses import Address
from tests.addons.sources.lasting_places import DAY, all_done, lasting_index
from tests.addons.sources.places import DEMO, Time, private_index
from tests.fakepypi import ContentType, FakePyPI, Hang, LoginPage, Redirect, Reset, Status, Truncate
from tests.wheelgate_process import free_port

PATH = "/simple/demo/"
LEGACY = "/pypi/demo/json"
JSON = "application/vnd.pypi.simple.v1+json"
FAULTS = [
    *(Status(code) for code in (400, 401, 403, 429, 500, 502, 503)),
    *(Reset("headers"), Reset("body", 20), Truncate(20), LoginPage(), Hang("body", 20)),
    *(ContentType("text/plain"), Status(200, b"", JSON), Redirect("https://example.org/simple/demo/")),
]


def publish(pypi: FakePyPI) -> None:
    """A project with a page and a legacy document."""
    pypi.release("demo", "1.0")
    body = json.dumps({"info": {"name": "demo", "version": "1.0"}, "releases": {}, "urls": []}).encode()
    pypi.document("pypi.org", LEGACY, body, "application/json")


async def ages(index: Index) -> tuple[float | None, float | None]:
    """Ask for the page and the legacy document, and give how stale they are."""
    page, document = await index.page(DEMO), await index.legacy(DEMO, None)
    assert page.files[0].filename == "demo-1.0-py3-none-any.whl"
    assert document is not None
    return page.stale, document.stale


@pytest.mark.parametrize("kind", FAULTS, ids=repr)
async def test_document__kept_from_an_index_at_fault__stands_in(
    pypi: FakePyPI, tmp_path: Path, time: Time, caplog: pytest.LogCaptureFixture, kind: Any
) -> None:
    """CCH-08: marked with its age; beginning and end are each in the log once."""
    publish(pypi)
    async with lasting_index(pypi, tmp_path / "cache", time, read_seconds=0.3) as index:
        assert await ages(index) == (None, None)
        version = (await index.page(DEMO)).version
        time.now += 700
        pypi.release("demo", "2.0")  # so that the page would be sent, and not a 304
        pypi.fault("/", kind)
        for _ in range(2):
            assert await ages(index) == (700, 700)
        assert (await index.page(DEMO)).version == version
        pypi.lift()
        time.now += 10
        await ages(index)  # of an index that was taken to be down the first answers are still what is kept
        await all_done()
        assert await ages(index) == (None, None)
    given = [line for line in caplog.messages if line.endswith("; what is kept of it is given meanwhile")]
    assert [len(given), caplog.messages.count("source pypi: answers again; for 10 s what was kept was given")] == [1, 1]
    assert given[0].startswith("source pypi: ")


@pytest.mark.parametrize("fault", ["refused", "no TLS", "another certificate", "no such name"])
async def test_document__from_disk__stands_in_after_a_restart_without_the_index(
    pypi: FakePyPI, tmp_path: Path, time: Time, fault: str
) -> None:
    """CCH-08: a gateway that starts while PyPI is down has what it had."""
    publish(pypi)
    async with lasting_index(pypi, tmp_path / "cache", time) as index:
        version = (await index.page(DEMO)).version
        await index.legacy(DEMO, None)
    time.now += 700
    settings: dict[str, Any] = {}
    if fault == "another certificate":
        settings["ca"] = None
    elif fault == "no TLS":
        pypi.fault("", Reset("connect"))
    else:
        host = "127.0.0.1" if fault == "refused" else "nothing.invalid"
        settings["connect_to"] = {"pypi.org": Address(host, free_port())}
    async with lasting_index(pypi, tmp_path / "cache", time, **settings) as index:
        assert await ages(index) == (700, 700)
        assert (await index.page(DEMO)).version == version
        with pytest.raises(SourceUnavailable):
            await index.page("other")  # type: ignore[arg-type] # normal as it is


async def test_document__from_disk__that_is_fresh_is_not_asked_for(pypi: FakePyPI, tmp_path: Path, time: Time) -> None:
    """What one process fetched another one need not; nor after a restart."""
    publish(pypi)
    async with lasting_index(pypi, tmp_path / "cache", time) as first:
        await ages(first)
        time.now += 300
        async with lasting_index(pypi, tmp_path / "cache", time) as second:
            assert await ages(second) == (None, None)
            assert len(pypi.asked(PATH)) == 1
            time.now += 400
            await ages(second)
        await ages(first)
    assert [seen.status for seen in pypi.asked(PATH)] == [200, 304]


async def test_document__from_disk__is_asked_for_with_its_validator(pypi: FakePyPI, tmp_path: Path, time: Time) -> None:
    """A restart costs a 304."""
    pypi.release("demo", "1.0")
    for _ in range(2):
        async with lasting_index(pypi, tmp_path / "cache", time) as index:
            assert (await index.page(DEMO)).stale is None
        time.now += 700
    assert [seen.status for seen in pypi.asked(PATH)] == [200, 304]


@pytest.mark.parametrize(
    ("changed", "asked"),
    [("Mon, 02 Mar 2026 00:00:00 GMT", True), ("now", False), ("yesterday", False)],
    ids=["long ago", "just now", "nonsense"],
)
async def test_document__with_a_date_of_change_only__is_asked_for_with_it(
    pypi: FakePyPI, tmp_path: Path, time: Time, changed: str, asked: bool
) -> None:
    """If-Modified-Since, unless the page changed just then: another change in that second would not show."""
    body = b'{"meta": {"api-version": "1.0"}, "name": "demo", "files": []}'
    changed = formatdate(usegmt=True) if changed == "now" else changed
    pypi.fault(PATH, Status(200, body, JSON, {"Last-Modified": changed}))
    async with lasting_index(pypi, tmp_path / "cache", time) as index:
        await index.page(DEMO)
        time.now += 700
        await index.page(DEMO)
    assert pypi.requests[1].headers.get("if-modified-since") == (changed if asked else None)
    assert "if-none-match" not in pypi.requests[1].headers


# Within the limits


@pytest.mark.parametrize(("stale", "seconds"), [(DAY, DAY + 1), (7200.0, 7201.0), (0.0, 601.0)])
async def test_document__older_than_the_limit__does_not_stand_in(
    pypi: FakePyPI, tmp_path: Path, time: Time, stale: float, seconds: float
) -> None:
    """CCH-08: neither from memory nor from disk."""
    publish(pypi)
    async with lasting_index(pypi, tmp_path / "cache", time, stale=stale) as index:
        await ages(index)
        time.now += seconds
        pypi.fault("/", Status(503))
        with pytest.raises(SourceUnavailable, match="answered 503"):
            await index.page(DEMO)
        async with lasting_index(pypi, tmp_path / "cache", time, stale=stale) as restarted:
            with pytest.raises(SourceUnavailable):
                await restarted.legacy(DEMO, None)


@pytest.mark.parametrize("headers", [{"Cache-Control": "no-store"}, {"Vary": "*"}])
async def test_document__that_its_index_wants_forgotten__is_not_kept(
    pypi: FakePyPI, tmp_path: Path, time: Time, headers: dict[str, str]
) -> None:
    """CCH-12: what must not be stored does not stand in either."""
    body = b'{"meta": {"api-version": "1.0"}, "name": "demo", "files": []}'
    fault = pypi.fault(PATH, Status(200, body, JSON, headers))
    async with lasting_index(pypi, tmp_path / "cache", time) as index:
        await index.page(DEMO)
        fault.lift()
        pypi.fault(PATH, Status(503))
        with pytest.raises(SourceUnavailable):
            await index.page(DEMO)


async def test_document__of_an_index_that_hangs__is_given_within_the_patience_and_renewed_behind_it(
    pypi: FakePyPI, tmp_path: Path, time: Time
) -> None:
    """CCH-08: the first one waits so long, the others not at all; what the index brings in the end counts."""
    publish(pypi)
    async with lasting_index(pypi, tmp_path / "cache", time, patience=0.05, page_seconds=30, read_seconds=30) as index:
        await ages(index)
        time.now += 700
        pypi.release("demo", "2.0")
        hang = pypi.fault(PATH, Hang())
        page = await index.page(DEMO)
        assert (page.stale, len(page.files)) == (700, 1)
        many = await asyncio.gather(*(index.page(DEMO) for _ in range(20)))
        assert {page.stale for page in many} == {700}
        await asyncio.to_thread(hang.reached.wait, 10)
        assert len(pypi.asked(PATH)) == 2
        hang.lift()
        await all_done()
        page = await index.page(DEMO)
        assert (page.stale, len(page.files)) == (None, 2)


async def test_document__of_an_index_that_is_known_to_hang__is_not_waited_for(
    pypi: FakePyPI, tmp_path: Path, time: Time
) -> None:
    """CCH-08: the patience is spent once in an outage, not by each project of an install."""
    publish(pypi)
    async with lasting_index(pypi, tmp_path / "cache", time, patience=0.5, page_seconds=30, read_seconds=30) as index:
        await ages(index)
        time.now += 700
        hang = pypi.fault("/", Hang())
        assert (await index.page(DEMO)).stale == 700
        document = await asyncio.wait_for(index.legacy(DEMO, None), 0.4)
        assert document is not None
        assert document.stale == 700
        hang.lift()
        await all_done()


async def test_document__that_nothing_stands_in_for__is_waited_for(pypi: FakePyPI, tmp_path: Path, time: Time) -> None:
    """A slow index is no outage to who has nothing else."""
    publish(pypi)
    async with lasting_index(pypi, tmp_path / "cache", time, patience=0) as index:
        gate = pypi.gate(PATH)
        asking = asyncio.create_task(index.page(DEMO))
        await asyncio.to_thread(gate.reached.wait, 10)
        gate.open()
        assert (await asking).stale is None


@pytest.mark.parametrize("jump", [3 * DAY, -3 * DAY, -300.0])
async def test_document__after_the_clock_was_set__is_never_older_than_the_limit(
    pypi: FakePyPI, tmp_path: Path, time: Time, jump: float
) -> None:
    """The disk's times are the wall's: where these make no sense the index is asked, with the validator."""
    publish(pypi)
    wall = Time()
    wall.now = 1_000_000.0
    async with lasting_index(pypi, tmp_path / "cache", time, wall=wall) as first:
        await ages(first)
        wall.now += jump
        assert await ages(first) == (None, None)
        async with lasting_index(pypi, tmp_path / "cache", time, wall=wall) as second:
            fault = pypi.fault("/", Status(503))
            with pytest.raises(SourceUnavailable):
                await second.page(DEMO)
            fault.lift()
            assert await ages(second) == (None, None)
        time.now += 700
        wall.now += 700
        pypi.fault("/", Status(503))
        assert await ages(first) == (700, 700)
    assert [seen.status for seen in pypi.asked(PATH)][:3] == [200, 503, 304]


# What is gone stays gone


@pytest.mark.parametrize("status", [404, 410])
async def test_page__taken_down__does_not_come_back_in_the_next_outage(
    pypi: FakePyPI, tmp_path: Path, time: Time, status: int
) -> None:
    """CCH-08, CCH-09: not from memory, not from disk, and not from another process that had not heard of it yet."""
    publish(pypi)
    async with (
        lasting_index(pypi, tmp_path / "cache", time) as first,
        lasting_index(pypi, tmp_path / "cache", time) as second,
    ):
        await ages(first)
        await ages(second)
        time.now += 700
        taken = pypi.fault("/", Status(status))
        with pytest.raises(ProjectAbsent):
            await first.page(DEMO)
        assert await first.legacy(DEMO, None) is None
        taken.lift()
        pypi.fault("/", Status(503))
        for index in (first, second):
            with pytest.raises(SourceUnavailable):
                await index.page(DEMO)
        with pytest.raises(SourceUnavailable):
            await second.legacy(DEMO, None)
        async with lasting_index(pypi, tmp_path / "cache", time) as third:
            with pytest.raises(SourceUnavailable):
                await third.page(DEMO)


async def test_page__taken_down_behind_an_answer__is_absent_for_the_next_one(
    pypi: FakePyPI, tmp_path: Path, time: Time
) -> None:
    """CCH-08: the index was slow to say so, but it said so."""
    publish(pypi)
    async with lasting_index(pypi, tmp_path / "cache", time, patience=0.05) as index:
        await ages(index)
        time.now += 700
        hang = pypi.fault(PATH, Hang())
        pypi.fault(PATH, Status(404))
        assert (await index.page(DEMO)).stale == 700
        hang.lift()
        await all_done()
        with pytest.raises(ProjectAbsent):
            await index.page(DEMO)


async def test_page__quarantined_or_shortened__stays_so_in_the_next_outage(
    pypi: FakePyPI, tmp_path: Path, time: Time
) -> None:
    """CCH-08: what stands in is the last thing that the index said, in every process."""
    publish(pypi)
    async with (
        lasting_index(pypi, tmp_path / "cache", time) as first,
        lasting_index(pypi, tmp_path / "cache", time) as second,
    ):
        await ages(first)
        await ages(second)
        time.now += 700
        pypi.quarantine("demo", reason="malware")
        assert (await first.page(DEMO)).files == ()
        time.now += 700
        pypi.fault("/", Status(503))
        for index in (first, second):
            page = await index.page(DEMO)
            assert (page.files, page.status, page.stale) == ((), "quarantined", 700)


# Whose it is


async def test_cache__of_a_private_index__has_no_password_in_it(pypi: FakePyPI, tmp_path: Path, time: Time) -> None:
    """CCH-10: nor a page that repeats it; and another user of the same index gets nothing of it."""
    private = pypi.private(password="hunter2-hunter2")
    private.release("demo", "1.0")
    private.release("told", "1.0")
    body = b'<a href="https://reader:hunter2-hunter2@localhost/x/told-1.0.tar.gz">told-1.0.tar.gz</a>'
    pypi.fault("/private/simple/told/", Status(200, b"<!DOCTYPE html><html><body>" + body, "text/html"))
    keeping = Keeping(documents=Documents(tmp_path / "cache", wall=time))
    assert keeping.documents is not None
    async with private_index(pypi, private, keeping=keeping, clock=time) as index:
        await index.page(DEMO)
        await index.page("told")  # type: ignore[arg-type] # normal as it is
    await keeping.documents.close()
    everything = await asyncio.to_thread(contents, tmp_path / "cache")
    assert b"demo-1.0-py3-none-any.whl" in everything
    assert b"hunter2" not in everything


def contents(folder: Path) -> bytes:
    """Give all that lies in a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
