"""What the tests of identities share: a store, a clock that is set, and who says what from where."""

import base64
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from addons.clients.caller import Address as Peer
from addons.clients.proofs import Proofs
from addons.simple.names import ProjectName
from addons.store.database import Database
from addons.store.principals import Principal
from addons.store.tokens import Tokens
from addons.upload.author import Author, Said
from addons.upload.identity.asking import Road
from addons.upload.identity.identities import Identities
from addons.upload.identity.ldap import Connect
from addons.upload.identity.passwords import verify
from addons.upload.identity.tokens import made
from addons.upload.refusal import UploadRefused
from proxyconf.addresses import Address
from proxyconf.ci_services import GitLab, JobRule
from proxyconf.identities import Identities as Settings
from proxyconf.settings import Upstream

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
HERE = ipaddress.ip_address("10.1.2.3")
LISTEN = Address("127.0.0.1", 8080)
ALICE = Principal("user", "alice")
DEMO = frozenset([ProjectName("demo")])


def basic(user: str, password: str) -> str:
    """What a client sends that has a user name and a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def token(text: str) -> str:
    """What a client sends that has a token."""
    return basic("__token__", text)


@dataclass
class Desk:
    """Identities with a store in a folder, on a clock that is set."""

    folder: Path
    settings: Settings = field(default_factory=Settings)
    upstream: Upstream = field(default_factory=lambda: Upstream(proxy="none"))
    connect: Connect | None = None
    offline: bool = False
    now: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = Tokens(Database(self.folder / "store"))
        self.proofs = Proofs(lambda: self.now, verify)
        road = Road(self.upstream, LISTEN, self.settings.seconds, self.offline)
        self.identities = Identities(
            self.settings, road, self.tokens, self.proofs, clock=lambda: self.now, connect=self.connect
        )

    def made(self, principal: Principal = ALICE, until: datetime | None = None, **more: object) -> str:
        """Keep a token; gives its text."""
        text, new = made(principal, by="root", at=AT, until=until, **more)  # type: ignore[arg-type]  # as the test has it
        self.tokens.make(new)
        return text

    async def who(self, authorization: str | None, address: Peer | None = HERE, at: datetime = AT) -> Author:
        """Give who says this."""
        return await self.identities.who(Said(authorization, address, at))

    async def lets_in(self, authorization: str, address: Peer | None = HERE) -> bool:
        """Tell whether this is let in. Raises UploadRefused with the words where it is not."""
        return isinstance(await self.who(authorization, address), Author)

    async def refused(self, authorization: str | None, address: Peer | None = HERE, at: datetime = AT) -> str:
        """Give in which words this is refused."""
        with pytest.raises(UploadRefused) as raised:
            await self.who(authorization, address, at)
        assert (raised.value.status, raised.value.code) == (403, "identity")
        assert "already exist" not in str(raised.value)
        return str(raised.value)


@asynccontextmanager
async def desk(folder: Path, settings: Settings | None = None, **more: object) -> AsyncIterator[Desk]:
    """Give a desk, which is closed at the end."""
    made = Desk(folder, settings or Settings(), **more)  # type: ignore[arg-type]  # as the test has it
    try:
        yield made
    finally:
        await made.identities.close()
        made.tokens.database.close()


def gitlab(url: str, *rules: JobRule, **more: object) -> Settings:
    """Give the settings of one GitLab, whose jobs below acme may upload unless rules say otherwise."""
    rules = rules or (JobRule(groups=("acme",)),)
    seconds = more.pop("seconds", 5.0)
    ours = GitLab(name="gitlab", url=url, rules=rules, **more)  # type: ignore[arg-type]  # as the test has it
    return Settings(gitlab_jobs=(ours,), seconds=seconds)  # type: ignore[arg-type]
