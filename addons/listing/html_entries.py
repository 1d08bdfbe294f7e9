"""A project list in HTML (PEP 503), read tag by tag: what is in hand is some thousand characters of it."""

import codecs
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any
from urllib.parse import unquote

from addons.simple.markup import Attributes, tags_in
from addons.simple.names import InvalidName, normalise
from addons.simple.page import NotAPage

_PART = 1 << 18  # bytes
# What root pages call themselves: PyPI's and most servers', and folders that a web server lists.
_TITLES = ("simple index", "index of ", "directory listing for ", "links for ")


def html_entries(document: IO[bytes], about: dict[str, Any]) -> Iterator[object]:
    """Yield an entry (`{"name": …}`) for each link to a project, None for any other; `about` gets the API version.

    HTM-16: a project's link has the name as its text, in any spelling, and as the last part of its path; where the two
    differ, nothing says which one is meant. A list names its API version, is titled like one, or has not one link that
    is not a project's in the form that plain mirrors write, `<a href="name/">`. Raises NotAPage for anything else, and
    for what asks for a password.
    """
    reader = _Reader()
    try:
        for name, attributes, text in tags_in(_texts(document)):
            yield from reader.take(name, attributes, text)
    except ValueError as error:
        raise NotAPage(str(error)) from error
    yield from reader.ended()
    if reader.asks_password:
        raise NotAPage("it asks for a password")
    if not reader.titled and reader.version is None and not reader.plain:
        raise NotAPage("it is HTML, but no project list")
    about["meta"] = {"api-version": reader.version}


def _texts(document: IO[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    while part := document.read(_PART):
        yield decoder.decode(part)
    yield decoder.decode(b"", final=True)


class _Reader:
    """Takes tags, gives links, and remembers what says that this is a project list at all."""

    def __init__(self) -> None:
        self.asks_password = False
        self.titled = False
        self.version: str | None = None
        self._links = self._plain_links = 0
        self._link: Attributes | None = None
        self._heading = False
        self._texts: list[str] = []

    @property
    def plain(self) -> bool:
        """Whether all its links are relative ones to projects: a portal's menu is something else."""
        return 0 < self._links == self._plain_links

    def take(self, name: str, attributes: Attributes, text: str) -> Iterator[object]:
        """Take the next tag; gives the entry of a link that ended with it."""
        if name in {"a", "/a"}:
            yield from self.ended()
            self._link, self._texts = (attributes, []) if name == "a" else (None, [])
        elif name in {"title", "h1"}:
            self._heading, self._texts = True, []
        elif name in {"/title", "/h1"}:
            self.titled |= self._heading and "".join(self._texts).strip().lower().startswith(_TITLES)
            self._heading = False
        elif name == "meta":
            if (attributes.get("name") or "").strip().lower() == "pypi:repository-version":
                self.version = attributes.get("content") or ""
        elif name == "input":
            self.asks_password |= (attributes.get("type") or "").strip().lower() == "password"
        if self._link is not None or self._heading:
            self._texts.append(text)

    def ended(self) -> Iterator[object]:
        """Give the entry of the link that was open, if one was that leads anywhere."""
        link, self._link = self._link, None
        if link is not None and (href := link.get("href")) is not None:
            entry = _entry(href, text := "".join(self._texts).strip().removesuffix("/"))
            self._links += 1
            self._plain_links += entry is not None and href == f"{normalise(text)}/"
            yield entry


def _entry(href: str, text: str) -> object:
    path = href.partition("#")[0].partition("?")[0].strip().removesuffix("/")
    with suppress(InvalidName):
        if normalise(unquote(path.rpartition("/")[2])) == normalise(text):
            return {"name": text}
    return None
