"""What is found out about files' core metadata. All of it can be written as JSON (msgspec), times in UTC."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from addons.cache.announced import How

type Origin = How | Literal["index", "ahead", "folder", "store"]
"""As `How`; what its index announces itself; ahead of having it, as its index gives it; read out of a file in a folder; put into the store with it."""


class Seen(Struct, frozen=True, kw_only=True):
    """One file, as clients see it. `announced`: as on a page (PEP 714); `sha256`: the file's own, lower-case hex.

    `reason`: why nothing is announced, in words that follow `it`; `refused`: a policy's words. `in_hand`: the metadata
    is on this disk, with so many `bytes`. `expected`: whether anything missing counts. `fetched`: None, it was not tried;
    False, it failed: `failure` says why. `metadata`: its text, if that is wanted and in hand.
    """

    filename: str
    source: str | None
    sha256: str | None
    announced: bool | dict[str, str]
    origin: Origin | None = None
    since: datetime | None = None
    in_hand: bool = False
    bytes: int | None = None
    reason: str | None = None
    refused: str | None = None
    expected: bool = True
    fetched: bool | None = None
    failure: str | None = None
    metadata: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether all is as a client wants it."""
        announced = bool(self.announced) and self.refused is None
        return (announced or not self.expected) and self.fetched is not False


class Group(Struct, frozen=True, kw_only=True):
    """What one argument is about. `newest`: no version was named; `stale_seconds`: how old a page is that stands in."""

    argument: str
    project: str | None
    version: str | None
    newest: bool = False
    stale_seconds: float | None = None
    files: list[Seen]
