"""What is explained of a project's files. All of it can be written as JSON (msgspec), times in UTC."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from addons.policies.tracing import Deed


class RuleSaid(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule, as it is written. `place` (FILE:LINE, or the decision and its time) and `author` are for the operator only.

    `says`: what only rules of its policy have, as `{"days": 60}`.
    """

    says: dict[str, object] = {}
    reason: str | None = None
    id: str | None = None
    until: datetime | None = None
    author: str | None = None
    place: str | None = None


class Act(Struct, frozen=True, kw_only=True):
    """What a policy did to a file, or to a version of the list that has no file; `number`: which it is in the order, from 1.

    The rule whose words are said comes first.
    """

    policy: str
    number: int
    deed: Deed
    rules: list[RuleSaid]


class FileSaid(Struct, frozen=True, kw_only=True):
    """A file: `yanked` as its source says it (PEP 592), what the policies did, in order, and what came of it.

    `listed`: whether clients see it on the page; `words`: what they read of it.
    """

    filename: str
    source: str
    yanked: bool | str
    acts: list[Act]
    outcome: Literal["offered", "yanked", "refused"]
    listed: bool
    words: str | None = None


class SourceSaid(Struct, frozen=True, kw_only=True):
    """What part a source had in the answer, in words that follow its name."""

    name: str
    own: bool
    said: str


class PageSaid(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A source's page: its status (PEP 792), and how old it is (seconds) where it stands in for an answer.

    `kept`: it was taken from the cache, where it counts until `fresh_until`; None: not known. `asked`: when its index was
    asked for it last.
    """

    source: str
    status: str | None = None
    status_reason: str | None = None
    stale_seconds: float | None = None
    kept: bool | None = None
    asked: datetime | None = None
    fresh_until: datetime | None = None


class PolicySaid(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A policy in force; `place` is that of its first rule."""

    number: int
    name: str
    rules: int
    place: str | None = None


class Explanation(Struct, frozen=True, kw_only=True):
    """What one argument is about. `status`: the page's as clients see it; `versions`: taken off the page's list, by whom.

    `clients`: which ones it is about, "" for those of no group.
    """

    argument: str
    project: str
    clients: str
    version: str | None
    at: datetime
    sources: list[SourceSaid]
    pages: list[PageSaid]
    policies: list[PolicySaid]
    status: str | None
    status_reason: str | None
    versions: dict[str, Act]
    files: list[FileSaid]

    @property
    def is_well(self) -> bool:
        """Whether no file is refused."""
        return all(file.outcome != "refused" for file in self.files)
