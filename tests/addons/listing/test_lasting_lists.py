"""The project list on disk: after a restart, between processes, while upstream is out, and where the disk is at fault."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from pathlib import Path

import pytest

from addons.cache.room import Limits
from addons.listing.lasting_lists import LastingLists, ListStamp
from addons.listing.project_list import ProjectList
from addons.listing.store import ListStore
from addons.listing.workshop import Workshop
from addons.sources.source import SourceUnavailable
from tests.addons.listing.making import AT, JSON, Lists, listed, no_rules
from tests.addons.sources.places import Time

DOWN = SourceUnavailable("source pypi: pypi.org did not answer in time")
ROOM = Limits(1_000_000_000, 0)


def age(projects: ProjectList) -> float | None:
    """How old the list is that stands in."""
    return projects.stale


@pytest.fixture
def time() -> Time:
    """A clock that the test moves: everybody's."""
    return Time()


@asynccontextmanager
async def process(folder: Path, time: Time, *sources: Lists, limits: Limits = ROOM) -> AsyncIterator[ProjectList]:
    """One process's list of these sources, which lie in `folder` for all."""
    store = ListStore(Workshop(folder / "work", time), LastingLists(folder / "lists", limits, time))
    try:
        yield ProjectList(sources, no_rules, store)
    finally:
        await store.close()


def pypi_of(*names: str, **more: object) -> Lists:
    """A public source."""
    return Lists(projects_now=list(names), key="pypi", **more)  # type: ignore[arg-type] # what Lists takes


async def test_list__after_a_restart__is_asked_for_with_its_etag(tmp_path: Path, time: Time) -> None:
    """CCH-16: fresh, it is not asked for at all; later, nothing is sent that is here already."""
    pypi = pypi_of("alpha")
    for asked, sent in ((1, 1), (1, 1), (2, 1)):
        async with process(tmp_path, time, pypi) as projects:
            assert listed(await projects.current(AT)) == ["alpha"]
            assert age(projects) is None
        assert (pypi.asked, pypi.sent) == (asked, sent)
        time.now += 350


async def test_list__that_another_process_fetches__is_not_fetched(tmp_path: Path, time: Time) -> None:
    """CCH-16: once for all, when nothing is there and when it is renewed."""
    pypi = pypi_of("alpha")
    async with process(tmp_path, time, pypi) as one, process(tmp_path, time, pypi) as two:
        assert [listed(made) for made in await asyncio.gather(one.current(AT), two.current(AT))] == [["alpha"]] * 2
        assert pypi.asked == 1
        time.now += 1000
        pypi.projects_now = ["alpha", "beta"]
        made = await asyncio.gather(one.current(AT), two.current(AT))
        assert [listed(each) for each in made] == [["alpha", "beta"]] * 2
        assert pypi.asked == 2


