"""Why an upload is not taken, in the words that its author reads. Pure."""

from collections.abc import Sequence


class UploadRefused(Exception):
    """An upload that is not taken. `status`: 400 malformed or unsound, 403 not allowed, 405 or 410 not done (any
    more), 503 a fault of ours.

    `code` is the word for the kind of refusal (one name everywhere: docs heading, test, problem+json `code`), `lines` what is
    wrong, one thing each, the first the weightiest. Never 409, and never "already exist" but for a file that is there (UPL-21).
    """

    def __init__(self, status: int, code: str, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.status = status
        self.code = code
        self.lines: Sequence[str] = lines
