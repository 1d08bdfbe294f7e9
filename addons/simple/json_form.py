"""The JSON form of a project's page (PEP 691, 700, 714, 740, 792), read and written."""

from collections.abc import Iterator
from typing import Any

import msgspec

from addons.simple.entries import Entries
from addons.simple.names import ProjectName
from addons.simple.page import File, NotAPage, Page, complete, versions_of
from addons.simple.standing import NEWEST, check_version, claimed_version, emptied_if_quarantined, status_among

_DECODER = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()
_BOM = b"\xef\xbb\xbf"


def read_json(body: bytes, url: str, project: ProjectName) -> Page:
    """Return the page that a source answered; `url` is the final one, relative file URLs are resolved against it.

    Single files that are unsound are dropped or lose the unsound value, with one warning in the log. Raises NotAPage
    for what is no page as a whole: not JSON, no object, no list of files, API version 2 or higher.
    """
    document = _document(body)
    meta = _object(document.pop("meta", None), "meta")
    check_version(meta.pop("api-version", None))
    document.pop("name", None)  # the caller knows which project it asked for
    files = _files(document.pop("files", None), Entries(url, project))
    listed = _listed(document.pop("versions", None))
    standing = [_standing(document.pop("project-status", None)), _standing(meta.pop("project-status", None))]
    claims = [found.pop(key, None) for found in standing for key in ("status", "state")]
    reasons = [reason for found in standing if isinstance(reason := found.pop("reason", None), str)]
    page = Page(
        project=project,
        files=files,
        versions=complete(listed, files, project) if listed is not None else None,
        status=status_among(claims),
        status_reason=reasons[0] if reasons else None,
        status_unknown=standing[1] | standing[0],
        meta=meta,
        unknown=document,
    )
    return emptied_if_quarantined(page)


def render_json(page: Page) -> bytes:
    """Return the page as PEP 691 JSON: the same bytes for the same page, never a null that this gateway put there.

    It claims API version 1.4 if every file has its size, else 1.0.
    """
    claimed = claimed_version(page)
    document: dict[str, Any] = {"meta": page.meta | {"api-version": claimed}, "name": page.project}
    if page.status is not None:
        standing = {"status": page.status, "reason": page.status_reason}
        document["project-status"] = page.status_unknown | {
            key: text for key, text in standing.items() if text is not None
        }
    if page.versions is not None or claimed == NEWEST:
        document["versions"] = versions_of(page)
    document["files"] = list(_entries(page))
    return _ENCODER.encode(page.unknown | document)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = _DECODER.decode(body.removeprefix(_BOM))
    except (ValueError, RecursionError) as error:
        raise NotAPage(f"it is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise NotAPage("its JSON is no object")
    return document


def _object(value: object, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NotAPage(f"its {name} is no object")
    return value


def _files(value: object, entries: Entries) -> tuple[File, ...]:
    if not isinstance(value, list):
        raise NotAPage("it has no list of files")
    for entry in value:
        if isinstance(entry, dict):
            entries.add(entry)
        else:
            entries.odd("a file is no object")
    return entries.finish()


def _listed(value: object) -> tuple[str, ...] | None:
    """Return the list of versions without repetitions, None if there is no usable one: then the files say it."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        return None
    return tuple(dict.fromkeys(value))


def _standing(value: object) -> dict[str, Any]:
    """Return a project-status object; a bare text, as some write it, is its status."""
    if isinstance(value, str):
        return {"status": value}
    return value if isinstance(value, dict) else {}


def _entries(page: Page) -> Iterator[File | dict[str, Any]]:
    """Yield what is encoded for each file: nearly always the file itself, its defaults are left out."""
    for file in page.files:
        if file.unknown or file.refused is not None or file.yanked == "" or file.core_metadata == {}:
            yield _flattened(file)
        else:
            yield file


def _flattened(file: File) -> dict[str, Any]:
    """Return a file with its unknown keys beside the known ones; an empty reason or no hashes are written as true."""
    plain = msgspec.structs.replace(
        file,
        yanked=file.yanked or file.yanked == "",
        core_metadata=file.core_metadata or file.core_metadata == {},
        unknown={},
        refused=None,
    )
    known: dict[str, Any] = msgspec.to_builtins(plain)
    return file.unknown | known
