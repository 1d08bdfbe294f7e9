"""How passwords are verified, remembered, and guessing at them is slowed down."""

import asyncio
import logging
from threading import Event

import pytest

from addons.clients import proofs
from addons.clients.proofs import Proofs
from addons.clients.roll import NOT_NOW, TOO_MANY, Roll
from addons.clients.slowing import MINUTE, MOST_FAILURES, MOST_REMEMBERED, MOST_TOLD, whereabouts
from addons.clients.standing import Standing, TurnedAway
from proxyconf.clients import User
from proxyconf.settings import Settings
from tests.addons.clients.rolls import AT, BEARER, CI, HASH, HERE, QUICK, THERE, TOKEN, Watched, caller, group, roll

FARM = group("farm", users=(CI, BEARER))
RIGHT = caller("ci", "hunter2")


def said(found: Standing | TurnedAway | None) -> str:
    """The words of who is turned away."""
    assert isinstance(found, TurnedAway)
    return found.words


async def fail(made: Roll, times: int, peer: str = HERE) -> None:
    """Give so many different wrong passwords."""
    for number in range(times):
        assert "another password" in said(await made.stand(caller("ci", f"wrong {number}", peer), AT))


async def test_verified__right__is_for_as_long_as_the_hash_is_the_same() -> None:
    """Under a later configuration, too; with another hash it is verified anew, and counts no more."""
    watched = Watched()
    assert await roll(FARM, watched=watched).stand(RIGHT, AT) == Standing("farm")
    watched.now += 1_000_000
    again = roll(group("other", users=(CI,)), watched=watched)
    assert again.known(RIGHT, AT) == Standing("other")
    changed = roll(group("farm", users=(User(username="ci", password_hash=QUICK.hash("new")),)), watched=watched)
    assert changed.known(RIGHT, AT) is None
    assert "another password" in said(await changed.stand(RIGHT, AT))
    assert len(watched.verified) == 2


async def test_verified__wrong__is_for_a_minute() -> None:
    """Within it is refused without verifying, and is not counted as another guess."""
    watched = Watched()
    made = roll(FARM, watched=watched)
    for _ in range(3 * MOST_FAILURES):
        assert "another password" in said(await made.stand(caller("ci", "wrong"), AT))
    assert len(watched.verified) == 1
    watched.now += MINUTE
    assert made.known(caller("ci", "wrong"), AT) is None


def test_token__that_was_nobodys__counts_as_soon_as_it_is_configured() -> None:
    """That it was refused is remembered for the tokens of then only."""
    watched = Watched()
    assert (
        said(roll(group("farm", users=(CI,)), watched=watched).known(caller("", TOKEN), AT)) == "the token is nobody's"
    )
    assert roll(FARM, watched=watched).known(caller("", TOKEN), AT) == Standing("farm")


async def test_verified__of_nobody__takes_what_a_wrong_password_takes() -> None:
    """One verification by a real hash, also of who has a password without a hash: time tells no names."""
    watched = Watched()
    made = roll(FARM, watched=watched)
    assert "another password" in said(await made.stand(caller("nobody", "hunter2"), AT))
    assert watched.verified == [(HASH, "hunter2")]
    assert "another password" in said(made.known(caller("nobody", "hunter2"), AT))


