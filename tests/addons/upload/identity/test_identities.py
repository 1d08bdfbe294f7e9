"""Which service is asked, what the log has of it, and that no secret is anywhere."""

import io
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from addons.upload.author import Said
from addons.upload.identity.failing import NotProven
from addons.upload.identity.given import Given, given, shown
from addons.upload.identity.identities import Identities
from addons.upload.refusal import UploadRefused
from proxyconf.ci_services import ClaimRule, GitLab, Issuer, JobRule
from proxyconf.directories import Htpasswd, Ldap
from proxyconf.identities import Identities as Settings
from tests.addons.upload.identity.making import AT, HERE, basic, desk, gitlab, token
from tests.standins.gitlab import GitLab as Service
from tests.standins.issuer import Issuer as IssuerService
from tests.standins.ldap import Directory

MARK = "MARKEDsecret0123456789"
PEOPLE = "ou=people,dc=example,dc=org"
HASH = bcrypt.hashpw(b"hunter2", bcrypt.gensalt(4)).decode()


@pytest.mark.parametrize(
    "said",
    [None, "", "Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Digest x", "Bearer", "Bearer a b", basic("__token__", "")],
)
async def test_authorization__missing_or_unreadable__is_refused_in_pypis_words(
    tmp_path: Path, said: str | None
) -> None:
    """UPL-24: 403, never 401, with what to give."""
    async with desk(tmp_path) as here:
        words = await here.refused(said)
    assert words.startswith("Invalid or non-existent authentication information. The request")
    assert "__token__" in words


async def test_user_name__where_nobody_has_one__is_refused(tmp_path: Path) -> None:
    """UPL-24: the words say what is taken instead; and guesses are counted."""
    async with desk(tmp_path) as here:
        assert "takes no user names with passwords" in await here.refused(basic("alice", "hunter2"))
        for number in range(10):
            await here.refused(basic("alice", f"hunter{number}"))
        assert "too many wrong" in await here.refused(basic("alice", "another"))


async def test_job_token__where_no_gitlab_is__is_shown_to_nobody(tmp_path: Path) -> None:
    """UPL-24: nor where there are several and nobody says which."""
    async with desk(tmp_path) as here:
        assert "this gateway asks no GitLab" in await here.refused(token("glcbt-64_abcdefgh"))
    with Service() as one, Service() as two:
        rule = JobRule(groups=("*",))
        services = tuple(
            GitLab(name=name, url=each.url, usernames=(name,), rules=(rule,)) for name, each in (("a", one), ("b", two))
        )
        async with desk(tmp_path, Settings(gitlab_jobs=services)) as here:
            assert "say by the user name of which GitLab it is (a, b)" in await here.refused(token("glcbt-64_abcdefgh"))
            assert one.asked == two.asked == []
            assert str(await here.who(basic("b", two.issue()))).startswith("ci:acme/controls/demo@b")
            assert one.asked == []


async def test_person__of_the_file__is_not_asked_for_in_the_directory(tmp_path: Path) -> None:
    """UPL-24: one service is asked for a name, whatever it says; who is not in the file is asked for there."""
    (tmp_path / "htpasswd").write_text(f"alice:{HASH}\n")
    entries = {f"uid={name},{PEOPLE}": {"userPassword": ["of ldap"]} for name in ("alice", "bob")}
    with Directory(entries) as directory:
        people = Settings(
            htpasswd=Htpasswd(file=tmp_path / "htpasswd"),
            ldap=Ldap(servers=(directory.url,), user_dn=f"uid={{user}},{PEOPLE}"),
        )
        async with desk(tmp_path, people) as here:
            assert (await here.who(basic("alice", "hunter2"))).service == "htpasswd"
            await here.refused(basic("alice", "of ldap"))
            assert directory.binds == []
            assert (await here.who(basic("bob", "of ldap"))).service == "ldap"
            (tmp_path / "htpasswd").unlink()
            assert "the password file could not be asked" in await here.refused(basic("bob", "of ldap!"))


