"""People of a directory, with a stand-in on the loopback."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import parse_dn

from addons.upload.identity.asking import Road
from addons.upload.identity.failing import Wrong
from addons.upload.identity.ldap import Ldap as LdapService
from addons.upload.identity.ldap_names import in_dn, in_filter, relative_value
from proxyconf.directories import Ldap
from proxyconf.identities import Identities as Settings
from proxyconf.settings import Upstream
from tests.addons.upload.identity.making import AT, LISTEN, basic, desk
from tests.standins.ldap import Directory

PEOPLE, GROUPS = "ou=people,dc=example,dc=org", "ou=groups,dc=example,dc=org"
ALICE = f"uid=alice,{PEOPLE}"
SERVICE = "cn=wheelgate,dc=example,dc=org"
ENTRIES = {
    ALICE: {
        "uid": ["Alice"],
        "userPassword": ["hunter2"],
        "memberOf": [f"cn=controls,{GROUPS}", f"cn=root,ou=mine,{PEOPLE}", f"ou=odd,{GROUPS}", "rubbish"],
    },
    f"uid=bob,{PEOPLE}": {"uid": ["bob", "robert"], "userPassword": ["x"]},
    f"cn=one,{PEOPLE}": {"uid": ["twin"], "userPassword": ["hunter2"]},
    f"cn=two,{PEOPLE}": {"uid": ["twin"], "userPassword": ["hunter2"]},
    f"cn=controls,{GROUPS}": {"cn": ["controls"], "member": [ALICE]},
    f"cn=a:b,{GROUPS}": {"cn": ["a:b@c"], "member": [ALICE]},
    SERVICE: {"userPassword": ["secret"]},
}
BY_NAME = {"user_dn": f"uid={{user}},{PEOPLE}"}
BY_SEARCH = {"base": PEOPLE, "bind_dn": SERVICE, "password_env": "LDAP_PASSWORD"}


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Directory]:
    """Give a directory, and the password of who may search it."""
    monkeypatch.setenv("LDAP_PASSWORD", "secret")
    with Directory(ENTRIES) as served:
        yield served


def asking(*urls: str, **more: Any) -> Settings:
    """Give settings that ask a directory."""
    seconds = more.pop("seconds", 5.0)
    return Settings(ldap=Ldap(servers=urls, **more), seconds=seconds)


@pytest.mark.parametrize("way", [BY_NAME, BY_SEARCH], ids=["by name", "by search"])
@pytest.mark.parametrize("groups", [{}, {"group_filter": "(member={dn})"}], ids=["memberOf", "search"])
async def test_person__with_the_right_password__is_of_the_groups_below_the_base(
    directory: Directory, tmp_path: Path, way: dict[str, Any], groups: dict[str, Any]
) -> None:
    """In one spelling, however it is written; a group of the same name somewhere else is none."""
    async with desk(tmp_path, asking(directory.url, group_base=GROUPS, **way, **groups)) as here:
        author = await here.who(basic("aLice", "hunter2"))
    assert (str(author.principal), author.service) == ("user:alice", "ldap")
    assert list(map(str, author.groups)) == ["group:controls"]


@pytest.mark.parametrize("way", [BY_NAME, BY_SEARCH], ids=["by name", "by search"])
@pytest.mark.parametrize(
    ("user", "password"),
    [("alice", "wrong"), ("nobody", "hunter2"), ("*", "hunter2"), ("alice)(uid=*", "hunter2"), ("a,ou=x", "hunter2")],
)
async def test_person__who_is_none__is_refused(
    directory: Directory, tmp_path: Path, way: dict[str, Any], user: str, password: str
) -> None:
    """UPL-24: in the same words, whether the name is there or not; nothing of a name is a pattern."""
    async with desk(tmp_path, asking(directory.url, **way)) as here:
        words = await here.refused(basic(user, password))
    assert words == (
        "Invalid or non-existent authentication information. "
        "LDAP (127.0.0.1) has no such user, or another password for it"
    )


async def test_person__without_a_password__is_not_bound(directory: Directory, tmp_path: Path) -> None:
    """RFC 4513 section 5.1.2: a directory says yes to that, and it proves nothing; nor by a name that is no owner's."""
    async with desk(tmp_path, asking(directory.url, **BY_NAME)) as here:
        assert "empty password" in await here.refused(basic("alice", ""))
    ldap = asking(directory.url, **BY_NAME).ldap
    assert ldap is not None
    service = LdapService(ldap, Road(Upstream(proxy="none"), LISTEN, 5.0))
    for user, password in (("alice", ""), ("alice ", "hunter2"), ("a\u0131ice", "hunter2")):
        with pytest.raises(Wrong):
            await service.who(user, password, AT)
    assert directory.connections == 0


@pytest.mark.parametrize(
    ("user", "password", "words"),
    [("twin", "hunter2", "several users of this name"), ("bob", "x", "has no name for this user")],
)
async def test_person__whose_name_is_not_one__is_refused(
    directory: Directory, tmp_path: Path, user: str, password: str, words: str
) -> None:
    """Nobody uploads in the name of another one."""
    async with desk(tmp_path, asking(directory.url, **BY_SEARCH)) as here:
        assert words in await here.refused(basic(user, password))


