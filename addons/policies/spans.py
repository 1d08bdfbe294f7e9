"""Between which versions those lie that a specifier may contain, so that the others need not be asked about. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version


class Span(NamedTuple):
    """The first and the last version, without their local parts; None: there is no such end."""

    first: Version | None
    last: Version | None


EVERYTHING = Span(None, None)


def span(specifiers: SpecifierSet | None) -> Span:
    """Give a span in which every version lies that the specifiers contain, pre-releases too, and perhaps others.

    Source: version specifiers specification (PEP 440); what is in doubt is left to what asks each version.
    """
    spans = [_of(clause) for clause in specifiers or ()]
    firsts = [each.first for each in spans if each.first is not None]
    lasts = [each.last for each in spans if each.last is not None]
    return Span(max(firsts, default=None), min(lasts, default=None))


def _of(clause: Specifier) -> Span:
    try:
        named = Version(clause.version.removesuffix(".*"))
    except InvalidVersion:  # after "==="
        return EVERYTHING
    match clause.operator:
        case "==" if clause.version.endswith(".*"):
            return Span(_begin(named, named.release), _begin(named, _next(named.release)))
        case "==":
            return Span(_public(named), _public(named))
        case "~=":
            return Span(named, _begin(named, _next(named.release[:-1])))
        case ">=" | ">":
            return Span(named, None)
        case "<=" | "<":
            return Span(None, named)
    return EVERYTHING


def _begin(of: Version, release: Sequence[int]) -> Version:
    """Give the very first version of a release, in the epoch of another version."""
    return Version(f"{of.epoch}!{'.'.join(map(str, release))}.dev0")


def _next(release: Sequence[int]) -> Sequence[int]:
    return (*release[:-1], release[-1] + 1)


def _public(version: Version) -> Version:
    return version if version.local is None else Version(version.public)


class Versions:
    """Versions in their order."""

    def __init__(self, versions: Iterable[Version]) -> None:
        self._sorted = sorted(versions)
        self._public = [_public(version) for version in self._sorted]

    def within(self, wanted: Span) -> Sequence[Version]:
        """Give those that lie in a span, whatever their local parts."""
        if wanted == EVERYTHING:
            return self._sorted
        begin = 0 if wanted.first is None else bisect_left(self._public, wanted.first)
        end = len(self._sorted) if wanted.last is None else bisect_right(self._public, wanted.last)
        return self._sorted[begin:end]
