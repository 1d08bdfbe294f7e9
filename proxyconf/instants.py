"""Instants as an operator writes them. Pure."""

from datetime import UTC, date, datetime
from typing import Self

from proxyconf.misfit import Misfit, shown


class Instant(datetime):
    """An instant with a time zone: ISO 8601, like `2026-12-01T08:00Z`; a date alone is its midnight in UTC."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Read one. Raises Misfit."""
        written = text.strip().upper()  # RFC 3339 section 5.6: "t" and "z" may be small
        try:
            day = date.fromisoformat(written)
            return cls(day.year, day.month, day.day, tzinfo=UTC)
        except ValueError:
            pass  # no date alone
        try:
            found = cls.fromisoformat(written)
            if found.tzinfo is not None:
                return found.astimezone(UTC)
        except (ValueError, OverflowError):  # OverflowError: before the year 1 in UTC, or after 9999
            raise Misfit(
                f'{shown(text)} is no instant; write a date or a time with its zone, like "2026-12-01T08:00Z"'
            ) from None
        raise Misfit(f'{shown(text)} has no time zone; write "{written}Z" if it is UTC')


def shown_instant(at: datetime) -> str:
    """Give an instant for people: `2026-12-01 08:00 UTC`, with seconds if it has some."""
    return f"{at.astimezone(UTC):{'%Y-%m-%d %H:%M:%S' if at.second or at.microsecond else '%Y-%m-%d %H:%M'}} UTC"
