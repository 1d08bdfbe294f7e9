"""Obtaining core metadata of one file: the order of the ways, and what is learnt of each (MET-04)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from addons.announcing.obtaining import NoMetadata, Obtained, wanted
from addons.simple.page import File
from addons.sources.source import FileGone, SourceUnavailable
from tests.addons.announcing.processes import LARGE, METADATA, OTHER, Process, Taking, asked, of_metadata, process
from tests.addons.announcing.processes import unannounced as beside
from tests.addons.sources.places import Time
from tests.fakepypi import FakePyPI, Hang, IgnoreRange, Reset, Status, Truncate, WrongRange


@pytest.fixture
async def at(pypi: FakePyPI, tmp_path: Path) -> AsyncIterator[Process]:
    """A process that knows nothing."""
    async with process(pypi, tmp_path / "cache", read_seconds=0.3, page_seconds=10) as running:
        yield running


async def test_obtained__with_all_ways_open__comes_by_the_cheapest(pypi: FakePyPI, at: Process) -> None:
    """MET-04: our own copy first, then upstream's `.metadata`, then ranges, then the whole file."""
    made = beside(pypi, pypi.release("demo", "1.0", size_padding=LARGE))
    taking = Taking(at)
    obtain, want = taking.obtaining.obtain, await taking.want()
    assert await obtain(want, at_any_price=True) == Obtained(METADATA, "upstream")
    assert asked(pypi) == ["metadata"]
    beside(pypi, made, None)
    assert await obtain(want, at_any_price=True) == Obtained(METADATA, "ranges")
    assert asked(pypi)[1:] == ["metadata", "range"]
    await at.whole()
    pypi.clear_log()
    assert await obtain(want, at_any_price=True) == Obtained(METADATA, "file")
    assert asked(pypi) == []


@pytest.mark.parametrize("padding", [0, LARGE])
@pytest.mark.parametrize(
    "kind",
    [IgnoreRange(), Status(416), Status(501), Status(403), Status(405), WrongRange(), WrongRange("nonsense")],
    ids=repr,
)
async def test_ranges__that_are_not_given__lead_to_the_whole_file_only_at_any_price(
    pypi: FakePyPI, at: Process, kind: Any, padding: int
) -> None:
    """MET-12, MET-02: 200, 416, 501, 405, 403 and other ranges mean none; what was promised is had all the same."""
    made = pypi.release("demo", "1.0", size_padding=padding)
    taking, want = Taking(at), None
    want = await taking.want()
    pypi.fault(made.path, kind, times=2)
    if padding or not isinstance(kind, IgnoreRange):
        with pytest.raises(NoMetadata, match="nothing less than the whole file"):
            await taking.obtaining.obtain(want, at_any_price=False)
    else:  # all of a small file is what was asked for
        assert await taking.obtaining.obtain(want, at_any_price=False) == Obtained(METADATA, "ranges")
        return
    assert "whole" not in asked(pypi)
    assert await taking.obtaining.obtain(want, at_any_price=True) == Obtained(METADATA, "file")


@pytest.mark.parametrize("kind", [Reset(), Reset("body", 100), Truncate(100), Hang("body", 100), Status(503)], ids=repr)
async def test_ranges__that_break_off__lead_to_the_whole_file_at_any_price(
    pypi: FakePyPI, at: Process, kind: Any
) -> None:
    """MET-02: a host that answers everything but ranges keeps no promise from being kept, and is asked for none at last."""
    taking = Taking(at)
    times = 2 if isinstance(kind, Reset) and kind.at == "headers" else 1  # a broken connection is tried once more
    made = [pypi.release("demo", f"1.{number}", size_padding=LARGE) for number in range(3)]
    faults = [pypi.fault(each.path, kind, times=times) for each in made]
    for each, file in zip(made, (await at.part()).page.files, strict=True):
        assert taking.serving.ranges.is_open
        want = wanted(at.index, taking.serving, file)
        found = await taking.obtaining.obtain(want, at_any_price=True)
        assert found == Obtained(METADATA.replace(b"1.0", each.version.encode()), "file")
    assert [fault.hits for fault in faults] == [times] * 3
    assert not taking.serving.ranges.is_open


