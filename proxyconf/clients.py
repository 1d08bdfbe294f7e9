"""Who the gateway's clients are, and which worlds they may choose, as an operator writes it. Pure but for passwords.

A group is found by where a client is and by what it gives to the proxy (RFC 7617); a profile is a world that a client
chooses by its name. No struct ever holds a password or a token: only a hash, or where a password is.
"""

import ipaddress
import re
from pathlib import Path
from typing import override

import msgspec

from proxyconf import values
from proxyconf.instants import Instant
from proxyconf.misfit import Misfit, settle, shown
from proxyconf.passwords import password_from
from proxyconf.rules import Policy

AS_OF = "as-of"
"""The built-in profile: `as-of-2026-01-31` as a name means the world as of then."""

AS_OF_PREFIX = f"{AS_OF}-"

TOKEN_USER = "__token__"  # noqa: S105 - the name that stands where a token is the password
"""What stands for a name beside a token."""

TOKEN_PREFIX = "wg-"  # noqa: S105 - what tokens begin with, so that they are known for what they are
"""What tokens begin with that `wheelgate token new` makes."""

MOST_HASH_MB, MOST_HASH_PASSES, MOST_HASH_LANES = 1024, 64, 64
"""The most that verifying one password may take: memory in MiB, passes over it, and threads."""

_PASSWORDS = ("password_env", "password_file", "password_hash")
_NUMBER = r"[1-9][0-9]{0,9}"
_ENCODED = re.compile(
    rf"\$argon2id\$v=19\$m={_NUMBER},t={_NUMBER},p={_NUMBER}\$([A-Za-z0-9+/]{{1,256}}\$[A-Za-z0-9+/]{{1,256}})"
)
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


