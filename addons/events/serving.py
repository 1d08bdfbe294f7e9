"""What answering says of each answer that a client got: a page or a file, and when. Pure."""

from datetime import datetime
from typing import Protocol


class Serving(Protocol):
    """Takes note of answers; for the event loop, which it never holds up."""

    def page(self, project: str, at: datetime) -> None:
        """Take note that a project's page was given, in any form, or that a client's copy still is the page."""
        ...

    def file(self, project: str, filename: str, at: datetime) -> None:
        """Take note that a file of a project was given, whole or in part, or that a client's copy still is the file."""
        ...


class Unrecorded:
    """Takes note of nothing: for who answers without a gateway, and where nothing is to be recorded."""

    def page(self, project: str, at: datetime) -> None:
        """Forget it."""

    def file(self, project: str, filename: str, at: datetime) -> None:
        """Forget it."""


UNRECORDED: Serving = Unrecorded()