async def test_source__that_is_out__is_no_reason_to_give_a_way_up(pypi: FakePyPI, at: Process) -> None:
    """MET-04: what is not reached says nothing of what it serves."""
    made = pypi.release("demo", "1.0", size_padding=LARGE)
    taking = Taking(at)
    want = await taking.want()
    fault = pypi.fault("/packages/", Reset())
    for _ in range(3):
        with pytest.raises(SourceUnavailable):
            await taking.obtaining.obtain(want, at_any_price=True)
    fault.lift()
    assert taking.serving.ranges.is_open
    assert taking.serving.metadata.is_open
    assert made.sha256 == want.promise.sha256


@pytest.mark.parametrize("status", [400, 403, 404, 405, 406, 410, 501])
async def test_upstreams_metadata__refused_three_times__is_not_asked_for(
    pypi: FakePyPI, at: Process, status: int
) -> None:
    """MET-04: S3 says 403 of what is not there; the ranges of the next file take no request more for it."""
    made = pypi.release("demo", "1.0")
    taking = Taking(at)
    want = await taking.want()
    pypi.fault(of_metadata(made), Status(status))
    for _ in range(5):
        assert await taking.obtaining.obtain(want, at_any_price=False) == Obtained(METADATA, "ranges")
    assert asked(pypi).count("metadata") == 3


async def test_way__closed_after_three_failures__is_tried_again_after_an_hour(pypi: FakePyPI, at: Process) -> None:
    """MET-12: one success opens it for good, one failure more closes it for another hour."""
    made, clock = pypi.release("demo", "1.0", size_padding=LARGE), Time()
    taking = Taking(at, clock)
    want = await taking.want()
    fault = pypi.fault(made.path, Status(501))
    for _ in range(4):
        with pytest.raises(NoMetadata):
            await taking.obtaining.obtain(want, at_any_price=False)
    assert asked(pypi).count("range") == 3
    clock.now += 3600
    with pytest.raises(NoMetadata):
        await taking.obtaining.obtain(want, at_any_price=False)
    with pytest.raises(NoMetadata):
        await taking.obtaining.obtain(want, at_any_price=False)
    assert asked(pypi).count("range") == 4
    fault.lift()
    clock.now += 3600
    assert await taking.obtaining.obtain(want, at_any_price=False) == Obtained(METADATA, "ranges")
    assert taking.serving.is_known


async def test_hosts_breaker__of_a_host_without_ranges__stays_closed(pypi: FakePyPI, at: Process) -> None:
    """MET-12: 501 is the answer of somebody who is well; files are had from there as ever."""
    for number in range(6):
        made = pypi.release("demo", f"1.{number}", size_padding=LARGE)
        pypi.fault(made.path, Status(501), times=1)
    for file in (await at.index.page((await at.part()).page.project)).files:
        taking = Taking(at)
        with pytest.raises(NoMetadata):
            await taking.obtaining.obtain(wanted(at.index, taking.serving, file), at_any_price=False)
    for file in (await at.part()).page.files:
        async with at.index.read(file, None) as reading:
            assert sum([len(chunk) async for chunk in reading.chunks]) == file.size


@pytest.mark.parametrize(
    "metadata",
    [
        b"",
        OTHER.replace(b"demo", b"evil"),
        METADATA.replace(b"1.0", b"1.1"),
        b"<html>log in</html>",
        METADATA + b"\n" + b"x" * 11_000_000,
    ],
    ids=["empty", "other project", "other version", "login page", "too long"],
)
async def test_upstreams_metadata__of_another_file__is_not_taken(pypi: FakePyPI, at: Process, metadata: bytes) -> None:
    """MET-04, MET-05, MET-11: what is there is read out of the wheel instead."""
    beside(pypi, pypi.release("demo", "1.0"), metadata)
    taking = Taking(at)
    assert await taking.obtaining.obtain(await taking.want(), at_any_price=False) == Obtained(METADATA, "ranges")


