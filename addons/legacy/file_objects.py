"""A file as PyPI's legacy JSON describes it (LEG-04). Pure.

Source: PyPI's JSON API, https://docs.pypi.org/api/json/, and the documents that PyPI serves.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from addons.simple.distributions import distribution
from addons.simple.page import File
from proxyconf import hosts

type Entry = Mapping[str, Any]
"""A file object as upstream's document has it: any JSON, whatever it should be."""

_KINDS = {
    ".whl": "bdist_wheel", ".egg": "bdist_egg", ".exe": "bdist_wininst", ".msi": "bdist_msi", ".rpm": "bdist_rpm",
    ".dmg": "bdist_dmg",
}  # fmt: skip
# What `setup.py bdist_dumb` put between the version and the extension: `foo-1.0.linux-x86_64.tar.gz`.
_DUMB = re.compile(r"\.(?:linux|macosx|win|freebsd|cygwin|solaris)[-\w.]*\.(?:zip|tar\.\w+)\Z", re.IGNORECASE)
_PYTHON = re.compile(r"-py(\d+(?:\.\d+)?)(?:[-.])")
_BLAKE2B_PATH = re.compile(rf"{re.escape(hosts.FILES_URL)}/packages/([0-9a-f]{{2}})/([0-9a-f]{{2}})/([0-9a-f]{{60}})/")
_TEXTS = ("packagetype", "python_version", "upload_time", "upload_time_iso_8601")


def file_object(file: File, known: Entry | None = None) -> dict[str, Any]:
    """Return the file object of a page's file; `known` is upstream's for this filename, used if it is of the same file.

    All that a page says is said as the page says it; what only upstream's document knows is kept, unknown keys too.
    """
    known = known if known is not None and _same(file, known) else {}
    digests = _digests({"md5": known.get("md5_digest")}) | _digests(known.get("digests")) | file.hashes
    if (path := _BLAKE2B_PATH.match(file.url)) is not None:  # PyPI's paths are made of it
        digests.setdefault("blake2b_256", "".join(path.groups()))
    made: dict[str, Any] = {
        "comment_text": None,
        "core-metadata": file.core_metadata if file.core_metadata != {} else True,
        "digests": digests,
        "downloads": -1,
        "filename": file.filename,
        "has_sig": False,
        "md5_digest": digests.get("md5"),
        "packagetype": _kind(file.filename),
        "python_version": _python(file.filename),
        "requires_python": file.requires_python,
        "size": file.size if file.size is not None else _number(known.get("size")),
        **_times(file.upload_time),
        "url": file.url,
        "yanked": file.yanked is not False,
        "yanked_reason": file.yanked or None if isinstance(file.yanked, str) else None,
    }
    kept = {name: value for name, value in known.items() if name not in made or name in ("comment_text", "has_sig")}
    texts = {name: value for name in _TEXTS if isinstance(value := known.get(name), str)}
    return made | kept | texts


def _same(file: File, known: Entry) -> bool:
    """Tell whether upstream's object is of these bytes: of their hashes, or of this URL where none can be compared."""
    digests = _digests(known.get("digests"))
    shared = digests.keys() & file.hashes.keys()
    return all(digests[name] == file.hashes[name] for name in shared) if shared else known.get("url") == file.url


def _digests(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {name: digest.lower() for name, digest in value.items() if isinstance(digest, str)}


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _kind(filename: str) -> str:
    if distribution(filename) is None and _DUMB.search(filename):
        return "bdist_dumb"
    return _KINDS.get("." + filename.lower().rpartition(".")[2], "sdist")


def _python(filename: str) -> str:
    """Return what the uploader would have said: a wheel's Python tag, `source`, or the Python in an old one's name."""
    kind = _kind(filename)
    if kind == "sdist":
        return "source"
    if kind == "bdist_wheel":
        parts = filename.removesuffix(".whl").split("-")
        return parts[-3] if len(parts) >= 5 else "py3"
    old = _PYTHON.search(filename)
    return old[1] if old else "any"


def _times(text: str | None) -> dict[str, str | None]:
    """Return the upload time without and with its zone, as PyPI writes both; a page's text has been checked."""
    if text is None:
        return {"upload_time": None, "upload_time_iso_8601": None}
    try:
        at = datetime.fromisoformat(text)
        moment = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return {"upload_time": None, "upload_time_iso_8601": None}
    bare = moment.replace(tzinfo=None)
    return {
        "upload_time": bare.isoformat(timespec="seconds"),
        "upload_time_iso_8601": f"{bare.isoformat(timespec='microseconds')}Z",
    }
