"""Which projects somebody wants, out of a requirements file as pip reads them: their names, nothing else counts here.

Source: https://pip.pypa.io/en/stable/reference/requirements-file-format/.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from addons.simple.names import ProjectName, normalise

_MOST = 10_000_000  # bytes of a requirements file
_DEEP = 8  # files that include each other
_COMMENT = re.compile(r"(^|\s)#.*$")
_INCLUDED = re.compile(r"(?:-r|--requirement)(?:\s+|=)(\S+)")
_OPTIONS = re.compile(r"\s+--?[A-Za-z].*$")


@dataclass(frozen=True)
class Named:
    """A project that is wanted; one that is wanted on some machines only (a marker) may be missing."""

    project: ProjectName
    optional: bool = False


def named_in(path: Path, deep: int = 0) -> Iterator[Named]:
    """Give the projects that a requirements file names. Raises ValueError, in words with file and line, or OSError."""
    if deep > _DEEP:
        raise ValueError(f"{path}: files include each other too deep")
    with path.open("rb") as file:
        text = file.read(_MOST).decode("utf-8", "replace")
    for number, line in _lines(text):
        included = _INCLUDED.fullmatch(line)
        if included:
            yield from named_in(path.parent / included[1], deep + 1)
        elif line and not line.startswith("-"):  # other options say how to install, not what
            yield _named(line, f"{path}:{number}")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    held, began = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        began = began or number
        if line.endswith("\\"):
            held += line[:-1]
            continue
        yield began, _COMMENT.sub("", held + line).strip()
        held, began = "", 0
    yield began, _COMMENT.sub("", held).strip()


def _named(line: str, place: str) -> Named:
    try:
        requirement = Requirement(_OPTIONS.sub("", line))
    except InvalidRequirement:
        raise ValueError(
            f"{place}: {ascii(line)[:100]} names no project: a bundle has what an index has, by its name"
        ) from None
    return Named(normalise(requirement.name), requirement.marker is not None)