async def test_failure__of_a_name_at_an_address__is_logged_once_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Escaped, with the service's words; a token in the place of the name is not shown."""
    async with desk(tmp_path) as here:
        for secret in ("a", "b", "c"):
            await here.refused(basic("al\u00ef", secret))
        assert len(caplog.messages) == 1
        assert caplog.messages[0].startswith("an upload from 10.1.2.3, as 'al\\xef', is nobody's: This gateway")
        here.now = 61.0
        await here.refused(basic("wgu_abcd_secret", "x"))
        assert "as 'wgu_...'" in caplog.messages[1]


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """Collect all that any logger says, at every level."""
    written, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(written), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


async def test_secrets__through_every_failure__are_in_no_log_and_no_file(
    tmp_path: Path, everything_logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UPL-24, UPL-29: nor in any exception or repr, with all that it was caused by."""
    monkeypatch.setenv("LDAP_PASSWORD", f"{MARK}-of-the-service")
    (tmp_path / "htpasswd").write_text(f"alice:{HASH}\n")
    told: list[str] = []
    with Service() as service, IssuerService() as issuer, Directory({}) as directory:
        every = Settings(
            seconds=0.3,
            gitlab_jobs=gitlab(service.url).gitlab_jobs,
            oidc=(
                Issuer(
                    name="github",
                    issuer=issuer.url,
                    rules=(ClaimRule(claims={"repository": "acme/demo"}, owner="ci:{repository}@github"),),
                ),
            ),
            htpasswd=Htpasswd(file=tmp_path / "htpasswd"),
            ldap=Ldap(servers=(directory.url,), base=PEOPLE, bind_dn=f"cn=x,{PEOPLE}", password_env="LDAP_PASSWORD"),
        )
        async with desk(tmp_path, every) as here:
            right = here.made()
            await here.who(token(right))
            number = 0
            for mood in ("", "html", "list", "down", "slow"):
                service.mood = issuer.mood = mood
                directory.mood = {"": "", "slow": "slow", "down": "down", "list": "rubbish"}.get(mood, "busy")
                for user in ("gitlab-ci-token", "alice", "bob", "__token__", f"wgu_x_{MARK}"):
                    number += 1
                    here.now += 61.0
                    told += await refusal(here.identities, basic(user, f"{MARK}{number}"))
                told += await refusal(here.identities, f"Bearer wgu_abcdef012345_{MARK}")
                here.now += 61.0
                text = issuer.token(AT, jti=f"{MARK}{number}", sub="x")
                answer = await here.identities.oidc.mint(b'{"token": "%s"}' % text.encode(), Said(None, HERE, AT))
                shown_body = answer.body.decode()
                assert text not in shown_body
                told.append(shown_body if answer.status != 200 else "")
                signature = text.split(".")[2]
                assert signature not in everything_logged.getvalue()
            told.append(
                repr(here.identities.__dict__) + repr(Said(basic("a", MARK), HERE, AT)) + repr(Given("a", MARK))
            )
    with sqlite3.connect(tmp_path / "store" / "wheelgate.sqlite") as copy:
        dump = "\n".join(copy.iterdump())
    copy.close()
    for place in (*told, everything_logged.getvalue(), dump):
        assert MARK not in place
        assert right not in place
        assert basic("alice", MARK)[6:30] not in place


async def refusal(identities: Identities, authorization: str) -> list[str]:
    """Give all that a refusal says, and what it was caused by."""
    with pytest.raises(UploadRefused) as raised:
        await identities.who(Said(authorization, HERE, AT))
    told: list[str] = []
    error: BaseException | None = raised.value
    while error is not None:
        told += [str(error), repr(error), repr(error.args)]
        error = error.__cause__ or error.__context__
    return told


@settings(max_examples=150, deadline=None)
@drawn(st.one_of(st.text(max_size=30), st.text(max_size=20).map(lambda text: f"Bearer {text}"), st.binary().map(str)))
def test_authorization__of_whatever__is_read_or_refused(text: str) -> None:
    """Nothing but a NotProven comes out, and what is read has a secret."""
    try:
        found = given(text)
    except NotProven as failure:
        assert failure.line.isascii()  # noqa: PT017 - it may be read, too
        return
    assert found.secret
    assert found.secret not in repr(found) or len(found.secret) < 8


@pytest.mark.parametrize(("name", "said"), [("alice", "'alice'"), ("glcbt-abc", "'glcbt-...'"), ("a\nb", "'a\\nb'")])
def test_name__in_a_log__is_escaped(name: str, said: str) -> None:
    """And of what looks like a secret only how it begins is shown."""
    assert shown(name) == said
