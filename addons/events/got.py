"""What clients got in a period, as the record has it. Pure."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Got:
    """How often one kind of clients got something, and when first and last (aware, UTC).

    `group` and `profile` are names, "" for none; `filename` is "" for the project's page.
    """

    group: str
    profile: str
    project: str
    filename: str
    number: int
    first: datetime
    last: datetime
