"""What is said when a value does not fit, and where in the configuration it stands. Pure."""

from collections.abc import Callable
from typing import Any

import msgspec


class Misfit(ValueError):
    """A value that can't be used. `str()` is what is wrong and what to do, without the key's name.

    `at` is the way to the value from the struct that raised: attribute names, list indexes and dict keys, outermost
    first, empty for the struct itself. Neither ever holds a secret: what may be one is not repeated in the words.
    """

    def __init__(self, words: str, *at: str | int) -> None:
        super().__init__(words)
        self.at = at


def shown(value: object, limit: int = 60) -> str:
    """A value for an error message: in double quotes, on one line, at most `limit` characters of it."""
    text = str(value)
    cut = text if len(text) <= limit else f"{text[: limit - 3]}..."
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in cut) + '"'


def settle(struct: msgspec.Struct, **checks: Callable[[Any], Any]) -> None:
    """Put the checked, normalised value in the place of each named attribute of a frozen struct being made.

    A check takes a value and returns it normalised or raises Misfit. None is left alone; of a tuple each item is
    checked. Raises Misfit with the attribute (and index) in front of its `at`.
    """
    for name, check in checks.items():
        value = getattr(struct, name)
        if isinstance(value, tuple) and type(value) is tuple:
            settled: Any = tuple(_checked(check, item, name, number) for number, item in enumerate(value))
        elif value is None:
            continue
        else:
            settled = _checked(check, value, name)
        msgspec.structs.force_setattr(struct, name, settled)


def _checked(check: Callable[[Any], Any], value: object, *at: str | int) -> Any:
    try:
        return check(value)
    except Misfit as misfit:
        raise Misfit(str(misfit), *at, *misfit.at) from None
