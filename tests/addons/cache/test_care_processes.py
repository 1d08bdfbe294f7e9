"""All care at once, beside processes that use the same cache as fast as they can."""

import random
import subprocess
import sys
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from addons.cache.checking import verify
from addons.cache.layout import Layout
from addons.cache.pruning import prune
from addons.cache.purging import purge
from addons.cache.room import Limits
from addons.cache.writing import NotWritten
from addons.simple.names import normalise
from tests.addons.cache.churning import PROJECTS
from tests.deploying import ROOT


def now() -> datetime:
    """The time, as the other processes have it."""
    return datetime.now(UTC)  # noqa: TID251 - the real clock


def test_care__beside_processes_that_write__finds_no_fault_and_makes_none(tmp_path: Path) -> None:
    """What is just being replaced is no damage, and nobody's transaction loses its lock."""
    layout, chance = Layout(tmp_path), random.Random(4)
    command = (sys.executable, "-m", "tests.addons.cache.churning", str(layout.documents))
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
            )
            for _ in range(2)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.read(1) == b"."
        for _ in range(15):
            assert list(verify(layout, now(), remove=True)) == []
            with suppress(NotWritten):  # the others may have been at it for five seconds, on a slow machine
                purge(layout, normalise(chance.choice(PROJECTS)), now())
                prune(layout, Limits(0, 0), now(), timedelta(seconds=0.2))
        said = [process.communicate(timeout=60)[1] for process in processes]
    assert not any(b"damaged" in each or b"Traceback" in each for each in said), said
    assert [process.returncode for process in processes] == [0, 0]
    assert list(verify(layout, now(), remove=True)) == []
