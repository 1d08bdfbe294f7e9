"""A cache with something in it, for the tests of its care: two projects of PyPI, as a gateway leaves them."""

import asyncio
import hashlib
import json
import os
import sqlite3
import time
from pathlib import Path

from addons.cache.documents import Documents, Stored
from addons.cache.layout import Layout

INDEX = "https://pypi.org/simple/"
JSON = "application/vnd.pypi.simple.v1+json"
DEMO, OTHER = b"demo wheel " * 5000, b"other wheel " * 5000
NOW = time.time()


def key(url: str, source: str = "pypi") -> str:
    """The key that a document of PyPI has."""
    return json.dumps([source, INDEX, "", url])


def sha256(content: bytes) -> str:
    """Its name in the store."""
    return hashlib.sha256(content).hexdigest()


def file_url(project: str) -> str:
    """Where a project's file is had."""
    return f"https://files.pythonhosted.org/packages/aa/{project}/{project}-1.0-py3-none-any.whl"


def provenance_url(project: str) -> str:
    """Where its provenance is had."""
    return f"https://pypi.org/integrity/{project}/1.0/{project}-1.0-py3-none-any.whl/provenance"


def elsewhere_url(project: str) -> str:
    """Where the provenance of its other file is had: an address that does not say whose it is."""
    return f"https://pypi.org/attested/{sha256(project.encode())}"


def page(project: str, content: bytes) -> bytes:
    """A page of one file, and of one that nobody has fetched."""
    listed = [
        {
            "filename": f"{project}-1.0-py3-none-any.whl",
            "url": file_url(project),
            "hashes": {"sha256": sha256(content)},
            "provenance": provenance_url(project),
        },
        {
            "filename": f"{project}-1.0.tar.gz",
            "url": f"https://files.pythonhosted.org/packages/bb/{project}-1.0.tar.gz",
            "hashes": {"sha256": "ab" * 32},
            "provenance": elsewhere_url(project),
        },
    ]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": listed, "versions": ["1.0"]}).encode()


def documents_of(project: str, content: bytes) -> dict[str, Stored]:
    """All that is kept of a project, by URL; its legacy document lies in a file of its own."""
    answered = {
        f"{INDEX}{project}/": (JSON, page(project, content)),
        f"https://pypi.org/pypi/{project}/json": ("application/json", b'{"info": {}}' + b" " * 50_000),
        f"https://pypi.org/pypi/{project}/1.0/json": ("application/json", b'{"info": {}}'),
        provenance_url(project): ("application/json", b"{}"),
        elsewhere_url(project): ("application/json", b"{}"),
        f"{file_url(project)}.metadata": ("text/plain", b"Name: demo\n"),
    }
    return {url: Stored(200, url, {"content-type": kind}, body) for url, (kind, body) in answered.items()}


async def fill(folder: Path, asked: float = NOW) -> None:
    """Keep documents and files of `demo` and `other`, and the classifiers."""
    documents = Documents(folder / "documents")
    for project, content in (("demo", DEMO), ("other", OTHER)):
        for url, stored in documents_of(project, content).items():
            assert await documents.keep(key(url), stored, asked, asked + 600)
        path = Layout(folder).file(sha256(content))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (asked, asked))
    url = "https://pypi.org/pypi?%3Aaction=list_classifiers"
    assert await documents.keep(key(url), Stored(200, url, {}, b"Topic"), asked, asked)
    await documents.close()


def furnished(folder: Path, asked: float = NOW) -> Layout:
    """Fill the cache in `folder`."""
    asyncio.run(fill(folder, asked))
    return Layout(folder)


def rows(layout: Layout, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Do something to the database behind everybody's back."""
    link = sqlite3.connect(layout.documents / "cache.db")
    with link:
        found = link.execute(statement, values).fetchall()
    link.close()
    return found


def value_file(layout: Layout, project: str) -> Path:
    """The file that a large document lies in."""
    url = f"https://pypi.org/pypi/{project}/json"
    [(name,)] = rows(layout, "SELECT filename FROM Cache WHERE key = ?", f"{key(url)} body")
    return layout.documents / str(name)


def everything(layout: Layout) -> dict[str, bytes]:
    """All that lies in the cache, but for the database, whose bytes say nothing."""
    found = {path: path.read_bytes() for path in layout.folder.rglob("*") if path.is_file() and path.name != "cache.db"}
    return {str(path.relative_to(layout.folder)): content for path, content in found.items()}
