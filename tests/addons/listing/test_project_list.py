"""The project list of a configuration: when it is made, what a change of one's own does, and how it is read."""

import asyncio
from pathlib import Path

import pytest

from addons.listing.orders import Hidden
from addons.listing.project_list import ProjectList
from addons.listing.store import ListStore
from addons.listing.workshop import Workshop
from addons.simple.page import File
from addons.sources.source import FileGone, SourceUnavailable, Span
from tests.addons.listing.making import AT, Kept, Lists, listed, no_rules

# Made once


async def test_list__that_was_made__is_given_without_asking_anybody(kept: Kept) -> None:
    """CCH-02: while nothing has changed the same file is given, and a fresh public source is not asked again."""
    pypi = Lists(projects_now=["beta", "alpha"])
    projects = kept.list(pypi)
    made = await projects.current(AT)
    assert listed(made) == ["alpha", "beta"]
    again = asyncio.eager_task_factory(asyncio.get_running_loop(), projects.current(AT))
    assert again.done(), "what is in hand is given without a suspension"
    assert await again is made
    assert (pypi.asked, made.serial, made.count) == (1, "77", 2)


async def test_list__asked_for_by_many__is_made_once(kept: Kept) -> None:
    """However many come first, each waits for one download and one build, also when the first of them leaves."""
    pypi = Lists(projects_now=["alpha"], gate=asyncio.Event())
    projects = kept.list(pypi)
    waiting = [asyncio.ensure_future(projects.current(AT)) for _ in range(5)]
    await pypi.reached.wait()
    waiting[0].cancel()
    assert pypi.gate is not None
    pypi.gate.set()
    made = await asyncio.gather(*waiting[1:])
    assert all(each is made[0] for each in made)
    assert pypi.asked == 1


async def test_list__without_sources__is_empty(kept: Kept) -> None:
    """No source, no projects."""
    assert listed(await kept.list().current(AT)) == []


async def test_files__of_work_that_is_done__are_gone(kept: Kept) -> None:
    """What is kept is the sorted names and the finished files."""
    await kept.list(Lists(projects_now=["alpha"])).current(AT)
    finished = {f".{form}.{coding}" for form in ("json", "html") for coding in ("identity", "gzip", "zstd")}
    assert kept.files() == {".names"} | finished


# What is one's own


async def test_own_project__that_came__shows_at_once(kept: Kept) -> None:
    """MRG-12: an own source is asked by each request, and a change of it waits for no download."""
    acme, pypi = Lists("acme", own=True, projects_now=["mine"], fresh_seconds=0), Lists(projects_now=["theirs"])
    projects = kept.list(acme, pypi)
    assert listed(await projects.current(AT)) == ["mine", "theirs"]
    acme.projects_now = ["mine", "new"]
    assert listed(await projects.current(AT)) == ["mine", "new", "theirs"]
    acme.projects_now = []
    assert listed(await projects.current(AT)) == ["theirs"]
    assert pypi.asked == 1


async def test_own_project__that_came_while_the_list_was_built__is_on_it(kept: Kept) -> None:
    """A request gets no list that is older than itself, though others' work was under way when it came."""
    acme, pypi = Lists("acme", own=True, fresh_seconds=0), Lists(projects_now=["theirs"], gate=asyncio.Event())
    projects = kept.list(acme, pypi)
    first = asyncio.ensure_future(projects.current(AT))
    await pypi.reached.wait()
    acme.projects_now = ["mine"]
    second = asyncio.ensure_future(projects.current(AT))
    assert pypi.gate is not None
    pypi.gate.set()
    assert listed(await second) == ["mine", "theirs"]
    await first


async def test_own_project__that_came_while_its_source_was_asked__is_on_it(kept: Kept) -> None:
    """Each request has its own source asked after it came: a project is not overlooked for the question before."""
    acme = Lists("acme", own=True, fresh_seconds=0, gate=asyncio.Event())
    projects = kept.list(acme)
    first = asyncio.ensure_future(projects.current(AT))
    await acme.reached.wait()
    acme.projects_now = ["mine"]
    second = asyncio.ensure_future(projects.current(AT))
    await asyncio.sleep(0)
    assert acme.gate is not None
    acme.gate.set()
    assert listed(await second) == ["mine"]
    await first


async def test_own_source__that_is_unavailable__makes_the_list_so(kept: Kept) -> None:
    """MRG-03: what may be the organisation's own is not guessed."""
    acme, pypi = Lists("acme", own=True, projects_now=["mine"], fresh_seconds=0), Lists(projects_now=["theirs"])
    projects = kept.list(acme, pypi)
    await projects.current(AT)
    acme.failing = SourceUnavailable("source acme: its folder cannot be read")
    with pytest.raises(SourceUnavailable, match="acme"):
        await projects.current(AT)


async def test_rules__that_change__take_no_download(kept: Kept) -> None:
    """MRG-04, MRG-12: a new reservation or refusal shows at once, with what was fetched before."""
    pypi = Lists(projects_now=["alpha", "beta", "gamma"])
    before = await kept.list(pypi).current(AT)
    after = await kept.list(pypi, reserved=("beta",), hidden=(Hidden(scopes=frozenset({"gamma"})),)).current(AT)
    assert (listed(before), listed(after), pypi.asked) == (["alpha", "beta", "gamma"], ["alpha"], 1)
    assert await kept.list(pypi).current(AT) is before


async def test_source__that_is_configured_no_more__is_off_the_list_and_later_off_the_disk(kept: Kept) -> None:
    """What was fetched of it goes when nobody can be asking for it any more."""
    pypi, more = Lists(projects_now=["alpha"]), Lists("more", projects_now=["beta"])
    assert listed(await kept.list(pypi, more).current(AT)) == ["alpha", "beta"]
    assert listed(await kept.list(pypi).current(AT)) == ["alpha"]
    assert len(list(kept.folder.rglob("*.names"))) == 2
    kept.list(pypi)
    assert len(list(kept.folder.rglob("*.names"))) == 1


# Reading it


async def test_file__replaced_while_it_is_read__is_read_to_its_end(kept: Kept) -> None:
    """A client that began to read a list gets all of it, and one that was about to begin still can."""
    pypi = Lists(projects_now=["alpha"])
    projects = kept.list(pypi)
    old = (await projects.current(AT)).files["json", "identity"]
    async with old.read(old.file, None) as reading:
        for name in ("beta", "gamma", "delta"):
            pypi.projects_now = [name]
            kept.time.now += 5_000
            await projects.current(AT)
        assert b'"alpha"' in b"".join([chunk async for chunk in reading.chunks])
    with pytest.raises(FileGone):
        async with old.read(old.file, None):
            pass


async def test_span__of_a_file__is_that_span(kept: Kept) -> None:
    """FIL-03: a range of the list is read from disk as such."""
    found = (await kept.list(Lists(projects_now=["alpha"])).current(AT)).files["html", "identity"]
    async with found.read(File(filename="x", url="", hashes={}), Span(2, 9)) as reading:
        assert b"".join([chunk async for chunk in reading.chunks]) == b"DOCTYPE"


async def test_close__while_a_list_is_fetched__ends_that(tmp_path: Path) -> None:
    """Nothing is left behind: no work, no process, no file."""
    store, pypi = ListStore(Workshop(tmp_path)), Lists(gate=asyncio.Event())
    waiting = asyncio.ensure_future(ProjectList([pypi], no_rules, store).current(AT))
    await pypi.reached.wait()
    await store.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not await asyncio.to_thread(lambda: list(tmp_path.iterdir()))
