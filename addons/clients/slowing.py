"""How guessing at passwords is slowed down, and that the log doesn't fill with it. Pure but for the clock it is given."""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from addons.clients.caller import Address

MOST_FAILURES = 10
"""How many different wrong passwords an address may give within `MINUTE`; after that none is looked at for as long."""

MINUTE = 60.0  # seconds
MOST_REMEMBERED = 10_000
MOST_TOLD = 12
"""How many lines of the log an address may cause within `MINUTE`."""


def remember[Key: Hashable, Value](table: OrderedDict[Key, Value], key: Key, value: Value, most: int) -> None:
    """Put a value behind the others of a table, out of which the oldest falls when it is full."""
    table[key] = value
    table.move_to_end(key)
    while len(table) > most:
        table.popitem(last=False)


def whereabouts(address: Address | None) -> str:
    """Give what counts as one address: of IPv6 the network of one link, in which a machine may take any."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)


@dataclass
class _Count:
    since: float
    number: int = 0


class PerMinute:
    """Counts what addresses do, each from the first time on and for a minute; from `most` on it is too much for a minute."""

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def add(self, where: str) -> None:
        """Count one more."""
        count = self._current(where) or _Count(self._clock())
        count.number += 1
        if count.number == self._most:
            count.since = self._clock()  # a whole minute from here
        remember(self._counts, where, count, MOST_REMEMBERED)

    def too_many(self, where: str) -> bool:
        """Tell whether it was too much."""
        count = self._current(where)
        return count is not None and count.number >= self._most

    def _current(self, where: str) -> _Count | None:
        count = self._counts.get(where)
        return count if count is not None and self._clock() - count.since < MINUTE else None


class Telling:
    """Which failures are worth a line of the log: one of each address and name in a minute, and few of one address."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lines = PerMinute(MOST_TOLD, clock)
        self._told: OrderedDict[tuple[str, str], float] = OrderedDict()

    def is_due(self, where: str, name: str) -> bool:
        """Tell whether to say it; it counts as said then."""
        now, last = self._clock(), self._told.get((where, name))
        if (last is not None and now - last < MINUTE) or self._lines.too_many(where):
            return False
        self._lines.add(where)
        remember(self._told, (where, name), now, MOST_REMEMBERED)
        return True
