"""The cache's folder damaged while it is used: nothing wrong is taken for whole, and the next one who asks has it right."""

import asyncio
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import override

from addons.cache.documents import Documents, Stored
from addons.sources.source import FileGone, SourceUnavailable
from tests.fakepypi import FakeFile, FakePyPI
from tests.faults.damages import CONTENT, PLACE, Damage, pipe
from tests.faults.stage import Got, Stage, listed, stage

SMALL, LARGE = 50_000, 9_000_000  # bytes; of the large one the first bytes are given before all are proven
FEW = 12


@dataclass(frozen=True)
class Case:
    """A damage, to what, and when."""

    damage: Damage
    target: str
    moment: str
    size: int

    @override
    def __str__(self) -> str:
        return f"{self.target} {self.damage.__name__}, {self.moment}, {self.size}"


_CONTENT = product([*CONTENT, *PLACE], ["file"], ["known", "restarted", "read"], [SMALL, LARGE])
_GROWING = product([*CONTENT, *PLACE], ["growing file"], ["fetched"], [LARGE])
_FOLDERS = product(PLACE, ["prefix", "files", "growing", "cache"], ["known", "restarted", "fetched"], [SMALL, LARGE])
CASES = [Case(*each) for each in (*_CONTENT, *_GROWING, *_FOLDERS)]


def place(case: Case, cache: Path, file: FakeFile) -> Path:
    """Give the path that is damaged."""
    return {
        "file": cache / "files" / file.sha256[:2] / file.sha256,
        "growing file": cache / "growing" / file.sha256,
        "prefix": cache / "files" / file.sha256[:2],
        "files": cache / "files",
        "growing": cache / "growing",
        "cache": cache,
    }[case.target]


async def strike(case: Case, pypi: FakePyPI, cache: Path, file: FakeFile, other: Path) -> list[Got | None]:
    """Do the damage at its moment, and give what clients had during it and right after it."""
    async with stage(pypi, cache) as on:
        if case.moment == "fetched":
            gate = pypi.gate(file.path, case.size // 2)
            asking = [asyncio.ensure_future(on.ask(file, headers)) for headers in (None, {"Range": "bytes=5-"}, {})]
            while on.blobs.counts.bytes_from_upstream < case.size // 2:
                await asyncio.wait(asking, timeout=0.002)
            case.damage(place(case, cache, file), other)
            gate.open()
            return [*await asyncio.gather(*asking), await on.ask(file)]
        await on.ask(file)
        while on.blobs.under_way:
            await asyncio.wait([each.task for each in on.blobs.under_way])
        if case.moment == "known":
            case.damage(place(case, cache, file), other)
            return [await on.ask(file), await on.ask(file, {"Range": "bytes=5-"})]
        if case.moment == "read":
            return [await read_on(on, case, cache, file, other), await on.ask(file)]
    case.damage(place(case, cache, file), other)
    async with stage(pypi, cache) as on:
        return [await on.ask(file), await on.ask(file, {"Range": "bytes=5-"})]


async def read_on(on: Stage, case: Case, cache: Path, file: FakeFile, other: Path) -> Got | None:
    """Read the first half, do the damage, and read on."""
    got = bytearray()
    try:
        async with on.files.read(listed(file), None) as reading:
            async for part in reading.chunks:
                if len(got) < file.body.size // 2 <= len(got) + len(part):
                    case.damage(place(case, cache, file), other)
                got += part
    except (FileGone, SourceUnavailable):
        return None
    return Got(200, bytes(got), None)


def leftovers(cache: Path) -> list[Path]:
    """Give the files that nobody but the gateway can have left."""
    return [path for path in (cache / "growing").glob("*") if path.is_file() and (cache / "growing").is_dir()]


async def test_cache__damaged_while_it_is_used__gives_nobody_a_wrong_byte_for_whole(
    pypi: FakePyPI, tmp_path: Path, case: Case
) -> None:
    """FIL-10: whatever becomes of its files and folders; what is elsewhere is not touched, and the next reading is right."""
    file, cache, other = pypi.big("demo", "1.0", case.size), tmp_path / "cache", tmp_path / "other"
    other.write_bytes(file.content[::-1])
    async with asyncio.timeout(20):
        gots = await strike(case, pypi, cache, file, other)
        right = (Got(200, file.content, None), Got(206, file.content[5:], f"bytes 5-{case.size - 1}/{case.size}"))
        assert [got for got in gots if got not in (*right, None)] == []
        async with stage(pypi, cache) as on:
            assert await on.ask(file) == right[0]
            assert await on.ask(file, {"Range": "bytes=5-"}) == right[1]
    assert other.read_bytes() == file.content[::-1]
    assert leftovers(cache) == []


async def test_documents__whose_database_became_a_pipe__are_made_anew(tmp_path: Path) -> None:
    """CCH-08: SQLite would wait for ever for somebody to write to it."""
    documents, page = Documents(tmp_path / "documents"), Stored(200, "https://example.org/", {}, b"page")
    for _ in range(2):
        async with asyncio.timeout(10):
            digest = await documents.keep("key", page, 1.0, 2.0)
            assert await documents.find("key", digest) == page
        pipe(tmp_path / "documents" / "cache.db", tmp_path)
    await documents.close()
