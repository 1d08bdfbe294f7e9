"""HTML, read as far as a page of links needs it, in time that grows with its length and no faster.

The standard library's parser takes minutes for 150 kB of unclosed tags, and a source is not to be trusted that far.
Nothing is raised: what HTML 5 calls an error is read as it says, and what never ends ends the document.
"""

import html
import re
from collections.abc import Iterable, Iterator

type Attributes = dict[str, str | None]
type Tag = tuple[str, Attributes, str]

_SPACE = r"[ \t\n\r\f]"
# Possessive throughout: what has matched is never tried another way.
_ATTRIBUTE = rf"(?:=|[^ \t\n\r\f/>=]++)(?:{_SPACE}*+={_SPACE}*+(?:\"[^\"]*+\"|'[^']*+'|(?![\"'])[^ \t\n\r\f>]*+))?+"
_TAG = re.compile(rf"<(/?[A-Za-z][^ \t\n\r\f/>]*+)((?:[ \t\n\r\f/]*+{_ATTRIBUTE})*+)[ \t\n\r\f/]*+>")
_NAME_AND_VALUE = re.compile(_ATTRIBUTE)
_TAG_START = re.compile(r"</?[A-Za-z]")
_MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
_COMMENT_END = re.compile(r"--!?>")
# Elements without markup inside, read up to their own end tag.
_RAW_ENDS = {
    name: re.compile(rf"</{name}(?=[ \t\n\r\f/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes")
}


_LONGEST = 1 << 16  # characters of a tag that comes in parts: how far ahead the end of its quotes is looked for
_MOST_HELD = 1 << 22  # characters of an element or comment that comes in parts


def tags(text: str) -> Iterator[Tag]:
    """Yield each tag (`a`, `/a`; empty after a comment), its attributes, and the text up to what follows.

    Names are lower-case, of two attributes of one name the first counts; values and texts are unescaped once.
    """
    return (tag for _, tag in _read(text, len(text), whole=True))


def tags_in(parts: Iterable[str]) -> Iterator[Tag]:
    """Yield the tags of a document that comes in parts, as `tags` does of the whole, and hold no more than is needed.

    Only tags of more than 65,536 characters may be read otherwise. Raises ValueError for an element without markup in
    it, or a comment, of more than four million.
    """
    held = ""
    for part in parts:
        held, done = held + part, 0
        for done, tag in _read(held, len(held) - _LONGEST, whole=False):  # noqa: B007 - where to go on from
            yield tag
        held = held[done:]
        if len(held) > _MOST_HELD:
            raise ValueError(f"it has an element of more than {_MOST_HELD} characters")
    yield from tags(held)


def _read(text: str, until: int, *, whole: bool) -> Iterator[tuple[int, Tag]]:
    """Yield the tags that begin before `until`, each with where the next one begins; the last only of a whole text."""
    start = _MARKUP.search(text)
    while start is not None and start.start() < until:
        found = _TAG.match(text, start.start())
        end = found.end() if found is not None else _end_of_other(text, start.start())
        if end is None:
            return
        name = found[1].lower() if found is not None else ""
        following = _RAW_ENDS.get(name, _MARKUP)
        start = following.search(text, end)
        if start is None and not whole:
            return
        attributes = _attributes(found[2]) if found is not None and found[2] else {}
        next_at = start.start() if start is not None else len(text)
        yield next_at, (name, attributes, unescaped(text[end:next_at]))


def _end_of_other(text: str, at: int) -> int | None:
    """Return where a comment or declaration ends; None if it never does, or if it is a tag that never ends."""
    if text.startswith("<!--", at):
        end = _COMMENT_END.search(text, at + 2)
        return end.end() if end is not None else None
    if _TAG_START.match(text, at):
        return None
    end_at = text.find(">", at)
    return end_at + 1 if end_at >= 0 else None


def _attributes(text: str) -> Attributes:
    attributes: Attributes = {}
    for found in _NAME_AND_VALUE.finditer(text):
        name, equals, value = found[0].partition("=")
        value = value.strip(" \t\n\r\f")
        if value[:1] in {'"', "'"}:
            value = value[1:-1]
        attributes.setdefault(name.rstrip(" \t\n\r\f").lower(), unescaped(value) if equals else None)
    return attributes


def unescaped(text: str) -> str:
    """Return the text with its character references resolved, once."""
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:  # a character's number of more than 4,300 digits
        return text
