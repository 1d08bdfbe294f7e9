"""What an index answers to a request when nothing is wrong."""

import base64
import gzip
import hashlib
import re
from dataclasses import replace
from urllib.parse import SplitResult, quote, unquote, urlsplit

from packaging.utils import canonicalize_name

from tests.fakepypi import legacy, pages
from tests.fakepypi.answer import Answer, text
from tests.fakepypi.bodies import Held, read
from tests.fakepypi.index import FakeIndex
from tests.fakepypi.log import Seen
from tests.fakepypi.ranges import ranged

_FOR_EVER = "max-age=365000000, immutable, public"


def answer(index: FakeIndex, seen: Seen) -> Answer:
    """The answer of the index or of its files, by host and path."""
    if seen.method not in {"GET", "HEAD"}:
        return text(405, "405 Method Not Allowed", allow="GET, HEAD")
    if not _may(index, seen):
        return text(401, "401 Unauthorized", www_authenticate='Basic realm="fakepypi"')
    with index.lock:
        simple, files = urlsplit(index.place.simple_url), urlsplit(index.place.files_url)
        if seen.host == simple.hostname and seen.path.startswith(simple.path.rstrip("/")):
            below = seen.path.removeprefix(simple.path.rstrip("/"))
            return _simple(index, seen, simple.path, below) or index.found_document(seen.host, seen.path)
        if seen.host == files.hostname and seen.path.startswith(files.path + "/packages/"):
            return _file(index, seen)
        found = index.found_document(seen.host, seen.path)
        return found if found.status == 200 else _legacy(index, seen, urlsplit(index.place.simple_url)) or found


def _may(index: FakeIndex, seen: Seen) -> bool:
    if index.place.credentials is None:
        return True
    wanted = base64.b64encode(":".join(index.place.credentials).encode()).decode()
    return seen.headers.get("authorization") == f"Basic {wanted}"


def _simple(index: FakeIndex, seen: Seen, root: str, below: str) -> Answer | None:
    if below == "/":
        return _project_list(index, seen)
    name = re.fullmatch(r"/([^/]+)(/?)", below)
    if name is None:
        return _moved(root, seen) if below == "" else None
    project = unquote(name[1])
    normalised = canonicalize_name(project)
    if project != normalised or not name[2]:
        return _moved(f"{root}{quote(normalised)}/", seen)
    return _page(index, seen, normalised)


def _moved(path: str, seen: Seen) -> Answer:
    return text(301, "moved", location=path + (f"?{seen.query}" if seen.query else ""))


def _project_list(index: FakeIndex, seen: Seen) -> Answer:
    media_type = pages.choose(seen.headers.get("accept"))
    projects = sorted(index.projects.values(), key=lambda project: project.name)
    return _document(index, seen, media_type, pages.project_list(projects, index.serial, media_type), index.serial)


def _page(index: FakeIndex, seen: Seen, name: str) -> Answer:
    project = index.projects.get(name)
    if project is None:
        return text(404, "404 Not Found")
    media_type = pages.LEGACY if project.html_only else pages.choose(seen.headers.get("accept"))
    return _document(index, seen, media_type, pages.page(project, media_type), project.serial)


def _legacy(index: FakeIndex, seen: Seen, simple: SplitResult) -> Answer | None:
    """The legacy JSON API, beside the pages: per project and per release."""
    path = re.fullmatch(r"/pypi/([^/]+)(?:/([^/]+))?/json", unquote(seen.path))
    if path is None or seen.host != simple.hostname or index.legacy == "none":
        return None
    name, version = path.groups()
    if name != canonicalize_name(name):
        return _moved(f"/pypi/{canonicalize_name(name)}/" + (f"{version}/json" if version else "json"), seen)
    project = index.projects.get(name)
    if project is None or (version is not None and index.legacy == "projects"):
        return None
    body = legacy.project_document(project) if version is None else legacy.release_document(project, version)
    return None if body is None else _document(index, seen, "application/json", body, project.serial)


def _document(index: FakeIndex, seen: Seen, media_type: str, body: bytes, serial: int) -> Answer:
    content_type = f"{media_type}; charset=UTF-8" if media_type == pages.LEGACY else media_type
    full = Answer(200, {"Content-Type": content_type}, Held(body))
    if index.compress_pages and "gzip" in seen.headers.get("accept-encoding", ""):
        full = replace(full, body=Held(gzip.compress(body, mtime=0))).with_headers(content_encoding="gzip")
    full = full.with_headers(
        cache_control=index.cache_control,
        etag=etag(read(full.body)),
        vary="Accept, Accept-Encoding",
        x_pypi_last_serial=str(serial),
        access_control_allow_origin="*",
    )
    return _not_modified(full) if _knows(seen, full) else full


def etag(body: bytes) -> str:
    """A strong entity tag that follows from the bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _knows(seen: Seen, full: Answer) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in seen.headers.get("if-none-match", "").split(",")]
    return full.header("etag") in tags or "*" in tags


def _not_modified(full: Answer) -> Answer:
    return Answer(304, full.with_headers(content_type=None, content_encoding=None).headers)


def _file(index: FakeIndex, seen: Seen) -> Answer:
    path = unquote(seen.path)
    file, described = index.files.get(path), index.files.get(path.removesuffix(".metadata"))
    if file is not None:
        body, tag = file.body, f'"{file.sha256[:32]}"'
    elif described is not None and described.metadata is not None:
        body, tag = Held(described.metadata), etag(described.metadata)
    else:
        return text(404, "404 Not Found")
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", "ETag": tag}
    found = Answer(200, headers, body).with_headers(cache_control=_FOR_EVER, access_control_allow_origin="*")
    return ranged(found, seen)  # never 304: PyPI's edge takes conditional headers away from requests for files
