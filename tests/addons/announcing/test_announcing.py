"""Announcing: over processes and restarts, with sources that change their minds, and blobs that vanish (MET-02, MET-04)."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from addons.announcing.links import Terms
from addons.announcing.obtaining import NoMetadata
from addons.cache.promised import Promise
from addons.cache.small import read
from addons.sources.source import FileGone, SourceUnavailable
from tests.addons.announcing.processes import (
    LARGE,
    METADATA,
    OTHER,
    Process,
    asked,
    of_metadata,
    process,
    unannounced,
)
from tests.addons.cache.furnished import sha256
from tests.addons.sources.places import Time
from tests.fakepypi import FakePyPI, Reset, Status

HASH = sha256(METADATA)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The cache that all processes have in common."""
    return tmp_path / "cache"


async def in_hand(at: Process) -> bytes:
    """What lies in the store under the hash that is announced."""
    said = await at.said()
    assert said
    return await read(at.blobs, Promise(said), None)


async def test_metadata__wanted_by_many_in_two_processes__is_obtained_once(pypi: FakePyPI, folder: Path) -> None:
    """MET-04: single flight over all workers; who comes second reads what is in hand."""
    pypi.release("demo", "1.0", size_padding=LARGE)
    async with process(pypi, folder) as one, process(pypi, folder) as other:
        for each in (one, other):
            await each.file()
        found = await asyncio.gather(*(work() for each in (one, other) for work in [each.tried, each.metadata] * 10))
        assert found == [METADATA] * 40
        assert asked(pypi) == ["metadata", "range"]
        assert await one.said() == await other.said() == HASH


async def test_metadata__in_hand__is_announced_and_served_after_a_restart_in_an_outage(
    pypi: FakePyPI, folder: Path
) -> None:
    """MET-02, MET-03: with the very bytes, asked of nobody."""
    made = pypi.release("demo", "1.0")
    async with process(pypi, folder) as one:
        assert await one.tried() == METADATA
        assert await in_hand(one) == METADATA
    async with process(pypi, folder) as later:
        file = await later.file()
        pypi.fault("/packages/", Reset())
        pypi.clear_log()
        assert await later.said() == HASH
        assert await later.metadata(file) == METADATA
        assert pypi.asked(made.path) == []


@pytest.mark.parametrize("damage", ["gone", "wrong", "empty"])
async def test_blob__that_vanished_or_is_damaged__is_not_announced_and_obtained_again(
    pypi: FakePyPI, folder: Path, damage: str
) -> None:
    """MET-02: the promise is kept with the same bytes; while it cannot be, no page makes it."""
    pypi.release("demo", "1.0")
    async with process(pypi, folder) as one:
        await one.tried()
        assert await one.said() == HASH
        path = one.blobs.path(HASH)
        path.unlink() if damage == "gone" else path.write_bytes(METADATA[:-1] + b"x" if damage == "wrong" else b"")
        out = pypi.fault("/packages/", Reset())
        with pytest.raises(SourceUnavailable):
            await one.metadata()
        assert await one.said() is None
        out.lift()
        assert await one.metadata() == METADATA
        assert await one.said() == HASH
        assert path.read_bytes() == METADATA


async def test_unproven__that_the_file_contradicts__is_announced_no_more(pypi: FakePyPI, folder: Path) -> None:
    """MET-04: upstream's copy is compared with the wheel when that passes by; then the wheel's is announced, everywhere."""
    unannounced(pypi, pypi.release("demo", "1.0"), OTHER)
    async with process(pypi, folder) as one, process(pypi, folder) as other:
        assert await one.tried() == OTHER
        assert await other.metadata() == OTHER
        await one.whole()
        await one.compare()
        assert await one.said() == HASH
        assert await one.metadata() == METADATA
    async with process(pypi, folder) as later:
        assert await later.said() == HASH


async def test_unproven__that_the_file_confirms__is_proven(pypi: FakePyPI, folder: Path) -> None:
    """MET-04: it is not read again."""
    pypi.release("demo", "1.0")
    async with process(pypi, folder) as one:
        await one.tried()
        await one.whole()
        await one.compare()
        file = await one.file()
        entry = one.announcing.entry(one.index, (await one.part()).page.project, file)
        assert entry is not None
        assert (entry.is_proven, entry.sha256) == (True, HASH)


async def test_announced_metadata__that_its_source_does_not_have__is_had_otherwise(
    pypi: FakePyPI, folder: Path
) -> None:
    """MET-02: a promise of the page is kept, also where the source answers 403 or breaks off."""
    for number, kind in enumerate((Status(404), Status(403), Status(503), Reset())):
        made = pypi.release(f"demo-{number}", "1.0", announce_metadata=True)
        pypi.fault(of_metadata(made), kind)
        async with process(pypi, folder) as one:
            [file] = (await one.index.page(made.project)).files  # type: ignore[arg-type] # it is normalised
            content = await one.announcing.metadata(one.index, made.project, file)  # type: ignore[arg-type] # it is
            assert content == made.metadata


async def test_announced_metadata__refused_by_a_source_without_ranges__is_read_out_of_the_whole_file(
    pypi: FakePyPI, folder: Path
) -> None:
    """MET-02: a promise is kept at any price; a source that only says no is not waited for to say yes."""
    made = pypi.release("demo", "1.0", announce_metadata=True, size_padding=LARGE)
    pypi.fault(of_metadata(made), Status(403))
    pypi.fault(made.path, Status(416), times=1)
    async with process(pypi, folder) as one:
        assert await one.metadata() == METADATA
        assert await one.said() == HASH


