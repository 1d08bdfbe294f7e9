"""What was served since the last writing, counted in memory: for each day, kind of clients, project and file. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from addons.events.serving import Serving

MOST = 50_000
"""Different things that are counted at once, at some 400 bytes each: a busy gateway serves some hundreds in a writing's time."""

type What = tuple[date, str, str, str, str]
"""The day in UTC, the client group ("": none has a name), the profile ("": none), the project, the filename ("": its page)."""


@dataclass(slots=True)
class Times:
    """How often something was served, and when first and last (aware, UTC)."""

    number: int
    first: datetime
    last: datetime

    def add(self, other: "Times") -> None:
        """Count what was counted elsewhere, too."""
        self.number += other.number
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)


type Batch = dict[What, Times]


def gathered(into: Batch, more: Batch, most: int = MOST) -> int:
    """Add `more` to a batch of at most so many things; gives how often something was served that found no room."""
    lost = 0
    for what, times in more.items():
        if (known := into.get(what)) is not None:
            known.add(times)
        elif len(into) < most:
            into[what] = times
        else:
            lost += times.number
    return lost


class Served:
    """Counts. On the event loop only; an answer costs it one look into a dict.

    Of what is counted at once there are at most `most` different things: what more there is, is `dropped`, and how often is
    counted. Where nothing is to be recorded (`days` of the configuration is 0), nobody is handed a `Serving` of this.
    """

    def __init__(self, most: int = MOST) -> None:
        self.dropped = 0
        self._most = most
        self._batch: Batch = {}
        self._day = date.min
        self._begins = self._ends = datetime.min.replace(tzinfo=UTC)

    def of(self, group: str = "", profile: str = "") -> Serving:
        """Give what takes note for one kind of clients: its group's name, and that of the profile; "" for none."""
        return _Counting(self, group, profile)

    def note(self, group: str, profile: str, project: str, filename: str, at: datetime) -> None:
        """Count one answer."""
        if not self._begins <= at < self._ends:
            self._turn(at)
        what = (self._day, group, profile, project, filename)
        times = self._batch.get(what)
        if times is not None:
            times.number += 1
            times.last = at
        elif len(self._batch) < self._most:
            self._batch[what] = Times(1, at, at)
        else:
            self.dropped += 1

    def _turn(self, at: datetime) -> None:
        self._day = at.astimezone(UTC).date()
        self._begins = datetime.combine(self._day, time.min, UTC)
        self._ends = self._begins + timedelta(days=1)

    @property
    def waiting(self) -> int:
        """How many different things are counted and not taken yet."""
        return len(self._batch)

    def take(self) -> Batch:
        """Give all that was counted, and begin anew."""
        taken, self._batch = self._batch, {}
        return taken


class _Counting:
    """Takes note for one kind of clients."""

    __slots__ = ("_group", "_note", "_profile")

    def __init__(self, served: Served, group: str, profile: str) -> None:
        self._note = served.note
        self._group = group
        self._profile = profile

    def page(self, project: str, at: datetime) -> None:
        self._note(self._group, self._profile, project, "", at)

    def file(self, project: str, filename: str, at: datetime) -> None:
        self._note(self._group, self._profile, project, filename, at)
