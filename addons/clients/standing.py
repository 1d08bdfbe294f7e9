"""As whom a client is served: what was found out about it. Pure."""

from dataclasses import dataclass
from urllib.parse import urlencode

from proxyconf.clients import AS_OF_PREFIX, TOKEN_PREFIX
from proxyconf.instants import Instant

MOST_SHOWN = 50
"""How much of a client's own word is repeated, in characters."""


@dataclass(frozen=True)
class Standing:
    """As whom a client is served: the names of its group and of the profile that it chose, "" for none.

    `as_of`: the instant as of which it wants to see the world.
    """

    group: str = ""
    profile: str = ""
    as_of: Instant | None = None

    @property
    def chosen(self) -> str:
        """The profile as a client names it, "" for none: `testing`, `as-of-2026-01-31`."""
        if self.as_of is None:
            return self.profile
        is_day = not (self.as_of.hour or self.as_of.minute or self.as_of.second or self.as_of.microsecond)
        said = f"{self.as_of:%Y-%m-%d}" if is_day else f"{self.as_of:%Y-%m-%dT%H%M%S}Z"
        return f"{AS_OF_PREFIX}{said}"

    @property
    def said(self) -> str:
        """It in words: `group ci, profile as-of-2026-01-31`; "" for a client of no group without a profile."""
        parts = (("group", self.group), ("profile", self.chosen))
        return ", ".join(f"{noun} {name}" for noun, name in parts if name)

    @property
    def query(self) -> str:
        """It as the query of a URL: `?client=ci&profile=testing`, "" for a client of no group without a profile."""
        parts = (("client", self.group), ("profile", self.chosen))
        query = urlencode([(key, name) for key, name in parts if name])
        return f"?{query}" if query else ""


NOBODY = Standing()
"""A client of no group that has chosen nothing."""


@dataclass(frozen=True)
class TurnedAway:
    """That a client is not served at all: why, in printable ASCII, and the setting that says so."""

    words: str
    rule: str = "clients"


def quoted(name: str) -> str:
    """Give a client's own word as words may repeat it; not a token that stands in the place of a name."""
    return f"'{TOKEN_PREFIX}...'" if name.startswith(TOKEN_PREFIX) else ascii(name)[:MOST_SHOWN]
