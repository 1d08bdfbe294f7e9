"""Services that speak for jobs of a CI: which of their jobs may upload, and in whose name. Pure.

No struct ever holds a token; what a job gives is verified by `addons.upload.identity`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from proxyconf import addresses, values
from proxyconf.hosts import normal_host
from proxyconf.misfit import Misfit, settle, shown

_REALM = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SEGMENT = r"[A-Za-z0-9_*?.-]+"
_PATH = re.compile(rf"{_SEGMENT}(/{_SEGMENT})*")
_OWNER = re.compile(r"(user|group|ci):[^\s:@]+(@[a-z0-9][a-z0-9._-]*)?")
_PUBLIC_AUDIENCES = ("pypi", "testpypi", "sigstore")


class JobRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which jobs of a GitLab may upload. `projects` and `groups` are paths with `*` inside a segment; a group covers what is below.

    `branches`, `tags`: names with `*`; where one of the two is given, a job of the other kind needs its own. `triggers`: what
    may have started the pipeline, in GitLab's words. `owner`: in whose name it uploads. `uploads_to`: these projects only.
    """

    projects: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    owner: Literal["user", "project", "group"] = "project"
    may_claim: bool = True
    uploads_to: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        settle(
            self,
            projects=_project_path,
            groups=_path,
            branches=_pattern,
            tags=_pattern,
            triggers=_word,
            uploads_to=values.normal_name,
        )
        if not self.projects and not self.groups:
            raise Misfit('names neither projects nor groups; write some, or "groups: ["*"]" for every project there')


class GitLab(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A GitLab whose job tokens count. `name` is the realm of its principals, `url` its own, without a slash at the end.

    `usernames`: with which a client gives such a token. `users_are_ours`: its users are the organisation's own by these names.
    """

    name: str
    url: str
    rules: tuple[JobRule, ...]
    usernames: tuple[str, ...] = ("gitlab-ci-token",)
    users_are_ours: bool = False
    ca: Path | None = None

    def __post_init__(self) -> None:
        settle(self, name=realm, url=service_url, usernames=values.user_name)
        if not self.rules:
            raise Misfit("is empty, so that no job may upload; write a rule, or take this GitLab out", "rules")
        if not self.usernames or "__token__" in self.usernames:
            raise Misfit('are names that clients give with a job token, such as "gitlab-ci-token"', "usernames")


class ClaimRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose identity tokens may be exchanged: `claims` by name, each with what it has to be, `*` standing for anything.

    `owner` is the principal in whose name it uploads, with `{claim}` for what a claim says. `projects`: these only, none for all
    that the owner may.
    """

    claims: dict[str, str]
    owner: str
    projects: tuple[str, ...] = ()
    may_claim: bool = True

    def __post_init__(self) -> None:
        settle(self, owner=_owner, projects=values.normal_name)
        if not any(value and not value.startswith("*") for value in self.claims.values()):
            words = 'has no claim that narrows it; write what tells your projects from others\', such as "repository: acme/demo"'
            raise Misfit(words, "claims")


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An OpenID Connect issuer whose identity tokens are exchanged for short-lived ones (trusted publishing).

    `issuer` is as it stands in tokens. `jwks_uri`: where its keys are, None where its own document says so. `stale_minutes`: for how
    long keys count on that cannot be read again.
    """

    name: str
    issuer: str
    rules: tuple[ClaimRule, ...]
    jwks_uri: str | None = None
    stale_minutes: float = 60.0
    ca: Path | None = None

    def __post_init__(self) -> None:
        settle(
            self,
            name=realm,
            issuer=_issuer,
            jwks_uri=service_url,
            stale_minutes=values.between(0, 1440, "minutes"),
        )
        if not self.rules:
            raise Misfit("is empty, so that nobody's token counts; write a rule, or take this issuer out", "rules")


def realm(text: str) -> str:
    """The name of a service, which stands behind the @ of its principals. Raises Misfit."""
    if not _REALM.fullmatch(text):
        raise Misfit(f'{shown(text)} is no name of a service: small letters, digits, ".", "_" and "-", like "gitlab"')
    return text


def service_url(text: str) -> str:
    """The URL of a service that is given secrets: https, or this machine itself; no slash at the end. Raises Misfit."""
    parts = urlsplit(text) if text.isascii() and text.isprintable() else None
    if parts is not None and parts.scheme == "http" and not addresses.is_loopback(normal_host(parts.hostname or "")):
        raise Misfit(
            "starts with http://, where anyone on the way can read what proves who somebody is; write https://"
        )
    return addresses.index_url(text).rstrip("/")


def audience(text: str) -> str:
    """For whom identity tokens have to be made out. Raises Misfit."""
    if not re.fullmatch(r"[!-~]{1,200}", text):
        raise Misfit(f'{shown(text)} is no audience; write a word of your own, like "wheelgate.example.org"')
    if text.lower() in _PUBLIC_AUDIENCES:
        raise Misfit(
            f"{shown(text)} is the audience of a public service, for which others get tokens made out; take another"
        )
    return text


def check_names(gitlabs: Sequence[GitLab], issuers: Sequence[Issuer]) -> None:
    """Raises Misfit for what does not go together: names and user names that two services have, an issuer that is there twice."""
    names: set[str] = set()
    usernames: dict[str, str] = {}
    every: tuple[tuple[str, Sequence[GitLab | Issuer]], ...] = (("gitlab_jobs", gitlabs), ("oidc", issuers))
    for key, services in every:
        names.clear()  # a GitLab may be an issuer as well, and its principals are the same
        for number, service in enumerate(services):
            if service.name in names:
                raise Misfit(f'"{service.name}" is there twice; give one of them another name', key, number, "name")
            names.add(service.name)
    for number, gitlab in enumerate(gitlabs):
        for place, username in enumerate(gitlab.usernames):
            if username in usernames:
                words = f'{shown(username)} means "{usernames[username]}" already; give one of them another, and tell its authors'
                raise Misfit(words, "gitlab_jobs", number, "usernames", place)
            usernames[username] = gitlab.name
    for number, issuer in enumerate(issuers):
        if any(issuer.issuer == other.issuer for other in issuers[:number]):
            raise Misfit("is there twice; put its rules together", "oidc", number, "issuer")


def _issuer(text: str) -> str:
    service_url(text)
    return text  # as it stands in tokens, to the letter


def _path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise Misfit(
            f'{shown(text)} is no path; write one as it stands in URLs, like "acc/controls", with "*" inside a name'
        )
    return text.lower()


def _project_path(text: str) -> str:
    path = _path(text)
    if "/" not in path:
        raise Misfit(
            f'{shown(text)} is no path of a project, which lies in a group or is a user\'s; write it like "acc/demo"'
        )
    return path


def _pattern(text: str) -> str:
    if not text or not text.isprintable():
        raise Misfit(f'{shown(text)} is no pattern of names; write one like "main" or "release/*"')
    return text


def _word(text: str) -> str:
    if not re.fullmatch(r"[a-z_]+", text):
        raise Misfit(
            f'{shown(text)} is none of GitLab\'s words for what starts a pipeline, such as "push", "web" or "schedule"'
        )
    return text


def _owner(text: str) -> str:
    plain = re.sub(r"\{[A-Za-z0-9_]+\}", "x", text)
    if not _OWNER.fullmatch(plain) or "{" in plain or "}" in plain:
        raise Misfit(
            f'{shown(text)} is no principal; write "group:NAME", "user:NAME" or "ci:PATH@REALM", such as "ci:{{repository}}@github"'
        )
    return text