async def test_list__while_upstream_is_out__is_the_kept_one_with_its_age(
    tmp_path: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """CCH-08: after a restart as well, and marked; as long as is configured; and the mark goes with the outage."""
    pypi = pypi_of("alpha")
    async with process(tmp_path, time, pypi) as projects:
        await projects.current(AT)
    pypi.failing = DOWN
    time.now += 50_000
    async with process(tmp_path, time, pypi) as projects:
        assert listed(await projects.current(AT)) == ["alpha"]
        assert age(projects) == 50_000
        pypi.failing, pypi.projects_now = None, ["beta"]
        time.now += 1000
        assert listed(await projects.current(AT)) == ["beta"]
        assert age(projects) is None
    assert "did not answer in time; its project list of 50000 s ago is given meanwhile" in caplog.text
    pypi.failing = DOWN
    time.now += 86_400
    async with process(tmp_path, time, pypi) as projects:
        with pytest.raises(SourceUnavailable, match="did not answer"):
            await projects.current(AT)


async def test_list__while_upstream_hangs__is_the_kept_one_within_patience(tmp_path: Path, time: Time) -> None:
    """CCH-08: after a restart, and where the one before is too old to be given without a word; it comes behind that."""
    pypi = pypi_of("alpha", patience_seconds=0.05)
    async with process(tmp_path, time, pypi) as projects:
        await projects.current(AT)
    pypi.gate = asyncio.Event()
    time.now += 1000
    async with process(tmp_path, time, pypi) as projects:
        assert listed(await projects.current(AT)) == ["alpha"]
        assert age(projects) == 1000
        time.now += 1000
        assert listed(await projects.current(AT)) == ["alpha"]
        assert age(projects) == 2000
        pypi.projects_now = ["beta"]
        pypi.gate.set()
        async with asyncio.timeout(20):
            while listed(await projects.current(AT, 5)) != ["beta"]:
                time.now += 31
                await asyncio.sleep(0)
        assert age(projects) is None


async def test_list__of_an_own_index__stands_in_only_where_nothing_is_asked(tmp_path: Path, time: Time) -> None:
    """MRG-03: it is what the index has now; offline it is the kept one, however old."""
    own = Lists("own", own=True, projects_now=["mine"], key="own", fresh_seconds=0)
    async with process(tmp_path, time, own) as projects:
        await projects.current(AT)
        own.failing = DOWN
        with pytest.raises(SourceUnavailable):
            await projects.current(AT)
    time.now += 500_000
    own.stale_seconds = inf
    async with process(tmp_path, time, own) as projects:
        assert listed(await projects.current(AT)) == ["mine"]


async def test_nonsense__does_not_replace_what_is_on_disk(tmp_path: Path, time: Time) -> None:
    """NEG-11: what is kept was read as a list before."""
    pypi = pypi_of("alpha")
    async with process(tmp_path, time, pypi) as projects:
        await projects.current(AT)
        pypi.body = b"<form>Please sign in</form>"
        time.now += 1000
        assert listed(await projects.current(AT)) == ["alpha"]
    async with process(tmp_path, time, pypi) as projects:
        assert listed(await projects.current(AT)) == ["alpha"]
        assert age(projects) == 1000


async def test_list__of_a_clock_that_was_set_back__is_asked_for(tmp_path: Path, time: Time) -> None:
    """CCH-08: a stamp from the future is of no known age: it neither counts nor stands in."""
    pypi = pypi_of("alpha")
    async with process(tmp_path, time, pypi) as projects:
        await projects.current(AT)
    time.now -= 500
    pypi.failing = DOWN
    async with process(tmp_path, time, pypi) as projects:
        with pytest.raises(SourceUnavailable):
            await projects.current(AT)
        pypi.failing = None
        assert listed(await projects.current(AT)) == ["alpha"]
    assert pypi.sent == 1


# The folder


def laid_down(folder: Path, body: bytes, limits: Limits = ROOM) -> tuple[LastingLists, ListStamp]:
    """Keep a list."""
    raw = folder / "raw"
    raw.write_bytes(body)
    stamp = ListStamp(
        asked=1.0,
        fresh_until=2.0,
        sha256=hashlib.sha256(body).hexdigest(),
        media_type=JSON,
        gzipped=False,
        etag='"1"',
        serial=None,
    )
    lists = LastingLists(folder / "lists", limits)
    lists.keep("pypi", raw, stamp)
    return lists, stamp


def lying(folder: Path) -> list[str]:
    """The kinds of files that lie in the folder."""
    return sorted(path.suffix for path in (folder / "lists").iterdir() if path.is_file())


def test_list__damaged_on_disk__is_not_there(tmp_path: Path) -> None:
    """CCH-16: a list is what its hash says, or it is not there."""
    lists, stamp = laid_down(tmp_path, b"[]")
    assert lists.stamp("pypi") == stamp
    path = lists.find("pypi", stamp)
    assert path is not None
    path.write_bytes(b"{}")
    assert lists.find("pypi", stamp) is None
    lists.confirm("pypi", stamp)
    assert lying(tmp_path) == [".json"]


@pytest.mark.parametrize("body", [b"{", b'{"asked": "then"}', b"\xff"])
def test_stamp__that_is_none__is_not_there(tmp_path: Path, body: bytes) -> None:
    """What lies there may be anybody's."""
    lists, _ = laid_down(tmp_path, b"[]")
    [stamp] = (tmp_path / "lists").glob("*.json")
    stamp.write_bytes(body)
    assert lists.stamp("pypi") is None
    assert lists.stamp("other") is None


def test_list__that_was_replaced__leaves_nothing(tmp_path: Path) -> None:
    """One document and one stamp for each source; what a killed process left goes too."""
    laid_down(tmp_path, b"[1]")
    [kept] = (tmp_path / "lists").glob("*.list")
    (kept.parent / f"{kept.name}.1.part").write_bytes(b"half")
    laid_down(tmp_path, b"[2]")
    assert lying(tmp_path) == [".json", ".list"]
    assert not kept.exists()


@pytest.mark.parametrize("limits", [Limits(8, 0), Limits(10**12, 10**18)], ids=["max_gb", "min_free_gb"])
def test_list__without_room__is_not_kept(tmp_path: Path, limits: Limits, caplog: pytest.LogCaptureFixture) -> None:
    """The limits of the cache hold for it as well, and a folder that cannot be made is no error."""
    laid_down(tmp_path, b"[1]", limits)
    assert lying(tmp_path) == []
    assert "the project list is not kept: there is no room for it" in caplog.text
    (tmp_path / "lists").rmdir()
    (tmp_path / "lists").write_bytes(b"a file")
    laid_down(tmp_path, b"[1]")
    assert "the project list is not kept: File exists" in caplog.text
