"""The HTML form of a project's page (PEP 503, 592, 629, 658, 714, 740, 792), read and written."""

import html
import re
from collections.abc import Iterator
from typing import Any

from addons.simple.distributions import distribution
from addons.simple.entries import Entries
from addons.simple.markup import Attributes, tags
from addons.simple.names import ProjectName
from addons.simple.page import File, NotAPage, Page
from addons.simple.standing import STATUSES, check_version, claimed_version, emptied_if_quarantined, status_among

_BOM = b"\xef\xbb\xbf"
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*(?:iso-8859-1|latin-?1|windows-1252|cp1252)""", re.IGNORECASE
)
_TRUTHS = {"true": True, "false": False}
# Clients reject a whole page over any other name in a link (HTM-07); the best one first.
_LINK_HASHES = ("sha256", "sha512", "sha384", "md5")
_FRAGMENT_HASH = re.compile(r"(md5|sha1|sha224|sha256|sha384|sha512|blake2b)=([0-9A-Za-z]+)", re.ASCII)


def read_html(body: bytes, url: str, project: ProjectName) -> Page:
    """Return the page that a source answered; `url` is the final one, links are resolved against it or its `<base>`.

    A page names its API version, is titled "Links for …", or lists at least one distribution of the project. Raises
    NotAPage for anything else, for what asks for a password, and for API version 2 or higher. Unsound single files
    are dropped or lose the unsound value, with one warning in the log.
    """
    reader = _Reader(url, project)
    reader.read(_text(body))
    if reader.asks_password:
        raise NotAPage("it asks for a password")
    for claimed in reader.metas("pypi:repository-version"):
        check_version(claimed)
    files = reader.entries.finish()
    titled = reader.titled or any(True for _ in reader.metas("pypi:repository-version"))
    if not titled and not any(distribution(file.filename) is not None for file in files):
        raise NotAPage("it is HTML, but no list of files")
    page = Page(
        project=project,
        files=files,
        status=status_among(reader.metas("pypi:project-status")),
        status_reason=next(reader.metas("pypi:project-status-reason"), None),
    )
    return emptied_if_quarantined(page)


def render_html(page: Page) -> bytes:
    """Return the page as HTML 5: the same bytes for the same page, every text escaped exactly once.

    Sizes, upload times, versions, unknown keys and all hashes but the best one have no place in this form (PEP 833).
    """
    title = f"Links for {_escaped(page.project)}"
    lines = [
        "<!DOCTYPE html>\n<html>\n  <head>",
        *_metas(page),
        f"    <title>{title}</title>\n  </head>\n  <body>\n    <h1>{title}</h1>",
        *map(_anchor, page.files),
        "  </body>\n</html>\n",
    ]
    return "\n".join(lines).encode("utf-8", "replace")


def _metas(page: Page) -> Iterator[str]:
    yield '    <meta charset="utf-8">'
    yield f'    <meta name="pypi:repository-version" content="{claimed_version(page)}">'
    if page.status in STATUSES:
        yield f'    <meta name="pypi:project-status" content="{page.status}">'
        if page.status_reason is not None:
            yield f'    <meta name="pypi:project-status-reason" content="{_escaped(page.status_reason)}">'


def _anchor(file: File) -> str:
    digest = next((f"#{name}={file.hashes[name]}" for name in _LINK_HASHES if name in file.hashes), "")
    attributes = [f'href="{_escaped(file.url + digest)}"']
    if file.requires_python is not None:
        attributes.append(f'data-requires-python="{_escaped(file.requires_python)}"')
    if file.yanked is not False:
        attributes.append(f'data-yanked="{"" if file.yanked is True else _escaped(file.yanked)}"')
    if file.core_metadata is not False:
        known = file.core_metadata if isinstance(file.core_metadata, dict) else {}
        value = next((f"{name}={known[name]}" for name in _LINK_HASHES if name in known), "true")
        attributes.append(f'data-core-metadata="{_escaped(value)}"')
    if file.provenance is not None:
        attributes.append(f'data-provenance="{_escaped(file.provenance)}"')
    if file.gpg_sig is not None:
        attributes.append(f'data-gpg-sig="{"true" if file.gpg_sig else "false"}"')
    return f"    <a {' '.join(attributes)}>{_escaped(file.filename)}</a><br>"


def _escaped(text: str) -> str:
    # A browser reads a bare carriage return as a newline, and NUL cannot be written in HTML at all.
    return html.escape(text).replace("\r", "&#13;").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _text(body: bytes) -> str:
    """Decode a page: UTF-8 whatever it declares, if it is that; else what it declares, if that is Latin."""
    body = body.removeprefix(_BOM)
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("cp1252" if _DECLARED.search(body[:1024]) else "utf-8", "replace")


class _Reader:
    """Collects anchors, meta tags and the signs that this is a page at all."""

    def __init__(self, url: str, project: ProjectName) -> None:
        self.entries = Entries(url, project)
        self.titled = False
        self.asks_password = False
        self._metas: list[tuple[str, str]] = []
        self._base_seen = False
        self._anchor: Attributes | None = None
        self._heading = False
        self._texts: list[str] = []

    def metas(self, name: str) -> Iterator[str]:
        """Yield the content of each meta tag of a name, in order."""
        return (content for known, content in self._metas if known == name)

    def read(self, text: str) -> None:
        """Take in the whole document."""
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
        self._end_anchor()

    def _head(self, name: str, attributes: Attributes) -> None:
        if name == "meta":
            self._metas.append(((attributes.get("name") or "").strip().lower(), attributes.get("content") or ""))
        elif name == "base" and not self._base_seen and attributes.get("href") is not None:
            self._base_seen = True
            self.entries.rebase(attributes["href"] or "")
        elif name == "input" and (attributes.get("type") or "").strip().lower() == "password":
            self.asks_password = True

    def _end_heading(self) -> None:
        self.titled |= self._heading and "".join(self._texts).strip().lower().startswith("links for ")
        self._heading = False

    def _end_anchor(self) -> None:
        """Add the file that an anchor links to; other anchors (a parent folder, a sort order) are passed over."""
        attributes, self._anchor = self._anchor, None
        href = attributes.get("href") if attributes is not None else None
        if attributes is None or not href:
            return
        url, filename = self.entries.resolve(href.partition("#")[0]) or ("", "")
        if not self.entries.is_here(filename) and distribution(filename) is None:
            return
        text = "".join(self._texts).strip()
        if text != filename and distribution(text) is not None:
            self.entries.odd(f"{ascii(filename)[:200]} is dropped: its link says {ascii(text)[:200]}")
            return
        self.entries.add(_entry(url, filename, href, attributes))


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
