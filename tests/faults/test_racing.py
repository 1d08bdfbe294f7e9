"""Processes that fetch the same files at the same time into one folder, some of which are killed."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.addons.cache.fetching import as_kept, lying
from tests.deploying import ROOT
from tests.faults.conftest import Scale
from tests.faults.racer import contents


def race(folder: Path, seed: int, count: int, processes: int, killed_after: list[int]) -> list[list[str]]:
    """Let processes race, kill some after so many lines each, and give what each said."""
    said: list[list[str]] = []
    with ExitStack() as stack:
        command = (sys.executable, "-m", "tests.faults.racer", str(folder), str(seed), str(count))
        pipe = subprocess.PIPE
        running = [
            stack.enter_context(subprocess.Popen((*command, str(number)), cwd=ROOT, stdin=pipe, stdout=pipe, text=True))
            for number in range(processes)
        ]
        for process in running:
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process, lines in zip(running, killed_after, strict=False):
            assert process.stdout is not None
            said.append([process.stdout.readline().strip() for _ in range(lines)])
            process.kill()
        for process in running[len(killed_after) :]:
            said.append(process.communicate()[0].splitlines())
            assert process.returncode == 0
    return said


@pytest.mark.parametrize("processes", [2, 3])
def test_processes__racing_for_the_same_files__fetch_each_once(tmp_path: Path, scale: Scale, processes: int) -> None:
    """FIL-12: all read all of them right, each was fetched by one, and nothing is left beside them."""
    for number in range(scale.count(1, 15)):
        seed, count, folder = scale.seed + number, scale.count(40, 200), tmp_path / str(number)
        said = race(folder, seed, count, processes, [])
        assert all(lines.count("right") == count and "wrong" not in lines for lines in said)
        assert sorted(line for lines in said for line in lines if line.startswith("fetched")) == sorted(
            f"fetched {each}" for each in range(count)
        )
        assert lying(folder) == as_kept(*contents(seed, count))


@pytest.mark.parametrize("processes", [2, 3])
def test_processes__killed_while_they_race__disturb_no_other(tmp_path: Path, scale: Scale, processes: int) -> None:
    """FIL-12: who survives reads all of them right, and has them all kept."""
    chance = scale.chance("race", processes)
    for number in range(scale.count(1, 30)):
        seed, count, folder = scale.seed + number, scale.count(40, 200), tmp_path / str(number)
        killed = [chance.randrange(2 * count) for _ in range(processes - 1)]
        said = race(folder, seed, count, processes, killed)
        assert all("wrong" not in lines for lines in said)
        assert said[-1].count("right") == count
        assert lying(folder) == as_kept(*contents(seed, count))
