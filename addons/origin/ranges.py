"""Which bytes of a file a request asks for (RFC 9110 section 14; FIL-03, FIL-04). Pure."""

from dataclasses import dataclass

from werkzeug.http import parse_range_header

from addons.sources.source import Span


class NotSatisfiable(Exception):
    """The range begins behind the end of the file, which has `size` bytes: 416."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


@dataclass(frozen=True)
class Asked:
    """A stretch that was asked for. `to_the_end`: as `bytes=N-`, which is how a download is resumed, or all of it."""

    span: Span
    to_the_end: bool


def asked(wanted: str | None, if_range: str | None, etag: str | None, size: int) -> Asked | None:
    """Give the stretch of a file of `size` bytes that `Range` and `If-Range` ask for; None means the whole file.

    What is malformed, of another unit or of several ranges is passed over, as the RFC allows. Raises NotSatisfiable.
    """
    ranges = parse_range_header(wanted)
    if ranges is None or ranges.units != "bytes" or len(ranges.ranges) != 1 or not _current(if_range, etag):
        return None
    start, stop = ranges.ranges[0]
    if start < 0:
        start = max(size + start, 0)
    if start >= size:
        raise NotSatisfiable(size)
    span = Span(start, size if stop is None else min(stop, size))
    return Asked(span, (stop is None and ranges.ranges[0][0] >= 0) or span == Span(0, size))


def _current(if_range: str | None, etag: str | None) -> bool:
    """Tell whether the client's copy is of this file: If-Range compares strongly, and dates are not given out."""
    return not if_range or (if_range.strip() == etag and not etag.startswith("W/"))
