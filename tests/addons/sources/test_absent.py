"""What an index does not have: remembered for a moment, and never for longer than that."""

from contextlib import suppress
from pathlib import Path

import pytest

from addons.sources.asking import Keeping
from addons.sources.index import Index
from addons.sources.source import ProjectAbsent, SourceUnavailable
from tests.addons.sources.lasting_places import lasting_index
from tests.addons.sources.places import DEMO, Time, public_index
from tests.fakepypi import FakePyPI, Status

PATH = "/simple/demo/"


async def has(index: Index, max_age: float | None = None) -> bool:
    """Tell whether the index has the project."""
    with suppress(ProjectAbsent):
        return (await index.page(DEMO, max_age)).stale is None
    return False


@pytest.mark.parametrize("on_disk", [True, False], ids=["with a disk", "in memory"])
async def test_absence__is_remembered_for_as_long_as_is_configured(
    pypi: FakePyPI, tmp_path: Path, time: Time, on_disk: bool
) -> None:
    """CCH-09: a dozen jobs that ask for a name that nobody has are one request; then a new project is seen."""
    keeping = Keeping(absent_seconds=30)
    place = lasting_index(pypi, tmp_path, time, absent=30) if on_disk else public_index(pypi, time, keeping=keeping)
    async with place as index:
        assert [await has(index) for _ in range(12)] == [False] * 12
        assert len(pypi.asked(PATH)) == 1
        pypi.release("demo", "1.0")
        time.now += 29
        assert not await has(index)
        time.now += 2
        assert await has(index)
    assert len(pypi.asked(PATH)) == 2


async def test_absence__that_a_client_wants_fresh__is_asked_again(pypi: FakePyPI, time: Time) -> None:
    """CCH-09, CCH-11: `no-cache` sees a new project after five seconds at most."""
    async with public_index(pypi, time, keeping=Keeping(absent_seconds=30)) as remembering:
        assert not await has(remembering)
        pypi.release("demo", "1.0")
        time.now += 4
        assert not await has(remembering, 5)
        assert len(pypi.asked(PATH)) == 1
        time.now += 2
        assert await has(remembering, 5)
        assert await has(remembering)


async def test_absence__with_no_seconds__is_asked_for_each_time(pypi: FakePyPI, tmp_path: Path, time: Time) -> None:
    """CCH-09: so it is for own indexes, whatever is configured: their new project must not be a stranger's meanwhile."""
    async with lasting_index(pypi, tmp_path, time) as index:
        assert not await has(index)
        pypi.release("demo", "1.0")
        assert await has(index)


async def test_absence__is_heard_of_by_other_processes(pypi: FakePyPI, tmp_path: Path, time: Time) -> None:
    """CCH-09: a restart or another process does not ask, until the time is over; what is gone is so for all at once."""
    pypi.release("demo", "1.0")
    async with lasting_index(pypi, tmp_path, time, absent=30) as first:
        async with lasting_index(pypi, tmp_path, time, absent=30) as second:
            assert [await has(each) for each in (first, second)] == [True, True]
            time.now += 700
            pypi.remove("demo")
            assert [await has(each) for each in (first, second)] == [False, False]
        assert len(pypi.asked(PATH)) == 2
        async with lasting_index(pypi, tmp_path, time, absent=30) as restarted:
            assert not await has(restarted)
            assert len(pypi.asked(PATH)) == 2
            time.now += 31
            pypi.release("demo", "2.0")
            assert await has(restarted)
        assert await has(first)
    assert len(pypi.asked(PATH)) == 3


async def test_absence_of_a_document__is_heard_of_by_other_processes(
    pypi: FakePyPI, tmp_path: Path, time: Time
) -> None:
    """CCH-09: that PyPI has none is an answer, and no fault of the process that reads it from the disk."""
    pypi.fault("/pypi/", Status(404))
    async with lasting_index(pypi, tmp_path, time, absent=30) as first:
        assert await first.legacy(DEMO, "1.0") is None
    async with lasting_index(pypi, tmp_path, time, absent=30) as restarted:
        for _ in range(2):
            assert await restarted.legacy(DEMO, "1.0") is None
            time.now += 6
    assert len(pypi.asked("/pypi/demo/1.0/json")) == 1


async def test_absence__that_was_remembered__is_no_answer_of_an_index_that_is_out(
    pypi: FakePyPI, tmp_path: Path, time: Time
) -> None:
    """CCH-09, MRG-03: once its time is over, only the index can say so; else the next source would be asked."""
    async with lasting_index(pypi, tmp_path, time, absent=30) as index:
        assert not await has(index)
        pypi.fault("/", Status(503))
        time.now += 31
        for _ in range(8):  # the last ones of a breaker that is open
            with pytest.raises(SourceUnavailable):
                await index.page(DEMO)
