"""How PyPI writes the documents of its legacy JSON API, of a project and of one release."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion, Version

from tests.fakepypi.files import FakeFile
from tests.fakepypi.pages import FakeProject

_NULLS = (
    "author", "author_email", "bugtrack_url", "description_content_type", "docs_url", "download_url", "dynamic",
    "home_page", "keywords", "license", "license_expression", "license_files", "maintainer", "maintainer_email",
    "platform", "project_urls", "provides_extra",
)  # fmt: skip


def project_document(project: FakeProject) -> bytes | None:
    """The document of a project, None if it has no file: PyPI answers 404 then."""
    releases = _releases(project)
    if not releases or project.status == "quarantined":
        return None
    latest = max(releases, key=lambda version: _rank(version, releases[version]))
    document = _described(project, latest, releases[latest])
    document["releases"] = {version: [_object(file) for file in files] for version, files in releases.items()}
    return json.dumps(document, sort_keys=True).encode()


def release_document(project: FakeProject, wanted: str) -> bytes | None:
    """The document of a release, whatever the spelling of its version; None if it has no file."""
    for version, files in _releases(project).items():
        if canonicalize_version(version) == canonicalize_version(wanted) and project.status != "quarantined":
            return json.dumps(_described(project, version, files), sort_keys=True).encode()
    return None


def _releases(project: FakeProject) -> dict[str, list[FakeFile]]:
    releases: dict[str, list[FakeFile]] = {}
    for file in project.files.values():
        releases.setdefault(file.version, []).append(file)
    return releases


def _rank(version: str, files: Sequence[FakeFile]) -> tuple[bool, bool, Version]:
    try:
        parsed = Version(version)
    except InvalidVersion:
        return not _yanked(files), False, Version("0")
    return not _yanked(files), not parsed.is_prerelease, parsed


def _yanked(files: Sequence[FakeFile]) -> bool:
    return all(file.yanked is not False for file in files)


def _described(project: FakeProject, version: str, files: Sequence[FakeFile]) -> dict[str, Any]:
    first = files[0]
    page = f"https://pypi.org/project/{project.name}/"
    info: dict[str, Any] = dict.fromkeys(_NULLS) | {
        "classifiers": ["Topic :: Utilities"],
        "description": f"About {project.name} {version}.",
        "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
        "name": project.name,
        "package_url": page,
        "project_url": page,
        "release_url": f"{page}{version}/",
        "requires_dist": list(first.requires) or None,
        "requires_python": first.requires_python,
        "summary": f"{project.name} {version} in a line",
        "version": version,
        "yanked": _yanked(files),
        "yanked_reason": first.yanked if _yanked(files) and isinstance(first.yanked, str) else None,
    }
    return {
        "info": info,
        "last_serial": project.serial,
        "ownership": {"organization": None, "roles": [{"role": "Owner", "user": "somebody"}]},
        "urls": [_object(file) for file in files],
        "vulnerabilities": [_vulnerability(text) for text in project.vulnerabilities.get(version, ())],
    }


def _vulnerability(identifier: str) -> Mapping[str, Any]:
    return {
        "aliases": [],
        "details": "Bad.",
        "fixed_in": ["9.9"],
        "id": identifier,
        "link": f"https://osv.dev/vulnerability/{identifier}",
        "source": "osv",
        "summary": None,
        "withdrawn": None,
    }


def _object(file: FakeFile) -> dict[str, Any]:
    kind = "bdist_wheel" if file.filename.endswith(".whl") else "sdist"
    return {
        "comment_text": "",
        "digests": {"blake2b_256": file.path.replace("/", "").removeprefix("packages")[:64], **file.hashes},
        "downloads": -1,
        "filename": file.filename,
        "has_sig": False,
        "md5_digest": "0" * 32,
        "packagetype": kind,
        "python_version": "py3" if kind == "bdist_wheel" else "source",
        "requires_python": file.requires_python,
        "size": file.size,
        "upload_time": file.upload_time[:19] if file.upload_time else None,
        "upload_time_iso_8601": file.upload_time,
        "url": file.url,
        "yanked": file.yanked is not False,
        "yanked_reason": file.yanked if isinstance(file.yanked, str) else None,
    }
