"""Recording: beside the event loop, every few seconds and at the end, and whatever becomes of the disk."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import override

import pytest

from addons.events.recording import Recording
from addons.events.served import Batch, Served
from addons.events.served_file import ServedFile

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Watched(ServedFile):
    """A record that says when something was written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.written = threading.Event()

    @override
    def add(self, batch: Batch) -> None:
        """Write it, and say so."""
        super().add(batch)
        self.written.set()


class Place:
    """A record under a clock that the test moves, kept for as long as the test says."""

    def __init__(self, folder: Path, most: int = 100) -> None:
        self.at = AT
        self.days = 30
        self.served = Served(most)
        self.file = ServedFile(folder / "store" / "served.db", busy_seconds=0.01)
        self.recording = Recording(
            *(self.served, self.file, lambda: self.days, lambda: self.at), seconds=0.001, most=most
        )

    def serve(self, *projects: str) -> None:
        """Serve their pages, now."""
        for project in projects:
            self.served.of().page(project, self.at)

    @property
    def there(self) -> dict[str, int]:
        """What is on disk."""
        found = self.file.read(AT.date() - timedelta(days=400), AT.date() + timedelta(days=400))
        return {each.project: each.number for each in found}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the file, as another process may."""
        link = sqlite3.connect(self.file.path, isolation_level=None)
        link.execute("BEGIN EXCLUSIVE")
        yield
        link.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A record that is not there yet."""
    return Place(tmp_path)


async def test_recording__while_it_runs__writes_by_itself(place: Place) -> None:
    """Nobody has to ask for it; nothing is written where nothing was served."""
    file = Watched(place.file.path)
    recording = Recording(place.served, file, lambda: place.days, lambda: place.at, seconds=0.001)
    task = asyncio.ensure_future(recording.run())
    place.serve("demo")
    assert await asyncio.to_thread(file.written.wait, 20)
    task.cancel()
    await asyncio.wait([task])
    await recording.close()
    assert place.there == {"demo": 1}


async def test_recording__at_the_end__writes_what_is_left(place: Place) -> None:
    """Also what was being written when its task was cancelled: once, and not twice."""
    place.serve("demo")
    task = asyncio.ensure_future(place.recording.write())
    await asyncio.sleep(0)
    task.cancel()
    place.serve("demo", "more")
    await place.recording.close()
    assert place.there == {"demo": 2, "more": 1}
    assert place.recording.facts() == {"recorded": 3, "dropped": 0, "waiting": 0, "failures": 0}


async def test_disk__that_takes_nothing__is_told_once_and_nothing_is_lost(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """What is served meanwhile waits in memory, and is there afterwards."""
    place.serve("demo")
    await place.recording.write()
    with place.held():
        for _ in range(3):
            place.serve("demo", "more")
            await place.recording.write()
        assert place.recording.fault.endswith("database is locked")
        assert place.recording.facts() == {"recorded": 1, "dropped": 0, "waiting": 2, "failures": 3}
    await place.recording.write()
    assert place.there == {"demo": 4, "more": 3}
    assert (place.recording.fault, place.recording.facts()["waiting"]) == ("", 0)
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]


async def test_disk__that_takes_nothing_for_long__fills_no_memory(tmp_path: Path) -> None:
    """Of different things so many are kept; what more is served is counted as dropped."""
    place = Place(tmp_path, most=3)
    place.serve("demo")
    await place.recording.write()
    with place.held():
        for number in range(4):
            place.serve("demo", f"p{number}")
            await place.recording.write()
    await place.recording.write()
    assert place.there == {"demo": 5, "p0": 1, "p1": 1}
    assert place.recording.facts()["dropped"] == 2


async def test_record__older_than_its_days__goes(place: Place) -> None:
    """Today is counted in; it is looked for once an hour, and at once when the setting is another."""
    for _ in range(3):
        place.serve(f"p{place.at:%d}")
        await place.recording.write()
        place.at += timedelta(days=1)
    assert len(place.there) == 3
    place.days = 2
    await place.recording.write()
    assert place.there == {"p25": 1}
    place.at += timedelta(days=1)
    await place.recording.write()
    assert place.there == {}


async def test_record__that_is_to_last_no_day__is_emptied(place: Place) -> None:
    """Whoever turns it off keeps nothing of before."""
    place.serve("demo")
    await place.recording.write()
    place.days = 0
    await place.recording.write()
    assert place.there == {}


async def test_recording__of_nothing__makes_no_file(place: Place) -> None:
    """Neither at its beginning nor at its end."""
    place.days = 0
    await place.recording.write()
    await place.recording.close()
    assert not place.file.path.parent.exists()


async def test_record__that_is_full__is_written_again_once_old_days_are_gone(place: Place) -> None:
    """What is too old goes first, as it is what makes room."""
    place.file = ServedFile(place.file.path, most_bytes=40_000)
    place.recording = Recording(place.served, place.file, lambda: place.days, lambda: place.at)
    for number in range(100):
        place.serve(f"p{number:0500}")
        await place.recording.write()
        if place.recording.fault:
            break
    assert place.recording.fault.endswith("full")
    place.at += timedelta(days=30)
    place.serve("new")
    await place.recording.write()
    assert (place.recording.fault, place.there) == ("", {"new": 1})
