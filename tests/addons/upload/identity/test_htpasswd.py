"""People of a file."""

from pathlib import Path

import argon2
import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.upload.identity.htpasswd import read_groups, read_hashes
from proxyconf.directories import Htpasswd
from proxyconf.identities import Identities as Settings
from tests.addons.upload.identity.making import basic, desk

BCRYPT = bcrypt.hashpw(b"hunter2", bcrypt.gensalt(4)).decode()
APACHE = BCRYPT.replace("$2b$", "$2y$")  # what "htpasswd -B" writes
ARGON2 = argon2.PasswordHasher(memory_cost=8, time_cost=1, parallelism=1).hash("hunter2")


def files(folder: Path, people: str, groups: str | None = None) -> Settings:
    """Write the files, and give settings with them."""
    (folder / "htpasswd").write_text(people)
    if groups is not None:
        (folder / "groups").write_text(groups)
    return Settings(
        htpasswd=Htpasswd(file=folder / "htpasswd", groups=folder / "groups" if groups is not None else None)
    )


@pytest.mark.parametrize("encoded", [BCRYPT, APACHE, ARGON2], ids=["$2b$", "$2y$", "argon2id"])
async def test_person__with_the_right_password__is_a_user_with_groups(tmp_path: Path, encoded: str) -> None:
    """Each kind of hash; in one spelling, however the name is written."""
    given = files(tmp_path, f"# people\n\nAlice:{encoded}\n", "controls: alice bob\nweb: alice\n")
    async with desk(tmp_path, given) as here:
        author = await here.who(basic("aLICE", "hunter2"))
        assert (str(author), author.service) == ("user:alice", "htpasswd")
        assert set(map(str, author.groups)) == {"group:controls", "group:web"}


@pytest.mark.parametrize("user", ["alice", "bob"])
async def test_person__with_a_wrong_password_or_none__is_refused(tmp_path: Path, user: str) -> None:
    """UPL-24: in the same words, whether the name is there or not."""
    for people in (f"alice:{BCRYPT}", ""):
        async with desk(tmp_path, files(tmp_path, people)) as here:
            assert await here.refused(basic(user, "wrong")) == (
                "Invalid or non-existent authentication information. "
                "the password file has no such user, or another password for it"
            )


async def test_password__longer_than_bcrypt_looks__is_wrong(tmp_path: Path) -> None:
    """Otherwise what stands behind the 72nd byte would not count."""
    encoded = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    async with desk(tmp_path, files(tmp_path, f"alice:{encoded}")) as here:
        assert await here.lets_in(basic("alice", "x" * 72))
        await here.refused(basic("alice", "x" * 73))


async def test_file__that_changes__counts_at_once(tmp_path: Path) -> None:
    """Who is taken out is out, though the password was right a moment ago; a file that cannot be read lets nobody in."""
    async with desk(tmp_path, files(tmp_path, f"alice:{BCRYPT}")) as here:
        assert await here.lets_in(basic("alice", "hunter2"))
        (tmp_path / "new").write_text(f"bob:{BCRYPT}")
        (tmp_path / "new").replace(tmp_path / "htpasswd")
        await here.refused(basic("alice", "hunter2"))
        assert await here.lets_in(basic("bob", "hunter2"))
        (tmp_path / "htpasswd").write_text("bob:hunter2\n")
        words = await here.refused(basic("bob", "hunter2"))
        assert "line 1 has neither a bcrypt nor an argon2id hash" in words
        assert "hunter2" not in words
        (tmp_path / "htpasswd").unlink()
        assert "No such file" in await here.refused(basic("bob", "hunter2"))
        (tmp_path / "htpasswd").write_bytes(b"\xff")
        assert "no UTF-8" in await here.refused(basic("bob", "hunter2"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("bob:$apr1$x$y", "another kind (MD5)"),
        ("bob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "another kind (SHA-1)"),
        ("bob:$6$salt$hash", "another kind (SHA-512 crypt)"),
        ("bob:rl.3StKT.4T8M", "neither"),
        ("bob:hunter2", "neither"),
        (f"bob:{BCRYPT.replace('$04$', '$31$')}", "of a cost above 15"),
        (f"bob:{BCRYPT[:-1]}", "cannot be read"),
        ("bob", "is no name:hash"),
        (f":{BCRYPT}", "is no name:hash"),
        (f"b b:{BCRYPT}", "is no name:hash"),
        (f"ALICE:{BCRYPT}", "that an earlier one has"),
    ],
    ids=range(11),
)
def test_line__that_is_no_good_hash__is_refused_without_its_content(line: str, words: str) -> None:
    """With the line's number, and what to do."""
    with pytest.raises(ValueError, match="line 2 ") as raised:
        read_hashes(f"alice:{BCRYPT}\n{line}\n")
    assert words in str(raised.value)
    assert line.partition(":")[2] not in str(raised.value) or not line.partition(":")[2]


@pytest.mark.parametrize("line", ["controls", ": alice", "a@b: alice", "a:b: c\nx"])
def test_groups__that_cannot_be_read__are_refused(line: str) -> None:
    """Rather than left out: a rule may hang on one."""
    with pytest.raises(ValueError, match='is no "group: name name"'):
        read_groups(f"web: bob\n{line}\n")


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab:$2y{}\n# \r\0é", max_size=40))
def test_lines__of_whatever__are_read_or_refused_in_words(text: str) -> None:
    """Nothing but a ValueError comes out, and what it says is one line."""
    for read in (read_hashes, read_groups):
        said = ""
        try:
            read(text)
        except ValueError as error:
            said = str(error)
        assert "\n" not in said
