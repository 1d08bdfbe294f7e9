"""Instants as an operator writes them. Pure."""

from datetime import UTC, datetime
from typing import Self

from proxyconf.misfit import Misfit, shown


class Instant(datetime):
    """An instant with a time zone: ISO 8601, like `2026-12-01T08:00Z`; a date alone is its midnight in UTC."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Read one. Raises Misfit."""
        try:
            found = cls.fromisoformat(text.strip())
        except ValueError:
            raise Misfit(
                f'{shown(text)} is no instant; write a date or a time with its zone, like "2026-12-01T08:00Z"'
            ) from None
        if found.tzinfo is not None:
            return cls._in_utc(found, text)
        if len(text.strip()) > len("2026-12-01"):
            raise Misfit(f'{shown(text)} has no time zone; write "{text.strip()}Z" if it is UTC')
        return found.replace(tzinfo=UTC)

    @classmethod
    def _in_utc(cls, found: Self, text: str) -> Self:
        try:
            return found.astimezone(UTC)
        except OverflowError:  # the first hours of the year 1 east of Greenwich, the last ones of 9999 west of it
            raise Misfit(f"{shown(text)} is out of all times; write a year between 2 and 9998") from None
