"""Who uploads, as an identity service has proven it. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import override

from addons.clients.caller import Address
from addons.simple.names import ProjectName
from addons.store.principals import Principal


@dataclass(frozen=True)
class Said:
    """What a request says of who it is: the value of its Authorization header (None without), from where, and when.

    Its repr never has the secret.
    """

    authorization: str | None = field(repr=False)
    address: Address | None
    at: datetime


@dataclass(frozen=True)
class Author:
    """Who it is. `principal` is recorded, and owns what it is the first to claim; `groups` are what it is a part of.

    `service` is the identity that has proven it ("tokens", "gitlab_jobs", "oidc", "htpasswd", "ldap"), `shown` how it is told in
    messages and records, such as "user:alice (token 4f3a9c)". `projects`: only these (None: any). `may_claim`: whether it
    may claim names that nobody has. `until`: when the proof ends by itself.
    """

    principal: Principal
    groups: frozenset[Principal] = frozenset()
    service: str = "tokens"
    shown: str = ""
    projects: frozenset[ProjectName] | None = None
    may_claim: bool = True
    until: datetime | None = None

    @property
    def principals(self) -> frozenset[Principal]:
        """All that it counts as."""
        return self.groups | {self.principal}

    @override
    def __str__(self) -> str:
        return self.shown or str(self.principal)
