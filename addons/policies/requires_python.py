"""requires_python: files for Pythons that no machine here has are of no use, so no page lists them (PEP 503)."""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import override

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from addons.policies.deciding import Deciding, ShapeRule
from addons.policies.verdicts import refusal, with_refused
from addons.simple.page import File, Page, Refusal
from proxyconf.misfit import Misfit, settle, shown

_PYTHON = re.compile(r"\d{1,3}\.\d{1,3}(\.\d{1,3})?", re.ASCII)
_LONGEST = 500  # characters of a Requires-Python that is read; real ones have some tens


class RequiresPythonRule(ShapeRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Pythons that the machines have: `3.11` is any micro version of it, `3.11.4` just that one."""

    pythons: tuple[str, ...]

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, pythons=_python)
        if not self.pythons:
            raise Misfit('is empty; write the versions that the machines have, like ["3.11", "3.12"]', "pythons")


class RequiresPython(Deciding[RequiresPythonRule]):
    """Hide the files whose Requires-Python admits none of the Pythons; one that cannot be read stays, as it does for pip."""

    def apply(self, page: Page, at: datetime) -> Page:
        """Mark what is of no use as refused and hidden."""
        return with_refused(page, self._judged(page, at, _judge, unknown=False), self._contact)


def _judge(rule: RequiresPythonRule, file: File) -> Refusal | None:
    if not file.requires_python or admits_any(file.requires_python, rule.pythons):
        return None
    wanted = "".join(char for char in file.requires_python if char.isprintable())
    said = f"it is for Python {wanted}, and the machines here have {', '.join(rule.pythons)}"
    return msgspec.structs.replace(refusal("requires_python", rule, said), hidden=True)


@lru_cache(maxsize=8192)
def admits_any(requires_python: str, pythons: tuple[str, ...]) -> bool:
    """Tell whether a Requires-Python admits any of these Pythons; True if it cannot be read."""
    if len(requires_python) > _LONGEST:
        return True
    try:
        wanted = SpecifierSet(requires_python)
    except InvalidSpecifier:
        return True
    return any(wanted.contains(each, prereleases=True) for python in pythons for each in _micros(python, wanted))


def _micros(python: str, wanted: SpecifierSet) -> Iterator[Version]:
    """Give versions of a Python such that a specifier that admits any micro version of it admits one of these.

    Along the micro versions the answer changes only beside those that a clause names: the first of all, these, and the
    next after each stand for the rest.
    """
    have = Version(python)
    if len(have.release) > 2:
        yield have
        return
    yield Version(f"{python}.0")
    for clause in wanted:
        try:
            named = Version(clause.version.removesuffix(".*"))
        except InvalidVersion:  # after "==="
            continue
        micro = named.micro if named.release[:2] == have.release else 0
        yield from (Version(f"{python}.{each}") for each in (micro, micro + 1))


def _python(text: str) -> str:
    if not _PYTHON.fullmatch(text.strip()):
        raise Misfit(f'{shown(text)} is no version of Python; write it like "3.11", or "3.11.4" for just that one')
    return text.strip()