async def test_announced_metadata__that_is_not_what_was_announced__is_had_otherwise(
    pypi: FakePyPI, at: Process
) -> None:
    """MET-02: the hash of the page counts; that it announces some is asked of no way."""
    made = pypi.release("demo", "1.0", announce_metadata=True)
    pypi.add(replace(made, metadata=OTHER))
    taking = Taking(at)
    assert await taking.obtaining.obtain(await taking.want(), at_any_price=False) == Obtained(METADATA, "ranges")


async def test_ranges__that_take_too_long__are_given_up(pypi: FakePyPI, at: Process) -> None:
    """MET-11: a host that hangs holds nobody up for longer than the bound for all requests of one wheel."""
    made = pypi.release("demo", "1.0", size_padding=LARGE)
    taking = Taking(at, ranges_seconds=0.05)
    want = await taking.want()
    gate = pypi.gate(made.path, 100)
    for _ in range(4):
        with pytest.raises(NoMetadata, match="nothing less"):
            await taking.obtaining.obtain(want, at_any_price=False)
    gate.open()
    assert asked(pypi).count("range") == 3


@pytest.mark.parametrize("content", [b"PK no wheel", b"", b"PK\x05\x06" + bytes(18)], ids=["text", "empty", "bare end"])
async def test_wheel__that_is_none__has_no_metadata_at_any_price(pypi: FakePyPI, at: Process, content: bytes) -> None:
    """MET-05: said in words, out of the file itself in the end, and the ways stay open for others."""
    pypi.add_bytes("demo", "1.0", "demo-1.0-py3-none-any.whl", content)
    taking = Taking(at)
    with pytest.raises(NoMetadata) as few:
        await taking.obtaining.obtain(await taking.want(), at_any_price=False)
    with pytest.raises(NoMetadata) as whole:
        await taking.obtaining.obtain(await taking.want(), at_any_price=True)
    assert (few.value.how, whole.value.how) == ("ranges", "file")
    assert taking.serving.ranges.is_open


async def test_sdist__that_is_not_here__is_not_asked_for_by_ranges(pypi: FakePyPI, at: Process) -> None:
    """MET-07: it has to be unpacked from its beginning; nothing is fetched of it unless somebody insists."""
    pypi.release("demo", "1.0", kind="sdist")
    taking = Taking(at)
    with pytest.raises(NoMetadata, match="nothing less"):
        await taking.obtaining.obtain(await taking.want(), at_any_price=False)
    assert asked(pypi) == []
    assert await taking.obtaining.obtain(await taking.want(), at_any_price=True) == Obtained(METADATA, "file")


async def test_file__that_is_gone__is_gone_for_who_asks_for_its_metadata(pypi: FakePyPI, at: Process) -> None:
    """MET-02: no way leads to it."""
    made = pypi.release("demo", "1.0")
    taking = Taking(at)
    want = await taking.want()
    pypi.fault(made.path, Status(404))
    with pytest.raises(FileGone):
        await taking.obtaining.obtain(want, at_any_price=True)


@pytest.mark.parametrize("filename", ["demo-1.0.egg", "demo.whl", "readme.txt"])
async def test_file__that_is_no_wheel_nor_sdist__has_none(at: Process, filename: str) -> None:
    """MET-05: nor has one without a sha256, which could not be told from another of its name."""
    serving = Taking(at).serving
    with pytest.raises(NoMetadata, match="not named like"):
        wanted(at.index, serving, File(filename, "https://example.org/x", {"sha256": "a" * 64}))
    with pytest.raises(NoMetadata, match="no sha256"):
        wanted(at.index, serving, File("demo-1.0-py3-none-any.whl", "https://example.org/x", {"md5": "a" * 32}))


async def test_whole_file__fetched_for_its_metadata__is_there_before_it_is_read(pypi: FakePyPI, at: Process) -> None:
    """MET-02: its last byte comes before it has its name, which a slow disk takes its time for."""
    made = pypi.release("demo", "1.0", size_padding=LARGE)
    taking = Taking(at)
    want = await taking.want()
    pypi.fault(made.path, Status(501), times=2)
    both = [taking.obtaining.obtain(want, at_any_price=True) for _ in range(2)]
    assert await asyncio.gather(*both) == [Obtained(METADATA, "file")] * 2
