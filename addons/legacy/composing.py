"""The `info` of a release, made out of its core metadata where upstream has no document that describes it. Pure.

Sources: PyPI's JSON API, https://docs.pypi.org/api/json/; PyPA specification "Core metadata specifications"; PEP 643.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from packaging.metadata import RawMetadata, parse_email

from addons.legacy.shelf import Release
from addons.simple.distributions import version
from addons.simple.names import ProjectName, spelled

_WEB = "https://pypi.org/project/"
_TEXTS = (
    "author", "author_email", "description_content_type", "download_url", "home_page", "license", "license_expression",
    "maintainer", "maintainer_email", "summary",
)  # fmt: skip
_STATIC = (2, 2)  # the metadata version from which an sdist says what of it may change when it is built


def composed_info(project: ProjectName, release: Release, metadata: bytes | None, *, built: bool) -> dict[str, Any]:
    """Return a release's `info` with every key that PyPI's has.

    `metadata`: the core metadata of one of its files, None if it cannot be had; `built`: that file is a wheel. What
    is not known is null; so `requires_dist: null` says "look for yourself", and an empty list "none" (poetry does so).
    """
    raw, unread = parse_email(metadata) if metadata is not None else (RawMetadata(), {})
    name = raw.get("name", "")
    name = name if spelled(name) == project else project
    page = f"{_WEB}{quote(name)}/"
    return {
        **{field: _said(raw.get(field)) for field in _TEXTS},
        "bugtrack_url": None,
        "classifiers": raw.get("classifiers", []),
        "description": raw.get("description", ""),
        "docs_url": None,
        "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
        "dynamic": raw.get("dynamic"),
        "keywords": ",".join(raw.get("keywords", [])) or None,
        "license_files": raw.get("license_files"),
        "name": name,
        "package_url": page,
        "platform": _said(",".join(raw.get("platforms", []))),
        "project_url": page,
        "project_urls": raw.get("project_urls"),
        "provides_extra": raw.get("provides_extra"),
        "release_url": f"{page}{quote(release.text)}/",
        "requires_dist": _requires(raw, unread.keys(), built=built) if metadata is not None else None,
        "requires_python": _said(raw.get("requires_python")) or _on_page(release),
        "version": release.text,
    }


def _said(text: object) -> str | None:
    """Return a field's text; UNKNOWN is what old tools wrote for nothing."""
    return text if isinstance(text, str) and text not in ("", "UNKNOWN") else None


def _requires(raw: RawMetadata, unread: Sequence[str] | Any, *, built: bool) -> list[str] | None:
    """Return the dependencies, None where an sdist does not promise that they stay these when it is built (PEP 643)."""
    if "requires_dist" in unread or "requires-dist" in unread:
        return None
    known = version(raw.get("metadata_version", ""))
    static = known is not None and known.release >= _STATIC
    dynamic = {field.lower() for field in raw.get("dynamic", [])}
    if not built and (not static or "requires-dist" in dynamic):
        return None
    return raw.get("requires_dist", [])


def _on_page(release: Release) -> str | None:
    return next((file.requires_python for file in release.files if file.requires_python), None)
