"""Routes: which endpoint of PyPI a request means. Pure: method, host and target in, a route or a refusal out."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_to_bytes

from addons.answers import Answer, absent, method_not_allowed, moved, problem, refused
from proxyconf import hosts

type Part = Literal["file", "metadata"]

OWN_FILES = "/wheelgate/"
"""Where files that do not lie on PyPI's own files host are found on it: /wheelgate/<source>/<project>/<filename>."""


@dataclass(frozen=True)
class PageRoute:
    """A project's page, as its name was spelled in the path; `wanted` is the `?format=` value in `query`."""

    spelling: str
    wanted: str | None = None
    query: str = ""


@dataclass(frozen=True)
class PublicFile:
    """A file by its path on PyPI's files host, or its core metadata (PEP 658)."""

    path: str
    filename: str
    part: Part = "file"


@dataclass(frozen=True)
class SourceFile:
    """A file of a source whose files are given out under `OWN_FILES`, or its core metadata."""

    source: str
    spelling: str
    filename: str
    part: Part = "file"


type Route = PageRoute | PublicFile | SourceFile

# Nothing else is in a target that a client sends in good faith (RFC 9112 section 3.2); a line break would end a header.
_TARGET = re.compile(r"/[!-~]*")
_DANGEROUS_ESCAPE = re.compile(r"%(?:2f|5c|00)", re.IGNORECASE)
_PUBLIC_FILE = re.compile(r"/packages/(?:[^/]+/)+([^/]+)")
_OWN_FILE = re.compile(OWN_FILES + r"([^/]+)/([^/]+)/([^/]+)")
_PAGE = re.compile(r"/simple/([^/]+)(/?)")


def route(method: str, host: str, target: str) -> Route | Answer:
    """Tell which route `target` (path and query, as sent) on the protected `host` means, or why it is refused.

    NAM-08: only GET and HEAD read. NAM-09, NAM-10: the path is decoded once; what could mean two paths is refused.
    NAM-11: a fragment is dropped.
    Whatever has no route of its own is refused: nothing passes that no policy saw.
    """
    if method not in ("GET", "HEAD"):
        return _not_read(method, host)
    sent, _, query = target.partition("#")[0].partition("?")
    path = _decoded(sent) if _TARGET.fullmatch(target) else None
    if path is None:
        return problem(400, "path", "wheelgate: this path is not one that could be meant in good faith")
    name = hosts.normal_host(host)
    if name in hosts.INDEX:
        return _on_index(path, sent, query)
    if name in hosts.FILES:
        return _on_files(path)
    return _no_route(name)


def _not_read(method: str, host: str) -> Answer:
    if method == "POST" and hosts.normal_host(host) in hosts.UPLOAD | hosts.INDEX:
        return refused("upload", "wheelgate: uploads are not taken here and never go on to PyPI from this network")
    return method_not_allowed(method)


def _decoded(path: str) -> str | None:
    if _DANGEROUS_ESCAPE.search(path):
        return None
    try:
        decoded = unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return None
    segments = decoded.split("/")
    if "\\" in decoded or any(segment in (".", "..") for segment in segments) or "" in segments[1:-1]:
        return None
    return decoded if decoded.isprintable() else None


def _on_index(path: str, sent: str, query: str) -> Route | Answer:
    if match := _PAGE.fullmatch(path):
        spelling, slash = match.groups()
        if not slash:
            return moved(f"{sent}/" + (f"?{query}" if query else ""))
        return PageRoute(spelling, _format(query), query)
    if path.startswith("/packages/"):
        return _on_files(path)
    return _no_route("this path of the index")


def _format(query: str) -> str | None:
    # `+` in a query may be meant as itself: `?format=application/vnd.pypi.simple.v1+json` (NEG-06).
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if key == "format":
            return unquote_to_bytes(value).decode("utf-8", "replace").replace(" ", "+")
    return None


def _on_files(path: str) -> Route | Answer:
    part: Part = "metadata" if path.endswith(".metadata") else "file"
    bare = path.removesuffix(".metadata")
    if match := _PUBLIC_FILE.fullmatch(bare):
        return PublicFile(bare, match[1], part)
    if match := _OWN_FILE.fullmatch(bare):
        return SourceFile(match[1], match[2], match[3], part)
    return absent("wheelgate: no file lies at this path")


def _no_route(what: str) -> Answer:
    return refused("route", f"wheelgate: {what} has no route through this gateway, so it is refused")
