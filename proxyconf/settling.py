"""Whether a text that was just read is what its writer meant: who writes into a file empties it first. Pure."""


class Settling:
    """Looks at one file's texts, one after the other; None is one that cannot be had.

    An empty configuration has no policies, so a file that had something in it is believed to be empty the second time only.
    """

    def __init__(self) -> None:
        self._emptied = False

    def counts(self, before: str | None, now: str | None) -> bool:
        """Tell whether the text counts, after the one before it that did."""
        emptied = now is not None and not now.strip() and bool(before and before.strip())
        self._emptied = emptied and not self._emptied
        return not self._emptied
