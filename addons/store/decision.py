"""What people decide at run time, as a value: a denial, a yank or an exemption, who made it, when, why, and its end. Pure."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

type Kind = Literal["deny", "yank", "allow"]
"""The policy whose rule a decision is; `allow` is an exemption."""


class Subject(Struct, frozen=True, kw_only=True):
    """Which files a decision is about, as a rule says it (proxyconf.rules.Rule), and for whom it counts.

    `versions` is a specifier as text, sorted; `client` the name of a client group, None: everybody.
    """

    project: str | None = None
    versions: str | None = None
    files: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()
    client: str | None = None


class Draft(Struct, frozen=True, kw_only=True):
    """What somebody wants to have decided. `until`: the instant at which it ends by itself; `past`: only of an exemption."""

    kind: Kind
    subject: Subject
    reason: str
    author: str
    id: str | None = None
    until: datetime | None = None
    past: tuple[str, ...] = ()


class Decision(Struct, frozen=True, kw_only=True):
    """A decision that was made, and, if somebody ended it, when, who and why. Times are aware, UTC.

    `number` counts from 1, and none is given twice.
    """

    number: int
    draft: Draft
    made: datetime
    ended: datetime | None = None
    ended_by: str | None = None
    ended_why: str | None = None

    def is_in_force(self, at: datetime) -> bool:
        """Tell whether nobody has ended it, and it has not ended by itself."""
        return self.ended is None and (self.draft.until is None or at < self.draft.until)
