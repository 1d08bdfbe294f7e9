"""What a client means by what it says to the proxy: a user, a profile, both or neither. Pure."""

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime

from addons.clients.caller import Caller
from addons.clients.standing import TurnedAway, quoted
from proxyconf.clients import AS_OF_PREFIX, TOKEN_USER, is_as_of
from proxyconf.instants import Instant

EXAMPLE = f"{AS_OF_PREFIX}2026-01-31"


@dataclass(frozen=True)
class Asked:
    """What a client asks for. `user` is "" where a password alone, a token, says who it is, or nothing does.

    `profile` is in the client's own spelling, "" for none, and with `as_of` the built-in one.
    """

    user: str = ""
    password: str = field(default="", repr=False)
    profile: str = ""
    as_of: Instant | None = None
    claims: bool = False
    """Whether it says that it is somebody."""


def asked(caller: Caller, profiles: Container[str], at: datetime) -> Asked | TurnedAway:
    """Read the name: `NAME`, `PROFILE` or `NAME+PROFILE`. A whole name that is a profile's means that profile."""
    name, password = caller.name or "", caller.password or ""
    whole = name in profiles or is_as_of(name)
    user, _, profile = ("", "", name) if whole else name.partition("+")
    as_of = instant(profile, at) if is_as_of(profile) else None
    if isinstance(as_of, TurnedAway):
        return as_of
    claims = bool(user or password)
    return Asked("" if user == TOKEN_USER else user, password, profile, as_of, claims)


def instant(name: str, at: datetime) -> Instant | TurnedAway:
    """Read the instant in the name of the built-in profile, such as `as-of-2026-01-31` or `as-of-2026-01-31T1200Z`, to the second."""
    try:
        found = Instant.read(name[len(AS_OF_PREFIX) :])
    except ValueError:
        return TurnedAway(
            f"{quoted(name)} names no instant; write a date, {EXAMPLE}, or a time in UTC, {EXAMPLE}T1200Z"
        )
    if found > at:
        return TurnedAway(f"{quoted(name)} is still to come; choose an instant that has been")
    return found.replace(microsecond=0)  # so that it can be said, and asked for, in a name
