"""What is asked, free of the road it came on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Request:
    """One request to one of PyPI's hosts: header names are lower-case, `target` is path and query as sent.

    `at` is when it came (aware, UTC): what policies that know the time take for now.
    """

    method: str
    host: str
    target: str
    headers: Mapping[str, str]
    at: datetime
    has_body: bool = False
