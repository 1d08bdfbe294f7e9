"""Whether a text that was just read is what its writer meant: who writes into a file empties it first. Pure."""

EMPTY_SECONDS = 1.0
"""How long a file has to be empty until it is believed: a busy machine may leave its writer waiting in between."""


class Settling:
    """Looks at one file's texts, one after the other; None is one that cannot be had.

    An empty configuration has no policies, so a file that had something in it is believed to be empty after a while only.
    """

    def __init__(self) -> None:
        self._empty_since: float | None = None

    def counts(self, before: str | None, now: str | None, at: float) -> bool:
        """Tell whether the text counts, after the one before it that did. `at` is when it was read (seconds, monotonic)."""
        if now is None or now.strip() or not (before and before.strip()):
            self._empty_since = None
            return True
        if self._empty_since is None:
            self._empty_since = at
        return at - self._empty_since >= EMPTY_SECONDS
