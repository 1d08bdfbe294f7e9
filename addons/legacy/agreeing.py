"""Documents that agree with the page in every file, version and yank. Pure.

Source: PyPI's JSON API, https://docs.pypi.org/api/json/.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from addons.legacy.file_objects import Entry, file_object
from addons.legacy.shelf import Key, Release, Shelf, key

type Document = Mapping[str, Any]
"""Upstream's document: an object; what is in it may be anything, whatever it should be. Empty where there is none."""


def describes(document: Document, release: Release) -> bool:
    """Tell whether the document's `info` is of this release, in whatever spelling."""
    info = document.get("info")
    text = info.get("version") if isinstance(info, dict) else None
    return isinstance(text, str) and key(text) == release.key


def vulnerabilities(document: Document) -> list[Any] | None:
    """Return what the document says of the release that it describes (LEG-06); None if it says nothing."""
    found = document.get("vulnerabilities")
    return found if isinstance(found, list) else None


def project_document(
    document: Document, shelf: Shelf, latest: Release, info: Entry, known: list[Any]
) -> dict[str, Any]:
    """Return the document of `/pypi/<name>/json`: what the page shows, `info` and `known` vulnerabilities of `latest`.

    `releases` has exactly the page's versions, each with exactly its files. Keys that we do not know stay.
    """
    spelled, entries = _spelled(document), _entries(document)
    releases = {
        text: [file_object(file, entries.get(file.filename)) for file in release.files]
        for text, release in _ordered(shelf, spelled)
    }
    text = spelled.get(latest.key, latest.text)
    made = {"info": _info(info, latest, text), "releases": releases, "urls": releases[text], "vulnerabilities": known}
    return {**document, **made}


def release_document(document: Document, release: Release, info: Entry, known: list[Any]) -> dict[str, Any]:
    """Return the document of `/pypi/<name>/<version>/json`: without `releases` (LEG-03)."""
    entries = _entries(document)
    urls = [file_object(file, entries.get(file.filename)) for file in release.files]
    made = {"info": _info(info, release, None), "urls": urls, "vulnerabilities": known}
    return {**{name: value for name, value in document.items() if name != "releases"}, **made}


def _info(info: Entry, release: Release, text: str | None) -> dict[str, Any]:
    spelled = info.get("version") if text is None else text
    version = spelled if isinstance(spelled, str) else release.text
    return {**info, "version": version, "yanked": release.yanked, "yanked_reason": release.reason}


def _spelled(document: Document) -> dict[Key, str]:
    """Return how the document spells its versions, in its order."""
    releases = document.get("releases")
    spelled: dict[Key, str] = {}
    for text in releases if isinstance(releases, dict) else ():
        spelled.setdefault(key(text), text)
    return spelled


def _ordered(shelf: Shelf, spelled: Mapping[Key, str]) -> Iterator[tuple[str, Release]]:
    """Yield the page's releases: those of the document in its order and spelling, then the others."""
    for at, text in spelled.items():
        if at in shelf.releases:
            yield text, shelf.releases[at]
    for at, release in shelf.releases.items():
        if at not in spelled:
            yield release.text, release


def _entries(document: Document) -> dict[str, Entry]:
    """Return the document's file objects by filename, wherever in it they are."""
    releases = document.get("releases")
    lists = [*(releases.values() if isinstance(releases, dict) else ()), document.get("urls")]
    objects = (entry for found in lists if isinstance(found, list) for entry in found if isinstance(entry, dict))
    return {name: entry for entry in objects if isinstance(name := entry.get("filename"), str)}
