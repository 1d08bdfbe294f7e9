"""The JSON form of a project's page (PEP 691, 700, 714, 740, 792), read and written."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET

from addons.simple.entries import Entries
from addons.simple.listed import Listed
from addons.simple.names import ProjectName
from addons.simple.page import File, NotAPage, Page, complete, versions_of
from addons.simple.standing import NEWEST, check_version, claimed_version, emptied_if_quarantined, status_among

_DECODER = msgspec.json.Decoder()
_TOP = msgspec.json.Decoder(dict[str, msgspec.Raw])
_FILES = msgspec.json.Decoder(list[msgspec.Raw])
_ENCODER = msgspec.json.Encoder()
_BOM = b"\xef\xbb\xbf"
# An escape: a pair of surrogates, half a pair (the group), or any other.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u([dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


class _Usual(msgspec.Struct, forbid_unknown_fields=True, gc=False, rename=lambda name: name.replace("_", "-")):
    files: list[Listed]
    meta: Any = UNSET
    name: Any = UNSET
    versions: Any = UNSET
    project_status: Any = UNSET
    alternate_locations: Any = UNSET


_USUAL = msgspec.json.Decoder(_Usual)
_KEYS = [(field.name, field.encode_name) for field in msgspec.structs.fields(_Usual) if field.name != "files"]


def read_json(body: bytes, url: str, project: ProjectName) -> Page:
    """Return the page that a source answered; `url` is the final one, relative file URLs are resolved against it.

    Single files that are unsound are dropped or lose the unsound value, with one warning in the log. Raises NotAPage
    for what is no page as a whole: not JSON, no object, no list of files, API version 2 or higher.
    """
    entries = Entries(url, project)
    document = _document(_characters(body.removeprefix(_BOM)), entries)
    meta = _object(document.pop("meta", None), "meta")
    check_version(meta.pop("api-version", None))
    document.pop("name", None)  # the caller knows which project it asked for
    files = entries.finish()
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
    try:
        return _ENCODER.encode(page.unknown | document)
    except UnicodeEncodeError:  # half a character, in a policy's words
        whole = msgspec.to_builtins(page.unknown | document)
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _document(body: bytes, entries: Entries) -> dict[str, Any]:
    """Add the files to the entries, and return the rest of the top level. Of keys written twice the last counts."""
    try:
        usual = _USUAL.decode(body)
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        return _unusual(body, entries)
    entries.add_listed(usual.files)
    return {key: value for name, key in _KEYS if (value := getattr(usual, name)) is not UNSET}


def _unusual(body: bytes, entries: Entries) -> dict[str, Any]:
    """Do the same for a document with a key, a type or an entry that PyPI does not write."""
    try:
        raws = _top(body)
        files = _FILES.decode(raws.pop("files", b"null"))
        document = {key: _DECODER.decode(raw) for key, raw in raws.items()}
    except msgspec.ValidationError as error:
        raise NotAPage(f"it is no object with a list of files: {error}") from error
    except (ValueError, RecursionError) as error:
        raise NotAPage(f"it is not JSON: {error}") from error
    entries.add_all(files)
    return document


def _top(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _TOP.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return _TOP.decode(_paired(body))


def _characters(body: bytes) -> bytes:
    """Return the body with what is no character replaced: one file's garbled text must not cost the page."""
    return body if body.isascii() else body.decode(errors="replace").encode()


def _paired(body: bytes) -> bytes:
    """Return the body with halves of surrogate pairs replaced: JSON can write them, and UTF-8 cannot."""
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)


def _object(value: object, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NotAPage(f"its {name} is no object")
    return value


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
        if file.unknown or file.refused is not None or file.allowed or file.yanked == "" or file.core_metadata == {}:
            yield _written(file)
        else:
            yield file


def _written(file: File) -> File | dict[str, Any]:
    """Return a file with its unknown keys beside the known ones; an empty reason or no hashes are written as true."""
    plain = msgspec.structs.replace(
        file,
        yanked=file.yanked or file.yanked == "",
        core_metadata=file.core_metadata or file.core_metadata == {},
        unknown={},
        refused=None,
        allowed=(),
    )
    return {**file.unknown, **msgspec.to_builtins(plain)} if file.unknown else plain
