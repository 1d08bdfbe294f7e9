"""What can go wrong, one class per kind: each turns the right answer into a wrong one."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, override

from tests.fakepypi.answer import Answer
from tests.fakepypi.bodies import Held, Joined, flipped, read
from tests.fakepypi.taps import Tap

_FORM = b"""<!doctype html><html><head><title>Sign in</title></head><body><h1>Sign in to the network</h1>
<form method="post" action="/login"><input name="user"><input type="password" name="secret"></form></body></html>"""


class Kind(Protocol):
    """A kind of fault."""

    def change(self, answer: Answer, tap: Tap) -> Answer:
        """The answer that is sent in place of `answer`; `tap` is the fault's own."""


def _delivered(answer: Answer, **changes: Any) -> Answer:
    return replace(answer, delivery=replace(answer.delivery, **changes))


@dataclass(frozen=True)
class Status(Kind):
    """Another answer altogether."""

    code: int = 503
    body: bytes = b""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        headers = {"Content-Type": self.content_type, **self.headers}
        return Answer(self.code, headers, Held(self.body), answer.delivery)


@dataclass(frozen=True)
class Reset(Kind):
    """RST (SO_LINGER 0): at the accept, before TLS; in place of the headers; or after some bytes of the body.

    At "connect" nobody has said yet what is wanted, so what the fault matches is not looked at.
    """

    at: Literal["connect", "headers", "body"] = "headers"
    after_bytes: int = 0  # of the body

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        if self.at == "body":
            return _delivered(answer, cut_after=self.after_bytes, cut_by_reset=True)
        return _delivered(answer, reset_first=self.at == "headers")


@dataclass(frozen=True)
class Hang(Kind):
    """Silence until the fault is lifted or the fake closes; then it goes on as if nothing had been.

    At "connect" TLS is never answered, and what the fault matches is not looked at.
    """

    at: Literal["connect", "headers", "body"] = "headers"
    after_bytes: int = 0  # of the body

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        if self.at == "body":
            return _delivered(answer, during_body=(*answer.delivery.during_body, tap))
        if self.at == "headers":
            return _delivered(answer, before_headers=(*answer.delivery.before_headers, tap))
        return answer


@dataclass(frozen=True)
class Slow(Kind):
    """The headers at once, then `chunk` bytes of the body for each `step()` of the fault; all of it when lifted."""

    chunk: int = 1024

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        return _delivered(answer, during_body=(*answer.delivery.during_body, tap))


@dataclass(frozen=True)
class Truncate(Kind):
    """An orderly close after fewer bytes than Content-Length said."""

    after_bytes: int = 0

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        return _delivered(answer, cut_after=self.after_bytes)


@dataclass(frozen=True)
class TruncateHead(Kind):
    """An orderly close in the middle of the headers."""

    after_bytes: int = 30

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        return _delivered(answer, head_cut_after=self.after_bytes)


@dataclass(frozen=True)
class LastByteMissing(Kind):
    """An orderly close one byte before the end."""

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        return _delivered(answer, cut_after=max(answer.body.size - 1, 0))


@dataclass(frozen=True)
class Corrupt(Kind):
    """One byte of the body (the one at `offset`) is another; lengths and headers are as they should be."""

    offset: int = 0

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        return replace(answer, body=flipped(answer.body, self.offset))


@dataclass(frozen=True)
class ExtraBytes(Kind):
    """More bytes than there are; chunked, as a Content-Length would not let them through."""

    more: bytes = b"and more"

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        longer = replace(answer, body=Joined((answer.body, Held(self.more))))
        return _delivered(longer, chunked=True)


@dataclass(frozen=True)
class LoginPage(Kind):
    """A captive portal's form, with status 200."""

    body: bytes = _FORM

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        return Answer(200, {"Content-Type": "text/html; charset=utf-8"}, Held(self.body), answer.delivery)


@dataclass(frozen=True)
class ContentType(Kind):
    """The right body under another Content-Type; None: under none."""

    value: str | None = "application/octet-stream"

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        return answer.with_headers(content_type=self.value)


@dataclass(frozen=True)
class GzipBody(Kind):
    """The body gzipped, though it was to be sent as it is; `labelled`: with Content-Encoding, or without a word."""

    labelled: bool = True

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        small = replace(answer, body=Held(gzip.compress(read(answer.body), mtime=0)))
        return small.with_headers(content_encoding="gzip") if self.labelled else small


@dataclass(frozen=True)
class Redirect(Kind):
    """Somewhere else."""

    location: str
    code: int = 302

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        return Answer(self.code, {"Location": self.location}, Held(b""), answer.delivery)


@dataclass(frozen=True)
class NoContentLength(Kind):
    """Chunked, so that nobody knows how much will come."""

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        return _delivered(answer, chunked=True)


@dataclass(frozen=True)
class WrongRange(Kind):
    """A 206 whose Content-Range tells of other bytes than were asked for. Answers other than 206 stay as they are."""

    content_range: str = "bytes 1-2/3"

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        return answer.with_headers(content_range=self.content_range) if answer.status == 206 else answer


@dataclass(frozen=True)
class IgnoreRange(Kind):
    """200 with the whole file where 206 was asked for."""

    @override
    def change(self, answer: Answer, tap: Tap) -> Answer:
        return answer  # the request was stripped of its Range before it was answered: see FaultList
