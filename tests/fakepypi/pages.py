"""How PyPI writes its pages: a project's page and the project list, as JSON and as HTML."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from packaging.version import InvalidVersion, Version

from tests.fakepypi.files import FakeFile

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
LEGACY = "text/html"


@dataclass(kw_only=True)
class FakeProject:
    """A project and what its page says."""

    name: str  # normalised
    files: dict[str, FakeFile] = field(default_factory=dict)  # by filename: what is listed
    status: str | None = "active"  # None leaves project-status out
    reason: str | None = None
    serial: int = 0  # of the last change
    html_only: bool = False
    vulnerabilities: dict[str, Sequence[str]] = field(default_factory=dict)  # identifiers by version, in legacy JSON
    extra: dict[str, Any] = field(default_factory=dict)  # further keys of the page in JSON; they win
    extra_meta: dict[str, Any] = field(default_factory=dict)  # further keys of `meta` in JSON; they win


def choose(accept: str | None) -> str:
    """The media type for an Accept header: the one with the highest q, JSON before HTML; text/html if none fits."""
    quality = dict.fromkeys((JSON, HTML, LEGACY), 0.0)
    for element in (accept or "").split(","):
        media_type, _, rest = element.strip().partition(";")
        if media_type.strip() in quality:
            quality[media_type.strip()] = float(rest.partition("q=")[2] or 1)
    best = max(quality, key=lambda media_type: quality[media_type])
    return best if quality[best] else LEGACY


def page(project: FakeProject, media_type: str) -> bytes:
    """A project's page (PEP 503, 691, 700, 714, 792)."""
    return _json_page(project) if media_type == JSON else _html_page(project)


def _json_page(project: FakeProject) -> bytes:
    document: dict[str, Any] = {
        "meta": {"_last-serial": project.serial, "api-version": "1.4", **project.extra_meta},
        "name": project.name,
        "versions": _versions(project.files.values()),
        "files": [_json_file(file) for file in project.files.values()],
    }
    if project.status is not None:
        document["project-status"] = {"status": project.status}
        if project.reason is not None:
            document["project-status"]["reason"] = project.reason
    return json.dumps(document | project.extra).encode()


def _json_file(file: FakeFile) -> dict[str, Any]:
    metadata = dict(file.metadata_hashes) if file.metadata_hashes is not None else False
    entry: dict[str, Any] = {
        "core-metadata": metadata,
        "data-dist-info-metadata": metadata,
        "filename": file.filename,
        "hashes": dict(file.hashes),
        "provenance": None,
        "requires-python": file.requires_python,
        "url": file.url,
        "yanked": file.yanked,
    }
    if file.size is not None:
        entry["size"] = file.size
    if file.upload_time is not None:
        entry["upload-time"] = file.upload_time
    return entry | dict(file.extra)


def _versions(files: Any) -> list[str]:
    def order(text: str) -> tuple[Version, str]:
        try:
            return Version(text), text
        except InvalidVersion:
            return Version("0"), text

    return sorted({file.version for file in files}, key=order)


def _html_page(project: FakeProject) -> bytes:
    metas = {}
    if project.status is not None:
        metas["pypi:project-status"] = project.status
        if project.reason is not None:
            metas["pypi:project-status-reason"] = project.reason
    anchors = [_anchor(file) for file in project.files.values()]
    return _html_document(f"Links for {project.name}", anchors, project.serial, metas)


def _anchor(file: FakeFile) -> str:
    sha256 = file.hashes.get("sha256")
    attributes = {"href": file.url + (f"#sha256={sha256}" if sha256 else "")}
    if file.requires_python is not None:
        attributes["data-requires-python"] = file.requires_python
    if file.yanked is not False:
        attributes["data-yanked"] = file.yanked if isinstance(file.yanked, str) else ""
    if file.metadata_hashes is not None:
        value = "".join(f"{name}={digest}" for name, digest in list(file.metadata_hashes.items())[:1]) or "true"
        attributes |= {"data-core-metadata": value, "data-dist-info-metadata": value}
    words = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"    <a {words}>{escape(file.filename)}</a><br />"


def project_list(projects: Sequence[FakeProject], serial: int, media_type: str) -> bytes:
    """The project list."""
    if media_type == JSON:
        entries = [{"_last-serial": project.serial, "name": project.name} for project in projects]
        document = {"meta": {"_last-serial": serial, "api-version": "1.4"}, "projects": entries}
        return json.dumps(document).encode()
    anchors = [f'    <a href="{project.name}/">{project.name}</a>' for project in projects]
    return _html_document("Simple index", anchors, serial, {})


def _html_document(title: str, anchors: Sequence[str], serial: int, metas: Mapping[str, str]) -> bytes:
    tags = {"pypi:repository-version": "1.4", **metas}
    lines = [
        "<!DOCTYPE html>",
        "<html>",
        "  <head>",
        *(f'    <meta name="{name}" content="{escape(value)}">' for name, value in tags.items()),
        f"    <title>{title}</title>",
        "  </head>",
        "  <body>",
        f"    <h1>{title}</h1>",
        *anchors,
        "  </body>",
        "</html>",
        f"<!--SERIAL {serial}-->",
    ]
    return "\n".join(lines).encode()
