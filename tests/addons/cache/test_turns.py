"""Turns between processes: one at a time, never waited for too long, and gone with whoever held one."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from addons.cache.turns import Turns
from tests.deploying import ROOT

_HOLD = """
import sys, pathlib
from addons.cache.turns import Turns
print(Turns(pathlib.Path(sys.argv[1])).take("a") is not None, flush=True)
sys.stdin.read()
"""


@contextmanager
def holding(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the turn of "a"."""
    command, pipe = (sys.executable, "-c", _HOLD, str(folder)), subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "True"
        try:
            yield process
        finally:
            process.kill()


async def test_turn__of_another_process__is_waited_for_and_no_longer(tmp_path: Path) -> None:
    """Other keys are free meanwhile."""
    with holding(tmp_path):
        began = asyncio.get_running_loop().time()
        async with Turns(tmp_path).taking("a", 0.05) as mine, Turns(tmp_path).taking("b", 0.0) as other:
            assert (mine, other) == (False, True)
        assert asyncio.get_running_loop().time() - began < 5


async def test_turn__of_a_process_that_is_killed__is_the_next_ones(tmp_path: Path) -> None:
    """A lock dies with its process, and nothing stays."""
    with holding(tmp_path) as process:
        waiting = asyncio.ensure_future(_had(Turns(tmp_path), 30))
        while not waiting.done():
            process.kill()
            await asyncio.wait([waiting], timeout=0.01)
        assert await waiting
    assert lying(tmp_path) == []


def lying(folder: Path) -> list[Path]:
    """What lies in the folder."""
    return list(folder.iterdir())


async def _had(turns: Turns, patience: float) -> bool:
    async with turns.taking("a", patience) as mine:
        return mine


async def test_turns__wanted_by_many__are_had_by_one_at_a_time(tmp_path: Path) -> None:
    """Also by several of one process; each in its time, and no file stays."""
    within = most = 0

    async def work(turns: Turns) -> bool:
        nonlocal within, most
        async with turns.taking("a", 30) as mine:
            within, most = within + mine, max(most, within + mine)
            await asyncio.sleep(0)
            within -= mine
            return mine

    folder = tmp_path / "asking"
    assert all(await asyncio.gather(*(work(Turns(folder)) for _ in range(12))))
    assert (most, lying(folder)) == (1, [])


async def test_turn__where_no_file_can_be_made__is_everybodys(tmp_path: Path) -> None:
    """A cache that cannot be used holds nobody up."""
    (tmp_path / "file").write_bytes(b"")
    turns = Turns(tmp_path / "file")
    async with turns.taking("a", 30) as one, turns.taking("a", 30) as two:
        assert (one, two) == (True, True)


async def test_turn__whose_folder_goes_meanwhile__ends_without_a_word(tmp_path: Path) -> None:
    """The cache's folder may be deleted at any time."""
    turns = Turns(tmp_path / "asking")
    async with turns.taking("a", 0):
        [path] = (tmp_path / "asking").iterdir()
        path.unlink()
        path.parent.rmdir()
    assert await _had(turns, 0)
