"""The HTML form of a project's page (PEP 503, 592, 629, 658, 714, 740, 792), read and written."""

import html
import re
from collections.abc import Iterator, Sequence

from addons.simple.distributions import distribution
from addons.simple.html_reader import Reader
from addons.simple.names import ProjectName
from addons.simple.page import File, NotAPage, Page
from addons.simple.standing import STATUSES, check_version, claimed_version, emptied_if_quarantined, status_among

_BOM = b"\xef\xbb\xbf"
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*(?:iso-8859-1|latin-?1|windows-1252|cp1252)""", re.IGNORECASE
)
# Clients reject a whole page over any other name in a link (HTM-07); the best one, sha256, is looked for first.
_OTHER_LINK_HASHES = ("sha512", "sha384", "md5")
_FLAGS = {True: "true", False: "false", None: None}
_SPECIAL = "&<>\"'\r\0"  # what cannot stand in an attribute or a text as it is


def read_html(body: bytes, url: str, project: ProjectName) -> Page:
    """Return the page that a source answered; `url` is the final one, links are resolved against it or its `<base>`.

    A page names its API version, is titled "Links for …", or lists at least one distribution of the project. Raises
    NotAPage for anything else, for what asks for a password, and for API version 2 or higher. Unsound single files
    are dropped or lose the unsound value, with one warning in the log.
    """
    reader = Reader(url, project)
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
    title = f"Links for {_escape(page.project)}"
    lines = [
        "<!DOCTYPE html>\n<html>\n  <head>",
        *_metas(page),
        f"    <title>{title}</title>\n  </head>\n  <body>\n    <h1>{title}</h1>",
        *_anchors(page.files),
        "  </body>\n</html>\n",
    ]
    return "\n".join(lines).encode("utf-8", "replace")


def _metas(page: Page) -> Iterator[str]:
    yield '    <meta charset="utf-8">'
    yield f'    <meta name="pypi:repository-version" content="{claimed_version(page)}">'
    if page.status in STATUSES:
        yield f'    <meta name="pypi:project-status" content="{page.status}">'
        if page.status_reason is not None:
            yield f'    <meta name="pypi:project-status-reason" content="{_escape(page.status_reason)}">'


def _anchors(files: Sequence[File]) -> Iterator[str]:
    """Yield the line of each file. What is to be written is put together and escaped for all files at once."""
    columns = zip(
        _escaped([file.url + _fragment(file) for file in files]),
        _attribute("data-requires-python", [file.requires_python for file in files]),
        _attribute("data-yanked", [_yank(file.yanked) for file in files]),
        _attribute("data-core-metadata", [_metadata(file.core_metadata) for file in files]),
        _attribute("data-provenance", [file.provenance for file in files]),
        _attribute("data-gpg-sig", [_FLAGS[file.gpg_sig] for file in files]),
        _escaped([file.filename for file in files]),
        strict=True,
    )
    for href, requires, yanked, metadata, provenance, signed, filename in columns:
        yield f'    <a href="{href}"{requires}{yanked}{metadata}{provenance}{signed}>{filename}</a><br>'


def _fragment(file: File) -> str:
    known = _link_hash(file.hashes)
    return "#" + known if known is not None else ""


def _link_hash(hashes: dict[str, str]) -> str | None:
    digest = hashes.get("sha256")
    if digest is not None:
        return "sha256=" + digest
    return next((f"{name}={hashes[name]}" for name in _OTHER_LINK_HASHES if name in hashes), None)


def _yank(yanked: bool | str) -> str | None:
    return yanked if isinstance(yanked, str) else "" if yanked else None


def _metadata(known: bool | dict[str, str]) -> str | None:
    if not isinstance(known, dict):
        return "true" if known else None
    return _link_hash(known) or "true"


def _attribute(name: str, values: Sequence[str | None]) -> list[str]:
    """Return the attribute of each file, with the space before it; empty where it has none (None)."""
    texts = list(dict.fromkeys(text for text in values if text is not None))
    written: dict[str | None, str] = {None: ""}
    written.update((text, f' {name}="{safe}"') for text, safe in zip(texts, _escaped(texts), strict=True))
    return [written[text] for text in values]


def _escaped(texts: Sequence[str]) -> Sequence[str]:
    """Return the texts as HTML writes them; nearly always as they are."""
    whole = "".join(texts)
    return list(map(_escape, texts)) if any(character in whole for character in _SPECIAL) else texts


def _escape(text: str) -> str:
    # A browser reads a bare carriage return as a newline, and NUL cannot be written in HTML at all.
    return html.escape(text).replace("\r", "&#13;").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _text(body: bytes) -> str:
    """Decode a page: UTF-8 whatever it declares, if it is that; else what it declares, if that is Latin."""
    body = body.removeprefix(_BOM)
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("cp1252" if _DECLARED.search(body[:1024]) else "utf-8", "replace")
