"""What the tests of clients share: a clock that is set, a password that is quickly verified, and who says what."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime

import argon2

from addons.clients.caller import Caller
from addons.clients.proofs import Proofs, digest, verify
from addons.clients.roll import Roll
from proxyconf.clients import Group, Profile, User
from proxyconf.settings import Settings

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
HERE, THERE = "10.1.2.3", "192.0.2.9"
TOKEN = "wg-of-the-tests"
QUICK = argon2.PasswordHasher(memory_cost=8, time_cost=1, parallelism=1)
HASH = QUICK.hash("hunter2")


def basic(name: str, password: str = "", encoding: str = "utf-8") -> str:
    """What a client sends to the proxy."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode(encoding)).decode()


def caller(name: str | None = None, password: str = "", peer: str = HERE) -> Caller:
    """A client that says this, or nothing."""
    return Caller.said(peer, None if name is None else basic(name, password))


@dataclass
class Watched:
    """Proofs on a clock that is set, and what they verified."""

    now: float = 0.0
    verified: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    def __post_init__(self) -> None:
        self.proofs = Proofs(lambda: self.now, self._verify)

    def _verify(self, encoded: str, password: str) -> bool | None:
        self.verified.append((encoded, password))
        return None if self.broken else verify(encoded, password)


def roll(*clients: Group, profiles: tuple[str, ...] = (), watched: Watched | None = None) -> Roll:
    """The roll of these groups and profiles."""
    settings = Settings(clients=clients, profiles=tuple(Profile(name=name) for name in profiles))
    return Roll(settings, (watched or Watched()).proofs)


def group(name: str, *networks: str, users: tuple[User, ...] = (), profiles: tuple[str, ...] = ()) -> Group:
    """A group."""
    return Group(name=name, networks=networks, users=users, profiles=profiles)


CI = User(username="ci", password_hash=HASH)
BEARER = User(token_sha256=digest(TOKEN).hex())
