"""tags: wheels for machines that nobody here has are of no use, so no page lists them.

Source: PyPA specifications "Platform compatibility tags" and "Binary distribution format".
"""

import re
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from math import prod
from typing import override

import msgspec
from packaging.tags import parse_tag

from addons.policies.deciding import Deciding, ShapeRule
from addons.policies.verdicts import refusal, with_refused
from addons.simple.distributions import version
from addons.simple.page import File, Page, Refusal
from proxyconf.misfit import Misfit, settle, shown

_LONGEST = 255  # characters of a filename; longer ones are nobody's
_MOST_TAGS = 1000  # of one wheel, so that no name takes long to expand; real ones have some tens
_VERSIONED = re.compile(r"([a-z]+)(\d)(\d*)", re.ASCII)  # cp311: CPython 3.11

type Machines = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], bool]
"""Patterns of interpreters, ABIs and platforms, each empty if all fit, and whether the platform `any` fits."""


class TagsRule(ShapeRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The machines that there are, as patterns of a wheel's tags; what is left out narrows nothing."""

    platforms: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()
    abis: tuple[str, ...] = ()
    any_platform: bool = True

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, platforms=_pattern, interpreters=_interpreter, abis=_pattern)
        if not (self.platforms or self.interpreters or self.abis):
            raise Misfit('names no platforms, interpreters or abis; write some, or platforms: ["*"] to let all in')

    @property
    def machines(self) -> Machines:
        """What the rule says of machines."""
        return self.interpreters, self.abis, self.platforms, self.any_platform


class Tags(Deciding[TagsRule]):
    """Hide the wheels none of whose tags fits; what is no wheel, or has a name that cannot be read, is left to others."""

    def apply(self, page: Page, at: datetime) -> Page:
        """Mark what is of no use as refused and hidden."""
        known: dict[tuple[int, str], Refusal | None] = {}  # a large page has few tags

        def judge(rule: TagsRule, file: File) -> Refusal | None:
            tags = tags_of(file.filename)
            if tags is None:
                return None
            key = id(rule), tags
            if key not in known:
                known[key] = _verdict(rule, tags)
            return known[key]

        return with_refused(page, self._judged(page, at, judge, unknown=False), self._contact)


def _verdict(rule: TagsRule, tags: str) -> Refusal | None:
    if fits(tags, rule.machines):
        return None
    return msgspec.structs.replace(refusal("tags", rule, f"it is for {tags}, which no machine here is"), hidden=True)


@lru_cache(maxsize=32768)
def tags_of(filename: str) -> str | None:
    """Give a wheel's compressed tags, as `cp311-cp311-manylinux1_x86_64.win32`; None where packaging would not read them."""
    parts = filename.removesuffix(".whl").split("-")
    if not filename.endswith(".whl") or len(filename) > _LONGEST or len(parts) not in (5, 6):
        return None
    if version(parts[1]) is None or (len(parts) == 6 and not ("0" <= parts[2][:1] <= "9")):
        return None
    tags = "-".join(parts[-3:]).lower()
    return tags if _are_tags(tags) else None


@lru_cache(maxsize=8192)
def _are_tags(text: str) -> bool:
    if prod(part.count(".") + 1 for part in text.split("-")) > _MOST_TAGS:
        return False
    try:
        return bool(parse_tag(text))
    except ValueError:
        return False


def fits(tags: str, machines: Machines) -> bool:
    """Tell whether any of a wheel's compressed tags is for one of these machines."""
    interpreters, abis, platforms = (part.split(".") for part in tags.split("-"))
    have, builds, places, any_platform = machines
    if not any(_is_platform(platform, places, any_platform) for platform in platforms):
        return False
    return any(_is_build(abi, builds) and _runs(each, abi, have) for abi in abis for each in interpreters)


def _is_platform(platform: str, places: tuple[str, ...], any_platform: bool) -> bool:
    if platform == "any":
        return any_platform
    return not places or _matches(platform, places)


def _is_build(abi: str, builds: tuple[str, ...]) -> bool:
    return not builds or abi in ("none", "abi3") or _matches(abi, builds)


def _runs(interpreter: str, abi: str, have: tuple[str, ...]) -> bool:
    """Tell whether one of the interpreters takes a wheel for this one, as packaging.tags.sys_tags orders them.

    `py3` is for every Python 3, `py39` and `cp39-abi3` are for 3.9 and whatever comes after it within 3.
    """
    if not have or _matches(interpreter, have):
        return True
    wanted = _VERSIONED.fullmatch(interpreter)
    if wanted is None or not (wanted[1] == "py" or (wanted[1] == "cp" and abi == "abi3")):
        return False
    return any(_is_at_least(each, wanted) for each in have)


def _is_at_least(pattern: str, wanted: re.Match[str]) -> bool:
    found = _VERSIONED.fullmatch(pattern)
    if found is None:  # of whatever version: it stays, unless it is another implementation's
        return wanted[1] == "py" or wanted[1].startswith(pattern[: _letters(pattern)])
    if wanted[1] not in ("py", found[1]) or found[2] != wanted[2]:
        return False
    return int(found[3] or 0) >= int(wanted[3] or 0)


def _letters(pattern: str) -> int:
    return next((place for place, char in enumerate(pattern) if not char.isalpha()), len(pattern))


def _matches(tag: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(tag, pattern) for pattern in patterns)


def _pattern(text: str) -> str:
    if not re.fullmatch(r"[\w.*?\[\]!-]+", text, re.ASCII):
        raise Misfit(f'{shown(text)} is no pattern of tags; write one like "manylinux*_x86_64", "win_amd64" or "cp311"')
    return text.lower()


def _interpreter(text: str) -> str:
    found = _VERSIONED.fullmatch(_pattern(text))
    if found is None or found[1] == "py" or found[3]:
        return _pattern(text)
    raise Misfit(
        f'{shown(text)} is no interpreter\'s tag; write "{found[0]}*" for all of them, or "{found[0]}11" for one'
    )
