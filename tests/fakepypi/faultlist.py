"""The faults that are in force: which request they hit, how often, and how they are taken back."""

import threading
from dataclasses import replace

from tests.fakepypi.answer import Answer
from tests.fakepypi.faults import Hang, IgnoreRange, Kind, Reset, Slow
from tests.fakepypi.log import Seen, path_matches
from tests.fakepypi.taps import Tap


class Fault:
    """One fault in force, as the test holds it. A gate is one as well. May be used from any thread."""

    def __init__(
        self, path: str, kind: Kind, *, times: int | None, host: str | None, method: str | None, after: int = 0
    ) -> None:
        self.kind = kind
        self.hits = 0  # requests (or connections) that it has hit
        self._path, self._host, self._method = path, host, method
        self._left = times
        self._after = after  # requests that are let pass before
        self._lifted = False
        self._tap = Tap(kind.after_bytes if isinstance(kind, Hang) else 0)

    @property
    def reached(self) -> threading.Event:
        """Set once a request waits here (Hang, Slow)."""
        return self._tap.reached

    @property
    def waiting(self) -> int:
        """How many requests wait here at this moment."""
        return self._tap.waiting

    @property
    def tap(self) -> Tap:
        """What holds the answers that it hits."""
        return self._tap

    def step(self, chunks: int = 1) -> None:
        """Let further chunks of a Slow answer through."""
        self._tap.allow(chunks * (self.kind.chunk if isinstance(self.kind, Slow) else 1))

    def open(self) -> None:
        """Let go of all that waits here, now and later."""
        self._tap.open()

    def lift(self) -> None:
        """No longer in force; what waits here goes on."""
        self._lifted = True
        self.open()

    @property
    def at_connect(self) -> bool:
        """Whether it hits connections, not requests."""
        return isinstance(self.kind, Reset | Hang) and self.kind.at == "connect"

    def matches(self, seen: Seen) -> bool:
        """Whether it hits this request."""
        of_this_kind = self._host in {None, seen.host} and self._method in {None, seen.method}
        return not self.at_connect and of_this_kind and path_matches(self._path, seen.path)

    def strike(self) -> bool:
        """Count a hit; False if there are none left."""
        if self._lifted or self._left == 0:
            return False
        if self._after:
            self._after -= 1
            return False
        if self._left is not None:
            self._left -= 1
        self.hits += 1
        return True


class FaultList:
    """All faults in the order in which they were made; each changes what the one before has left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def lift(self) -> None:
        """Take all faults and gates back; what waits goes on."""
        with self._lock:
            for fault in self._faults:
                fault.lift()
            self._faults.clear()

    def strike_connection(self) -> Fault | None:
        """The fault that hits a new connection, if there is one."""
        with self._lock:
            return next((fault for fault in self._faults if fault.at_connect and fault.strike()), None)

    def strike(self, seen: Seen) -> list[Fault]:
        """The faults that hit a request; each counts it."""
        with self._lock:
            return [fault for fault in self._faults if fault.matches(seen) and fault.strike()]


def as_answered(seen: Seen, faults: list[Fault]) -> Seen:
    """The request as the catalogue is to see it."""
    if any(isinstance(fault.kind, IgnoreRange) for fault in faults):
        return replace(seen, headers={name: value for name, value in seen.headers.items() if name != "range"})
    return seen


def changed(answer: Answer, faults: list[Fault]) -> Answer:
    """The answer after all that goes wrong with it."""
    for fault in faults:
        answer = fault.kind.change(answer, fault.tap)
    return answer
