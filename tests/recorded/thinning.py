"""What is kept of a recorded document: every odd file, some of the others, and no host but PyPI's own.

The rules depend on the document alone, so that the same answer is always the same recording.
"""

import html
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

_HOSTS = {"pypi.org", "files.pythonhosted.org"}
_LINKED = {"github.com"}  # where yank reasons point to
_LINE = re.compile(r"<a [^>]*>([^<]*)</a>")
_HOST = re.compile(r"https?://([^/\"'\s<>\\),]+)")
_PATH = re.compile(r"packages/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/[^/]+$")
_WORDS = ("description", "home_page", "project_urls", "download_url", "docs_url", "bugtrack_url")

Entry = dict[str, Any]


class OtherHost(Exception):
    """A recording names a host that is none of PyPI's."""


def kept_files(page: bytes, share: int) -> frozenset[str]:
    """Name the files of a JSON page that are kept: the odd ones, and one in `share` of the others, by their sha256."""
    entries = json.loads(page)["files"]
    return frozenset(
        entry["filename"] for entry in entries if is_odd(entry) or int(entry["hashes"]["sha256"][:8], 16) % share == 0
    )


def is_odd(entry: Entry) -> bool:
    """Whether a file is anything else than a wheel or a .tar.gz under a name and version of today's, and not yanked."""
    filename = entry["filename"]
    if entry["yanked"] or unquote(urlsplit(entry["url"]).path.rpartition("/")[2]) != filename:
        return True
    try:
        if filename.endswith(".whl"):
            parse_wheel_filename(filename)
        else:
            parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return True
    return not filename.endswith((".whl", ".tar.gz"))


def thin_json(page: bytes, kept: frozenset[str]) -> bytes:
    """Take the other files out of a JSON page; all the rest stays, the list of versions too."""
    document = json.loads(page)
    document["files"] = [entry for entry in document["files"] if entry["filename"] in kept]
    return json.dumps(document, indent=0).encode()


def without_files(project: str) -> bytes:
    """Give the page of a project of which nothing is offered, as PyPI's of a quarantined one is."""
    return json.dumps({"meta": {}, "name": project, "files": [], "versions": []}).encode()


def with_status(page: bytes, status: Mapping[str, str]) -> bytes:
    """Add the status that pypi.org gives, where a mirror has left it out, under the version that has it (PEP 792)."""
    document = json.loads(page)
    if "project-status" not in document:
        document["project-status"] = dict(status)
        document["meta"]["api-version"] = "1.4"
    return json.dumps(document).encode()


def thin_html(page: bytes, kept: frozenset[str]) -> bytes:
    """Take the other files' lines out of an HTML page that has one line for each; all other bytes stay."""
    lines = page.decode().splitlines(keepends=True)
    return "".join(line for line in lines if _filename(line) is None or _filename(line) in kept).encode()


def _filename(line: str) -> str | None:
    found = _LINE.search(line)
    return html.unescape(found[1]) if found else None


def thin_legacy(document: bytes) -> bytes:
    """Take what people wrote of themselves out of a legacy document, and write the files' URLs as PyPI does."""
    found = json.loads(document)
    found["info"] |= {key: None for key in _WORDS if key in found["info"]}
    for entry in (*found["urls"], *(entry for entries in found["releases"].values() for entry in entries)):
        entry["url"] = _on_pypi(entry["url"])
    return json.dumps(found, indent=0).encode()


def _on_pypi(url: str) -> str:
    """Write a file's URL as PyPI does where a mirror wrote a relative one; the path below `packages` is the same."""
    found = _PATH.search(url)
    return f"https://files.pythonhosted.org/{found[0]}" if found and not urlsplit(url).netloc else url


def check_hosts(name: str, content: bytes) -> None:
    """Raise OtherHost if a document names one that is none of PyPI's, or a file that is not on PyPI's."""
    others = set(_HOST.findall(content.decode())) - _HOSTS - _LINKED
    if others:
        raise OtherHost(f"{name} names {ascii(sorted(others))[:200]}")
    files = re.findall(r'(?:"url": |<a href=)"([^"]*)"', content.decode())
    if not all(urlsplit(url).netloc == "files.pythonhosted.org" for url in files):
        raise OtherHost(f"{name} has files elsewhere")
