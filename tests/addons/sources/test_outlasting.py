"""Projects that the operator keeps: what has gone from their page, or with it, is offered still; a quarantine ends that."""

from pathlib import Path

import pytest

from addons.sources.asking import Keeping
from addons.sources.index import Index
from addons.sources.source import ProjectAbsent, SourceUnavailable
from tests.addons.sources.lasting_places import lasting_index
from tests.addons.sources.places import DEMO, Time, private_index
from tests.fakepypi import FakePyPI, Status

KEEP = ("demo",)


async def versions(index: Index) -> list[str]:
    """Give the versions of the files on the page."""
    return [file.filename.split("-")[1] for file in (await index.page(DEMO)).files]


async def test_file__that_vanished__is_offered_from_the_last_page_that_had_it(
    pypi: FakePyPI, tmp_path: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """CCH-18: with all that was said of it; in the log once; also after a restart, and when more goes."""
    pypi.release("demo", "1.0", extra={"tomorrow": "a key of it"})
    files = [pypi.release("demo", version) for version in ("2.0", "3.0")]
    for went in range(3):
        async with lasting_index(pypi, tmp_path, time, forever=KEEP) as index:
            for _ in range(2):
                assert sorted(await versions(index)) == ["1.0", "2.0", "3.0"]
                time.now += 700
            page = await index.page(DEMO)
            [entry] = [file for file in page.files if "-1.0-" in file.filename]
            assert entry.unknown == {"tomorrow": "a key of it"}
            assert set(page.versions or ()) == {"1.0", "2.0", "3.0"}
        if went < 2:
            pypi.unlist(files[went])
            time.now += 700
    said = [line for line in caplog.messages if "offered still, as cache.keep has it" in line]
    assert [line.split(" files")[0] for line in said] == ["source pypi: 1", "source pypi: 2"]


async def test_page__of_which_nothing_changed__is_of_the_same_version(
    pypi: FakePyPI, tmp_path: Path, time: Time
) -> None:
    """CCH-02: no ETag changes because somebody remembers."""
    pypi.release("demo", "1.0")
    gone = pypi.release("demo", "2.0")
    async with lasting_index(pypi, tmp_path, time) as usual, lasting_index(pypi, tmp_path, time, forever=KEEP) as index:
        before = (await usual.page(DEMO)).version
        assert (await index.page(DEMO)).version == before
        pypi.unlist(gone)
        time.now += 700
        after = (await index.page(DEMO)).version
        time.now += 700
        assert (await index.page(DEMO)).version == after != before
        assert await versions(usual) == ["1.0"]


async def test_project__that_was_removed__is_given_as_it_was_last(pypi: FakePyPI, tmp_path: Path, time: Time) -> None:
    """CCH-18: for as long as it is kept, after a restart, and while the index is down; not the others."""
    for project in ("demo", "other"):
        pypi.release(project, "1.0")
    async with lasting_index(pypi, tmp_path, time, forever=KEEP) as index:
        for project in ("demo", "other"):
            await index.page(project)  # type: ignore[arg-type] # normal as it is
        for project in ("demo", "other"):
            pypi.remove(project)
        time.now += 700
        assert await versions(index) == ["1.0"]
        with pytest.raises(ProjectAbsent):
            await index.page("other")  # type: ignore[arg-type] # as above
    time.now += 500_000
    async with lasting_index(pypi, tmp_path, time, forever=KEEP) as index:
        assert await versions(index) == ["1.0"]
        pypi.fault("/", Status(503))
        assert await versions(index) == ["1.0"]
    async with lasting_index(pypi, tmp_path, time) as index:
        with pytest.raises(SourceUnavailable):
            await index.page(DEMO)
        pypi.lift()
        with pytest.raises(ProjectAbsent):
            await index.page(DEMO)


async def test_project__that_is_only_out__is_kept_no_longer_than_others(
    pypi: FakePyPI, tmp_path: Path, time: Time
) -> None:
    """CCH-08, CCH-18: that nobody answers is no removal."""
    pypi.release("demo", "1.0")
    async with lasting_index(pypi, tmp_path, time, forever=KEEP) as index:
        assert await versions(index) == ["1.0"]
        pypi.fault("/", Status(503))
        time.now += 700
        assert (await index.page(DEMO)).stale == 700
        time.now += 90_000
        with pytest.raises(SourceUnavailable):
            await index.page(DEMO)


async def test_project__that_is_quarantined__is_not_kept(
    pypi: FakePyPI, tmp_path: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """CCH-18, YNK-04: nor when it is removed after that, in this process, in another, or after a restart."""
    gone = pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    one, two = [lasting_index(pypi, tmp_path, time, forever=KEEP) for _ in range(2)]
    async with one as index, two as other:
        await versions(index)
        pypi.unlist(gone)
        time.now += 700
        assert len(await versions(index)) == len(await versions(other)) == 2
        pypi.quarantine("demo")
        time.now += 700
        assert await versions(index) == []
        pypi.remove("demo")
        time.now += 700
        for each in (other, index):
            with pytest.raises(ProjectAbsent):
                await each.page(DEMO)
    assert "source pypi: demo is quarantined, and not kept any more" in caplog.text
    async with lasting_index(pypi, tmp_path, time, forever=KEEP) as index:
        with pytest.raises(ProjectAbsent):
            await index.page(DEMO)


async def test_project__without_a_disk__is_kept_as_long_as_the_process_lives(pypi: FakePyPI, time: Time) -> None:
    """CCH-18: an own index's as well, and then nobody else is asked for it."""
    private = pypi.private()
    private.release("demo", "1.0")
    keeping = Keeping(forever=KEEP.__contains__)
    async with private_index(pypi, private, keeping=keeping, clock=time) as index:
        assert await versions(index) == ["1.0"]
        private.remove("demo")
        time.now += 700
        assert await versions(index) == ["1.0"]
