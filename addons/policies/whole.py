"""What policies say of whole projects, whatever stands on their pages: what a project list can know without them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from proxyconf.rules import EVERY


@dataclass(frozen=True)
class Whole:
    """What one policy says at an instant, in scopes: names, prefixes as `acme-*`, or `*`.

    `refused`: of these projects it refuses whatever no policy above has let through; `policy` is its name there.
    `allowed`: of these projects it may let something through, by the policies that then do not refuse it (`*`: all).
    `until`: the first instant from which it may say something else by the clock alone; None: never.
    """

    policy: str = ""
    refused: frozenset[str] = frozenset()
    allowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    until: datetime | None = None


@dataclass(frozen=True)
class Forbidden:
    """Projects of which nothing is to be had: those that `scopes` cover and `but` does not."""

    scopes: frozenset[str]
    but: frozenset[str] = frozenset()


def forbidden(said: Iterable[Whole]) -> tuple[Forbidden, ...]:
    """Give what is forbidden under policies that say this, in their order.

    An allow rule excepts all projects that it may be about: which of their files it lets through only their pages say.
    """
    allowed: dict[str, frozenset[str]] = {}
    found: dict[frozenset[str], frozenset[str]] = {}
    for each in said:
        but = allowed.get(each.policy, frozenset()) | allowed.get(EVERY, frozenset())
        if each.refused and EVERY not in but:
            found[but] = found.get(but, frozenset()) | each.refused
        for policy, scopes in each.allowed.items():
            allowed[policy] = allowed.get(policy, frozenset()) | scopes
    return tuple(Forbidden(scopes, but) for but, scopes in found.items())
