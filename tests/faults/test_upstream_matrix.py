"""Every upstream fault, at every stage, for every kind of file and way to have it: no wrong byte is taken for whole."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import override

import pytest

from tests.addons.cache.fetching import as_kept
from tests.fakepypi import FakeFile, FakePyPI
from tests.fakepypi.bodies import Pattern
from tests.faults.stage import IMPATIENT, PATIENT, Got, Stage, kept, stage
from tests.faults.wrongs import MIDDLE, SIZE, WRONGS, Wrong

FEW = 26


@dataclass(frozen=True)
class Case:
    """A fault, what it happens to, and how that is asked for."""

    wrong: Wrong
    kind: str
    way: str

    @override
    def __str__(self) -> str:
        return f"{self.wrong}, {self.kind}, {self.way}"


WAYS = ("whole", "range", "end", "resumed", "growing", "warm")
CASES = [Case(*each) for each in product(WRONGS, ("wheel", "sdist", "egg"), WAYS)]


def publish(pypi: FakePyPI, kind: str) -> FakeFile:
    """Publish a file of this kind. What is in it is nobody's business here, but wheels are real ones."""
    if kind == "wheel":
        return pypi.big("demo", "1.0", SIZE)
    ending = {"sdist": ".tar.gz", "egg": "-py3.12.egg"}[kind]
    return pypi.add_bytes("demo", "1.0", f"demo-1.0{ending}", Pattern(SIZE))


@asynccontextmanager
async def going_wrong(pypi: FakePyPI, folder: Path, cache: Path, case: Case, file: FakeFile) -> AsyncIterator[Stage]:
    """Give a stage on which it goes wrong from the first connection on."""
    if case.wrong.place is not None:
        async with case.wrong.place(folder) as address, stage(pypi, cache, address) as broken:
            yield broken
        return
    case.wrong.begin(pypi, file.path)
    async with stage(pypi, cache, patience=IMPATIENT if case.wrong.hangs else PATIENT) as broken:
        yield broken


async def whole(on: Stage, file: FakeFile) -> None:
    """Have all of it, as nothing is wrong any more."""
    assert await on.ask(file) == Got(200, file.content, None)


async def crowd(pypi: FakePyPI, on: Stage, file: FakeFile) -> list[Got | None]:
    """Let others follow whoever came first, each in a way of its own, if it comes so far that there is a body."""
    gate = pypi.gate(file.path, MIDDLE - 1)
    first = asyncio.ensure_future(on.ask(file))
    while not gate.reached.is_set() and not first.done():
        await asyncio.wait([first], timeout=0.002)
    asked: list[dict[str, str]] = [
        {},
        {},
        {"Range": "bytes=100-199"},
        {"Range": f"bytes={SIZE // 2}-"},
        {"Range": "bytes=-50"},
    ]
    others = [asyncio.ensure_future(on.ask(file, headers)) for headers in asked]
    while not all(other.done() for other in others) and len(on.blobs.under_way) == 0:
        await asyncio.wait(others, timeout=0.002)
    gate.open()
    return list(await asyncio.gather(first, *others))


async def had(pypi: FakePyPI, on: Stage, case: Case, file: FakeFile) -> list[Got | None]:
    """Ask in the way of the case, and give what was had."""
    match case.way:
        case "whole":
            return [await on.ask(file)]
        case "range":
            return [await on.ask(file, {"Range": f"bytes={MIDDLE}-{MIDDLE + 99}"})]
        case "end":
            return [await on.ask(file, {"Range": "bytes=-1000"})]
        case "resumed":
            return [await on.ask(file, {"Range": "bytes=1000-", "If-Range": f'"{file.sha256}"'})]
        case "growing":
            return await crowd(pypi, on, file)
    return [await on.ask(file), await on.ask(file, {"Range": "bytes=5-9"}), await on.ask(file, {"Range": "bytes=5-"})]


def is_right(got: Got, file: FakeFile) -> bool:
    """Tell whether an answer is what it says to be."""
    if got.content_range is None:
        return got.status == 200 and got.content == file.content
    start, _, stop = got.content_range.removeprefix("bytes ").removesuffix(f"/{SIZE}").partition("-")
    return got.status == 206 and got.content == file.content[int(start) : int(stop) + 1]


async def test_fault__of_upstream__gives_nobody_a_wrong_byte_for_whole(
    pypi: FakePyPI, tmp_path: Path, case: Case
) -> None:
    """FIL-10, FIL-15: right to the last byte, or visibly broken; no trace on disk; and all is well once upstream is."""
    file, cache = publish(pypi, case.kind), tmp_path / "cache"
    if case.way == "warm":
        async with stage(pypi, cache) as on:
            await whole(on, file)
    async with going_wrong(pypi, tmp_path, cache, case, file) as on:
        gots = await had(pypi, on, case, file)
    unproven = case.way in ("range", "end", "growing") and case.wrong.unseen
    wholes = [got for got in gots if got is not None and not (unproven and got.content_range)]
    assert [got for got in wholes if not is_right(got, file)] == []
    if case.way == "warm" or (case.wrong.heals and case.way in ("whole", "resumed", "growing")):
        assert None not in gots
    elif case.way in ("whole", "resumed") and not case.wrong.heals:
        assert gots == [None]
    assert kept(cache) in (({}, as_kept(file.content)) if case.way != "warm" else (as_kept(file.content),))
    pypi.lift()
    async with stage(pypi, cache) as on:
        await whole(on, file)
    assert kept(cache) == as_kept(file.content)


@pytest.mark.parametrize("kind", ["wheel", "sdist", "egg"])
async def test_range__of_upstream_that_is_well__is_right_in_every_way(
    pypi: FakePyPI, tmp_path: Path, kind: str
) -> None:
    """FIL-03: the matrix would not notice if all it asked for were refused."""
    file = publish(pypi, kind)
    for way in WAYS:
        cache = tmp_path / way
        async with stage(pypi, cache) as on:
            gots = await had(pypi, on, Case(WRONGS[0], kind, way), file)
        assert all(got is not None and is_right(got, file) for got in gots)
        pypi.lift()
