"""The pages that are asked for: recorded from PyPI, brought to their full size, in the shape in which PyPI writes pages now."""

import hashlib
import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.recorded import recorded_json

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
FILES = {"idna": 60, "requests": 244, "numpy": 4_400}  # about as many as they have; numpy's JSON is 2.8 MB then
LARGE = "numpy"
LARGE_FILES = 5_000
PYPI_FILES = "https://files.pythonhosted.org"

_POST = re.compile(r"^([^-]+-[0-9][^-]*?)(?=-|\.tar\.gz$)")  # name and version of a wheel or an sdist

Entry = dict[str, Any]


@dataclass(frozen=True)
class Document:
    """A project's page in both forms, uncompressed."""

    json: bytes
    html: bytes
    files: int


def documents(scale: float = 1.0) -> Mapping[str, Document]:
    """Give the pages by project, `scale` times as large as they are."""
    return {project: document(project, max(1, round(count * scale))) for project, count in FILES.items()}


def document(project: str, files: int) -> Document:
    """Give a page of so many files. `idna`, which is not recorded, has those of requests under its own name."""
    page = recorded_json(f"{'requests' if project == 'idna' else project}.json")
    entries = [_described(entry) for entry in _as_many(page["files"], files)]
    if project == "idna":
        entries = json.loads(json.dumps(entries).replace("requests-", "idna-"))
    return Document(json_page(project, entries), _html(project, entries), len(entries))


def releases(project: str, files: int) -> list[Entry]:
    """Give the entries of so many files of older releases of any project: those of requests, or of numpy if they are many."""
    like = "requests" if files <= FILES["requests"] else LARGE
    entries = [_described(entry) for entry in _as_many(recorded_json(f"{like}.json")["files"], files)]
    renamed: list[Entry] = json.loads(json.dumps(entries).replace(f"{like}-", f"{project.replace('-', '_')}-"))
    return renamed


def renamed(number: int) -> str:
    """Name the project that is like LARGE but for its name."""
    return f"large{number}"


def project_list(count: int) -> bytes:
    """Give a project list of so many names in JSON, as PyPI writes it."""
    names = sorted(
        hashlib.sha256(str(number).encode()).hexdigest()[: 4 + number % 20] + f"-{number}" for number in range(count)
    )
    projects = [{"_last-serial": 31415926, "name": name} for name in names]
    page = {"meta": {"_last-serial": 31415926, "api-version": "1.4"}, "projects": projects}
    return json.dumps(page, separators=(",", ":")).encode()


def _as_many(entries: list[Entry], count: int) -> Iterator[Entry]:
    """Yield the last so many; where there are fewer, wheels and sdists come again as post-releases of themselves."""
    yield from entries[-count:]
    left, again = count - len(entries), 0
    while left > 0:
        again += 1
        for entry in entries:
            renamed = _POST.sub(rf"\1.post{again}", entry["filename"])
            if left > 0 and renamed != entry["filename"] and ".post" not in entry["filename"]:
                left -= 1
                yield _renamed(entry, renamed)


def _renamed(entry: Entry, filename: str) -> Entry:
    sha256 = hashlib.sha256(filename.encode()).hexdigest()
    blake2b = hashlib.blake2b(filename.encode(), digest_size=32).hexdigest()
    url = f"{PYPI_FILES}/packages/{blake2b[:2]}/{blake2b[2:4]}/{blake2b[4:]}/{filename}"
    return entry | {"filename": filename, "hashes": {"sha256": sha256}, "url": url}


def _described(entry: Entry) -> Entry:
    """Add the keys that a plain mirror leaves out; metadata, which nobody asks for, to wheels."""
    wheel = entry["filename"].endswith(".whl")
    return as_pypi_writes(entry, hashlib.sha256(entry["hashes"]["sha256"].encode()).hexdigest() if wheel else "")


def as_pypi_writes(entry: Entry, described: str) -> Entry:
    """Add the further keys that PyPI writes; `described` is the sha256 of the core metadata, empty if there is none."""
    metadata = {"sha256": described} if described else False
    further = {"core-metadata": metadata, "data-dist-info-metadata": metadata, "provenance": None}
    return dict(sorted((entry | further).items()))


def _version(filename: str) -> str:
    return filename.removesuffix(".tar.gz").split("-")[1]


def json_page(project: str, entries: list[Entry]) -> bytes:
    """A project's page in JSON, byte for byte as PyPI lays it out."""
    versions = list(dict.fromkeys(_version(entry["filename"]) for entry in entries))
    meta = {"_last-serial": 31415926, "api-version": "1.4"}
    page = {
        "alternate-locations": [],
        "files": entries,
        "meta": meta,
        "name": project,
        "project-status": {"status": "active"},
        "versions": versions,
    }
    return json.dumps(page, separators=(",", ":")).encode()


def _html(project: str, entries: list[Entry]) -> bytes:
    head = (
        '<!DOCTYPE html>\n<html>\n  <head>\n    <meta name="pypi:repository-version" content="1.4">\n'
        '    <meta name="pypi:project-status" content="active">\n'
        f"    <title>Links for {project}</title>\n  </head>\n  <body>\n    <h1>Links for {project}</h1>\n"
    )
    links = "".join(f"    {_link(entry)}<br />\n" for entry in entries)
    return f"{head}{links}  </body>\n</html>\n<!--SERIAL 31415926-->".encode()


def _link(entry: Entry) -> str:
    described = entry["core-metadata"]
    attributes = [f'href="{entry["url"]}#sha256={entry["hashes"]["sha256"]}"']
    if entry["requires-python"]:
        attributes.append(f'data-requires-python="{html.escape(entry["requires-python"])}"')
    if described:
        names = ("data-dist-info-metadata", "data-core-metadata")
        attributes += [f'{name}="sha256={described["sha256"]}"' for name in names]
    if entry["yanked"]:
        attributes.append(f'data-yanked="{html.escape(str(entry["yanked"]))}"')
    return f"<a {' '.join(attributes)} >{entry['filename']}</a>"