class User(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who gives a name with a password to the proxy, or a token alone.

    `password_hash` is argon2id's encoded form (RFC 9106); `token_sha256` that of a token, in lower case.
    """

    username: str | None = None
    password_env: str | None = None
    password_file: Path | None = None
    password_hash: str | None = None
    token_sha256: str | None = None

    def __post_init__(self) -> None:
        settle(
            self,
            username=proxy_user,
            password_env=values.environment_name,
            password_hash=argon2id_hash,
            token_sha256=token_digest,
        )
        ways = [name for name in (*_PASSWORDS, "token_sha256") if getattr(self, name) is not None]
        if len(ways) > 1:
            raise Misfit(f"stands beside {ways[0]}; keep one of the two", ways[1])
        if not ways:
            raise Misfit(f"has nothing to prove it by; write one of: {', '.join(_PASSWORDS)}, or token_sha256 alone")
        if self.username is None and self.token_sha256 is None:
            raise Misfit('needs a username beside it; write a line "username: ..."', ways[0])
        if self.username is not None and self.token_sha256 is not None:
            raise Misfit("stands beside username, and a token says by itself who it is; take one out", "token_sha256")

    @override
    def __repr__(self) -> str:
        return f"User(username={self.username!r}, ...)"  # logs show settings, and a hash can be guessed at

    def password(self) -> str | None:
        """The password that a variable or a file has, read now; None if it is proven otherwise. Raises Misfit."""
        return password_from(self.password_env, self.password_file)


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A world that a client may choose by the name that it gives to the proxy.

    `sources` are of the configured ones these, in this order, none for those of the group; `policies` stand above the
    group's; `snapshot` is as of when the world is seen.
    """

    name: str
    sources: tuple[str, ...] = ()
    policies: tuple[Policy, ...] = ()
    snapshot: Instant | None = None

    def __post_init__(self) -> None:
        settle(self, name=_profile_name)


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Clients who get the same. `networks` are in CIDR form, normalised; none: from anywhere.

    With `users`, only who proves to be one of them; without, only who gives no name but a profile's. `sources` are of the
    configured ones these, in this order, none for all; `policies` stand above the common ones; `profiles` it may choose.
    """

    name: str
    networks: tuple[str, ...] = ()
    users: tuple[User, ...] = ()
    sources: tuple[str, ...] = ()
    policies: tuple[Policy, ...] = ()
    snapshot: Instant | None = None
    profiles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        settle(self, name=_group_name, networks=network)

    @property
    def fits_everybody(self) -> bool:
        """Whether neither a network nor a user narrows it."""
        return not self.networks and not self.users


def _group_name(text: str) -> str:
    return _own_name(text, "group", "ci")


def _profile_name(text: str) -> str:
    if text == AS_OF or text.startswith(AS_OF_PREFIX):
        raise Misfit(f'{shown(text)} is built in ("{AS_OF_PREFIX}2026-01-31" means the world as of then); take another')
    return _own_name(text, "profile", "testing")


def _own_name(text: str, noun: str, example: str) -> str:
    if text == "default":
        raise Misfit(f'"default" means who is in no group, and chose no profile; give the {noun} another name')
    if not re.fullmatch(r"[a-z0-9-]{1,64}", text):
        meant = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64] or example
        raise Misfit(
            f"{shown(text)} is no name of a {noun}: at most 64 small letters, digits and hyphens, like {shown(meant)}"
        )
    return text


def proxy_user(text: str) -> str:
    """A name that a client gives to the proxy, and that nothing else is meant by. Raises Misfit."""
    values.user_name(text)
    if "+" in text:
        raise Misfit(f'{shown(text)} has a "+", behind which stands a profile; take another name')
    if text == TOKEN_USER or is_as_of(text):
        meant = "a token" if text == TOKEN_USER else "the world as of an instant"
        raise Misfit(f"{shown(text)} means {meant}; take another name")
    return text


def is_as_of(name: str) -> bool:
    """Whether a name means the built-in profile, in capitals too."""
    return name.lower() == AS_OF or name.lower().startswith(AS_OF_PREFIX)


def network(text: str) -> str:
    """A network in CIDR form, or an address, which is a network of one; IPv4 within IPv6 becomes IPv4. Raises Misfit."""
    try:
        return str(_without_mapping(ipaddress.ip_network(text.strip())))
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        words = 'is no network; write one like "10.1.0.0/16" or "fd00::/8", or an address like "192.0.2.7"'
        raise Misfit(f"{shown(text)} {words}") from None
    raise Misfit(
        f'{shown(text)} is an address inside a network; write the network: "{meant}", or the address alone:'
        f" {shown(text.partition('/')[0].strip())}"
    )


def _without_mapping(
    written: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Clients of IPv4 are told apart from those of IPv6 wherever the gateway listens (RFC 4291 section 2.5.5.2)."""
    if isinstance(written, ipaddress.IPv6Network) and written.subnet_of(_MAPPED):
        mapped = written.network_address.ipv4_mapped
        assert mapped is not None, "it lies in ::ffff:0:0/96"
        return ipaddress.IPv4Network((mapped, written.prefixlen - 96))
    return written


def argon2id_hash(text: str) -> str:
    """A password's argon2id hash in its encoded form. Raises Misfit, whose words don't repeat it."""
    if not _is_argon2id(text):
        raise Misfit(
            'is no argon2id hash; "wheelgate password" prints one, which begins with "$argon2id$": put it in quotes,'
            " and never write the password itself"
        )
    memory, passes, lanes = (int(number) for number in re.findall(r"[mtp]=(\d+)", text)[:3])
    if memory > MOST_HASH_MB * 1024 or passes > MOST_HASH_PASSES or lanes > MOST_HASH_LANES:
        raise Misfit('takes too much memory or time to verify; make one with "wheelgate password"')
    if memory < 8 * lanes:
        raise Misfit('has less memory than argon2 takes; make one with "wheelgate password"')
    return text


def _is_argon2id(text: str) -> bool:
    """Whether argon2 reads it, which is found out at the least cost: with the salt and the hash, but few passes."""
    import argon2  # only who has such users pays for it

    parts = _ENCODED.fullmatch(text)
    if parts is None:
        return False
    try:
        return argon2.PasswordHasher().verify(f"$argon2id$v=19$m=8,t=1,p=1${parts[1]}", "")
    except argon2.exceptions.VerifyMismatchError:
        return True
    except argon2.exceptions.Argon2Error:
        return False


def token_digest(text: str) -> str:
    """A token's sha256, in lower case. Raises Misfit, whose words don't repeat it: it may be the token itself."""
    digest = text.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise Misfit(
            'is no sha256, which has 64 hexadecimal digits; "wheelgate token new" prints it beside the token.'
            " Never write the token itself"
        )
    return digest
