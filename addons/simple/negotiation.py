"""Which form of a page, and which coding of it, a client wants.

Sources: RFC 9110 section 12.5; Simple API, "Version + Format Selection".
"""

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import Literal


class Form(Enum):
    """A form of a page; its value is its media type as it is spelled to clients, in lower case."""

    JSON = "application/vnd.pypi.simple.v1+json"
    HTML = "application/vnd.pypi.simple.v1+html"
    LEGACY_HTML = "text/html"

    @property
    def content_type(self) -> str:
        """The Content-Type of this form: never `latest`, which clients reject (NEG-03)."""
        return "text/html; charset=utf-8" if self is Form.LEGACY_HTML else self.value


_NAMES = {
    "application/vnd.pypi.simple.v1+json": Form.JSON,
    "application/vnd.pypi.simple.v1+html": Form.HTML,
    "text/html": Form.LEGACY_HTML,
    "application/vnd.pypi.simple.latest+json": Form.JSON,
    "application/vnd.pypi.simple.latest+html": Form.HTML,
}
# What a range offers to a client that does not care, the best first.
_WILDCARDS = {
    "*/*": (Form.LEGACY_HTML, Form.JSON, Form.HTML),
    "application/*": (Form.JSON, Form.HTML),
    "text/*": (Form.LEGACY_HTML,),
}
_LONGEST = 4096  # characters of a header that are read
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ELEMENT = re.compile(rf"(?:{_QUOTED}|[^,\"])+")
_PARAMETER = re.compile(rf"[ \t]*;[ \t]*(?:({_WORD})[ \t]*=[ \t]*({_WORD}|{_QUOTED}))?[ \t]*")
_RANGE = re.compile(rf"[ \t]*({_WORD}(?:/{_WORD})?)")
_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


@lru_cache(maxsize=512)
def negotiate(accept: str | None, wanted: str | None = None) -> Form:
    """Return the form to answer with, for an Accept header and the value of `?format=` (decoded or not).

    A known `wanted` wins. Among equal qualities the more specific range wins, then JSON, HTML, legacy HTML; a client
    that does not care (`*/*`, no header) and one that accepts nothing of ours gets legacy HTML.
    """
    if wanted is not None:
        # In a query, the plus sign of the type arrives as a space.
        named = _NAMES.get(wanted.strip().replace(" ", "+").replace("%2B", "+").replace("%2b", "+").lower())
        if named is not None:
            return named
    ranges = _qualities(accept or "")
    offers = [(_offer(form, ranges), form) for form in Form]
    (quality, _, _), best = max(offers, key=lambda offer: offer[0])
    return best if quality > 0 else Form.LEGACY_HTML


type Coding = Literal["zstd", "gzip", "identity"]


@lru_cache(maxsize=512)
def coding(accept_encoding: str | None) -> Coding:
    """Return the content coding to answer with: zstd or gzip for a client that names it and does not prefer identity.

    Of equal qualities the first of zstd, gzip, identity wins. `*` means identity only: it names no coding.
    """
    qualities = _qualities(accept_encoding or "")
    gzip = qualities.get("gzip", qualities.get("x-gzip", 0.0))
    zstd, identity = qualities.get("zstd", 0.0), qualities.get("identity", qualities.get("*", 0.0))
    if zstd > 0 and zstd >= max(gzip, identity):
        return "zstd"
    return "gzip" if gzip > 0 and gzip >= identity else "identity"


def _offer(form: Form, ranges: dict[str, float]) -> tuple[float, int, int]:
    """Return how welcome a form is: its quality, how specifically it was asked for, our own preference."""
    for name, named in _NAMES.items():
        if named is form and name in ranges:
            return ranges[name], 2, -list(Form).index(form)
    for specific, wildcard in ((1, form.value.partition("/")[0] + "/*"), (0, "*/*")):
        if wildcard in ranges:
            return ranges[wildcard], specific, -_WILDCARDS[wildcard].index(form)
    return 0.0, 0, 0


def _qualities(header: str) -> dict[str, float]:
    """Return the quality of each range or coding of a header, in lower case; a malformed element is left out."""
    qualities: dict[str, float] = {}
    for element in _ELEMENT.findall(header[:_LONGEST]):
        for name, quality in _parsed(element):
            qualities[name] = max(quality, qualities.get(name, 0.0))
    return qualities


def _parsed(element: str) -> Iterator[tuple[str, float]]:
    """Yield the one range of an element, or nothing if it is malformed. Parameters other than q are passed over."""
    found = _RANGE.match(element)
    if found is None:
        return
    quality, seen, at = "1", False, found.end()
    while at < len(element):
        parameter = _PARAMETER.match(element, at)
        if parameter is None:
            if element[at:].strip(" \t"):
                return
            break
        if not seen and (parameter[1] or "").lower() == "q":
            quality, seen = parameter[2], True
        at = parameter.end()
    if _QUALITY.fullmatch(quality):
        yield found[1].lower(), float(quality)
