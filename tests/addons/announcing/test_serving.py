"""What sources were found to give: ways that close and open again, and what of it lasts."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from addons.announcing.serving import Serving, Way
from addons.cache.documents import Documents
from addons.cache.whose import announced_key
from tests.addons.cache.furnished import INDEX, key
from tests.addons.sources.places import Time

KEY = key(INDEX)


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[Documents]:
    """Documents on disk."""
    made = Documents(tmp_path)
    yield made
    await made.close()


def stand(way: Way) -> tuple[bool, bool]:
    """Whether it is worth a request, and led there last."""
    return way.is_open, way.gives


def test_way__closes_after_three_failures_in_a_row__and_opens_after_an_hour() -> None:
    """MET-12: not before, nor for one that led between; then one failure is enough to close it again."""
    clock = Time()
    way = Way(clock)
    for _ in range(3):
        way.failed()
        way.failed()
        assert stand(way)[0]
        way.led()
    for _ in range(3):
        assert stand(way) == (True, True)
        way.failed()
    assert stand(way) == (False, False)
    clock.now += 3599
    assert stand(way) == (False, False)
    clock.now += 1
    assert stand(way) == (True, False)
    way.failed()
    assert stand(way) == (False, False)
    clock.now += 3600
    way.led()
    way.failed()
    assert stand(way) == (True, True)


async def test_serving__that_was_found_out__is_known_after_a_restart(documents: Documents) -> None:
    """MET-04: nothing is asked for again; what closed is forgotten with it."""
    clock = Time()
    before = Serving(KEY, documents, clock)
    await before.load()
    assert not before.is_known
    await before.led(before.ranges)
    after = Serving(KEY, documents, clock)
    await after.load()
    assert (after.is_known, after.ranges.gives, after.metadata.gives) == (True, True, False)
    for _ in range(3):
        await after.failed(after.ranges)
    last = Serving(KEY, documents, clock)
    await last.load()
    assert (last.is_known, last.ranges.is_open) == (False, True)


@pytest.mark.parametrize("content", [b"x", msgspec.msgpack.encode({"ranges": 1}), msgspec.msgpack.encode([True, 7])])
async def test_serving__written_by_another_version__is_not_known(documents: Documents, content: bytes) -> None:
    """MET-04: it is found out anew, and written over."""
    await documents.change(announced_key(KEY, None), lambda before: content)
    serving = Serving(KEY, documents, Time())
    await serving.load()
    assert not serving.is_known
    await serving.led(serving.metadata)
    after = Serving(KEY, documents, Time())
    await after.load()
    assert after.metadata.gives


async def test_serving__of_two_sources__is_each_ones_own(documents: Documents) -> None:
    """MET-04: a mirror that has ranges says nothing of another."""
    one, other = Serving(KEY, documents, Time()), Serving(key(INDEX, "other"), documents, Time())
    await one.led(one.metadata)
    await other.load()
    assert not other.is_known
