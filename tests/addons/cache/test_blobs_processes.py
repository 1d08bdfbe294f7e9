"""The file store in several processes: one fetch for all of them, and none of them can take it down by dying."""

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from addons.cache.blobs import Blobs
from addons.cache.part_file import PartFile, Stand, sweep
from tests.addons.cache.fetching import AMPLE, CONTENT, Giving, as_kept, lying, promise, read, settled, whole
from tests.addons.cache.storing import BELOW_HALF
from tests.deploying import ROOT

type Another = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def another(tmp_path: Path) -> Iterator[Another]:
    """Start a process that uses the store in `tmp_path`; it ends with the test."""
    with ExitStack() as stack:

        def start(what: str) -> subprocess.Popen[str]:
            command = (sys.executable, "-m", "tests.addons.cache.storing", str(tmp_path), what)
            pipe = subprocess.PIPE
            process = stack.enter_context(subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True))
            stack.callback(process.kill)
            return process

        yield start


def told(process: subprocess.Popen[str], words: str) -> None:
    """Tell a process what to do."""
    assert process.stdin is not None
    process.stdin.write(f"{words}\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> str:
    """Give the next line that a process says; empty if it has ended."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def test_file__that_another_process_fetches__is_read_along_and_not_fetched(
    another: Another, tmp_path: Path
) -> None:
    """FIL-12: its first bytes are had while it grows over there, and all of it when that is done."""
    process = another("hold")
    assert said(process) == "half"
    blobs, giving = Blobs(tmp_path, AMPLE), Giving()
    async with blobs.reading(promise(), giving) as readable:
        assert readable is not None
        assert await read(readable, 0, BELOW_HALF) == CONTENT[:BELOW_HALF]
        told(process, "go")
        assert await read(readable) == CONTENT
    assert said(process) == "done"
    assert giving.begun == []
    assert lying(tmp_path) == as_kept(CONTENT)
    assert blobs.snapshot()["elsewhere"] == 1


@pytest.mark.parametrize("end", ["killed", "left"])
async def test_file__that_another_process_began__is_gone_on_with_where_that_ended(
    another: Another, tmp_path: Path, end: str
) -> None:
    """It is killed, or its clients all leave: whoever reads along fetches the rest, proven with what was there."""
    process = another("hold")
    assert said(process) == "half"
    blobs, giving = Blobs(tmp_path, AMPLE), Giving()
    async with blobs.reading(promise(), giving) as readable:
        assert readable is not None
        await readable.read(0, 10)
        if end == "killed":
            process.kill()
        else:
            told(process, "leave")
        assert await read(readable) == CONTENT
    await settled(blobs)
    assert giving.begun == [BELOW_HALF]
    assert lying(tmp_path) == as_kept(CONTENT)


async def test_processes__killed_at_random_moments__leave_no_wrong_file_and_lose_none(
    another: Another, tmp_path: Path
) -> None:
    """Under every name lies what hashes to it, all that was kept is there, and the next start finds no leftover."""
    chance, kept = random.Random(5), set[str]()
    for _ in range(12):
        process = another("churn")
        for line in [said(process) for _ in range(chance.randrange(1, 150))]:
            if line != "wrote":
                kept.add(line.removeprefix("kept "))
        process.kill()
        assert process.stdout is not None
        kept |= {line.removeprefix("kept ").strip() for line in process.stdout if len(line) == len("kept \n") + 64}
        await Blobs(tmp_path, AMPLE).begin()
        there = lying(tmp_path)
        assert all(path == f"files/{name[:2]}/{name}" for path in there for name in [Path(path).name])
        assert [path for path, content in there.items() if hashlib.sha256(content).hexdigest() != Path(path).name] == []
        assert kept <= {Path(path).name for path in there}
    assert kept


async def test_stores__racing_for_one_file__fetch_it_once(tmp_path: Path) -> None:
    """Locks tell two stores in one process apart as they do two processes."""
    stores, giving = [Blobs(tmp_path, AMPLE) for _ in range(8)], Giving(stop_at=100)
    async with (
        stores[0].reading(promise(), giving) as first,
        stores[1].reading(promise(), giving) as second,
        stores[2].reading(promise(), giving) as third,
    ):
        await giving.reached.wait()
        giving.go.set()
        for readable in (first, second, third):
            assert readable is not None
            assert await read(readable) == CONTENT
    for store in stores:
        await settled(store)
        assert await whole(store, giving) == CONTENT
    assert giving.begun == [0]
    assert lying(tmp_path) == as_kept(CONTENT)


async def test_file__given_up_before_anything_of_it_was_read__is_fetched_anew(tmp_path: Path) -> None:
    """What the other process could not have, ours may: nobody has seen a byte of the other's."""
    part = PartFile(tmp_path / "growing" / promise().sha256, tmp_path / "never")
    assert part.claim(None) is Stand.MINE
    blobs, giving = Blobs(tmp_path, AMPLE), Giving()
    async with blobs.reading(promise(), giving) as readable:
        assert readable is not None
        (growing,) = blobs.under_way
        while not blobs.snapshot()["elsewhere"]:
            await growing.news()
        part.discard()
        assert await read(readable) == CONTENT
    part.close()
    assert giving.begun == [0]


def test_sweep__of_a_file_that_is_written__leaves_it(tmp_path: Path) -> None:
    """A process that starts does not take what another one fetches."""
    path = tmp_path / "growing"
    part = PartFile(path, tmp_path / "never")
    part.claim(None)
    sweep(path)
    assert path.exists()
    part.close()
    sweep(path)
    sweep(path)
    assert not path.exists()


def test_part_file__taken_away_while_it_is_looked_at__is_lost(tmp_path: Path) -> None:
    """Whoever reads along learns that it will not grow any more; what is open of it can be read."""
    path = tmp_path / "growing"
    part, along = (PartFile(path, tmp_path / "done") for _ in range(2))
    assert part.claim(3) is Stand.MINE
    part.append([b"abc"], 3)
    assert along.claim(3) is Stand.ELSEWHERE
    assert along.look(3) == (Stand.ELSEWHERE, 3)
    part.discard()
    assert along.look(3) == (Stand.LOST, 3)
    assert os.pread(along.descriptor, 3, 0) == b"abc"
    for each in (part, along):
        each.close()


def test_part_file__of_unknown_length_left_behind__is_begun_anew(tmp_path: Path) -> None:
    """Nobody can ask for the rest of what has no length."""
    path = tmp_path / "growing"
    path.write_bytes(b"abc")
    part = PartFile(path, tmp_path / "done")
    assert part.claim(None) is Stand.MINE
    assert part.take_up() == 0
    part.close()
    path.write_bytes(b"abc")
    assert part.claim(2) is Stand.MINE
    assert part.take_up() == 0
    part.close()


def test_part_file__with_a_name_already__needs_no_writing(tmp_path: Path) -> None:
    """Another process was faster: the file is read under its name, and nothing is left beside it."""
    final = tmp_path / promise(b"abc").sha256
    final.write_bytes(b"abc")
    part = PartFile(tmp_path / "growing", final)
    assert part.claim(3) is Stand.DONE
    assert (os.pread(part.descriptor, 9, 0), part.length()) == (b"abc", 3)
    assert list(tmp_path.iterdir()) == [final]
    part.close()
