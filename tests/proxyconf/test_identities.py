"""What `uploads: identities:` may say, and in which words it is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from addons.policies.kinds import KINDS
from proxyconf.ci_services import ClaimRule, GitLab, Issuer, JobRule
from proxyconf.directories import Ldap
from proxyconf.identities import Identities
from proxyconf.misfit import Misfit
from proxyconf.reading import ConfigurationError, read_text

RULE = JobRule(groups=("Acc/Controls",), projects=("a/*",))
CLAIMS = ClaimRule(claims={"repository": "acme/demo"}, owner="group:x")


def gitlab(**more: object) -> GitLab:
    """A GitLab with something else in it."""
    return GitLab(**{"name": "gitlab", "url": "https://gitlab.example.org/", "rules": (RULE,), **more})  # type: ignore[arg-type]


def issuer(**more: object) -> Issuer:
    """An issuer with something else in it."""
    return Issuer(**{"name": "gh", "issuer": "https://ci.example.org/x/", "rules": (CLAIMS,), **more})  # type: ignore[arg-type]


def ldap(**more: object) -> Ldap:
    """A directory with something else in it."""
    return Ldap(**{"servers": ("ldaps://LDAP.example.org",), "user_dn": "uid={user},dc=x", **more})  # type: ignore[arg-type]


def test_identities__as_written__are_normalised() -> None:
    """Paths in small letters, URLs without a slash at the end; an issuer stays as it stands in tokens."""
    assert (gitlab().url, RULE.groups) == ("https://gitlab.example.org", ("acc/controls",))
    assert issuer().issuer == "https://ci.example.org/x/"
    assert ldap().servers == ("ldaps://ldap.example.org",)
    assert ldap(servers=("ldap://127.0.0.1:389",)).servers == ("ldap://127.0.0.1:389",)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: gitlab(url="http://gitlab.example.org"), "can read what proves"),
        (lambda: gitlab(url="https://u:p@gitlab.example.org"), "user name or password inside"),
        (lambda: gitlab(name="Git Lab"), "no name of a service"),
        (lambda: gitlab(rules=()), "no job may upload"),
        (lambda: gitlab(usernames=("__token__",)), "are names that clients give"),
        (JobRule, "names neither projects nor groups"),
        (lambda: JobRule(projects=("demo",)), "no path of a project"),
        (lambda: JobRule(groups=("a//b",)), "is no path"),
        (lambda: JobRule(groups=("a",), branches=("",)), "no pattern"),
        (lambda: JobRule(groups=("a",), triggers=("Push!",)), "GitLab's words"),
        (lambda: issuer(rules=()), "nobody's token counts"),
        (lambda: issuer(issuer="http://ci.example.org"), "write https://"),
        (lambda: ClaimRule(claims={}, owner="group:x"), "has no claim that narrows it"),
        (lambda: ClaimRule(claims={"sub": "*"}, owner="group:x"), "has no claim that narrows it"),
        (lambda: ClaimRule(claims={"sub": "a"}, owner="x"), "is no principal"),
        (lambda: ClaimRule(claims={"sub": "a"}, owner="user:{x"), "is no principal"),
        (lambda: Identities(audience="PyPI"), "is the audience of a public service"),
        (lambda: Identities(audience="a b"), "is no audience"),
        (lambda: Identities(seconds=0), "write seconds from"),
        (lambda: Identities(gitlab_jobs=(gitlab(), gitlab())), "is there twice"),
        (lambda: Identities(gitlab_jobs=(gitlab(), gitlab(name="b"))), 'means "gitlab" already'),
        (lambda: Identities(oidc=(issuer(), issuer(name="b"))), "put its rules together"),
        (lambda: ldap(servers=("ldap://ldap.example.org",)), "in plain text"),
        (lambda: ldap(servers=("ldaps://ldap.example.org",), start_tls=True), "TLS from the start"),
        (lambda: ldap(servers=()), "is empty"),
        (lambda: ldap(servers=("https://ldap.example.org",)), "no URL of a directory"),
        (lambda: ldap(servers=("ldap://[x",)), "no URL of a directory"),
        (lambda: ldap(user_dn="uid=alice"), 'has no "{user}"'),
        (lambda: ldap(base="dc=x"), "needs one of the two"),
        (lambda: ldap(user_dn=None), "needs one of the two"),
        (lambda: ldap(user_dn=None, base="dc=x", filter="uid={user}"), "no filter for users"),
        (lambda: ldap(user_dn=None, base="dc=x", bind_dn="cn=x"), "belong together"),
        (lambda: ldap(bind_dn="cn=x", password_env="X"), "take it out, or write base"),
        (lambda: ldap(password_env="X", password_file=Path("x")), "keep one"),
        (lambda: ldap(group_filter="(member={dn})"), "needs a group_base"),
        (lambda: ldap(group_base="dc=x", group_filter="(member=x)"), "no filter for groups"),
        (lambda: ldap(group_name="c n"), "no name of an attribute"),
    ],
    ids=range(37),
)
def test_identities__that_cannot_be__are_refused_in_words(make: Callable[[], object], words: str) -> None:
    """Each with what to do."""
    with pytest.raises(Misfit) as raised:
        make()
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("htpasswd: {file: gone}", "identities.htpasswd.file: there is no file"),
        (
            "ldap: {servers: ['ldaps://x'], base: dc=x, bind_dn: cn=x, password_env: UNSET_HERE}",
            "UNSET_HERE is not set",
        ),
        ("ldap: {servers: ['ldaps://x'], user_dn: 'uid={user}', ca: gone.pem}", "identities.ldap.ca: there is no file"),
    ],
)
def test_configuration__that_names_what_is_not_there__says_where(tmp_path: Path, text: str, words: str) -> None:
    """Files, certificates and passwords have to be there when it is read."""
    with pytest.raises(ConfigurationError) as raised:
        read_text(f"uploads:\n  identities:\n    {text}\n", tmp_path / "wheelgate.yaml", KINDS)
    assert words in str(raised.value)
