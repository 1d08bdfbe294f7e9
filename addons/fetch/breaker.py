"""The circuit breaker: an upstream that does not answer is asked once in a while, not by every request."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

logger = logging.getLogger(__name__)

FAILURES = 5
"""In a row, of which an upstream is taken to be down."""

FIRST_SECONDS = 1.0
"""After which it is asked again for the first time; twice as long after each further failure."""

LONGEST_SECONDS = 30.0
"""After which it is asked again at the latest."""


@dataclass(frozen=True)
class Turn:
    """Leave to ask once; `probing`: of an upstream that is taken to be down. Say in the end what came of it."""

    breaker: "Breaker"
    probing: bool

    def answered(self) -> None:
        """Count an answer, whatever it says: the upstream is there."""
        self.breaker.close()

    def goes_on(self) -> None:
        """Note that much of an answer has come, whose end may still fail: it is asked as usual, but no failure is made up for."""
        self.breaker.try_again()

    def failed(self, url: str | None = None) -> None:
        """Count a failure. One that the upstream answered with for this very URL (5xx) counts once, not each time."""
        self.breaker.count(url, probing=self.probing)

    def gave_up(self) -> None:
        """Note that it ended without an outcome."""
        if self.probing:
            self.breaker.probing = False


class Breaker:
    """Of one host of a source: `name` is the source's in the log, `what` is the host's role there.

    It knows nothing of what is there: a source that isn't asked is unavailable. `clock` gives seconds.
    """

    def __init__(
        self, name: str, clock: Callable[[], float], failures: int = FAILURES, what: str = "its index"
    ) -> None:
        self.probing = False
        self._name = name
        self._what = what
        self._clock = clock
        self._most = failures
        self._failures: set[object] = set()
        self._delay = 0.0  # seconds; 0 while it is closed
        self._ask_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the upstream is taken to be down."""
        return self._delay > 0

    @property
    def admits(self) -> bool:
        """Whether there is a turn for the next one: for all while it is closed, else for one at a time, now and then."""
        return not self.is_open or (not self.probing and self._clock() >= self._ask_at)

    @property
    def wait_seconds(self) -> float:
        """For how long there is none; if one is under way, until it is known what came of it."""
        return max(self._ask_at - self._clock(), 0.0)

    def turn(self) -> Turn | None:
        """Give leave to ask, or none."""
        if not self.admits:
            return None
        self.probing = self.is_open
        return Turn(self, self.probing)

    def close(self) -> None:
        """Take the upstream to be there."""
        self.try_again()
        self._failures.clear()

    def try_again(self) -> None:
        """Ask it as usual; its failures are counted on: after one more it is taken to be down again."""
        if self.is_open:
            logger.warning("source %s: %s is there again, and is asked as usual", self._name, self._what)
            self._failures = {*range(self._most - 1)}
        self._delay, self.probing = 0.0, False

    def count(self, url: str | None, *, probing: bool) -> None:
        """Count a failure; of turns that began before it opened, none any more."""
        if not self.is_open:
            self._failures.add(len(self._failures) if url is None else url)
            if len(self._failures) >= self._most:
                words = "source %s: %d failures in a row, so %s is asked once in a while only, until it answers"
                logger.warning(words, self._name, len(self._failures), self._what)
                self._wait(FIRST_SECONDS)
        elif probing:
            self._wait(min(self._delay * 2, LONGEST_SECONDS))

    def _wait(self, seconds: float) -> None:
        self._delay = seconds
        self._ask_at = self._clock() + seconds
        self.probing = False
