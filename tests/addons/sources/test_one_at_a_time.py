"""Several processes and one document: one of them asks upstream, the others take what it is told.

Each index here has a memory and a database connection of its own, as each process does; locks are between them all.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from addons.sources.index import Index
from addons.sources.source import ProjectAbsent, SourceUnavailable
from tests.addons.sources.lasting_places import all_done, lasting_index
from tests.addons.sources.places import DEMO, Time
from tests.fakepypi import FakePyPI, Hang, Status

PATH = "/simple/demo/"
WORKERS = 4


@asynccontextmanager
async def workers(pypi: FakePyPI, folder: Path, time: Time, **more: Any) -> AsyncIterator[Sequence[Index]]:
    """Some processes of one gateway."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(lasting_index(pypi, folder, time, **more)) for _ in range(WORKERS)]


async def together(pypi: FakePyPI, indexes: Sequence[Index], max_age: float | None = None) -> Sequence[Any]:
    """Ask all at once, with the first answer held until all of them have asked; give what each got."""
    gate = pypi.fault(PATH, Hang())
    tasks = [asyncio.ensure_future(index.page(DEMO, max_age)) for index in indexes]
    await asyncio.to_thread(gate.reached.wait, 10)
    await asyncio.wait(tasks, timeout=0.1)
    gate.lift()
    return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("cache_control", ["max-age=600", "max-age=0"])
async def test_document__that_all_processes_want__is_asked_for_once(
    pypi: FakePyPI, tmp_path: Path, time: Time, cache_control: str
) -> None:
    """CCH-16: cold, and when it has to be revalidated; also one that counts for no moment (who waits shares it)."""
    pypi.cache_control = cache_control
    pypi.release("demo", "1.0")
    async with workers(pypi, tmp_path / "cache", time) as indexes:
        pages = await together(pypi, indexes)
        assert {page.files[0].filename for page in pages} == {"demo-1.0-py3-none-any.whl"}
        assert len(pypi.asked(PATH)) == 1
        time.now += 700
        pypi.release("demo", "2.0")
        assert {len(page.files) for page in await together(pypi, indexes)} == {2}
        assert len(pypi.asked(PATH)) == 2


async def test_document__that_all_want_fresh__is_asked_for_once(pypi: FakePyPI, tmp_path: Path, time: Time) -> None:
    """CCH-11, CCH-16: a dozen `uv --refresh` at once are one question."""
    pypi.release("demo", "1.0")
    async with workers(pypi, tmp_path / "cache", time) as indexes:
        await together(pypi, indexes)
        time.now += 6
        await together(pypi, indexes, 5)
    assert [seen.status for seen in pypi.asked(PATH)] == [200, 304]


async def test_document__that_is_not_there__is_asked_for_once(pypi: FakePyPI, tmp_path: Path, time: Time) -> None:
    """CCH-09, CCH-16: that there is none is heard by all as well."""
    async with workers(pypi, tmp_path / "cache", time, absent=30) as indexes:
        answers = await together(pypi, indexes)
    assert {type(answer) for answer in answers} == {ProjectAbsent}
    assert len(pypi.asked(PATH)) == 1


async def test_document__that_one_is_kept_waiting_for__is_given_as_it_was_by_the_others(
    pypi: FakePyPI, tmp_path: Path, time: Time
) -> None:
    """CCH-08, CCH-16: upstream hangs for one process only; the others do not ask, nor wait for longer than patience."""
    pypi.release("demo", "1.0")
    async with workers(pypi, tmp_path / "cache", time, patience=0.05) as indexes:
        await together(pypi, indexes)
        time.now += 700
        asked = len(pypi.requests)
        hang = pypi.fault(PATH, Hang())
        pages = await asyncio.gather(*(index.page(DEMO) for index in indexes))
        assert {page.stale for page in pages} == {700}
        assert len(pypi.requests) == asked + 1
        hang.lift()
        await all_done()
        assert {(await index.page(DEMO)).stale for index in indexes} == {None}


async def test_document__that_nothing_is_kept_of__is_asked_for_by_each_in_the_end(
    pypi: FakePyPI, tmp_path: Path, time: Time
) -> None:
    """CCH-16: who has nothing to give waits for another's answer for no longer than patience, then asks."""
    pypi.release("demo", "1.0")
    async with workers(pypi, tmp_path / "cache", time, patience=0.05) as indexes:
        hang = pypi.fault(PATH, Hang(), times=1)
        first = asyncio.ensure_future(indexes[0].page(DEMO))
        await asyncio.to_thread(hang.reached.wait, 10)
        assert len((await indexes[1].page(DEMO)).files) == 1
        hang.lift()
        await first
    assert len(pypi.asked(PATH)) == 2


async def test_document__that_one_process_cannot_have__is_tried_by_the_next(
    pypi: FakePyPI, tmp_path: Path, time: Time
) -> None:
    """CCH-16: an error is nobody's answer but the one's who got it."""
    pypi.release("demo", "1.0")
    pypi.fault(PATH, Status(503), times=1)
    async with workers(pypi, tmp_path / "cache", time) as indexes:
        answers = await together(pypi, indexes)
    assert [type(answer) for answer in answers].count(SourceUnavailable) == 1
    assert len(pypi.asked(PATH)) == 2


async def test_document__that_is_fresh__touches_no_lock(pypi: FakePyPI, tmp_path: Path, time: Time) -> None:
    """CCH-16: what is warm costs nothing more: not in memory, nor of the disk in another process."""
    pypi.release("demo", "1.0")
    async with workers(pypi, tmp_path / "cache", time) as indexes:
        await indexes[0].page(DEMO)
        locks = tmp_path / "cache" / "asking"
        touched = locks.stat().st_mtime_ns
        for index in indexes:
            assert (await index.page(DEMO)).stale is None
        assert locks.stat().st_mtime_ns == touched
    assert len(pypi.asked(PATH)) == 1
