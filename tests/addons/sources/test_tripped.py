"""An index that is down for long: nobody waits for it, and it is unavailable, never absent."""

import asyncio
from pathlib import Path

import pytest

from addons.fetch.breaker import FAILURES
from addons.simple.names import ProjectName
from addons.sources.index import Index
from addons.sources.source import ProjectAbsent, SourceUnavailable
from tests.addons.sources.lasting_places import all_done, lasting_index
from tests.addons.sources.places import DEMO, Time
from tests.fakepypi import FakePyPI, Hang, LoginPage, Reset, Status

OTHER = ProjectName("other")


async def trip(index: Index, project: ProjectName = OTHER) -> None:
    """Let the breaker open."""
    for _ in range(FAILURES):
        with pytest.raises(SourceUnavailable):
            await index.page(project)


async def test_index__that_is_down__is_unavailable_without_being_asked(
    pypi: FakePyPI, index: Index, time: Time
) -> None:
    """MRG-03: not absent, so nobody else is asked instead."""
    pypi.fault("/", Reset())
    await trip(index)
    asked = len(pypi.requests)
    for _ in range(10):
        with pytest.raises(SourceUnavailable, match="source pypi: is down, and is asked again in 1 s"):
            await index.page(DEMO)
    assert len(pypi.requests) == asked


async def test_index__that_was_down__is_asked_by_one_and_then_as_usual(
    pypi: FakePyPI, index: Index, time: Time
) -> None:
    """It recovers by itself; while the one is under way the others do not wait."""
    pypi.release("demo", "1.0")
    fault = pypi.fault("/", Reset())
    await trip(index)
    fault.lift()
    time.now += 1
    gate = pypi.gate("/simple/demo/")
    probe = asyncio.create_task(index.page(DEMO))
    await asyncio.to_thread(gate.reached.wait, 10)
    with pytest.raises(SourceUnavailable, match="is down"):
        await index.page(OTHER)
    gate.open()
    assert len((await probe).files) == 1
    with pytest.raises(ProjectAbsent):
        await index.page(OTHER)


async def test_index__that_is_down__gives_what_it_has_at_once_and_tries_behind_it(
    pypi: FakePyPI, tmp_path: Path, time: Time
) -> None:
    """CCH-08: also when the one that tries would have to wait."""
    pypi.release("demo", "1.0")
    async with lasting_index(pypi, tmp_path / "cache", time, read_seconds=30, page_seconds=30, patience=20) as index:
        await index.page(DEMO)
        time.now += 700
        fault = pypi.fault("/", Reset())
        await trip(index)
        fault.lift()
        time.now += 1
        hang = pypi.fault("/", Hang())
        assert (await index.page(DEMO)).stale == 701
        await asyncio.to_thread(hang.reached.wait, 10)
        assert (await index.page(DEMO)).stale == 701
        hang.lift()
        await all_done()
        assert (await index.page(DEMO)).stale is None


async def test_index__with_one_broken_page__is_asked_for_all_others(pypi: FakePyPI, index: Index, time: Time) -> None:
    """Nor is one that answers with a login form taken to be down: asking it costs nothing."""
    pypi.release("demo", "1.0")
    pypi.fault("/simple/other/", Status(500))
    pypi.fault("/simple/third/", LoginPage())
    for project in (OTHER, ProjectName("third")):
        await trip(index, project)
        await trip(index, project)
    assert len((await index.page(DEMO)).files) == 1


async def test_index__asked_by_somebody_who_left__can_be_asked_again(pypi: FakePyPI, index: Index, time: Time) -> None:
    """A probe goes on without whoever began it, and its outcome counts."""
    pypi.release("demo", "1.0")
    fault = pypi.fault("/", Reset())
    await trip(index)
    fault.lift()
    time.now += 1
    gate = pypi.gate("/simple/demo/")
    probe = asyncio.create_task(index.page(DEMO))
    await asyncio.to_thread(gate.reached.wait, 10)
    probe.cancel()
    gate.open()
    await all_done()
    assert len((await index.page(DEMO)).files) == 1
