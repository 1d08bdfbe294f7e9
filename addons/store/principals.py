"""Principals: who can own a project, as the store and the configuration write them. Pure.

`user:alice`, `group:controls`, `ci:acc/controls/demo@gitlab`: a kind, a name, and the realm that it is of, unless it is the
organisation's own.
"""

import re
from dataclasses import dataclass
from typing import Self, override

KINDS = ("user", "group", "ci")
_FORM = re.compile(
    r"(?P<kind>[a-z]+):(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._+/ -]*[A-Za-z0-9._+-])?)(?:@(?P<realm>[a-z0-9][a-z0-9._-]*))?"
)
_MOST = 200


@dataclass(frozen=True, order=True)
class Principal:
    """A user, a group of users, or a project of a CI service. `realm` is "" for the organisation's own."""

    kind: str
    name: str
    realm: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """Read one as it is written. Raises ValueError, in words."""
        match = _FORM.fullmatch(text) if len(text) <= _MOST else None
        if match is None or match["kind"] not in KINDS:
            raise ValueError(
                f'{ascii(text)[:80]} is no principal; write one as "user:alice", "group:NAME" or "ci:PATH@REALM"'
            )
        return cls(match["kind"], match["name"], match["realm"] or "")

    @override
    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" + (f"@{self.realm}" if self.realm else "")