async def test_announced_hash__that_the_wheel_contradicts__is_a_broken_promise_once(
    pypi: FakePyPI, folder: Path
) -> None:
    """MET-02: neither bytes are given under the wrong hash, and then the page says what is true, or nothing."""
    made = pypi.release("demo", "1.0", announce_metadata=True, size_padding=LARGE)
    pypi.add(replace(made, metadata=None, metadata_hashes={"sha256": "ab" * 32}))
    async with process(pypi, folder) as one:
        with pytest.raises(FileGone, match="announced no more"):
            await one.metadata()
        assert await one.said() == ""
        await one.whole()
        await one.compare()
        assert await one.said() == HASH


async def test_promise__made_before_ranges_said_that_there_is_none__is_kept_out_of_the_whole_file(
    pypi: FakePyPI, folder: Path
) -> None:
    """MET-02: a wheel that ranges gave wrongly is read as a whole for who holds the page that announced it."""
    made = pypi.release("demo", "1.0")
    bad = bytes(made.body.size)
    headers = {"Content-Range": f"bytes 0-{len(bad) - 1}/{len(bad)}"}
    async with process(pypi, folder) as one:
        pypi.fault(made.path, Status(206, bad, headers=headers), times=2)
        assert await one.tried() is None
        assert await one.said() == ""
        assert await one.tried() is None
        assert asked(pypi).count("range") == 1
        assert await one.metadata() == METADATA
        assert await one.said() == HASH


async def test_none__that_was_not_proven__is_looked_into_again_after_an_hour(pypi: FakePyPI, folder: Path) -> None:
    """MET-02: until then nothing is announced, and nobody is asked."""
    made, wall = pypi.release("demo", "1.0"), Time()
    bad = bytes(made.body.size)
    headers = {"Content-Range": f"bytes 0-{len(bad) - 1}/{len(bad)}"}
    async with process(pypi, folder, wall=wall) as one:
        pypi.fault(made.path, Status(206, bad, headers=headers), times=1)
        assert await one.tried() is None
        file, project = await one.file(), (await one.part()).page.project
        assert not one.announcing.lacks(one.index, project, file)
        wall.now += 3600
        assert one.announcing.lacks(one.index, project, file)
        assert await one.tried() == METADATA


async def test_wheel__without_readable_metadata__is_fetched_once_for_all_times(pypi: FakePyPI, folder: Path) -> None:
    """MET-05, MET-02: what the file itself says counts after a restart; nothing is announced of it."""
    pypi.add_bytes("demo", "1.0", "demo-1.0-py3-none-any.whl", b"no wheel at all" * 1000)
    async with process(pypi, folder) as one:
        with pytest.raises(NoMetadata):
            await one.metadata()
        assert await one.said() == ""
    async with process(pypi, folder) as later:
        await later.file()
        pypi.clear_log()
        with pytest.raises(NoMetadata):
            await later.metadata()
        assert await later.tried() is None
        assert asked(pypi) == []


async def test_source__that_gives_ranges__is_ahead_from_the_first_page_on_and_after_a_restart(
    pypi: FakePyPI, folder: Path
) -> None:
    """MET-02, MET-04: it is asked for one wheel; offline, or where the operator says so, nothing is ahead."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "1.1")
    async with process(pypi, folder) as one:
        assert not (await one.known(ahead=True, offline=True)).ahead
        assert not (await one.known(ahead=False)).ahead
        assert asked(pypi) == []
        assert (await one.known(ahead=True)).ahead
        assert asked(pypi) == ["metadata", "range"]
    async with process(pypi, folder) as later:
        assert (await later.known(ahead=True)).ahead
        assert asked(pypi) == ["metadata", "range"]


async def test_source__that_gives_nothing__is_not_ahead_and_soon_left_alone(pypi: FakePyPI, folder: Path) -> None:
    """MET-02: a hundred pages later it has been asked for three files, each way."""
    clock = Time()
    for number in range(4):
        made = pypi.release("demo", f"1.{number}", size_padding=LARGE)
        pypi.fault(made.path, Status(416))
    async with process(pypi, folder, clock=clock) as one:
        for _ in range(20):
            assert not (await one.known(ahead=True)).ahead
            clock.now += 61
        assert sorted(asked(pypi)) == ["metadata"] * 3 + ["range"] * 3


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("announced", [False, True])
async def test_known__once_it_is__is_at_hand_without_waiting(
    pypi: FakePyPI, folder: Path, ahead: bool, announced: bool
) -> None:
    """MET-02: every later request has what the first one waited for, also where the index announces all itself."""
    pypi.release("demo", "1.0", announce_metadata=announced)
    async with process(pypi, folder) as one:
        part, terms = await one.part(), Terms(ahead=ahead)
        before = one.announcing.at_hand([part], terms)
        known = await one.announcing.known([part], terms)
        assert (before, one.announcing.at_hand([part], terms)) == (None, known)
        assert known[0].ahead == (ahead and not announced)


async def test_state__of_what_is_known__is_the_same_until_something_comes(pypi: FakePyPI, folder: Path) -> None:
    """MET-02: equal keys, equal pages; what came makes another one."""
    pypi.release("demo", "1.0")
    async with process(pypi, folder) as one:
        before = await one.known()
        assert await one.known() == before
        await one.tried()
        after = await one.known()
        assert after != before
        assert await one.known() == after


async def test_project__that_was_purged__is_found_out_anew(pypi: FakePyPI, folder: Path) -> None:
    """CCH-09: nothing is left in memory."""
    pypi.release("demo", "1.0")
    async with process(pypi, folder) as one:
        await one.tried()
        one.announcing.forget((await one.part()).page.project)
        assert one.announcing.entry(one.index, (await one.part()).page.project, await one.file()) is None
