"""Routes: which endpoint of PyPI a request means. Pure: method, host and target in, a route or a refusal out."""

import re
from dataclasses import replace
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from addons.answers import Answer, allowed, method_not_allowed, no_route, problem
from addons.route_kinds import OWN_FILES, ApiRoute, Asked, Route
from addons.route_table import TABLE
from proxyconf import hosts

__all__ = ["OWN_FILES", "Route", "route"]

# Nothing else is in a target that a client sends in good faith (RFC 9112 section 3.2); a line break would end a header.
_TARGET = re.compile(r"/[!-~]*")
_DANGEROUS_ESCAPE = re.compile(r"%(?:2f|5c|00)", re.IGNORECASE)
_READS = ("GET", "HEAD")


@lru_cache(maxsize=4096)
def route(method: str, host: str, target: str) -> Route | Answer:
    """Tell which route `target` (path and query, as sent) on the protected `host` means, or why it is refused.

    NAM-08: GET, HEAD and OPTIONS read. NAM-09, NAM-10: the path is decoded once; what could mean two paths is refused.
    NAM-11: a fragment is dropped. Which paths there are is in `route_table`.
    Whatever has no route of its own is refused: nothing passes that no policy saw.
    """
    sent, _, query = target.partition("#")[0].partition("?")
    path = _decoded(sent) if _TARGET.fullmatch(target) else None
    if path is None:
        return problem(400, "path", "wheelgate: this path is not one that could be meant in good faith")
    asked = Asked("GET" if method in (*_READS, "OPTIONS") else method, _place(host), path, sent, query)
    found = next((made for row in TABLE if (made := row.found(asked)) is not None), None)
    if found is None:
        return _unknown(method, asked)
    if isinstance(found, ApiRoute):  # it says itself which methods it has, and to nobody of another origin
        return found
    if method == "OPTIONS" and not (isinstance(found, Answer) and found.status >= 400):
        return allowed()
    return found


def _unknown(method: str, asked: Asked) -> Answer:
    read = replace(asked, method="GET")
    if asked.method != "GET" and any(row.found(read) is not None for row in TABLE):
        return method_not_allowed(method)
    return no_route(
        {"index": "this path of the index", "files": "this path of the files host"}.get(asked.place, "this")
    )


@lru_cache(maxsize=64)
def _place(host: str) -> str:
    name = hosts.normal_host(host)
    if name in hosts.INDEX:
        return "index"
    if name in hosts.FILES:
        return "files"
    return "upload" if name in hosts.UPLOAD else ""


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
