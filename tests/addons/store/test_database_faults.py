"""The database under fire: two processes at once, kill -9, locks, damage, and versions that do not fit."""

import multiprocessing
import os
import signal
import sqlite3
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from addons.store.database import Database, DatabaseUnavailable, upgrade
from addons.store.decisions import Decisions
from tests.addons.store.making import AT, NEXT, draft, of_next_version, opened

SPAWN = multiprocessing.get_context("spawn")
MANY = 25
NOBODY = 65534


def decide_many(folder: Path, name: str) -> list[int]:
    """Decide so often; in another process."""
    decisions = opened(folder, patience=30)
    return [decisions.make([draft(f"{name}-{number}")], AT)[0].number for number in range(MANY)]


def bring_up_to_date(folder: Path) -> int:
    """Read as a wheelgate to come does; in another process."""
    return len(Decisions(of_next_version(folder)).history())


def die_in_the_middle(folder: Path) -> None:
    """Write a decision, and be killed before it counts; in another process."""
    with opened(folder).database.writing() as connection:
        connection.execute(text("INSERT INTO endings (decision, ended, author, reason) VALUES (1, 'x', 'x', 'x')"))
        os.kill(os.getpid(), signal.SIGKILL)


def die_in_the_making(folder: Path) -> None:
    """Make the database, and be killed once its tables are there and before it is in its place; in another process."""

    def upgraded(connection: Connection) -> None:
        upgrade(connection)
        os.kill(os.getpid(), signal.SIGKILL)

    Decisions(Database(folder / "store", upgrade=upgraded)).make([draft()], AT)


def test_processes__that_decide_at_once__lose_nothing(tmp_path: Path) -> None:
    """Each also makes the database if there is none; every number is given once."""
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        numbers = [pool.submit(decide_many, tmp_path, name) for name in ("one", "two")]
        given = [number for each in numbers for number in each.result(60)]
    assert sorted(given) == list(range(1, 2 * MANY + 1))
    assert len(opened(tmp_path).history()) == 2 * MANY
    assert [path.name for path in (tmp_path / "store").glob(".*")] == []


