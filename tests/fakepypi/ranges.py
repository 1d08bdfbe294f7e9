"""Ranges of a file (RFC 9110, section 14): one range is answered, anything else is the whole file."""

import re
from dataclasses import replace

from tests.fakepypi.answer import Answer, text
from tests.fakepypi.bodies import Part
from tests.fakepypi.log import Seen

_ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


def ranged(answer: Answer, seen: Seen) -> Answer:
    """A 200 turned into the 206 or 416 that the request's Range and If-Range ask for."""
    asked = _ONE_RANGE.fullmatch(seen.headers.get("range", "").strip())
    if (
        asked is None
        or not any(asked.groups())
        or seen.headers.get("if-range", answer.header("etag")) != answer.header("etag")
    ):
        return answer
    size = answer.body.size
    first, last = asked.groups()
    if first and last and int(last) < int(first):
        return answer  # not a range at all, so it is ignored
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last) + 1, size) if first and last else size
    if start >= size or end == start:
        return text(416, "no such range", content_range=f"bytes */{size}")
    part = replace(answer, status=206, body=Part(answer.body, start, end))
    return part.with_headers(content_range=f"bytes {start}-{end - 1}/{size}")
