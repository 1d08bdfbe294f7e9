"""The project list while upstream's changes, is down, or answers nonsense."""

import asyncio
import logging

import pytest

from addons.listing.project_list import ProjectList
from addons.sources.source import SourceUnavailable
from tests.addons.listing.making import AT, Kept, Lists, listed

DOWN = SourceUnavailable("source pypi: pypi.org did not answer in time")


async def after(source: Lists, projects: ProjectList, names: list[str]) -> None:
    """Wait until the list has these names."""
    async with asyncio.timeout(20):
        while listed(await projects.current(AT)) != names:  # noqa: ASYNC110 - each turn is a request, as clients make them
            await asyncio.sleep(0)
    assert source.asked


# What is upstream's


async def test_public_list__that_is_not_fresh__is_given_while_it_is_renewed(kept: Kept) -> None:
    """JSN-21: nobody waits for the new list while the one before is no more than five minutes out of date."""
    pypi = Lists(projects_now=["alpha"])
    projects = kept.list(pypi)
    made = await projects.current(AT)
    pypi.projects_now, pypi.gate = ["alpha", "beta"], asyncio.Event()
    kept.time.now += 600 + 299
    assert await projects.current(AT) is made
    assert await projects.current(AT) is made
    pypi.gate.set()
    await after(pypi, projects, ["alpha", "beta"])
    assert pypi.asked == 2


async def test_public_list__that_is_too_old__is_waited_for(kept: Kept) -> None:
    """What is more than five minutes past its freshness is not given any more."""
    pypi = Lists(projects_now=["alpha"])
    projects = kept.list(pypi)
    await projects.current(AT)
    pypi.projects_now = ["alpha", "beta"]
    kept.time.now += 600 + 301
    assert listed(await projects.current(AT)) == ["alpha", "beta"]


async def test_public_list__that_has_not_changed__is_built_no_second_time(kept: Kept) -> None:
    """CCH-03: our own stored ETag is asked with, and a 304 leaves the finished files as they are."""
    pypi = Lists(projects_now=["alpha"])
    projects = kept.list(pypi)
    made = await projects.current(AT)
    kept.time.now += 5_000
    assert await projects.current(AT) is made
    assert (pypi.asked, pypi.sent) == (2, 1)


async def test_client__that_wants_it_fresh__gets_what_upstream_has_now(kept: Kept) -> None:
    """CCH-11: `no-cache` asks upstream, unless that was done just before."""
    pypi = Lists(projects_now=["alpha"])
    projects = kept.list(pypi)
    await projects.current(AT, 5)
    pypi.projects_now = ["alpha", "beta"]
    assert listed(await projects.current(AT, 5)) == ["alpha"]
    kept.time.now += 6
    assert listed(await projects.current(AT)) == ["alpha"]
    assert listed(await projects.current(AT, 5)) == ["alpha", "beta"]


async def test_upstream__that_lets_nothing_be_kept__is_not_asked_by_every_request(kept: Kept) -> None:
    """A list of tens of megabytes is fetched every five seconds at most, whatever its headers say."""
    pypi = Lists(projects_now=["alpha"], fresh_seconds=0)
    projects = kept.list(pypi)
    for _ in range(3):
        await projects.current(AT)
    assert pypi.asked == 1


# Upstream down


async def test_upstream__that_is_down__leaves_the_list_for_a_day(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    """CCH-08: what is known is given on, and the log says so; a day later it counts no more."""
    pypi = Lists(projects_now=["alpha"])
    projects = kept.list(pypi)
    made = await projects.current(AT)
    pypi.failing = DOWN
    kept.time.now += 80_000
    with caplog.at_level(logging.WARNING):
        assert await projects.current(AT) is made
    assert "did not answer in time; its project list of 80000 s ago is given meanwhile" in caplog.text
    assert await projects.current(AT) is made
    assert pypi.asked == 2, "a source that is down is not asked by every request"
    kept.time.now += 7_000
    with pytest.raises(SourceUnavailable, match="did not answer"):
        await projects.current(AT)


async def test_upstream__that_is_down_from_the_start__makes_the_list_unavailable(kept: Kept) -> None:
    """NEG-11: there is no list of own projects alone, which would look like all there are; and it heals."""
    acme, pypi = Lists("acme", own=True, projects_now=["mine"]), Lists(failing=DOWN, projects_now=["theirs"])
    projects = kept.list(acme, pypi)
    for _ in range(2):
        with pytest.raises(SourceUnavailable, match="did not answer"):
            await projects.current(AT)
    pypi.failing = None
    assert listed(await projects.current(AT)) == ["mine", "theirs"]


@pytest.mark.parametrize(
    "body",
    [b"<form>Please sign in</form>", b'{"projects": ["alp', b'{"projects": [' + b"9" * 10_000 + b"]}"],
    ids=["login page", "truncated", "fells the reader"],
)
async def test_upstream__that_answers_nonsense__is_unavailable(kept: Kept, body: bytes) -> None:
    """NEG-11, VER-02: what is no list is no empty list, and no document can bring the gateway down."""
    pypi = Lists(body=body)
    projects = kept.list(pypi)
    with pytest.raises(SourceUnavailable, match="pypi"):
        await projects.current(AT)
    assert kept.files() == set()
    pypi.body = None
    pypi.projects_now = ["alpha"]
    made = await projects.current(AT)
    pypi.body = body
    kept.time.now += 5_000
    assert await projects.current(AT) is made
