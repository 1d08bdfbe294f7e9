"""What is wrong with a file, as lines that can stand in a reason phrase (UPL-19, UPL-23). Pure."""

import re
from collections.abc import Iterable, Iterator

from addons.metadata.bounded import NotADistribution

_LONGEST = 120  # characters of what a client wrote
_LONGEST_LINE = 400
_TAKEN_FOR_DONE = re.compile(
    r"(already)(\s+)(exist|been)|(updating)(\s+)(asset)|(overwrite)(\s+)(artifact)", re.IGNORECASE
)


def clean(text: str, most: int = _LONGEST) -> str:
    """Write what a client wrote so that it can stand in a line: printable ASCII, at most so many characters.

    What `twine upload --skip-existing` would take for a success is no longer found in it (UPL-21).
    """
    cut = text if len(text) <= most else f"{text[: most - 3]}..."
    plain = "".join(char if " " <= char <= "~" else ascii(char)[1:-1] for char in cut)
    return _TAKEN_FOR_DONE.sub(lambda found: "-".join(part for part in found.groups() if part and part.strip()), plain)


def unsound(words: str) -> str:
    """Say what is wrong with an archive, in words that follow `it`."""
    return clean(f"Invalid distribution file. It {words}.", _LONGEST_LINE)


def damaged(error: NotADistribution) -> str:
    """Say what keeps an archive from being read."""
    return unsound(str(error))


def invalid(field: str, why: str) -> str:
    """Say that a field's value is none, without it."""
    return clean(f"Invalid value for {field}. Error: {why}", _LONGEST_LINE)


def no_value(value: str, field: str, why: str) -> str:
    """Say that a value is none for a field, and why."""
    return clean(f"'{clean(value)}' is an invalid value for {field}. Error: {why}", _LONGEST_LINE)


def few(lines: Iterable[str], most: int = 5) -> Iterator[str]:
    """Yield the first lines, and how many more there are: an archive of many members can have as many faults."""
    more = 0
    for number, line in enumerate(lines):
        if number < most:
            yield line
        more = max(0, number + 1 - most)
    if more:
        yield unsound(f"has {more} more faults of this kind")
