"""Content negotiation as RFC 9110 writes it down, slowly and to the letter: what the fast one is compared with.

Sections 5.6 (lists, tokens, parameters), 12.4.2 (weights), 12.5.1 (Accept), 12.5.3 (Accept-Encoding). Where the RFC
leaves the choice to the server, the preferences are the gateway's: parameters other than `q` narrow nothing, a range
given twice has its higher weight, and ties go to the more specific range, then to JSON, HTML, legacy HTML.
"""

from collections.abc import Iterator
from fractions import Fraction

TOKEN = set("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
LEGACY = "text/html"
ALIASES = {
    JSON: "application/vnd.pypi.simple.latest+json",
    HTML: "application/vnd.pypi.simple.latest+html",
}
type Weighted = tuple[str, Fraction]


def form(accept: str) -> str:
    """Return the media type that section 12.5.1 chooses among the three, legacy HTML where it accepts none."""
    ranges = list(_weighted(accept, slash=True))
    ranked = []
    for preference, media_type in enumerate((JSON, HTML, LEGACY)):
        weight, specificity = _weight_of(media_type, ranges)
        # To a client that takes anything, legacy HTML is offered first.
        place = -1 if specificity == 0 and media_type == LEGACY else preference
        ranked.append((-weight, -specificity, place, media_type))
    best = min(ranked)
    return best[3] if best[0] < 0 else LEGACY


def coding(accept_encoding: str) -> str:
    """Return the coding that section 12.5.3 chooses; one that compresses only if it is named with a weight above 0."""
    weights = list(_weighted(accept_encoding, slash=False))
    named = {"zstd": _highest(weights, "zstd"), "gzip": _highest(weights, "gzip")}
    if named["gzip"] is None:
        named["gzip"] = _highest(weights, "x-gzip")
    identity = _highest(weights, "identity")
    if identity is None:  # matched by the asterisk, if there is one; else acceptable, and wished for least
        identity = _highest(weights, "*") or Fraction(0)
    best, most = "identity", identity
    for name in ("gzip", "zstd"):
        weight = named[name]
        if weight is not None and weight > 0 and weight >= most:
            best, most = name, weight
    return best


def _weight_of(media_type: str, ranges: list[Weighted]) -> tuple[Fraction, int]:
    for specificity, names in (
        (2, (media_type, ALIASES.get(media_type, media_type))),
        (1, (media_type.split("/")[0] + "/*",)),
        (0, ("*/*",)),
    ):
        for name in names:
            weight = _highest(ranges, name)
            if weight is not None:
                return weight, specificity
    return Fraction(0), -1


def _highest(weights: list[Weighted], name: str) -> Fraction | None:
    return max((weight for known, weight in weights if known == name), default=None)


def _weighted(header: str, *, slash: bool) -> Iterator[Weighted]:
    for element in _elements(header):
        name, *parameters = _split(element, ";")
        name = name.strip(" \t")
        parts = name.split("/") if slash else [name]
        if len(parts) != (2 if slash else 1) or not all(part and set(part) <= TOKEN for part in parts):
            continue
        weight = _weight(parameters)
        if weight is not None:
            yield name.lower(), weight


def _elements(header: str) -> list[str]:
    return [element for element in _split(header, ",") if element.strip(" \t")]


def _split(text: str, separator: str) -> list[str]:
    """Split a text at a separator that stands outside of quoted strings."""
    parts, quoted, escaped = [""], False, False
    for character in text:
        if character == separator and not quoted:
            parts.append("")
            continue
        parts[-1] += character
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
    return parts


def _weight(parameters: list[str]) -> Fraction | None:
    """Return the weight that an element's parameters give it, None if any of them is malformed."""
    weight: Fraction | None = None
    for parameter in parameters:
        if not parameter.strip(" \t"):
            continue
        name, equals, value = (part.strip(" \t") for part in parameter.partition("="))
        if not equals or not name or not set(name) <= TOKEN or not _is_value(value):
            return None
        if name.lower() == "q" and weight is None:
            if not _is_qvalue(value):
                return None
            weight = Fraction(value.rstrip("."))
    return Fraction(1) if weight is None else weight


def _is_value(text: str) -> bool:
    return (bool(text) and set(text) <= TOKEN) or (len(text) >= 2 and text[0] == text[-1] == '"')


def _is_qvalue(text: str) -> bool:
    whole, _, decimals = text.partition(".")
    if whole not in {"0", "1"} or len(decimals) > 3 or not set(decimals) <= set("0123456789"):
        return False
    return whole == "0" or not decimals.strip("0")
