"""Every fault of upstream for every kind of document, warm and cold: what is kept is given and marked, the rest is 503."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from addons.answering.kept import STALE
from tests.addons.answering.outages import ANSWERED, FAULTS, GROUPS, KINDS, Given, process, publish, way
from tests.addons.sources.places import Time
from tests.fakepypi import FakePyPI

AT_EASE: dict[str, Any] = {"patience": 60, "page_seconds": 20, "read_seconds": 10}
SECONDS = 20.0
"""What an answer may take, on a busy machine: upstream's limits here are tenths of one; a list is read by a process."""


def test_matrix__has_every_kind_of_document() -> None:
    """CCH-08: 15 faults, six kinds, warm and cold: 180 combinations."""
    assert sorted(kind for group in GROUPS for kind in group) == sorted(KINDS)
    assert len(FAULTS) * len(KINDS) * 2 == 180


type Kept = tuple[Path, Mapping[str, Given]]

_made: list[Kept] = []


@pytest.fixture
async def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The folder of a gateway that has one of each kind, and what it answered; made once for all tests."""
    if not _made:
        folder = tmp_path_factory.mktemp("kept")
        with FakePyPI(tmp_path_factory.mktemp("pypi")) as pypi:
            publish(pypi)
            async with process(pypi, folder, Time(), **AT_EASE) as usual:
                before = {kind: await usual.get(kind) for kind in KINDS}
        assert {(each.status, STALE in each.headers) for each in before.values()} == {(200, False)}
        _made.append((folder, before))
    return _made[0]


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_document__while_upstream_is_at_fault__is_the_kept_one_or_503(
    pypi: FakePyPI, tmp_path: Path, time: Time, kept: Kept, fault: str
) -> None:
    """CCH-08: the same bytes after a restart, with their age, in time; of what nothing is kept 503 in words."""
    folder, before = kept
    shutil.copytree(folder, tmp_path / "warm")
    publish(pypi)
    publish(pypi, extra=".1")  # else upstream had nothing to send that could break
    time.now += 700
    for state in ("warm", "cold"):
        for group in GROUPS:
            async with process(pypi, tmp_path / state, time, **way(fault)) as running:
                if fault in ANSWERED:
                    pypi.fault("" if "at connect" in fault else "/", ANSWERED[fault])
                for kind in group:
                    async with asyncio.timeout(SECONDS):
                        given = await running.get(kind)
                    check(given, before[kind] if state == "warm" else None, kind)


def check(given: Given, before: Given | None, kind: str) -> None:
    """Look at an answer: of what was kept, or of nothing."""
    if before is None:
        assert (given.status, "source pypi: " in given.reason) == (503, True), (kind, given)
        assert given.headers["Retry-After"].isdecimal()
    else:
        assert (given.status, given.body, given.headers.get(STALE)) == (200, before.body, "700"), (kind, given)
        assert given.headers["Cache-Control"] == "max-age=0"


@pytest.mark.parametrize("kind", KINDS)
async def test_client__that_wants_a_document_fresh__has_it_asked_for_every_five_seconds(
    pypi: FakePyPI, tmp_path: Path, time: Time, kind: str
) -> None:
    """CCH-11: `no-cache` is granted for every kind, and for none more often."""
    publish(pypi)
    path = KINDS[kind].partition("?")[0]
    async with process(pypi, tmp_path, time, **AT_EASE) as running:
        for seconds, asked in ((0, 1), (4, 1), (2, 2), (0, 2), (6, 3)):
            time.now += seconds
            assert (await running.get(kind, Cache_Control="no-cache")).status == 200
            assert len([seen for seen in pypi.asked() if seen.path == path]) == asked
        time.now += 50
        await running.get(kind)
        assert len([seen for seen in pypi.asked() if seen.path == path]) == 3
