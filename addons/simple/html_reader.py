"""What an HTML page says: its files, its meta tags, and the signs that it is a page at all."""

import re
from collections.abc import Iterator
from typing import Any

from addons.simple.distributions import belongs, distribution
from addons.simple.entries import TOGETHER, Entries
from addons.simple.listed import Listed
from addons.simple.markup import Attributes, tags, unescaped
from addons.simple.names import ProjectName

_TRUTHS = {"true": True, "false": False}
_FRAGMENT_HASH = re.compile(r"(md5|sha1|sha224|sha256|sha384|sha512|blake2b)=([0-9A-Za-z]+)", re.ASCII)
_SPACE = r"[ \t\n\r\f]"
# Up to the first anchor, where nothing but tags, their texts and a title stand before it: no comments, no scripts.
_HEAD = re.compile(
    r"(?:[^<]*+<(?:title>[^<]*+</title>|!doctype[^<>]*+>"
    rf"|/?(?:html|head|body|h1|meta|br)(?:{_SPACE}++[a-z:-]++(?:=\"[^<>\"]*+\")?+)*+{_SPACE}*+/?+>))*+[^<]*+(?=<a )",
    re.IGNORECASE | re.ASCII,
)
# A link as PyPI and its mirrors write it, with all that stands before the next one.
_LINK = re.compile(
    rf'<a href="([^"<>]*+)"((?:{_SPACE}++data-[a-z-]++="[^"<>]*+")*+){_SPACE}*+>([^<]*+)</a>'
    rf"[^<]*+(?:<br{_SPACE}*+/?+>[^<]*+)?+"
)
_DATA = re.compile(r'(data-[a-z-]++)="([^"<>]*+)"')
_PLAINLY_READ = frozenset(
    {
        "data-requires-python", "data-yanked", "data-core-metadata", "data-dist-info-metadata", "data-provenance",
        "data-upload-time",
    }
)  # fmt: skip
type _Link = tuple[str, Attributes, str]  # href, its other attributes, text


class Reader:
    """Collects anchors, meta tags and the signs that this is a page at all."""

    def __init__(self, url: str, project: ProjectName) -> None:
        self.entries = Entries(url, project)
        self.titled = False
        self.asks_password = False
        self._project = project
        self._metas: list[tuple[str, str]] = []
        self._base_seen = False
        self._anchor: Attributes | None = None
        self._heading = False
        self._texts: list[str] = []

    def metas(self, name: str) -> Iterator[str]:
        """Yield the content of each meta tag of a name, in order."""
        return (content for known, content in self._metas if known == name)

    def read(self, text: str) -> None:
        """Take in the whole document: many plain links in a row at once, all else tag by tag, with the same result."""
        head = _HEAD.match(text)
        at = head.end() if head is not None else 0
        self._read(text[:at])
        if not self._heading:
            at = self._read_links(text, at)
        self._read(text[at:])
        self._end_anchor()

    def _read(self, text: str) -> None:
        for name, attributes, following in tags(text):
            if name in {"a", "/a"}:
                self._end_anchor()
                self._anchor, self._texts = (attributes, []) if name == "a" else (None, [])
            elif name in {"title", "h1"}:
                self._heading, self._texts = True, []
            elif name in {"/title", "/h1"}:
                self._end_heading()
            else:
                self._head(name, attributes)
            self._texts.append(following)

    def _read_links(self, text: str, at: int) -> int:
        """Add the files of the plain links that stand in a row from here on, and return where they end."""
        links: list[_Link] = []
        while (found := _LINK.match(text, at)) is not None:
            at = found.end()
            # Of two attributes of one name the first counts.
            attributes: Attributes = {name: unescaped(value) for name, value in reversed(_DATA.findall(found[2]))}
            links.append((unescaped(found[1]), attributes, unescaped(found[3]).strip()))
        for start in range(0, len(links), TOGETHER):
            self._add_links(links[start : start + TOGETHER])
        return at

    def _add_links(self, links: list[_Link]) -> None:
        listed = [_listed(*link) for link in links]
        plain = [one for one in listed if one is not None]
        if len(plain) < len(links) or not self.entries.add_sound(plain):
            for href, attributes, text in links:
                if href:
                    self._add(href, attributes, text)

    def _head(self, name: str, attributes: Attributes) -> None:
        if name == "meta":
            self._metas.append(((attributes.get("name") or "").strip().lower(), attributes.get("content") or ""))
        elif name == "base" and not self._base_seen and attributes.get("href") is not None:
            self._base_seen = True
            self.entries.links.rebase(attributes["href"] or "")
        elif name == "input" and (attributes.get("type") or "").strip().lower() == "password":
            self.asks_password = True

    def _end_heading(self) -> None:
        self.titled |= self._heading and "".join(self._texts).strip().lower().startswith("links for ")
        self._heading = False

    def _end_anchor(self) -> None:
        attributes, self._anchor = self._anchor, None
        href = attributes.get("href") if attributes is not None else None
        if attributes is not None and href:
            self._add(href, attributes, "".join(self._texts).strip())

    def _add(self, href: str, attributes: Attributes, text: str) -> None:
        """Add the file that an anchor links to; other anchors (a parent folder, a sort order) are passed over."""
        url, filename = self.entries.links.resolve(href.partition("#")[0]) or ("", "")
        if not belongs(filename, self._project) and distribution(filename) is None:
            return
        if text != filename and distribution(text) is not None:
            self.entries.odd(f"{ascii(filename)[:200]} is dropped: its link says {ascii(text)[:200]}")
            return
        self.entries.add(_entry(url, filename, href, attributes))


def _listed(href: str, attributes: Attributes, text: str) -> Listed | None:
    """Return the entry that a link means, None if it takes more than this to say."""
    url, _, fragment = href.partition("#")
    algorithm, _, digest = fragment.partition("=")
    if algorithm != "sha256" or not attributes.keys() <= _PLAINLY_READ:
        return None
    metadata = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
    return Listed(
        text,
        url,
        {"sha256": digest},
        attributes.get("data-requires-python"),
        None,
        attributes.get("data-upload-time"),
        (attributes["data-yanked"] or True) if "data-yanked" in attributes else False,
        _metadata(metadata) if metadata is not None else False,
        attributes.get("data-provenance"),
    )


def _entry(url: str, filename: str, href: str, attributes: Attributes) -> dict[str, Any]:
    """Return the PEP 691 entry that an anchor's attributes mean."""
    fragment = _FRAGMENT_HASH.search(href.rpartition("#")[2]) if "#" in href else None
    entry: dict[str, Any] = {"filename": filename, "url": url, "hashes": {fragment[1]: fragment[2]} if fragment else {}}
    for key in ("requires-python", "provenance", "size", "upload-time"):
        entry[key] = attributes.get("data-" + key)
    if "data-yanked" in attributes:  # its presence means yanked, its value is the reason
        entry["yanked"] = attributes["data-yanked"] or True
    for key in ("core-metadata", "dist-info-metadata"):
        if (value := attributes.get("data-" + key)) is not None:
            entry[key] = _metadata(value)
    entry["gpg-sig"] = _TRUTHS.get((attributes.get("data-gpg-sig") or "").lower())
    return entry


def _metadata(value: str) -> bool | dict[str, str]:
    name, equals, digest = value.strip().partition("=")
    return {name: digest} if equals and name and digest else name.lower() == "true"
