"""What the desk asks of the other parts: who it is, may they, is it sound, is the name free, where does it lie."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from addons.answers import Answer
from addons.simple.names import ProjectName
from addons.store.principals import Principal
from addons.store.projects import Permit
from addons.store.stored import NewFile, Standing
from addons.upload.author import Author, Said
from addons.upload.formed import Form, Spooled

type Doing = Literal["upload", "yank", "unyank", "delete", "roles", "status"]

type Arrived = Callable[[ProjectName], Awaitable[object]]
"""Tells the store's source of a project that has a file more: who asks for its page from now on sees it (UPL-16)."""

type Elsewhere = Callable[[ProjectName], Awaitable[str | None]]
"""Gives the name of another own source that has the project, None if none has. Raises UploadRefused if one cannot say."""

type Examine = Callable[[Form, Spooled, ProjectName], "Examined"]
"""Finds out whether a file is sound; waits for the disk, so it is run in a thread."""


type Owed = Callable[[Standing | None, NewFile, ProjectName], str | None]
"""Says what a project, as it stands, still owes before it may have this file; None: nothing."""


class Identities(Protocol):
    """Who it is."""

    async def who(self, said: Said) -> Author:
        """Give the author. Raises UploadRefused."""
        ...


class Founders(Protocol):
    """Whose a new project is."""

    @property
    def owner(self) -> Principal: ...

    @property
    def maintainers(self) -> Collection[Principal]: ...


class Rights(Protocol):
    """May they."""

    def permit(self, author: Author, doing: Literal["upload"], project: ProjectName) -> Permit:
        """Give what looks at a project as it stands, and raises UploadRefused if the author may not."""
        ...

    def founders(self, author: Author, project: ProjectName) -> Founders:
        """Give whose a project is that this author claims."""
        ...


class PublicNames(Protocol):
    """Is the name free."""

    async def check(self, name: str, project: ProjectName, at: datetime) -> None:
        """Raise UploadRefused for a name that is public, or of which nobody can tell."""
        ...


class Examined(Protocol):
    """What was found: problems, the weightiest first, or the file as the store keeps it, and its core metadata."""

    @property
    def problems(self) -> tuple[str, ...]: ...

    @property
    def new(self) -> NewFile | None: ...

    @property
    def metadata(self) -> bytes | None: ...


class Kept(Protocol):
    """The projects of the store, as `Projects` has them; all of it waits for the disk, and raises DatabaseUnavailable."""

    def standing(self, project: ProjectName) -> Standing | None:
        """Give a project as it stands."""
        ...

    def add(
        self,
        project: ProjectName,
        display: str,
        new: NewFile,
        permit: Permit,
        *,
        owner: Principal,
        maintainers: Collection[Principal] = (),
        by: str,
        at: datetime,
    ) -> bool:
        """Add a file. Raises NotAdded, and what the permit raises."""
        ...


class Oidc(Protocol):
    """Trusted publishing."""

    def audience(self) -> Answer:
        """Say for whom an identity token is to be made out."""
        ...

    async def mint(self, body: bytes, said: Said) -> Answer:
        """Give a token of ours for the identity token in `body` (JSON), or say why not."""
        ...


class Api(Protocol):
    """The gateway's own HTTP API."""

    async def answer(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, said: Said
    ) -> Answer:
        """Answer a request of it; header names are lower-case."""
        ...


@dataclass(frozen=True)
class Upload:
    """An upload as its request announces it. `length`: of its body, None where it does not say; `accept`: the header's value.

    `action` and `protocol_version` are those of the query, `query` is all of it, as sent.
    """

    content_type: str
    length: int | None
    accept: str | None
    said: Said = field(repr=False)
    action: str | None = None
    protocol_version: str | None = None
    query: str = ""
