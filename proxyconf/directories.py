"""Where people are known by a password: a file, and a directory (LDAP). Pure but for passwords."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from proxyconf import addresses, values
from proxyconf.hosts import normal_host
from proxyconf.misfit import Misfit, settle, shown
from proxyconf.passwords import password_from


class Htpasswd(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of lines `name:hash` (bcrypt or argon2id), and one of lines `group: name name`, None without groups."""

    file: Path
    groups: Path | None = None
    may_claim: bool = True


class Ldap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A directory that people are bound at. `servers` are those of one directory, asked in this order (`ldaps://`, `ldap://`).

    Who it is, is either `user_dn` with `{user}` in it, or found below `base` by `filter`, with `bind_dn` and its password; the
    attribute `user_attribute` is then whose value counts. Groups are those below `group_base`: the ones of the attribute memberOf, or
    what `group_filter` finds there (`{dn}`, `{user}`); their name is `group_name`.
    """

    servers: tuple[str, ...]
    start_tls: bool = False
    plain: bool = False
    ca: Path | None = None
    user_dn: str | None = None
    base: str | None = None
    filter: str = "(uid={user})"
    user_attribute: str = "uid"
    bind_dn: str | None = None
    password_env: str | None = None
    password_file: Path | None = None
    group_base: str | None = None
    group_filter: str | None = None
    group_name: str = "cn"
    may_claim: bool = True

    def __post_init__(self) -> None:
        settle(
            self,
            servers=_server,
            user_dn=_with_user,
            filter=_filter,
            group_filter=_group_filter,
            user_attribute=_attribute,
            group_name=_attribute,
            password_env=values.environment_name,
        )
        if not self.servers:
            raise Misfit('is empty; write the directory\'s URL, like "ldaps://ldap.example.org"', "servers")
        for number, server in enumerate(self.servers):
            self._check_secret(server, number)
        self._check_search()

    def _check_secret(self, server: str, number: int) -> None:
        parts = urlsplit(server)
        if parts.scheme == "ldaps" and self.start_tls:
            raise Misfit("is TLS from the start; take start_tls out, or write ldap://", "servers", number)
        if parts.scheme == "ldaps" or self.start_tls or self.plain or addresses.is_loopback(parts.hostname or ""):
            return
        raise Misfit(
            "sends passwords in plain text; write ldaps://, or start_tls: true (plain: true if the network is as good as a wire)",
            *("servers", number),
        )

    def _check_search(self) -> None:
        if (self.user_dn is None) == (self.base is None):
            words = (
                "needs one of the two: user_dn, where names tell people's DNs, or base, below which they are looked for"
            )
            raise Misfit(words)
        if self.password_env is not None and self.password_file is not None:
            raise Misfit("stands beside password_env; keep one of the two", "password_file")
        if (self.bind_dn is None) != (self.password_env is None and self.password_file is None):
            key = "password_env" if self.password_env else "password_file" if self.password_file else "bind_dn"
            raise Misfit("belong together: bind_dn, and password_env or password_file", key)
        if self.bind_dn is not None and self.base is None:
            raise Misfit("is who looks below a base; take it out, or write base in place of user_dn", "bind_dn")
        if self.group_filter is not None and self.group_base is None:
            raise Misfit("needs a group_base, below which it looks", "group_filter")

    def password(self) -> str | None:
        """The password of `bind_dn`, read now. Raises Misfit when the variable or file isn't there."""
        return password_from(self.password_env, self.password_file)


def _server(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    fits = parts.scheme in ("ldap", "ldaps") and parts.hostname and port != 0 and parts.path in ("", "/")
    if not fits or "@" in text or parts.query or parts.fragment:
        raise Misfit(
            'is no URL of a directory; write one like "ldaps://ldap.example.org" or "ldap://ldap.example.org:389"'
        )
    host = addresses.host_name(parts.hostname or "") if ":" not in (parts.hostname or "") else f"[{parts.hostname}]"
    return f"{parts.scheme}://{normal_host(host) if host[0] != '[' else host}" + (f":{port}" if port else "")


def _with_user(text: str) -> str:
    if _placeholders(text) != {"user"}:
        raise Misfit(f'{shown(text)} has no "{{user}}"; write it like "uid={{user}},ou=people,dc=example,dc=org"')
    return text


def _filter(text: str) -> str:
    if _placeholders(text) != {"user"} or not _is_bracketed(text):
        raise Misfit(f'{shown(text)} is no filter for users; write one like "(uid={{user}})"')
    return text


def _group_filter(text: str) -> str:
    if not _placeholders(text) or not _placeholders(text) <= {"user", "dn"} or not _is_bracketed(text):
        raise Misfit(
            f'{shown(text)} is no filter for groups; write one like "(member={{dn}})" or "(memberUid={{user}})"'
        )
    return text


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{([^}]*)\}", text))


def _is_bracketed(text: str) -> bool:
    return text.startswith("(") and text.endswith(")") and text.count("(") == text.count(")")


def _attribute(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", text):
        raise Misfit(f'{shown(text)} is no name of an attribute, such as "uid" or "cn"')
    return text
