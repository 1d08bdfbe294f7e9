"""Answers: what the gateway says over HTTP, and the one place where something refused or failed becomes a status."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cached_property, lru_cache
from http import HTTPStatus
from math import ceil

_PHRASE_LIMIT = 200
_NOT_IN_A_HEADER = re.compile(r"[^ -~]")
_BODILESS = (204, 304)
_RETRY_SECONDS = 5  # after a fault of which nobody knows how long it lasts
_PROBLEMS = "https://wheelgate.internal/problems/"


@dataclass(frozen=True)
class Answer:
    """One whole answer: status, reason phrase, headers and body (bytes). An empty reason is the standard one."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    reason: str = ""

    @cached_property
    def written(self) -> tuple[bytes, bytes]:
        """The head as it goes out, around the value of its Date: kept with the answer, which is given many times."""
        fields = outgoing(self, 0.0)
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if name != "Date")
        start = f"HTTP/1.1 {self.status} {reason_of(self)}\r\nDate: "
        return start.encode("latin-1"), f"\r\n{lines}\r\n".encode("latin-1")


def phrase(words: str) -> str:
    """Make `words` fit to be a reason phrase or a header value: printable ASCII, one line, at most 200 characters.

    mitmproxy writes a phrase as it is, so a line break in a policy's reason would end the head (RFC 9112 section 4).
    """
    one_line = re.sub(r"\s+", " ", words).strip()
    printable = "".join(character if " " <= character <= "~" else "?" for character in one_line)
    return printable if len(printable) <= _PHRASE_LIMIT else printable[: _PHRASE_LIMIT - 3] + "..."


_TITLES = {451: "Not Served"}  # no law has anything to do with it; ours have a type, so the title is free (RFC 9457)


def problem(status: int, code: str, words: str, detail: str = "", instance: str = "", **headers: str) -> Answer:
    """Refuse in words that reach the user: as reason phrase (pip, twine, poetry) and as problem+json (uv; RFC 9457).

    `code` is the policy's or the fault's name, `words` what the terminal shows, `detail` what else uv may print,
    `instance` a URL at which this very refusal is explained (RFC 9457 section 3.1.5), if there is one.
    Header names are given with underscores for dashes.
    """
    line = phrase(words)
    document = {
        "type": _PROBLEMS + code,
        "title": _TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": re.sub(r"\s+", " ", detail or words).strip(),
        "code": code,
    }
    if instance:
        document["instance"] = instance
    base = {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        "X-Error-Message": line,
    }
    further = {name.replace("_", "-"): phrase(value) for name, value in headers.items()}
    return Answer(status, base | further, json.dumps(document).encode(), line)


def refused(policy: str, words: str, detail: str = "", instance: str = "") -> Answer:
    """Answer 403 for what a policy forbids: never 401 (clients prompt), 5xx (they retry) or 409 (twine: success)."""
    return problem(403, policy, words, detail, instance)


def absent(words: str) -> Answer:
    """Answer 404 for what is not there."""
    return problem(404, "absent", words)


def misdirected(words: str) -> Answer:
    """Answer 421 where CONNECT, SNI and Host do not name the same host (RFC 9110 section 15.5.20)."""
    return problem(421, "misdirected", words)


def unavailable(words: str, retry_seconds: float | None = None) -> Answer:
    """Answer 503 for a fault that may pass: the client may ask again, after so many seconds (None: nobody knows)."""
    seconds = _RETRY_SECONDS if retry_seconds is None else max(ceil(retry_seconds), 1)
    return problem(503, "unavailable", words, Retry_After=str(seconds))


def bad_upstream(words: str) -> Answer:
    """Answer 502 for bytes that are not what their source said they are."""
    return problem(502, "bad-upstream", words)


def fault() -> Answer:
    """Answer 500 for a fault of the gateway's own: what went wrong is in its log, never on the wire."""
    return problem(
        500, "fault", "wheelgate: a fault inside the gateway, this request is refused; the reason is in its log"
    )


_METHODS = "GET, HEAD, OPTIONS"
CROSS_ORIGIN = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "X-PyPI-Last-Serial"}
"""What lets scripts of other origins read an answer, as PyPI's own do (CCH-15; the Fetch standard)."""


def method_not_allowed(method: str) -> Answer:
    """Answer 405 for a method that no route takes (NAM-08)."""
    words = f"wheelgate: {method} is not a method of this route"
    return problem(405, "method", words, Allow=_METHODS)


def allowed() -> Answer:
    """Answer OPTIONS, also the question of a browser whether it may ask (FIL-14; the Fetch standard, "CORS-preflight")."""
    permitted = {
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": "Range, Accept, Accept-Encoding, If-None-Match, Cache-Control",
        "Access-Control-Max-Age": "86400",
    }
    return Answer(204, {"Allow": _METHODS, **CROSS_ORIGIN, **permitted})


def no_route(what: str) -> Answer:
    """Answer 403 for what no policy would see."""
    return refused("route", f"wheelgate: {what} has no route through this gateway, so it is refused")


def found_at(location: str) -> Answer:
    """Answer 302 for what policy or configuration may put elsewhere tomorrow (NAM-05)."""
    headers = {"Location": location, "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    return Answer(302, headers, b"")


def moved(location: str) -> Answer:
    """Answer 301; only for targets that are a pure function of the request, pip keeps them for ever (NAM-05)."""
    return Answer(301, {"Location": location, "Content-Type": "text/plain; charset=utf-8"}, b"")


def with_date(answer: Answer, at: float) -> dict[str, str]:
    """Give the headers as they go out, with `Date` (`at` in seconds since the epoch; pip keeps nothing without, CCH-05).

    A value may hold what a source or a client wrote: line breaks and other control characters are taken out here.
    """
    return {"Date": _date(int(at))} | {name: _NOT_IN_A_HEADER.sub("?", v) for name, v in answer.headers.items()}


@lru_cache(maxsize=4)
def _date(at: int) -> str:
    return formatdate(at, usegmt=True)


def outgoing(answer: Answer, at: float) -> dict[str, str]:
    """Give all headers in their order, as every road sends them: Date, the answer's own, its true length if it has one."""
    headers = with_date(answer, at)
    if answer.status not in _BODILESS:
        headers["Content-Length"] = str(len(answer.body))
    return headers


def reason_of(answer: Answer) -> str:
    """Give the reason phrase as it goes out, on one line: the answer's own, or the standard one."""
    return _NOT_IN_A_HEADER.sub("?", answer.reason) or HTTPStatus(answer.status).phrase


def body_for(answer: Answer, method: str) -> bytes:
    """Give the body that goes out: none for HEAD, nor where the status has none (RFC 9112 section 6.3)."""
    return b"" if method == "HEAD" or answer.status in _BODILESS else answer.body


def head(answer: Answer, at: float) -> bytes:
    """Give status line and headers as bytes, with their blank line; `at` in seconds since the epoch."""
    start, rest = answer.written
    return start + _date(int(at)).encode("ascii") + rest


def streamed_head(answer: Answer, length: int, at: float, *, closes: bool) -> bytes:
    """Give status line and headers as the origin's answers have them: `length` (bytes) and Date come last.

    `closes`: the connection ends behind this answer.
    """
    fields = with_date(answer, at)
    date = fields.pop("Date")
    fields |= {"Content-Length": str(length), "Date": date} | ({"Connection": "close"} if closes else {})
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {answer.status} {reason_of(answer)}\r\n{lines}\r\n".encode("latin-1")
