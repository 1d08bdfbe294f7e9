"""The announcer: what a page that is shown, or a file that passes by, sets going beside requests."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from addons.announcing.announcer import Announcer, Beside
from addons.announcing.links import Terms
from addons.announcing.obtaining import NoMetadata
from addons.simple.page import File
from addons.sources.priority import Part
from tests.addons.announcing.processes import METADATA, OTHER, Process, asked, process, unannounced
from tests.addons.cache.furnished import sha256
from tests.addons.sources.places import DEMO, own_folder, put_wheel
from tests.fakepypi import FakePyPI, Reset

HASH = sha256(METADATA)


@pytest.fixture
async def at(pypi: FakePyPI, tmp_path: Path) -> AsyncIterator[Process]:
    """A process that knows nothing."""
    async with process(pypi, tmp_path / "cache") as running:
        yield running


@pytest.fixture
async def beside(at: Process) -> AsyncIterator[Beside]:
    """What it does beside requests; it is told of files that are kept, as in a gateway."""
    made = Beside(at.announcing, lambda seconds: asyncio.sleep(0))
    at.blobs.on_kept = made.kept
    yield made
    await made.close()


async def show(at: Process, announcer: Announcer, *more: Part) -> None:
    """Show the page to a client, and wait for all that comes of it."""
    part = await at.part()
    announcer.shown([*more, part], part.page)


async def entries(at: Process) -> set[str]:
    """The files of which something is known."""
    known = (await at.known()).state.entries
    return {file.filename.split("-")[1] for file in (await at.part()).page.files if file.hashes["sha256"] in known}


async def test_page__that_is_shown__has_its_newest_releases_metadata_obtained(
    pypi: FakePyPI, at: Process, beside: Beside
) -> None:
    """MET-04: three releases, and nothing twice."""
    for number in range(5):
        pypi.release("demo", f"1.{number}")
    announcer = Announcer(beside, Terms())
    await show(at, announcer)
    await beside.ahead.idle()
    assert await entries(at) == {"1.4", "1.3", "1.2"}
    pypi.clear_log()
    await show(at, announcer)
    await beside.ahead.idle()
    assert asked(pypi) == []


@pytest.mark.parametrize("terms", [Terms(ahead=False), Terms(offline=True)])
async def test_page__that_is_shown_where_nothing_is_ahead__has_only_kept_files_read(
    pypi: FakePyPI, at: Process, beside: Beside, terms: Terms
) -> None:
    """MET-04: what lies here costs no request."""
    pypi.release("demo", "1.0")
    announcer = Announcer(beside, terms)
    await show(at, announcer)
    await beside.ahead.idle()
    assert asked(pypi) == []
    await at.whole()
    await show(at, announcer)
    await beside.ahead.idle()
    assert asked(pypi) == ["whole"]
    assert await at.said() == HASH


async def test_file__that_passes_by__is_compared_once_it_is_kept(pypi: FakePyPI, at: Process, beside: Beside) -> None:
    """MET-04: upstream's copy was another one; from now on the page says what the file has."""
    unannounced(pypi, pypi.release("demo", "1.0"), OTHER)
    announcer = Announcer(beside, Terms())
    assert await announcer.metadata(at.index, DEMO, await at.file()) == OTHER
    announcer.passing(at.index, DEMO, await at.file())
    await beside.ahead.idle()
    assert await at.said() == sha256(OTHER)
    await at.whole()
    await beside.ahead.idle()
    assert await at.said() == HASH


@pytest.mark.parametrize("sdists", [False, True])
async def test_sdist__that_passes_by__is_read_where_the_operator_says_so(
    pypi: FakePyPI, at: Process, beside: Beside, sdists: bool
) -> None:
    """MET-07: off by default; its PKG-INFO is final here."""
    pypi.release("demo", "1.0", kind="sdist")
    announcer = Announcer(beside, Terms(sdists=sdists))
    announcer.passing(at.index, DEMO, await at.file())
    await at.whole()
    await beside.ahead.idle()
    assert await at.said() == (HASH if sdists else None)


async def test_own_files__shown_and_passing__are_left_alone(
    pypi: FakePyPI, at: Process, beside: Beside, tmp_path: Path
) -> None:
    """MET-02: a folder announces its own; its metadata is read there."""
    put_wheel(tmp_path / "own", "demo", "1.0")
    folder = own_folder(tmp_path / "own")
    page = await folder.page(DEMO)
    announcer = Announcer(beside, Terms())
    announcer.shown([Part(folder, page)], page)
    announcer.passing(folder, DEMO, page.files[0])
    assert await announcer.known([Part(folder, page)]) == ()
    assert announcer.linked(page, (), folder.name) is page
    assert await announcer.metadata(folder, DEMO, page.files[0]) == METADATA
    await beside.ahead.idle()
    assert pypi.requests == []
    assert (page.files[0].core_metadata, page.files[0].size) == (
        {"sha256": HASH},
        (tmp_path / "own" / page.files[0].filename).stat().st_size,
    )


async def test_merged_page__that_is_shown__has_the_indexs_files_obtained_only(
    pypi: FakePyPI, at: Process, beside: Beside, tmp_path: Path
) -> None:
    """MET-02: by the file's own source, whichever comes first."""
    put_wheel(tmp_path / "own", "demo", "2.0")
    pypi.release("demo", "1.0")
    folder, part = own_folder(tmp_path / "own"), await at.part()
    own = await folder.page(DEMO)
    files = (*own.files, *part.page.files)
    page = msgspec.structs.replace(
        part.page, files=files, sources={own.files[0].filename: "acme", files[1].filename: "pypi"}
    )
    Announcer(beside, Terms()).shown([Part(folder, own), part], page)
    await beside.ahead.idle()
    assert await entries(at) == {"1.0"}


@pytest.mark.parametrize("filename", ["demo-1.0.whl", "demo.whl", "demo-1.0-py3.whl", "demo-1.0-py2.7.egg"])
async def test_file__of_an_odd_name__passes_by_and_fails_nobody(
    pypi: FakePyPI, at: Process, beside: Beside, filename: str
) -> None:
    """MET-02: old pages list such; they are files like any other, without metadata."""
    pypi.add_bytes("demo", "1.0", filename, b"old")
    part = await at.part()
    announcer = Announcer(beside, Terms())
    announcer.shown([part], part.page)
    file = File(filename, "https://files.pythonhosted.org/x", {"sha256": "aa" * 32})
    announcer.passing(at.index, DEMO, file)
    with pytest.raises(NoMetadata):
        await announcer.metadata(at.index, DEMO, file)
    await beside.ahead.idle()


async def test_outage__while_pages_are_shown__is_nobodys_error(pypi: FakePyPI, at: Process, beside: Beside) -> None:
    """MET-04: it is tried again with the next page."""
    pypi.release("demo", "1.0")
    out = pypi.fault("/packages/", Reset())
    announcer = Announcer(beside, Terms())
    await show(at, announcer)
    await beside.ahead.idle()
    assert await at.said() is None
    out.lift()
    await show(at, announcer)
    await beside.ahead.idle()
    assert await at.said() == HASH


async def test_beside__that_is_closed__does_nothing_more(pypi: FakePyPI, at: Process, beside: Beside) -> None:
    """MET-04: a page that is shown in the last moment asks nobody."""
    pypi.release("demo", "1.0")
    await beside.close()
    announcer = Announcer(beside, Terms())
    await show(at, announcer)
    announcer.passing(at.index, DEMO, await at.file())
    beside.kept(HASH)
    await asyncio.sleep(0)
    assert asked(pypi) == []