async def test_verified__with_password_in_the_environment__wrong_takes_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The right one is known at once."""
    monkeypatch.setenv("ACME_PASSWORD", "secret")
    watched = Watched()
    made = roll(group("farm", users=(User(username="env", password_env="ACME_PASSWORD"), CI)), watched=watched)
    assert made.known(caller("env", "secret"), AT) == Standing("farm")
    assert made.known(caller("env", "hunter2"), AT) is None
    assert "another password" in said(await made.stand(caller("env", "hunter2"), AT))
    assert watched.verified == [(HASH, "hunter2")]


async def test_verified__for_many_at_once__is_verified_once() -> None:
    """As clients open many connections at a time; one who goes meanwhile takes nobody along."""
    go, verified = Event(), list[str]()

    def slow(encoded: str, password: str) -> bool:
        go.wait(5)
        verified.append(password)
        return True

    made = Roll(Settings(clients=(FARM,)), Proofs(verify=slow))
    first, *others = [asyncio.ensure_future(made.stand(RIGHT, AT)) for _ in range(50)]
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    go.set()
    assert set(await asyncio.gather(*others)) == {Standing("farm")}
    assert first.cancelled()
    assert verified == ["hunter2"]


async def test_verified__by_many_different__two_at_a_time_and_few_wait() -> None:
    """Verifying takes memory and processors. What would wait for too long is turned away, and not remembered."""
    go, running, most = Event(), list[str](), list[int]()

    def slow(encoded: str, password: str) -> bool:
        running.append(password)
        most.append(len(running))
        go.wait(10)
        running.remove(password)
        return password == "hunter2"

    made = Roll(Settings(clients=(FARM,)), Proofs(verify=slow))
    waiting = [
        asyncio.ensure_future(made.stand(caller("ci", f"guess {n}", f"10.0.0.{n}"), AT))
        for n in range(proofs.MOST_WAITING)
    ]
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(5):
            assert said(await made.stand(RIGHT, AT)) == NOT_NOW
    finally:
        go.set()
    assert {said(each) for each in await asyncio.gather(*waiting)} == {"'ci' is no user here, or has another password"}
    assert max(most) <= 2
    assert await made.stand(RIGHT, AT) == Standing("farm")


async def test_verified__without_memory_for_it__is_nobodys_fault() -> None:
    """It says so, counts against nobody and is tried again."""
    watched = Watched(broken=True)
    made = roll(FARM, watched=watched)
    for _ in range(MOST_FAILURES + 1):
        assert said(await made.stand(RIGHT, AT)) == NOT_NOW
    watched.broken = False
    assert await made.stand(RIGHT, AT) == Standing("farm")


async def test_guessing__from_one_address__is_stopped_for_a_minute() -> None:
    """Without verifying any more, in words; others go on, and so does who was right before at the same address."""
    watched = Watched()
    made = roll(FARM, watched=watched)
    assert await made.stand(RIGHT, AT) == Standing("farm")
    assert made.known(caller("", TOKEN), AT) == Standing("farm")
    await fail(made, MOST_FAILURES)
    verified = len(watched.verified)
    for guess in (caller("ci", "new"), caller("nobody", "new"), caller("", "wg-new")):
        assert said(made.known(guess, AT)) == TOO_MANY
    assert len(watched.verified) == verified
    assert made.known(RIGHT, AT) == Standing("farm")
    assert made.known(caller("", TOKEN), AT) == Standing("farm")
    assert made.known(caller("ci", "other", THERE), AT) is None
    watched.now += MINUTE
    assert "another password" in said(await made.stand(caller("ci", "new"), AT))


async def test_guessing__slowly__is_not_stopped() -> None:
    """Nine in a minute are people who forgot their password."""
    watched = Watched()
    made = roll(FARM, watched=watched)
    for _ in range(3):
        await fail(made, MOST_FAILURES - 1)
        watched.now += MINUTE
    for number in range(3 * MOST_FAILURES):
        assert "another password" in said(await made.stand(caller("ci", f"slow {number}"), AT))
        watched.now += MINUTE / 5


async def test_guessing__all_at_once__is_stopped_too() -> None:
    """What waits is looked at anew before it is verified."""
    watched = Watched()
    made = roll(FARM, watched=watched)
    found = await asyncio.gather(*(made.stand(caller("ci", f"guess {n}"), AT) for n in range(40)))
    assert sum(said(each) == TOO_MANY for each in found) >= 40 - MOST_FAILURES - 1
    assert len(watched.verified) <= MOST_FAILURES + 1


def test_guessing__within_one_link_of_ipv6__is_of_one_address() -> None:
    """A machine has as many addresses there as it likes."""
    here, there = caller(peer="2001:db8::1"), caller(peer="2001:db8::ffff:1")
    assert whereabouts(here.address) == whereabouts(there.address) == "2001:db8::/64"
    assert whereabouts(caller(peer=HERE).address) == HERE


async def test_failures__in_the_log__are_few_and_without_passwords(caplog: pytest.LogCaptureFixture) -> None:
    """One line of each address and name in a minute, a dozen of one address; names are escaped."""
    watched = Watched()
    made = roll(FARM, watched=watched)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            await made.stand(caller("c\u202ei", "hunter3"), AT)
    [line] = [record.getMessage() for record in caplog.records]
    assert (
        line
        == rf"a client at {HERE}, as 'c\u202ei', is turned away: 'c\u202ei' is no user here, or has another password"
    )
    with caplog.at_level(logging.WARNING):
        for number in range(100):
            made.known(caller(f"name {number}"), AT)
        assert len(caplog.records) == MOST_TOLD
        watched.now += MINUTE
        made.known(caller("name 1"), AT)
    assert len(caplog.records) == MOST_TOLD + 1
    assert "hunter" not in caplog.text


def test_remembered__of_very_many__is_bounded() -> None:
    """Whoever tries passwords from everywhere without end fills no memory: the oldest is forgotten."""
    kept = Watched().proofs
    for number in range(MOST_REMEMBERED + 1):
        kept.note(b"%d" % number, f"10.0.{number // 250}.{number % 250}", right=False)
        kept.note(b"right %d" % number, HERE, right=True)
    assert [kept.remembered(key) for key in (b"0", b"right 0")] == [None, None]
    assert [kept.remembered(key) for key in (b"1", b"right 1")] == [False, True]
