"""Operations: what the interface can be asked, as values that both the routing and the OpenAPI document are made of."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from msgspec import Struct

from addons.simple.names import ProjectName
from addons.store.overview import Overview
from addons.store.principals import Principal
from addons.store.projects import Permit, Projects
from addons.upload.author import Author

type Doing = Literal["upload", "yank", "unyank", "delete", "roles", "status"]


class Rights(Protocol):
    """Who may what (addons/upload/rights)."""

    def permit(self, author: Author, doing: Doing, project: ProjectName) -> Permit:
        """Give what looks at the project inside the change, and raises UploadRefused."""
        ...


class KnownToken(Protocol):
    """What is known of a token that was made (addons/store/tokens); `projects` None: any."""

    @property
    def id(self) -> str: ...
    @property
    def principal(self) -> Principal: ...
    @property
    def note(self) -> str: ...
    @property
    def projects(self) -> frozenset[ProjectName] | None: ...
    @property
    def may_claim(self) -> bool: ...
    @property
    def made(self) -> datetime: ...
    @property
    def by(self) -> str: ...
    @property
    def until(self) -> datetime | None: ...
    @property
    def revoked(self) -> datetime | None: ...
    @property
    def used(self) -> datetime | None: ...


class KnownTokens(Protocol):
    """The tokens of the store. Each method waits for the disk, and raises DatabaseUnavailable."""

    def listed(self, principal: Principal | None = None) -> Sequence[KnownToken]:
        """Give those of a principal, the first one first."""
        ...

    def make(self, new: Any) -> None:
        """Keep a new one, as `Mint` gives it."""
        ...

    def revoke(self, number: str, *, by: str, at: datetime) -> object:
        """End one at once; one that has ended already is left as it is."""
        ...


class Mint(Protocol):
    """Makes tokens up (addons/upload/identity/tokens)."""

    def __call__(
        self,
        principal: Principal,
        *,
        by: str,
        at: datetime,
        until: datetime | None,
        groups: frozenset[Principal],
        projects: frozenset[ProjectName] | None,
        may_claim: bool,
        note: str,
    ) -> tuple[str, Any]:
        """Give a token's text, which is shown once, and what is kept of it, which has an `id`. Takes its time."""
        ...


@dataclass(frozen=True)
class Desk:
    """What operations work with: the store, who may what, the tokens and how they are made up; the OpenAPI document as bytes."""

    projects: Projects
    overview: Overview
    rights: Rights
    tokens: KnownTokens
    mint: Mint
    document: bytes = b""


@dataclass(frozen=True)
class Call:
    """One request, read: by whom, when, what its path names, its query, and its body if the operation takes one."""

    who: Author | None
    at: datetime
    named: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any = None

    @property
    def author(self) -> Author:
        """Who it is; every operation that is not open to all has one."""
        if self.who is None:
            raise RuntimeError("an operation that is open to all asks who it is")
        return self.who


@dataclass(frozen=True)
class Done:
    """What an operation gives: its document (or bytes as they are), the project that it changed, where what it made is."""

    document: Struct | bytes
    changed: ProjectName | None = None
    location: str = ""


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query, its type, what it is without one, and what it is for."""

    name: str
    type: Any
    default: Any
    words: str


_NAMED = re.compile(r"\\{(\w+)\\}")


@dataclass(frozen=True)
class Operation:
    """One operation: `path` below the version, with what it names in braces; a {principal} may have slashes.

    `words` are a title and what there is to say, on further lines. `gives` is what is answered under `status`, `takes` what the
    body says. `refusals` are the statuses beside those that every operation may have. `open`: nobody is asked who they are.
    """

    method: str
    path: str
    name: str
    words: str
    do: Callable[[Desk, Call], Done]
    gives: type[Struct] | None
    takes: type[Struct] | None = None
    may_be_bodiless: bool = False
    query: tuple[Parameter, ...] = ()
    status: int = 200
    refusals: tuple[int, ...] = ()
    open: bool = False
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        written = re.escape(self.path).replace(r"\{principal\}", "(?P<principal>.+)")
        object.__setattr__(self, "pattern", re.compile(_NAMED.sub(r"(?P<\1>[^/]+)", written)))

    @property
    def names(self) -> tuple[str, ...]:
        """What the path names."""
        return tuple(self.pattern.groupindex)
