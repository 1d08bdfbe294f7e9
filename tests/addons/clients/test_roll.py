"""Who is who: by address, by what is said to the proxy, and by what was proven."""

from datetime import UTC, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.clients.caller import Caller
from addons.clients.roll import Roll
from addons.clients.standing import Standing, TurnedAway
from proxyconf.clients import User
from proxyconf.instants import Instant
from tests.addons.clients.rolls import AT, BEARER, CI, HERE, THERE, TOKEN, Watched, basic, caller, group, roll

NIGHTLY = User(username="nightly", password_env="NIGHTLY_PASSWORD")
OFFICE = group("office", "10.0.0.0/8", profiles=("testing", "as-of"))
FARM = group("farm", users=(CI, BEARER), profiles=("testing",))
VAULT = group("vault", "192.0.2.0/24", users=(User(username="vault", password_hash=CI.password_hash),))
AS_OF = Instant(2026, 1, 31, tzinfo=UTC)


def words(found: Standing | TurnedAway | None) -> str:
    """The words of who is turned away."""
    assert isinstance(found, TurnedAway), found
    assert found.words.isascii()
    assert found.words.isprintable()
    assert len(found.words) <= 150
    return found.words


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (caller(), Standing("office")),
        (caller("", ""), Standing("office")),
        (caller("testing"), Standing("office", "testing")),
        (caller("+testing"), Standing("office", "testing")),
        (caller("as-of-2026-01-31"), Standing("office", "", AS_OF)),
        (caller("as-of-2026-01-31T0100+0100"), Standing("office", "", AS_OF)),
        (caller("AS-OF-2026-01-31t0000z"), Standing("office", "", AS_OF)),
        (caller("as-of-2026-01-31T000000.9Z"), Standing("office", "", AS_OF)),
        (caller(peer=THERE), Standing()),
        (caller(peer="nowhere"), Standing()),
        (caller("ci", "hunter2"), Standing("farm")),
        (caller("ci", "hunter2", THERE), Standing("farm")),
        (caller("ci+testing", "hunter2"), Standing("farm", "testing")),
        (caller("__token__", TOKEN), Standing("farm")),
        (caller("", TOKEN), Standing("farm")),
        (caller("testing", TOKEN), Standing("farm", "testing")),
        (caller("__token__+testing", TOKEN), Standing("farm", "testing")),
        (caller("vault", "hunter2", THERE), Standing("vault")),
    ],
    ids=str,
)
async def test_stand__by_what_is_said__is_the_groups_and_the_profiles(said: Caller, expected: Standing) -> None:
    """Who proves nothing is looked for among groups without users, who does among those with."""
    made = roll(OFFICE, FARM, VAULT, profiles=("testing",))
    assert await made.stand(said, AT) == expected
    assert made.known(said, AT) == expected, "a proof is remembered"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (caller("ci", "wrong"), "'ci' is no user here, or has another password"),
        (caller("nobody", "hunter2"), "'nobody' is no user here, or has another password"),
        (caller("ci"), "'ci' is no profile here, and a user gives a password, too"),
        (caller("nobody"), "'nobody' is no profile here, and a user gives a password, too"),
        (caller("__token__"), "who has a token gives it as the password"),
        (caller("__token__", "hunter2"), "the token is nobody's"),
        (caller("testing", "hunter2"), "the token is nobody's"),
        (caller("wg-hunter2"), "'wg-...' is no profile here, and a user gives a password, too"),
        (caller("vault", "hunter2"), "group vault is not served at this address"),
        (caller("ci+as-of-2026-01-31", "hunter2"),
         "group farm may not choose 'as-of-2026-01-31'; it may choose: testing"),
        (caller("+other"), "group office may not choose 'other'; it may choose: testing, as-of-2026-01-31"),
        (caller("testing", peer=THERE), "who is in no group may not choose 'testing'; it may choose: none"),
        (caller("as-of-2026-01-31", peer=THERE),
         "who is in no group may not choose 'as-of-2026-01-31'; it may choose: none"),
        (caller("as-of-2026-11-25"), "'as-of-2026-11-25' is still to come; choose an instant that has been"),
        (caller("as-of"), ("'as-of' names no instant; write a date, as-of-2026-01-31, or a time in UTC,"
         " as-of-2026-01-31T1200Z")),
        (caller("as-of-2026-01-31T12:00Z"), ("'as-of-2026-01-31T12' names no instant; write a date, as-of-2026-01-31,"
         " or a time in UTC, as-of-2026-01-31T1200Z")),
        (Caller.said(HERE, "Bearer hunter2"),
         "what is said to the proxy is no name and password; write http://NAME:PASSWORD@GATEWAY:PORT"),
        (caller("\u2028" * 99 + "\u202e", "x"), "'" + r"\u2028" * 8 + "\\ is no user here, or has another password"),
    ],
    ids=str,
)  # fmt: skip
async def test_stand__by_what_is_nobodys__is_turned_away_in_words(said: Caller, expected: str) -> None:
    """Never served as who gives nothing; the same words whether a name is there or not, and no password in them."""
    found = words(await roll(OFFICE, FARM, VAULT, profiles=("testing",)).stand(said, AT))
    assert found == expected
    assert "hunter2" not in found


