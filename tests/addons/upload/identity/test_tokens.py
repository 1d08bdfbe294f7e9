"""Tokens of the store's own."""

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from addons.simple.names import ProjectName
from addons.store.database import Database
from addons.store.principals import Principal
from addons.store.tokens import EXCHANGED, IsThere, KeptToken, Tokens
from addons.upload.identity.tokens import made
from tests.addons.upload.identity.making import ALICE, AT, DEMO, desk, token


@pytest.mark.parametrize("scheme", ["Basic", "Bearer", "bearer", "Token"])
async def test_token__in_any_scheme__is_its_principals(tmp_path: Path, scheme: str) -> None:
    """UPL-24: Basic with __token__, Bearer and Token are the same; what it is for comes with it."""
    async with desk(tmp_path) as here:
        text = here.made(projects=frozenset([ProjectName("demo")]), may_claim=False, until=AT + timedelta(days=1))
        author = await here.who(token(text) if scheme == "Basic" else f"{scheme} {text}")
    number = text.split("_")[1]
    assert (author.principal, author.service, str(author)) == (ALICE, "tokens", f"user:alice (token {number})")
    assert (author.projects, author.may_claim, author.until) == (DEMO, False, AT + timedelta(days=1))


@pytest.mark.parametrize("change", ["secret", "id", "cut", "another prefix", "client's", "none"])
async def test_token__that_is_none_of_ours__is_refused_in_pypis_words(tmp_path: Path, change: str) -> None:
    """UPL-24: 403, never 401; a wrong secret and an id that is not there are told in the same words."""
    async with desk(tmp_path) as here:
        text = here.made()
        _, number, secret = text.split("_", 2)
        wrong = {
            "secret": f"wgu_{number}_{'x' * len(secret)}",
            "id": f"wgu_{'0' * len(number)}_{secret}",
            "cut": text[:-1],
            "another prefix": f"pypi-{secret}",
            "client's": "wg-abc",
            "none": "x",
        }[change]
        words = await here.refused(token(wrong))
    assert words.startswith(
        "Invalid or non-existent authentication information. It is none of the tokens of this gateway"
    )
    assert ("wheelgate token create" in words) is (change == "client's")


async def test_token__revoked__ends_at_once(tmp_path: Path) -> None:
    """UPL-24: though it was right a moment ago; by another process, too, as the store says it."""
    async with desk(tmp_path) as here:
        text = here.made()
        await here.who(token(text))
        other = Tokens(Database(tmp_path / "store"))
        assert other.revoke(text.split("_")[1], by="root", at=AT) is not None
        other.database.close()
        words = await here.refused(token(text))
    assert words.startswith("Invalid API Token: token ")
    assert words.endswith("was revoked on 2026-11-24; take another")


async def test_token__over__says_so(tmp_path: Path) -> None:
    """From the moment of its end on; only to who has it."""
    async with desk(tmp_path) as here:
        text = here.made(until=AT + timedelta(hours=1))
        await here.who(token(text), at=AT + timedelta(minutes=59))
        assert "ended on 2026-11-24" in await here.refused(token(text), at=AT + timedelta(hours=1))


async def test_token__used__has_its_last_day_noted_once(tmp_path: Path) -> None:
    """Behind the author's back, and not as a change of the store."""
    async with desk(tmp_path) as here:
        text = here.made()
        number = text.split("_")[1]
        for hour in range(3):
            await here.who(token(text), at=AT + timedelta(hours=hour))
        await here.identities.tokens.settled()
        found = here.tokens.find(number)
        with here.tokens.database.reading() as connection:
            changes = connection.exec_driver_sql("SELECT what FROM changes").scalars().all()
    assert found is not None
    assert found.used == AT.replace(hour=0)
    assert changes == ["token create"]


async def test_store__that_cannot_be_read__is_named(tmp_path: Path) -> None:
    """UPL-24: 403 and "try again"; nobody is let in by what was right before."""
    async with desk(tmp_path) as here:
        text = here.made()
        await here.who(token(text))
        await here.identities.tokens.settled()
        here.tokens.database.close()
        for each in (tmp_path / "store").iterdir():
            each.write_bytes(b"no database at all" * 100)
        words = await here.refused(token(text))
    assert words == "the tokens of this gateway could not be asked who you are: the store cannot be read now; try again"


async def test_wrong_tokens__ten_of_an_address__are_enough_for_a_minute(tmp_path: Path) -> None:
    """What was right goes on, other addresses do, and nothing else from there is looked at."""
    async with desk(tmp_path) as here:
        right, other = here.made(), here.made()
        await here.who(token(right))
        for number in range(10):
            await here.refused(token(f"wgu_000000000000_{'x' * 20}{number}"))
        assert "too many wrong tokens or passwords" in await here.refused(token(other))
        assert await here.lets_in(token(right))
        assert await here.lets_in(token(other), address=None)
        here.now = 61.0
        assert await here.lets_in(token(here.made()))


async def test_tokens__at_the_same_time__are_verified_once(tmp_path: Path) -> None:
    """A dozen uploads with one token cost one argon2."""
    async with desk(tmp_path) as here:
        text = here.made()
        found = await asyncio.gather(*(here.who(token(text)) for _ in range(12)))
        assert len(set(found)) == 1


def test_store__keeps_a_hash_only__and_every_change(tmp_path: Path) -> None:
    """Neither the text nor the secret is anywhere in the database; making and revoking are in `changes`, with who."""
    tokens = Tokens(Database(tmp_path / "store"))
    assert (tokens.find("abcd"), tokens.listed(), tokens.revoke("abcd", by="root", at=AT)) == (None, (), None)
    text, new = made(ALICE, by="root", at=AT, until=None, note="laptop", groups=frozenset([Principal("group", "x")]))
    tokens.make(new)
    with pytest.raises(IsThere):
        tokens.make(new)
    assert tokens.revoke(new.id, by="eve", at=AT) == tokens.revoke(new.id, by="bob", at=AT + timedelta(days=1))
    [found] = tokens.listed(ALICE)
    assert isinstance(found, KeptToken)
    assert (found.revoked_by, found.groups, found.counts(AT)) == ("eve", frozenset([Principal("group", "x")]), False)
    assert tokens.listed(Principal("user", "bob")) == ()
    with tokens.database.reading() as connection:
        rows = connection.exec_driver_sql('SELECT what, "by", subject, reason FROM changes').all()
    assert list(map(tuple, rows)) == [
        ("token create", "root", new.id, "user:alice laptop"),
        ("token revoke", "eve", new.id, ""),
    ]
    assert new.hash not in repr(new)
    tokens.database.close()
    with sqlite3.connect(tmp_path / "store" / "wheelgate.sqlite") as copy:
        dump = "\n".join(copy.iterdump())
    copy.close()
    assert text.split("_", 2)[2] not in dump
    assert "$argon2id$" in dump


def test_exchanged_tokens__long_over__are_forgotten(tmp_path: Path) -> None:
    """With the next one that is kept; those of people stay."""
    tokens = Tokens(Database(tmp_path / "store"))
    for number, at in ((f"{EXCHANGED}1111", AT), ("22222222", AT), (f"{EXCHANGED}3333", AT + timedelta(days=8))):
        tokens.make(made(ALICE, number=number, by="oidc x", at=at, until=at + timedelta(minutes=15))[1])
    assert [each.id for each in tokens.listed()] == ["22222222", f"{EXCHANGED}3333"]
    tokens.database.close()
