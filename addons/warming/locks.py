"""Lock files: what they name is what is installed, so nothing is resolved.

Sources: PyPA specification "pylock.toml" (PEP 751); uv.lock, poetry.lock and Pipfile.lock as their tools write them.
"""

import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.markers import InvalidMarker, Marker
from packaging.pylock import Package, Pylock, PylockUnsupportedVersionError, PylockValidationError, is_valid_pylock_path

from addons.simple.names import normalise
from addons.warming.requirements import Unreadable
from addons.warming.wanted import Locked, Wanted

_SHA256 = "sha256:"
_OWN = frozenset({"virtual", "editable", "directory"})  # a project's own code: uv installs it from where it lies


def reader_of(path: Path) -> Callable[[Path, Wanted], None] | None:
    """Give what reads a lock file of this name into `Wanted`; None if it is none. It raises Unreadable or OSError."""
    if is_valid_pylock_path(path):
        return _reading(_pylock)
    known = {"uv.lock": _uv, "poetry.lock": _poetry, "Pipfile.lock": _pipfile}
    return _reading(known[path.name]) if path.name in known else None


type _Read = Callable[[Mapping[str, Any], str, Wanted], Iterator[Locked]]


def _reading(read: _Read) -> Callable[[Path, Wanted], None]:
    def into(path: Path, wanted: Wanted) -> None:
        try:
            text = path.read_text("utf-8")
            document = json.loads(text) if path.name.endswith("Pipfile.lock") else tomllib.loads(text)
            wanted.locked += read(document, str(path), wanted)
        except (KeyError, TypeError, AttributeError) as error:
            raise Unreadable(f"{path}: is no lock file as its tool writes it ({error!r:.100})") from error
        except (ValueError, InvalidMarker, PylockValidationError, PylockUnsupportedVersionError) as error:
            raise Unreadable(f"{path}: {str(error)[:300]}") from error

    return into


def _elsewhere(wanted: Wanted, place: str, name: object) -> None:
    wanted.problems.append(f"{place}: {ascii(name)[:100]} comes from no index, and is not warmed")


def _pylock(document: Mapping[str, Any], place: str, wanted: Wanted) -> Iterator[Locked]:
    for item in Pylock.from_dict(document).packages:
        if item.directory is not None:
            wanted.remarks.append(f"{place}: {item.name} is a folder, and is installed from there")
        elif item.vcs is not None or item.archive is not None or item.version is None:
            _elsewhere(wanted, place, item.name)
        else:
            yield Locked(normalise(item.name), str(item.version), dict(_pylock_files(item)), place, item.marker)


def _pylock_files(item: Package) -> Iterator[tuple[str, str]]:
    for file in [*(item.wheels or ()), *([item.sdist] if item.sdist else ())]:
        if (sha256 := file.hashes.get("sha256")) is not None:
            yield sha256.lower(), file.name or _name(file.url or file.path or "")


def _uv(document: Mapping[str, Any], place: str, wanted: Wanted) -> Iterator[Locked]:
    for item in document.get("package", []):
        source = item["source"]
        if "registry" in source:
            files = [*item.get("wheels", []), *([item["sdist"]] if "sdist" in item else [])]
            hashes = {digest: _name(file.get("url", "")) for file in files for digest in _sha256([file["hash"]])}
            yield Locked(normalise(item["name"]), item["version"], hashes, place)
        elif not _OWN.intersection(source):
            _elsewhere(wanted, place, item["name"])


def _poetry(document: Mapping[str, Any], place: str, wanted: Wanted) -> Iterator[Locked]:
    for item in document.get("package", []):
        if item.get("source", {}).get("type", "legacy") not in ("legacy", "pypi"):
            _elsewhere(wanted, place, item["name"])
            continue
        hashes = {digest: file["file"] for file in item["files"] for digest in _sha256([file["hash"]])}
        marker = _poetry_marker(item.get("markers"))
        yield Locked(normalise(item["name"]), item["version"], hashes, place, marker, legacy=True)


def _poetry_marker(written: Any) -> Marker | None:
    # A table says it for each group: the release is wanted where any of them wants it.
    if isinstance(written, dict):
        written = " or ".join(f"({each})" for each in written.values())
    return Marker(written) if written else None


def _pipfile(document: Mapping[str, Any], place: str, wanted: Wanted) -> Iterator[Locked]:
    for group in ("default", "develop"):
        for name, item in document.get(group, {}).items():
            if "version" not in item:
                _elsewhere(wanted, place, name)
                continue
            hashes = dict.fromkeys(_sha256(item.get("hashes", [])), "")
            marker = Marker(item["markers"]) if item.get("markers") else None
            yield Locked(normalise(name), item["version"].removeprefix("=="), hashes, place, marker)


def _sha256(hashes: Iterable[str]) -> list[str]:
    return [digest.removeprefix(_SHA256).lower() for digest in hashes if digest.startswith(_SHA256)]


def _name(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])
