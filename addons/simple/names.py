"""Project names: made once, where text enters, and of a type that says so.

Source: PyPA specification "Names and normalization".
"""

import re
from functools import lru_cache
from typing import NewType

ProjectName = NewType("ProjectName", str)
"""A normalised project name: lower-case ASCII letters, digits and single hyphens inside."""

# Checked before lower-casing and without IGNORECASE: the Kelvin sign and the long s lower-case into ASCII letters.
_VALID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_NORMAL = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_RUN = re.compile(r"[-_.]+")


class InvalidName(ValueError):
    """A text that can be no project's name."""


def normalise(text: str) -> ProjectName:
    """Return the one spelling of a project name: `Foo_.Bar` becomes `foo-bar`.

    Raises InvalidName if the text is no valid name (ASCII letters, digits, `.`, `_` and `-`, ends alphanumeric).
    """
    if _NORMAL.fullmatch(text):
        return ProjectName(text)
    if not _VALID.fullmatch(text):
        # ascii() keeps control characters out of logs, the cut keeps hostile names short.
        raise InvalidName(f"{text[:100]!a} is no valid project name")
    return ProjectName(_RUN.sub("-", text).lower())


@lru_cache(maxsize=4096)
def spelled(text: str) -> ProjectName | None:
    """Return the project that a text spells, None if it spells none. Remembered: one page repeats one spelling."""
    try:
        return normalise(text)
    except InvalidName:
        return None