@pytest.mark.parametrize("mood", ["rubbish", "down", "busy", "referral"])
async def test_directory__that_lies_or_fails__is_named(directory: Directory, tmp_path: Path, mood: str) -> None:
    """UPL-24: 403 and "try again"; it is no wrong password, and the next upload may be let in."""
    async with desk(tmp_path, asking(directory.url, **BY_NAME)) as here:
        directory.mood = mood
        words = await here.refused(basic("alice", "hunter2"))
        assert words.startswith("LDAP (127.0.0.1) could not be asked who you are: ")
        directory.mood = ""
        assert await here.lets_in(basic("alice", "hunter2"))


async def test_directory__that_is_slow__is_waited_for_no_longer_than_the_setting(
    directory: Directory, tmp_path: Path
) -> None:
    """UPL-24: though the thread that asks it may be held up for longer."""
    directory.mood = "slow"
    async with desk(tmp_path, asking(directory.url, seconds=0.2, **BY_NAME)) as here:
        assert "it did not answer within 0.2 s" in await here.refused(basic("alice", "hunter2"))
        directory.woken.set()


async def test_servers__of_one_directory__stand_in_for_each_other(directory: Directory, tmp_path: Path) -> None:
    """The next one is asked where one cannot be reached."""
    with Directory({}) as gone:
        pass
    async with desk(tmp_path, asking(gone.url, directory.url, **BY_NAME)) as here:
        assert await here.lets_in(basic("alice", "hunter2"))
    async with desk(tmp_path, asking(gone.url, **BY_NAME)) as here:
        assert "could not be reached" in await here.refused(basic("alice", "hunter2"))


async def test_service__with_another_password__is_nobodys_fault(
    directory: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words say that the gateway's own account is not let in."""
    monkeypatch.setenv("LDAP_PASSWORD", "another")
    async with desk(tmp_path, asking(directory.url, **BY_SEARCH)) as here:
        assert "does not take the password of bind_dn" in await here.refused(basic("alice", "hunter2"))


@pytest.mark.parametrize("start", [False, True], ids=["ldaps", "StartTLS"])
async def test_directory__in_tls__has_to_prove_who_it_is(tmp_path: Path, start: bool) -> None:
    """No password goes to one whose certificate is not trusted, or that does not go on in TLS."""
    authority, ca, stranger = trustme.CA(), tmp_path / "ca.pem", tmp_path / "stranger.pem"
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(ca)
    trustme.CA().cert_pem.write_to_path(stranger)
    with Directory(ENTRIES, **({"start_tls": context} if start else {"tls": context})) as directory:
        for file, is_let_in in ((stranger, False), (ca, True)):
            upstream = Upstream(proxy="none", ca=file)
            async with desk(tmp_path, asking(directory.url, start_tls=start, **BY_NAME), upstream=upstream) as here:
                if is_let_in:
                    assert await here.lets_in(basic("alice", "hunter2"))
                else:
                    assert "could not be reached" in await here.refused(basic("alice", "hunter2"))
                    assert directory.binds == []


async def test_directory__that_refuses_tls__gets_no_password(directory: Directory, tmp_path: Path) -> None:
    """StartTLS is asked for, and it says no."""
    async with desk(tmp_path, asking(directory.url, start_tls=True, **BY_NAME)) as here:
        assert "could not be" in await here.refused(basic("alice", "hunter2"))
    assert directory.binds == []


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20).filter(lambda text: "\0" not in text and text.strip() == text and text))
def test_value__in_a_dn__is_one_value(text: str) -> None:
    """RFC 4514: whatever it is, it is read as the value of the one part that it stands in."""
    parts = parse_dn(f"uid={in_dn(text)},ou=people")
    assert [(kind, joint) for kind, _, joint in parts] == [("uid", ","), ("ou", "")]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20))
def test_value__in_a_filter__has_nothing_special(text: str) -> None:
    """RFC 4515: no parenthesis, star or NUL is left, and what ldap3 has for that reads the same."""
    escaped = in_filter(text)
    assert not re.search(r"[()*\x00]", escaped)
    unescaped = re.sub(r"\\([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), escaped)
    assert unescaped == text
    assert escape_filter_chars(text).count("\\28") == escaped.count("\\28")


@pytest.mark.parametrize(
    ("dn", "value"),
    [
        (f"cn=controls,{GROUPS}", "controls"),
        (f"CN=Controls, {GROUPS.upper()}", "Controls"),
        (f"cn=a,cn=b,{GROUPS}", "a"),
        (f"cn=root,{PEOPLE}", None),
        (f"ou=controls,{GROUPS}", None),
        (f"cn=a+uid=b,{GROUPS}", None),
        (f"cn=root\\,{GROUPS}", None),
        (GROUPS, None),
        ("", None),
        ("=,=", None),
    ],
)
def test_group__of_a_dn__lies_below_the_base(dn: str, value: str | None) -> None:
    """A part that only looks like it does not count."""
    assert relative_value(dn, "cn", GROUPS) == value
