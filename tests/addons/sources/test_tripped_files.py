"""A files host that is down, apart from its index: nobody waits for it, and it is asked again by one."""

from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from addons.fetch.breaker import FAILURES
from addons.simple.page import File
from addons.sources.index import Index
from addons.sources.source import FileGone, SourceUnavailable, Span
from tests.addons.sources.places import DEMO, Time, only_file, private_index, public_index, whole
from tests.fakepypi import FakePyPI, Hang, NoContentLength, Reset, Status

HOST = "files.pythonhosted.org"
DOWN = f"source pypi: its files' host {HOST} is down, and is asked again in 1 s"


async def trip(index: Index, file: File) -> None:
    """Let its breaker open."""
    for _ in range(FAILURES):
        with pytest.raises(SourceUnavailable, match=HOST):
            await whole(index, file)


@pytest.mark.parametrize("what", ["file", "metadata"])
async def test_files_host__that_is_down__is_unavailable_without_being_asked(
    pypi: FakePyPI, index: Index, time: Time, what: str
) -> None:
    """CCH-17: files and metadata alike, with the time of the next try; pages are asked for as ever."""
    pypi.release("demo", "1.0", announce_metadata=True)
    file = await only_file(index)
    pypi.fault("/packages/", Reset())
    await trip(index, file)
    asked = len(pypi.requests)
    for _ in range(10):
        with pytest.raises(SourceUnavailable, match=DOWN) as caught:
            await (whole(index, file) if what == "file" else index.core_metadata(file))
        assert caught.value.retry_seconds == 1
    assert len(pypi.requests) == asked
    time.now += 700
    assert len((await index.page(DEMO)).files) == 1
    assert index.condition == "usual"


async def test_files_host__that_hangs__costs_a_few_their_time_only(pypi: FakePyPI, time: Time) -> None:
    """CCH-17: five wait for it, then one now and then; and it recovers by itself."""
    published = pypi.release("demo", "1.0")
    async with public_index(pypi, time, read_seconds=0.1) as index:
        await _hangs(pypi, index, time, published.content)


async def _hangs(pypi: FakePyPI, index: Index, time: Time, content: bytes) -> None:
    file = await only_file(index)
    pypi.fault("/packages/", Hang())
    await trip(index, file)
    pypi.lift()
    with pytest.raises(SourceUnavailable, match=DOWN):
        await whole(index, file)
    time.now += 1
    assert [await whole(index, file) for _ in range(2)] == [content] * 2


async def test_files_host__that_lacks_a_file_or_answers_errors_for_one__is_not_down(
    pypi: FakePyPI, index: Index
) -> None:
    """CCH-17: 404 is an answer, and one URL's 5xx counts once, so that no broken file takes the others away."""
    published = pypi.release("demo", "1.0")
    file = await only_file(index)
    for status in (404, 503):
        fault = pypi.fault("/packages/", Status(status))
        for _ in range(2 * FAILURES):
            with suppress(FileGone, SourceUnavailable):
                await whole(index, file)
        fault.lift()
        assert await whole(index, file) == published.content


async def test_index__whose_files_lie_with_it__has_two_breakers(pypi: FakePyPI) -> None:
    """CCH-17: what is down of it is one or the other, also on one host."""
    private = pypi.private()
    published = private.release("demo", "1.0")
    async with private_index(pypi, private) as index:
        file = await only_file(index)
        pypi.fault("/private/simple/", Reset())
        for number in range(FAILURES + 1):
            with pytest.raises(SourceUnavailable):
                await index.page(f"other{number}")  # type: ignore[arg-type] # normal as it is
        assert index.condition == "down"
        assert await whole(index, file) == published.content


async def test_files_host__whose_bodies_hang__is_down_as_one_that_never_answers(pypi: FakePyPI, time: Time) -> None:
    """CCH-17: its heads make up for nothing: while one waits for what hangs nobody else does, and then for twice as long."""
    contents = [pypi.release("demo", f"{number}.0", size_padding=9000).content for number in range(FAILURES)]
    async with public_index(pypi, time, read_seconds=0.1) as index:
        files = (await index.page(DEMO)).files
        pypi.fault("/packages/", Hang(at="body", after_bytes=5000))
        for file in files:
            with pytest.raises(SourceUnavailable, match="broke off in the middle"):
                await whole(index, file)
        time.now += 1
        async with index.read(files[0], None) as probe:
            with pytest.raises(SourceUnavailable, match="is down, and is asked again in 0 s"):
                await whole(index, files[1])
            with pytest.raises(SourceUnavailable, match="broke off in the middle"):
                [chunk async for chunk in probe.chunks]
        with pytest.raises(SourceUnavailable, match="is down, and is asked again in 2 s"):
            await whole(index, files[0])
        pypi.lift()
        time.now += 2
        assert [await whole(index, file) for file in files] == contents


async def test_files_host__whose_next_try_has_sent_much__is_asked_by_others_before_its_end(
    pypi: FakePyPI, time: Time
) -> None:
    """CCH-17: a gigabyte holds nobody up that asks for another file."""
    large = pypi.release("demo", "1.0", size_padding=4_000_000)
    small = pypi.release("demo", "2.0")
    async with public_index(pypi, time) as index:
        files = {file.filename: file for file in (await index.page(DEMO)).files}
        reset = pypi.fault("/packages/", Reset())
        await trip(index, files[small.filename])
        reset.lift()
        time.now += 1
        async with index.read(files[large.filename], None) as probe:
            got = 0
            async for chunk in probe.chunks:
                got += len(chunk)
                if got > 1_500_000:
                    break
            assert await whole(index, files[small.filename]) == small.content


@pytest.mark.parametrize("chunked", [False, True])
async def test_files_host__that_sends_a_body_to_its_end__has_its_failures_made_up_for(
    pypi: FakePyPI, index: Index, chunked: bool
) -> None:
    """CCH-17: also where no length said beforehand where that end is."""
    pypi.release("demo", "1.0")
    file = await only_file(index)
    for _ in range(2):
        reset = pypi.fault("/packages/", Reset())
        for _ in range(FAILURES - 1):
            with pytest.raises(SourceUnavailable, match=HOST):
                await whole(index, file)
        reset.lift()
        if chunked:
            pypi.fault("/packages/", NoContentLength())
        await whole(index, file)


async def test_files_host__one_of_whose_bodies_breaks_off__is_not_down(pypi: FakePyPI, time: Time) -> None:
    """CCH-17: one file that always breaks off takes no other away, nor do a few among bodies that end."""
    broken = pypi.release("demo", "1.0", size_padding=9000)
    pypi.release("demo", "2.0")
    async with public_index(pypi, time) as index:
        files = {file.filename: file for file in (await index.page(DEMO)).files}
        pypi.fault(urlsplit(files[broken.filename].url).path, Reset(at="body", after_bytes=5000))
        sound = next(file for name, file in files.items() if name != broken.filename)
        for _ in range(2 * FAILURES):
            with pytest.raises(SourceUnavailable, match="broke off in the middle"):
                await whole(index, files[broken.filename])
        assert await whole(index, sound, Span(0, 10)) == (await whole(index, sound))[:10]
