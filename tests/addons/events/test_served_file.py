"""The record on disk: it adds up over writings and processes, is whole after each of them, and ends by itself."""

import sqlite3
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from addons.events.served import Batch, Served, Times
from addons.events.served_file import FORM, RecordFault, ServedFile
from tests.addons.events.writing import AT, EACH, batch
from tests.deploying import ROOT

DAY = timedelta(days=1)
TODAY = AT.date()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the record is to be; nothing is there yet."""
    return tmp_path / "store" / "served.db"


def of(*projects: str, group: str = "", days_ago: int = 0) -> Batch:
    """Give a batch of pages that were served once."""
    served, at = Served(), AT - days_ago * DAY
    for project in projects:
        served.of(group).page(project, at)
    return served.take()


def numbers(file: ServedFile, since: date = TODAY - 400 * DAY, group: str | None = None) -> dict[str, int]:
    """Give how often each project, or file, was got."""
    return {each.filename or each.project: each.number for each in file.read(since, TODAY, group)}


def test_record__of_several_writings__adds_them_up(path: Path) -> None:
    """With the first and the last time of all of them, also if a clock was set back in between."""
    file = ServedFile(path)
    file.add(of("demo", "demo"))
    what = (TODAY, "", "", "demo", "")
    file.add({what: Times(3, AT + 2 * DAY, AT - DAY)})
    [got] = file.read(TODAY, TODAY)
    assert (got.project, got.filename, got.number, got.first, got.last) == ("demo", "", 5, AT - DAY, AT + 2 * DAY)


def test_record__asked_for_some_days_or_one_group__gives_those(path: Path) -> None:
    """Both days are counted in; of several days the sum."""
    file = ServedFile(path)
    for days in (0, 1, 2):
        file.add(of("demo", days_ago=days))
    file.add(of("other", group="farm", days_ago=1))
    assert numbers(file, TODAY - DAY) == {"demo": 2, "other": 1}
    assert (numbers(file, group=""), numbers(file, group="farm"), numbers(file, group="x")) == (
        {"demo": 3},
        {"other": 1},
        {},
    )


def test_record__of_a_day_that_is_over__is_removed(path: Path) -> None:
    """What was served before a day, and nothing else."""
    file = ServedFile(path)
    for days in (0, 30, 90):
        file.add(of(f"p{days}", days_ago=days))
    assert file.forget(TODAY - 30 * DAY) == 1
    assert numbers(file) == {"p0": 1, "p30": 1}


def test_record__that_is_not_there__has_nothing_and_is_not_made(path: Path) -> None:
    """Reading makes nothing, nor does removing; nor an empty batch."""
    file = ServedFile(path)
    file.add({})
    assert (numbers(file), file.forget(TODAY), path.parent.exists()) == ({}, 0, False)


def test_record__in_a_folder_of_its_own__is_nobody_elses_to_read(path: Path) -> None:
    """Who installs what is not for every user of the machine."""
    ServedFile(path).add(of("demo"))
    assert path.parent.stat().st_mode & 0o077 == 0


def test_name__that_is_no_text__is_recorded_all_the_same(path: Path) -> None:
    """A folder may have any bytes in its names: nothing of a batch may keep the rest from the disk."""
    file, served = ServedFile(path), Served()
    served.of().file("demo", "demo-\udcff.whl", AT)
    served.of().file("demo", "demo-\x00'\".whl", AT)
    file.add(served.take())
    assert sorted(numbers(file)) == ["demo-\x00'\".whl", "demo-\\udcff.whl"]


def _writer(path: Path, batches: int) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "tests.addons.events.writing", str(path), str(batches))
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_record__of_two_processes__has_what_both_served(path: Path) -> None:
    """Also if both begin it."""
    writers = [_writer(path, 30) for _ in range(2)]
    assert [writer.communicate(timeout=60)[1] or writer.returncode for writer in writers] == [0, 0]
    assert Counter(numbers(ServedFile(path)).values()) == {60: EACH}


def test_record__whose_writer_is_killed__has_each_batch_whole_or_not_at_all(path: Path) -> None:
    """kill -9, wherever it meets it: what it said that it wrote is there, and the next one writes on."""
    with _writer(path, 1_000_000) as writer:
        assert writer.stdout is not None
        written = [int(writer.stdout.readline()) for _ in range(10)][-1] + 1
        writer.kill()
        written += len(writer.stdout.read().split())
    file = ServedFile(path)
    [(times, files)] = Counter(numbers(file).values()).items()
    assert (files, times - written) in ((EACH, 0), (EACH, 1))
    file.add(batch(2))
    assert Counter(numbers(file).values()) == {times + 2: EACH}


def _fault(file: ServedFile) -> str:
    with pytest.raises(RecordFault) as caught:
        file.add(of("more"))
    return str(caught.value)


def test_record__that_another_process_holds__is_a_fault_in_words(path: Path) -> None:
    """And nothing of the batch is there; once it lets go, it is written."""
    file = ServedFile(path, busy_seconds=0.01)
    file.add(of("demo"))
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert _fault(file) == f"{path}: database is locked"
        with pytest.raises(RecordFault, match="locked"):
            file.read(TODAY, TODAY)
    other.close()
    file.add(of("more"))
    assert numbers(file) == {"demo": 1, "more": 1}


def test_record__that_has_grown_to_its_bound__is_full_until_old_days_go(path: Path) -> None:
    """The bound of the record is met as a disk that is full is, by SQLite itself."""
    file = ServedFile(path, most_bytes=40_000)
    file.add(of("old", days_ago=2))
    large = {(TODAY - DAY, "", "", f"p{number:0500}", ""): Times(1, AT, AT) for number in range(50)}
    file.add(large)
    with pytest.raises(RecordFault, match="database or disk is full"):
        file.add({(TODAY, *what[1:]): times for what, times in large.items()})
    assert "old" in numbers(file)
    file.forget(TODAY)
    file.add(of("more"))
    assert numbers(file)["more"] == 1
    assert path.stat().st_size <= 40_000


@pytest.mark.parametrize("beginning", [b"no database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 2000])
def test_record__that_is_damaged__is_a_fault_in_words(path: Path, beginning: bytes) -> None:
    """It is left as it is: an operator may want to look at it."""
    path.parent.mkdir()
    path.write_bytes(beginning)
    assert _fault(ServedFile(path)).startswith(f"{path}: ")
    assert path.read_bytes() == beginning


def test_record__in_a_place_that_is_none__is_a_fault_in_words(tmp_path: Path) -> None:
    """A folder that is a file, and a file that is a folder."""
    (tmp_path / "file").write_text("")
    assert _fault(ServedFile(tmp_path / "file" / "served.db")) == f"{tmp_path / 'file'}: File exists"
    (tmp_path / "served.db").mkdir()
    assert _fault(ServedFile(tmp_path / "served.db")) == f"{tmp_path / 'served.db'}: unable to open database file"


def test_record__of_a_newer_form__is_not_touched(path: Path) -> None:
    """Words say what to do; nothing in it is lost."""
    file = ServedFile(path)
    file.add(of("demo"))
    with sqlite3.connect(path) as link:
        link.execute(f"PRAGMA user_version = {FORM + 1}")
    link.close()
    assert "a newer wheelgate has written it" in _fault(file)
    with sqlite3.connect(path) as link:
        assert link.execute("SELECT count(*) FROM served").fetchone() == (1,)
    link.close()


def test_record__that_is_deleted_meanwhile__is_made_anew(path: Path) -> None:
    """With the next writing."""
    file = ServedFile(path)
    file.add(of("demo"))
    path.unlink()
    file.add(of("more"))
    assert numbers(file) == {"more": 1}
