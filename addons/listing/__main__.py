"""The process that works on lists: `python -m addons.listing read` (or `build`), an order in, its outcome out.

It is nobody's command: the gateway starts it, so that the work takes neither its lock nor its memory.
"""

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from addons.listing.building import build
from addons.listing.orders import BuildOrder, ReadOrder, ReadOutcome
from addons.listing.reading import Heard, read

_NICE = 5  # so much further back than requests
_MOST_MEMORY = 1 << 29  # bytes: several times what a million projects take; a list that wants more is not read
_MOST_CPU = 120  # seconds: some thirty times what a million projects take


def main(step: str) -> None:
    """Do one order and write its outcome."""
    if sys.platform != "win32":
        import resource  # there is none on Windows

        os.nice(_NICE)
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU, _MOST_CPU))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    steps: dict[str, Callable[[bytes], Any]] = {"read": _read, "build": _build}
    sys.stdout.buffer.write(msgspec.json.encode(steps[step](sys.stdin.buffer.read())))


def _read(order: bytes) -> ReadOutcome:
    heard = Heard()
    logging.getLogger().addHandler(heard)
    try:
        outcome = read(msgspec.json.decode(order, type=ReadOrder))
    except MemoryError:
        return ReadOutcome(refused="it cannot be read in the memory that a list may take")
    return msgspec.structs.replace(outcome, said=(*outcome.said, *heard.words))


def _build(order: bytes) -> Any:
    return build(msgspec.json.decode(order, type=BuildOrder))


if __name__ == "__main__":
    main(sys.argv[1])
