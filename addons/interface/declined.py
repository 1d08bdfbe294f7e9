"""What the interface does not do, and the one place where that becomes an answer."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from addons.answers import Answer, absent, problem, refused, unavailable
from addons.store.database import DatabaseUnavailable
from addons.store.projects import NotThere
from addons.upload.refusal import UploadRefused

logger = logging.getLogger(__name__)

_SAFE: Mapping[str, str] = {"X-Content-Type-Options": "nosniff"}


class Declined(Exception):
    """A request that is not answered as it was meant: the status, the word for the kind, and why. In words."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code


type Refusal = Declined | UploadRefused | NotThere | DatabaseUnavailable
REFUSALS = (Declined, UploadRefused, NotThere, DatabaseUnavailable)


def answer_of(error: Refusal) -> Answer:
    """Make an answer of what was raised. Where the database lies is told to the operator, not to authors."""
    found = _answer_of(error)
    return replace(found, headers={**found.headers, **_SAFE})


def _answer_of(error: Refusal) -> Answer:
    if isinstance(error, Declined):
        return problem(error.status, error.code, f"wheelgate: {error}")
    if isinstance(error, UploadRefused):
        return _of_upload(error)
    if isinstance(error, NotThere):
        return absent(f"wheelgate: {_said(error)}")
    logger.warning("a request of an author is refused, for the database cannot be used: %s", error)
    return unavailable("wheelgate: the database of own projects cannot be used just now; try again")


def _of_upload(error: UploadRefused) -> Answer:
    if error.status == 503:
        return unavailable(error.lines[0])
    return problem(error.status, error.code, error.lines[0], "; ".join(error.lines))


def forbidden(code: str, words: str) -> Answer:
    """Answer 403 for what is wrong with how something is asked, whoever asks."""
    found = refused(code, f"wheelgate: {words}")
    return replace(found, headers={**found.headers, **_SAFE})


def _said(error: NotThere) -> str:
    return ascii(str(error))[1:-1][:400]
