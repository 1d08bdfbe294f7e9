"""Whether names fit patterns with `*` in them, and nothing else that is special. Pure."""

import re
from functools import lru_cache


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, re.split(r"\*+", pattern))), re.DOTALL)


def fits(pattern: str, text: str) -> bool:
    """Tell whether a text is a pattern's, in which `*` stands for anything; capitals count."""
    return _compiled(pattern).fullmatch(text) is not None


def path_fits(pattern: str, path: str) -> bool:
    """Tell whether a path is a pattern's, segment by segment: `*` stands for anything within one."""
    wanted, found = pattern.split("/"), path.split("/")
    return len(wanted) == len(found) and all(map(fits, wanted, found))


def lies_below(pattern: str, path: str) -> bool:
    """Tell whether a project's path lies in a group of this pattern, or in one of its sub-groups."""
    wanted, found = pattern.split("/"), path.split("/")
    return len(wanted) < len(found) and all(map(fits, wanted, found))
