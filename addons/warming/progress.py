"""How far it is: what somebody who waits is told."""

from typing import Protocol


class Progress(Protocol):
    """Is told what happens, from the event loop only, and must not wait for anything."""

    def say(self, words: str) -> None:
        """Say something on a line of its own."""
        ...

    def expect(self, filename: str, size: int | None) -> None:
        """Be told of a file that will be fetched, of so many bytes."""
        ...

    def step(self, filename: str, count: int) -> None:
        """Be told that so many more bytes of it are here."""
        ...

    def done(self, filename: str, seconds: float, *, whole: bool) -> None:
        """Be told that nothing more comes of it, after so many seconds, and whether that was all."""
        ...
