"""The wall clock set forward and back while files are kept: none is lost, wrong, or kept for ever for it."""

import asyncio
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import override

from addons.cache.room import Limits
from tests.fakepypi import FakeFile, FakePyPI
from tests.faults.stage import Got, Stage, stage

DAY, YEAR = 86_400.0, 365 * 86_400.0
SIZE = 100_000
FEW = 6


@dataclass(frozen=True)
class Case:
    """By how much the clock is set (seconds), and whether the gateway is started again then."""

    jumps: tuple[float, ...]
    restarted: bool

    @override
    def __str__(self) -> str:
        return f"{'+'.join(f'{jump / DAY:g}' for jump in self.jumps)} days{', restarted' * self.restarted}"


CASES = [
    Case(jumps, restarted)
    for jumps, restarted in product(
        [(jump,) for jump in (1.0, -1.0, -600.0, DAY, -DAY, YEAR, -YEAR)] + [(YEAR, -YEAR), (-DAY, DAY), (DAY, -YEAR)],
        (False, True),
    )
]


class Wall:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


async def used(on: Stage, file: FakeFile, wall: Wall) -> None:
    """Have a file, an hour after what was before."""
    wall.now += 3600
    assert await on.ask(file) == Got(200, file.content, None)
    while on.blobs.under_way:
        await asyncio.wait([each.task for each in on.blobs.under_way])


async def test_clock__set_while_files_are_kept__makes_no_difference_to_them(
    pypi: FakePyPI, tmp_path: Path, case: Case
) -> None:
    """All can be had without asking; and what was not used since makes way before what was."""
    wall, cache = Wall(), tmp_path / "cache"
    first, second, third, fourth = files = [pypi.big("demo", f"{number}.0", SIZE) for number in range(4)]
    limits = Limits(3 * SIZE, 0)
    async with stage(pypi, cache, limits=limits, wall=wall) as on:
        for file in (*files[:3], *files[:3]):  # the second time the use is written down by this clock
            await used(on, file, wall)
        if not case.restarted:
            await jumped(on, case, wall, files)
    if case.restarted:
        async with stage(pypi, cache, limits=limits, wall=wall) as on:
            await jumped(on, case, wall, files)
    async with stage(pypi, cache, limits=limits, wall=wall) as on:
        assert [on.blobs.find(file.sha256) is None for file in (first, second, third, fourth)] == [
            *(False, False, True, False)
        ]
    assert len(pypi.asked()) == 4


async def jumped(on: Stage, case: Case, wall: Wall, files: list[FakeFile]) -> None:
    """Set the clock, use two of three files after each time, and fetch a fourth: the third makes way."""
    for jump in case.jumps:
        wall.now += jump
        for file in files[:2]:
            await used(on, file, wall)
    await used(on, files[3], wall)
