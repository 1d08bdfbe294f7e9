"""An outage of a source, as clients and the log see it: what was kept is given meanwhile, for so long."""

import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)

_MOST = 1000  # documents that are remembered as failing: the end of an outage is seen by any one of them


class Outage:
    """Of one source: it begins when what is kept has to stand in, and ends when one of those documents is had again."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self._name = name
        self._clock = clock
        self._failing: set[str] = set()
        self._since: float | None = None
        self.hanging = False
        """Whether the upstream let the last one wait too long: the next one with something in hand does not wait."""

    @property
    def seconds(self) -> float | None:
        """For how long what is kept has been standing in; None if it does not."""
        return None if self._since is None else self._clock() - self._since

    def stood_in(self, url: str, words: str) -> None:
        """Note that what is kept of a document was given in place of an answer: the first time in the log."""
        if self._since is None:
            self._since = self._clock()
            logger.warning("%s; what is kept of it is given meanwhile", words)
        if len(self._failing) < _MOST:
            self._failing.add(url)

    def had(self, url: str) -> None:
        """Note that the upstream gave a document, or said for certain that there is none."""
        self.hanging = False
        if self._since is not None and url in self._failing:
            seconds = self._clock() - self._since
            logger.warning("source %s: answers again; for %.0f s what was kept was given", self._name, seconds)
            self._since = None
            self._failing.clear()