def test_process__killed_while_it_writes__leaves_what_was_before(tmp_path: Path) -> None:
    """The change is not there, nothing is locked, and the next one counts."""
    opened(tmp_path).make([draft()], AT)
    process = SPAWN.Process(target=die_in_the_middle, args=(tmp_path,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    decisions = opened(tmp_path)
    assert [each.ended for each in decisions.history()] == [None]
    assert decisions.make([draft("other")], AT)[0].number == 2


def test_process__killed_while_it_makes_the_database__leaves_none(tmp_path: Path) -> None:
    """No half of one is ever in its place, and whoever comes next makes it."""
    process = SPAWN.Process(target=die_in_the_making, args=(tmp_path,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert not opened(tmp_path).database.is_there
    assert opened(tmp_path).make([draft()], AT)[0].number == 1
    assert len(opened(tmp_path).history()) == 1


def test_database__of_an_older_version__is_brought_up_to_date_with_all_that_is_in_it(tmp_path: Path) -> None:
    """By whoever reads it first; two at once harm nobody."""
    opened(tmp_path).make([draft(str(number)) for number in range(3)], AT)
    before = opened(tmp_path).history()
    of_next_version(tmp_path)
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        assert list(pool.map(bring_up_to_date, [tmp_path] * 2, timeout=60)) == [3, 3]
    later = Decisions(of_next_version(tmp_path))
    assert later.history() == before
    with later.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM decisions WHERE mood IS NULL")).scalar() == 3


def test_database__whose_update_fails__stays_what_it_was(tmp_path: Path) -> None:
    """Whole versions only: what the script had done before its fault is undone."""
    opened(tmp_path).make([draft()], AT)
    broken = Decisions(of_next_version(tmp_path, more='op.execute("no SQL")'))
    with pytest.raises(DatabaseUnavailable):
        broken.history()
    assert len(opened(tmp_path).history()) == 1
    with closing(sqlite3.connect(tmp_path / "store" / "wheelgate.sqlite")) as connection:
        assert "mood" not in {row[1] for row in connection.execute("PRAGMA table_info(decisions)")}


def test_database__of_a_newer_version__is_refused_in_words(tmp_path: Path) -> None:
    """Who does not know what else is written there neither reads nor writes."""
    Decisions(of_next_version(tmp_path)).make([draft()], AT)
    for work in (Decisions.history, Decisions.revision, lambda each: each.make([draft()], AT)):
        with pytest.raises(DatabaseUnavailable, match=f"newer wheelgate .*{NEXT}.*update this one"):
            work(opened(tmp_path))


def locked(path: Path) -> sqlite3.Connection:
    """Lock a database as another program may."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def test_database__locked_by_another_program__refuses_what_is_new_and_can_be_read(tmp_path: Path) -> None:
    """In words, after waiting as long as it may; nothing is half done."""
    decisions = opened(tmp_path, patience=0.1)
    decisions.make([draft()], AT)
    with closing(locked(decisions.database.path)):
        with pytest.raises(DatabaseUnavailable, match="is locked: another program has had it for long"):
            decisions.make([draft("other")], AT)
        assert len(decisions.history()) == 1
    assert [each.number for each in decisions.make([draft("other")], AT)] == [2]


def garble(path: Path) -> None:
    """Write over all of it."""
    path.write_bytes(b"x" * 8192)


def cut(path: Path) -> None:
    """Leave only its beginning."""
    os.truncate(path, 4096)


def empty(path: Path) -> None:
    """Leave nothing of it."""
    os.truncate(path, 0)


def spoil(path: Path) -> None:
    """Write over all but the first two pages."""
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)


def be_a_folder(path: Path) -> None:
    """Put a folder in its place."""
    path.unlink()
    path.mkdir()


def belong_to_others(path: Path) -> None:
    """Put another program's database in its place."""
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (x)")


@pytest.mark.parametrize("harm", [garble, cut, empty, spoil, be_a_folder, belong_to_others, Path.unlink])
def test_database__harmed_while_it_is_open__cannot_be_had_and_says_which(tmp_path: Path, harm: object) -> None:
    """Never is what is left of it taken for all decisions; put back, it counts again."""
    decisions = opened(tmp_path, patience=0.1)
    decisions.make([draft()], AT)
    decisions.database.close()
    path = decisions.database.path
    whole = path.read_bytes()
    assert len(decisions.in_force(AT)[1]) == 1
    assert callable(harm)
    harm(path)
    with pytest.raises(DatabaseUnavailable, match=r"wheelgate\.sqlite: the database of decisions "):
        decisions.in_force(AT)
    decisions.database.close()
    if path.is_dir():
        path.rmdir()
    for beside in path.parent.glob("*-*"):
        beside.unlink()
    path.write_bytes(whole)
    assert len(decisions.in_force(AT)[1]) == 1


def test_store__that_cannot_be_made__is_said_in_words(tmp_path: Path) -> None:
    """Where a file has the folder's name, or the folder above is one."""
    (tmp_path / "store").write_text("")
    for folder in (tmp_path, tmp_path / "store"):
        with pytest.raises(DatabaseUnavailable, match="the database of decisions "):
            opened(folder).make([draft()], AT)


def decide_as_another(folder: Path) -> list[str]:
    """Read, and decide, as a user who is not root; give what is said to both."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    said = []
    for work in (Decisions.history, lambda each: each.make([draft("other")], AT)):
        try:
            work(opened(folder, patience=0.1))
        except DatabaseUnavailable as error:
            said.append(str(error))
    return said


def test_store__that_may_only_be_read__refuses_in_words() -> None:
    """As on a disk that was mounted read-only: nothing is written, and who is to be asked for what is said."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opened(folder).make([draft()], AT)
        for path in (folder, folder / "store", folder / "store" / "wheelgate.sqlite"):
            path.chmod(0o755 if path.is_dir() else 0o444)
        (folder / "store").chmod(0o555)
        with ProcessPoolExecutor(1, mp_context=SPAWN) as pool:
            said = pool.submit(decide_as_another, folder).result(60)
        (folder / "store").chmod(0o700)
        assert ["let this user" in each for each in said] in ([True], [True, True])
        assert len(opened(folder).history()) == 1
