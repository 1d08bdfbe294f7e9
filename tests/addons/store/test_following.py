"""Following the decisions: within a second, and what holds while their database cannot be had."""

import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from addons.store.database import Database
from addons.store.decision import Decision
from addons.store.decisions import Decisions
from addons.store.following import Following
from addons.store.last_known import LastKnown
from tests.addons.store.making import AT, draft, of_next_version, opened


class Gateway:
    """One that takes decisions, and may refuse some."""

    def __init__(self, folder: Path) -> None:
        database = Database(folder / "store", patience=0.1)
        self.copy = LastKnown(folder / "cache", database.path)
        self.following = Following(Decisions(database), self.copy, lambda: AT)
        self.taken: list[list[int]] = []
        self.refuses = ""

    async def look(self) -> None:
        """Look once."""
        await self.following.look(self.put)

    async def put(self, decisions: Sequence[Decision]) -> None:
        """Take some."""
        if self.refuses:
            raise ValueError(self.refuses)
        self.taken.append([each.number for each in decisions])

    @property
    def numbers(self) -> list[int]:
        """What it knows."""
        return [each.number for each in self.following.known]


async def test_following__what_is_decided__is_put_in_force_once(tmp_path: Path) -> None:
    """From the first decision on, for which the database is made; looking without news puts nothing."""
    gateway, decider = Gateway(tmp_path), opened(tmp_path)
    assert gateway.following.at_start() == ()
    await gateway.look()
    decider.make([draft()], AT)
    await gateway.look()
    await gateway.look()
    decider.make([draft("other")], AT)
    decider.end(lambda each: each.number == 1, "j.doe", "x", AT)
    await gateway.look()
    assert gateway.taken == [[1], [2]]
    assert gateway.following.facts() == {"database": str(decider.database.path), "in_force": 1, "fault": None}


def hide(path: Path) -> None:
    """Move it away."""
    path.rename(path.with_suffix(".away"))


def garble(path: Path) -> None:
    """Write over it; what it was lies beside."""
    path.with_suffix(".away").write_bytes(path.read_bytes())
    path.write_bytes(b"no database" * 999)


@pytest.mark.parametrize("harm", [hide, garble])
async def test_following__while_the_database_is_gone_or_damaged__keeps_what_was_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: object
) -> None:
    """It is said once, and that it is well again; what was decided meanwhile counts then."""
    gateway, decider = Gateway(tmp_path), opened(tmp_path)
    decider.make([draft()], AT)
    gateway.following.at_start()
    decider.database.close()
    gateway.following.close()
    assert callable(harm)
    harm(decider.database.path)
    for _ in range(3):
        await gateway.look()
    assert (gateway.numbers, gateway.taken) == ([1], [])
    assert str(decider.database.path) in gateway.following.fault
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    for beside in (tmp_path / "store").glob("*-*"):
        beside.unlink()
    decider.database.path.with_suffix(".away").rename(decider.database.path)
    decider.make([draft("other")], AT)
    await gateway.look()
    assert (gateway.numbers, gateway.taken, gateway.following.fault) == ([1, 2], [[1, 2]], "")
    assert caplog.messages[-1].endswith("the database of decisions can be read again")


async def test_following__a_database_that_a_newer_program_has_taken__keeps_what_was_known(tmp_path: Path) -> None:
    """As when one of several gateways was updated first."""
    gateway = Gateway(tmp_path)
    opened(tmp_path).make([draft()], AT)
    gateway.following.at_start()
    Decisions(of_next_version(tmp_path)).make([draft("other")], AT)
    await gateway.look()
    assert (gateway.numbers, "newer wheelgate" in gateway.following.fault) == ([1], True)


async def test_following__a_decision_that_no_policy_can_be_made_of__keeps_what_was_known(tmp_path: Path) -> None:
    """It is tried again and again, and counts as soon as it can."""
    gateway = Gateway(tmp_path)
    opened(tmp_path).make([draft()], AT)
    gateway.refuses = "decision 1: is odd"
    gateway.following.at_start()
    opened(tmp_path).make([draft("other")], AT)
    await gateway.look()
    assert (gateway.numbers, gateway.following.fault) == ([1], "decision 1: is odd")
    gateway.refuses = ""
    await gateway.look()
    assert (gateway.numbers, gateway.following.fault) == ([1, 2], "")


def test_start__where_the_database_has_gone_since__has_what_was_known_last(tmp_path: Path) -> None:
    """And says so; without that nobody would know that anything was ever decided."""
    Gateway(tmp_path).following.at_start()
    assert list(tmp_path.iterdir()) == []
    opened(tmp_path).make([draft()], AT)
    Gateway(tmp_path).following.at_start()
    opened(tmp_path).database.path.unlink()
    gateway = Gateway(tmp_path)
    assert [each.draft for each in gateway.following.at_start()] == [draft()]
    assert "is gone" in gateway.following.fault


def test_start__where_neither_can_be_read__is_refused(tmp_path: Path) -> None:
    """Nobody knows what was decided, so nobody gets anything."""
    gateway = Gateway(tmp_path)
    opened(tmp_path).make([draft()], AT)
    gateway.following.at_start()
    gateway.copy.path.write_text("half")
    opened(tmp_path).database.path.unlink()
    with pytest.raises(ValueError, match=r"is gone; .* cannot be read there"):
        Gateway(tmp_path).following.at_start()


@pytest.mark.parametrize("way", ["locked", "damaged"])
def test_start__where_the_database_is_there_and_cannot_be_read__is_refused(tmp_path: Path, way: str) -> None:
    """What was known last may be less than what was decided since."""
    decisions, before = opened(tmp_path), Gateway(tmp_path)
    decisions.make([draft()], AT)
    before.following.at_start()
    for each in (decisions.database, before.following):
        each.close()
    path = decisions.database.path
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        if way == "locked":
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            other.execute("INSERT INTO endings (decision, ended, author, reason) VALUES (1, 'x', 'x', 'x')")
        else:
            path.write_bytes(b"x")
        with pytest.raises(ValueError, match=way):
            Gateway(tmp_path).following.at_start()
