"""The documents that the interface answers with. Times are UTC, sizes bytes, hashes lower-case hex. Pure.

More keys may come; none goes, and none gets another meaning, while it is version 1.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from addons.store.stored import FileType, Role


class Document(Struct, frozen=True, kw_only=True):
    """One document."""


class Start(Document, frozen=True, kw_only=True):
    """Where the rest is found."""

    version: str
    openapi: str
    projects: str
    whoami: str


class Me(Document, frozen=True, kw_only=True):
    """Whom the gateway takes the caller for. `projects`: only these (null: any). `until`: when the proof ends by itself."""

    principal: str
    groups: tuple[str, ...]
    shown: str
    service: str
    projects: tuple[str, ...] | None
    may_claim: bool
    until: datetime | None


class Listed(Document, frozen=True, kw_only=True):
    """A project in a list. `latest` is its latest version as installers choose, null without files; `role` the caller's."""

    name: str
    display: str
    status: str
    latest: str | None
    role: Role | None


class Listing(Document, frozen=True, kw_only=True):
    """Projects by name. `next` is what to give as `after` to see those behind them; null at the end."""

    projects: tuple[Listed, ...]
    next: str | None


class Held(Document, frozen=True, kw_only=True):
    """A principal's role."""

    principal: str
    role: Role


class Roles(Document, frozen=True, kw_only=True):
    """Who may what, by principal."""

    roles: tuple[Held, ...]


class File(Document, frozen=True, kw_only=True):
    """A file. `hashes` by algorithm; `core_metadata` the sha256 of its core metadata; `yanked` the reason ("" without one)."""

    filename: str
    filetype: FileType
    size: int
    hashes: Mapping[str, str]
    requires_python: str | None
    core_metadata: str | None
    uploaded: datetime
    by: str
    yanked: str | None


class Release(Document, frozen=True, kw_only=True):
    """A release. `yanked`: whether all of its files are."""

    version: str
    yanked: bool
    files: tuple[File, ...]


class Project(Document, frozen=True, kw_only=True):
    """A project as it stands. `role` is the caller's own, the higher one of several; the latest release is the first."""

    name: str
    display: str
    status: str
    status_reason: str | None
    made: datetime
    by: str
    size: int
    role: Role | None
    roles: tuple[Held, ...]
    releases: tuple[Release, ...]


class Changed(Document, frozen=True, kw_only=True):
    """Which files of a release are otherwise than before; none, if all was so already."""

    project: str
    version: str
    files: tuple[str, ...]


class Standing(Document, frozen=True, kw_only=True):
    """A project's status (PEP 792)."""

    project: str
    status: str
    reason: str | None


class Change(Document, frozen=True, kw_only=True):
    """A change of a project, as it was recorded."""

    number: int
    at: datetime
    by: str
    what: str
    subject: str
    reason: str


class Changes(Document, frozen=True, kw_only=True):
    """Changes, the last one first. `next` is what to give as `before` to see earlier ones; null at the end."""

    changes: tuple[Change, ...]
    next: int | None


class Token(Document, frozen=True, kw_only=True):
    """What is known of a token. `projects`: only these (null: any). The token itself is kept nowhere."""

    id: str
    note: str
    projects: tuple[str, ...] | None
    may_claim: bool
    made: datetime
    by: str
    until: datetime | None
    revoked: datetime | None
    used: datetime | None


class Tokens(Document, frozen=True, kw_only=True):
    """Tokens, in the order in which they were made."""

    tokens: tuple[Token, ...]


class NewToken(Document, frozen=True, kw_only=True):
    """A token that was made. `secret` is what a client sends, and is shown this once."""

    token: Token
    secret: str


class Problem(Document, frozen=True, kw_only=True):
    """Why something was not done (RFC 9457). `detail` is for people, `code` for programs."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str | None = None