def test_known__of_several_groups__is_the_first_that_fits() -> None:
    """In the order written, the one without networks last; groups with users count for nobody without a name."""
    made = roll(
        *(group("users", users=(CI,)), group("one", "10.1.0.0/16"), group("all", "10.0.0.0/8", "::/0"), group("rest"))
    )
    peers = (HERE, "10.2.0.1", "fd00::1", "::ffff:10.1.2.3", THERE, "nowhere")
    assert [made.known(caller(peer=peer), AT) for peer in peers] == [
        Standing(name) for name in ("one", "all", "all", "one", "rest", "rest")
    ]


@pytest.mark.parametrize(
    "said", [caller("ci", "x"), caller("testing"), Caller.said(HERE, "Bearer x"), caller()], ids=str
)
def test_known__where_nothing_is_configured__is_nobody_in_particular(said: Caller) -> None:
    """A name for another proxy, in whatever form, does nobody harm where no names are looked at."""
    assert roll().known(said, AT) == Standing()


@pytest.mark.parametrize("name", ["as-of-2026-01-31", "as-of-soon", "AS-OF-2026-01-31"])
def test_known__as_of_where_nothing_is_configured__is_turned_away(name: str) -> None:
    """Whoever asks for a world believes to have got it."""
    assert "this gateway has no profiles" in words(roll().known(caller(name), AT))


def test_known__with_a_password_to_verify__is_not_known_yet() -> None:
    """Whoever asks may not wait: nothing is verified, neither for who is there nor for who is not."""
    watched = Watched()
    made = roll(group("farm", users=(CI,)), watched=watched)
    assert [made.known(caller(name, "hunter2"), AT) for name in ("ci", "nobody")] == [None, None]
    assert watched.verified == []


async def test_stand__as_of__is_as_of_now_at_the_latest() -> None:
    """The very instant counts, the next microsecond is still to come."""
    made, said = roll(OFFICE, profiles=("testing",)), caller("as-of-2026-11-24T1200Z")
    assert made.known(said, AT) == Standing("office", "", Instant.read("2026-11-24T12:00Z"))
    assert "still to come" in words(made.known(said, AT - timedelta(microseconds=1)))


def test_roll__of_passwords_in_the_environment__reads_them_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are compared without waiting; the wrong one is refused at once where no hash could be told from it."""
    monkeypatch.setenv("NIGHTLY_PASSWORD", "hünter2")
    made = roll(group("farm", users=(NIGHTLY,)))
    monkeypatch.delenv("NIGHTLY_PASSWORD")
    assert made.known(caller("nightly", "hünter2"), AT) == Standing("farm")
    assert made.known(Caller.said(HERE, basic("nightly", "hünter2", "latin-1")), AT) == Standing("farm")
    assert "another password" in words(made.known(caller("nightly", "hunter2"), AT))


def test_roll__of_a_password_that_is_gone__is_not_made() -> None:
    """In words that name where it should be."""
    with pytest.raises(ValueError, match="NIGHTLY_PASSWORD is not set"):
        roll(group("farm", users=(NIGHTLY,)))


def test_roll__of_a_password_in_a_file__takes_it(tmp_path: Path) -> None:
    """A line end is no part of it."""
    (tmp_path / "password").write_text("hunter2\n")
    made: Roll = roll(group("farm", users=(User(username="a", password_file=tmp_path / "password"),)))
    assert made.known(caller("a", "hunter2"), AT) == Standing("farm")


@settings(max_examples=80, deadline=None)
@given(
    st.text(st.sampled_from("ci+testing-asof_20ké:\u202e\n"), max_size=30),
    st.sampled_from(["", "hunter2", TOKEN]),
    st.sampled_from([HERE, THERE, ""]),
)
def test_known__anything_said__never_leads_into_a_group_unproven(name: str, password: str, peer: str) -> None:
    """Into one with users by its token only, or into the default one with a name: never."""
    made = roll(OFFICE, group("farm", users=(BEARER,)), profiles=("testing",))
    found = made.known(Caller(caller(peer=peer).address, name, password), AT)
    if isinstance(found, Standing):
        assert (found.group == "farm") is (password == TOKEN)
        assert found.group or not name.strip("+")
    else:
        assert password not in words(found) or not password
