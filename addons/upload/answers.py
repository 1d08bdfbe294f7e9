"""What an author is told, in the three places that clients show: phrase, JSON, text (UPL-17 to UPL-19, UPL-21). Pure."""

import json
import re
from collections.abc import Sequence
from http import HTTPStatus

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from addons.answers import Answer, phrase
from addons.upload.refusal import UploadRefused

EXISTS = "exists"
"""The code of the one refusal that clients may take for success: the file is there, with other bytes (UPL-13)."""

_JSON, _TEXT = "application/json", "text/plain"
_MOST_SHOWN = 20_000  # characters of a body: terminals show all of it
_MOST_OF_ONE = 2_000
_PHRASE = 200
_RETRY_SECONDS = 30
# By these words twine and uv know that a file is there, on one index or another, and tell their user of a success.
_SUCCESS = re.compile(r"(already) (exist|been taken)|(updating) (asset)|(overwrite) (artifact)", re.IGNORECASE)


def accepted(warnings: Sequence[str] = ()) -> Answer:
    """Answer 200: the file is in the store, now. Warnings are the body, one a line (UPL-17)."""
    headers = {"Content-Type": f"{_TEXT}; charset=utf-8", "Cache-Control": "no-store"}
    return Answer(200, headers, "".join(f"{_one_line(each)}\n" for each in warnings).encode())


def told(refusal: UploadRefused, accept: str | None) -> Answer:
    """Answer a refusal: its first line and how many more there are as phrase, all of them as body, one a line.

    The body is JSON exactly when `accept`, the value of Accept, prefers it to text (UPL-18): uv shows its `code`.
    """
    status = 403 if refusal.status == HTTPStatus.CONFLICT else refusal.status  # 409 would be told as a success (UPL-21)
    lines = [_said(each, refusal.code) for each in refusal.lines] or [HTTPStatus(status).phrase]
    reason = _reason(lines)
    text = "\n".join(lines)[:_MOST_SHOWN]
    headers = {"Cache-Control": "no-store", "X-Error-Message": reason}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(_RETRY_SECONDS)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = "POST"
    if _prefers_json(accept):
        said = {"code": f"{status} {text}", "message": text, "title": HTTPStatus(status).phrase, "kind": refusal.code}
        return Answer(status, {"Content-Type": _JSON, **headers}, json.dumps(said).encode(), reason)
    return Answer(status, {"Content-Type": f"{_TEXT}; charset=utf-8", **headers}, f"{text}\n".encode(), reason)


def _prefers_json(accept: str | None) -> bool:
    wanted = parse_accept_header(accept, MIMEAccept)
    best = wanted.best_match((_TEXT, "text/html", _JSON))  # of equal ones the first: */* is text
    return best == _JSON


def _reason(lines: Sequence[str]) -> str:
    more = f" (and {len(lines) - 1} more, in the body)" if len(lines) > 1 else ""
    first = phrase(lines[0])
    room = _PHRASE - len(more)
    return (first if len(first) <= room else f"{first[: room - 3]}...") + more


def _said(line: str, code: str) -> str:
    said = _one_line(line)[:_MOST_OF_ONE]
    return said if code == EXISTS else _SUCCESS.sub(lambda found: found[0].replace(" ", "-"), said)


def _one_line(text: str) -> str:
    """Take out line breaks, control characters and half characters: a name in the words may be anything."""
    one = re.sub(r"\s+", " ", text).strip()
    return "".join(each if each.isprintable() else "?" for each in one)
