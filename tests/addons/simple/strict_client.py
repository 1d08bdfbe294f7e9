"""A client that breaks on everything that any client breaks on, as measured: pip, uv, poetry, unearth in one."""

import json
import re
from datetime import datetime
from html.parser import HTMLParser
from typing import Any, override
from urllib.parse import unquote, urlsplit

LENGTHS = {"md5": 32, "sha256": 64, "sha384": 96, "sha512": 128}
KNOWN: dict[str, type | tuple[type, ...]] = {
    "filename": str, "url": str, "hashes": dict, "requires-python": str, "size": int, "upload-time": str,
    "yanked": (bool, str), "core-metadata": (bool, dict), "provenance": str, "gpg-sig": bool,
}  # fmt: skip


def read_json(document: bytes) -> dict[str, Any]:
    """Return the page; AssertionError where some client would refuse it, or take something else than was meant."""
    assert not document.startswith(b"\xef\xbb\xbf")
    pairs: list[list[str]] = []

    def once(found: list[tuple[str, Any]]) -> dict[str, Any]:
        pairs.append([key for key, _ in found])
        return dict(found)

    page: dict[str, Any] = json.loads(document.decode(), object_pairs_hook=once)
    assert all(len(set(keys)) == len(keys) for keys in pairs), "a key twice in one object"
    assert re.fullmatch(r"1\.[0-4]", page["meta"]["api-version"])
    assert isinstance(page["name"], str)
    if page["meta"]["api-version"] != "1.0":
        assert all(type(file["size"]) is int for file in page["files"])
        assert isinstance(page["versions"], list)
    assert len(set(page.get("versions", []))) == len(page.get("versions", []))
    if "project-status" in page:
        assert isinstance(page["project-status"]["status"], str)
    for file in page["files"]:
        _check_file(file)
    names = [file["filename"] for file in page["files"]]
    assert len(set(names)) == len(names)
    return page


def _check_file(file: dict[str, Any]) -> None:
    for key, kind in KNOWN.items():
        assert key not in file or (isinstance(file[key], kind) and file[key] is not None), key
    assert {"filename", "url", "hashes"} <= file.keys()
    assert not {"dist-info-metadata", "data-dist-info-metadata"} & file.keys()
    url = urlsplit(file["url"])
    assert url.scheme in {"http", "https"}
    assert url.hostname
    assert not url.username
    assert "#" not in file["url"]
    assert unquote(url.path.rpartition("/")[2]) == file["filename"]
    assert not url.query or "core-metadata" not in file
    assert all(isinstance(digest, str) and name == name.lower() for name, digest in file["hashes"].items())
    assert all(len(file["hashes"].get(name, "0" * length)) == length for name, length in LENGTHS.items())
    assert file.get("yanked", True) != ""
    assert file.get("core-metadata", True) != {}
    assert type(file.get("size", 0)) is int
    assert 0 <= file.get("size", 0) < 2**63
    assert datetime.fromisoformat(file.get("upload-time", "2024-01-01T00:00:00Z")).tzinfo
    assert file.get("provenance", "https://x").startswith("https://")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str | None], list[str]]] = []
        self.metas: list[dict[str, str | None]] = []
        self.open = False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "base", "relative or not, it breaks clients"
        assert len(dict(attrs)) == len(attrs)
        if tag == "meta":
            self.metas.append(dict(attrs))
        elif tag == "a":
            self.found.append((dict(attrs), []))
            self.open = True

    @override
    def handle_endtag(self, tag: str) -> None:
        self.open = self.open and tag != "a"

    @override
    def handle_data(self, data: str) -> None:
        if self.open:
            self.found[-1][1].append(data)


def read_html(document: bytes) -> list[dict[str, str | None]]:
    """Return each link's attributes; AssertionError where some client would refuse the page or misread it."""
    parser = _Links()
    parser.feed(document.decode())
    parser.close()
    versions = [meta["content"] for meta in parser.metas if meta.get("name") == "pypi:repository-version"]
    assert versions in (["1.0"], ["1.4"])
    for attributes, texts in parser.found:
        href = attributes["href"] or ""
        url, _, fragment = href.partition("#")
        assert urlsplit(url).scheme in {"http", "https"}
        assert unquote(urlsplit(url).path.rpartition("/")[2]) == "".join(texts)
        if fragment:
            name, _, digest = fragment.partition("=")
            assert re.fullmatch(r"[0-9a-f]+", digest)
            assert len(digest) == LENGTHS[name]
        assert attributes.get("data-core-metadata", "true") not in {"false", "", None}
        assert attributes.get("data-yanked", "") is not None
        assert attributes.get("data-gpg-sig", "true") in {"true", "false"}
        assert (attributes.get("data-provenance", "https://x") or "").startswith("https://")
        assert attributes.keys() <= {
            "href", "data-requires-python", "data-yanked", "data-core-metadata", "data-provenance", "data-gpg-sig",
        }  # fmt: skip
    return [attributes for attributes, _ in parser.found]
