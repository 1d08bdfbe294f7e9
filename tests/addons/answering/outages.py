"""What the tests of outages share: every kind of document, every fault, and one process of a gateway to ask."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from addons.answering.answering import Answering
from addons.answers import Answer
from addons.cache.room import Limits
from addons.listing.lasting_lists import LastingLists
from addons.listing.store import ListStore
from addons.listing.workshop import Workshop
from addons.sources.index import Index
from addons.view_parts import Memory
from proxyconf.addresses import Address
from tests.addons.answering.asking import JSON, answering, get
from tests.addons.sources.lasting_places import all_done, lasting_index
from tests.addons.sources.places import Time
from tests.fakepypi import (
    ContentType,
    FakePyPI,
    Hang,
    LastByteMissing,
    LoginPage,
    Reset,
    Status,
    Truncate,
    TruncateHead,
)
from tests.fakepypi.faults import Kind
from tests.wheelgate_process import free_port

INTEGRITY = "application/vnd.pypi.integrity.v1+json"
PROVENANCE = "/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance"
KINDS = {
    "page in JSON": "/simple/demo/",
    "page in HTML": "/simple/old/",
    "legacy": "/pypi/demo/json",
    "provenance": PROVENANCE,
    "classifiers": "/pypi?%3Aaction=list_classifiers",
    "project list": "/simple/",
}
"""Every kind of document, with its path."""

GROUPS = (("page in JSON", "page in HTML", "classifiers", "project list"), ("legacy", "provenance"))
"""Kinds that one process may ask for before five failures in a row open its breaker; the second ask for pages as well."""

ANSWERED: dict[str, Kind] = {
    "reset at connect": Reset("connect"),
    "hang before the head": Hang(),
    "reset in place of the head": Reset(),
    "503": Status(503),
    "429": Status(429),
    "truncated head": TruncateHead(),
    "truncated body": Truncate(5),
    "reset mid-body": Reset("body", 5),
    "hang mid-body": Hang("body", 5),
    "last byte missing": LastByteMissing(),
    "wrong type": ContentType("application/octet-stream"),
    "login page": LoginPage(),
}
REACHED: dict[str, Mapping[str, Any]] = {
    "connect refused": {"connect_to": "127.0.0.1"},
    "no such name": {"connect_to": "nothing.invalid"},
    "another certificate": {"ca": None},
}
FAULTS = (*ANSWERED, *REACHED)
"""Every fault of upstream: those that are the fake's, and those of the way there."""


@dataclass(frozen=True)
class Given:
    """An answer as a client sees it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    reason: str = ""


def publish(pypi: FakePyPI, extra: str = "") -> None:
    """Let PyPI have one of each kind; with an `extra`, they are others than before."""
    version = f"1.0{extra}"
    for project in ("demo", "old"):
        provenance = {"provenance": f"https://pypi.org{PROVENANCE}"} if not extra else {}
        pypi.release(project, version, extra=provenance)
    pypi.html_only("old")
    pypi.document("pypi.org", PROVENANCE, b'{"version": 1}' + b" " * len(extra), INTEGRITY)
    pypi.document("pypi.org", "/pypi", f"Topic :: Software\n{extra}".encode(), "text/plain")


def way(fault: str) -> dict[str, Any]:
    """Give the settings of the way to upstream under a fault."""
    more = dict(REACHED.get(fault, {}))
    if "connect_to" in more:
        more["connect_to"] = {"pypi.org": Address(more["connect_to"], free_port())}
    return more


class Process:
    """One process of a gateway."""

    def __init__(self, index: Index, asked: Answering) -> None:
        self.index = index
        self._asked = asked

    async def get(self, kind: str, **headers: str) -> Given:
        """Ask for a document of a kind."""
        accept = f"{JSON}, application/json, */*;q=0.1"
        found = await get(self._asked, f"https://pypi.org{KINDS[kind]}", **{"Accept": accept, **headers})
        if isinstance(found, Answer):
            return Given(found.status, found.headers, found.body, found.reason)
        async with found.source.read(found.file, None) as reading:
            return Given(200, found.headers, b"".join([chunk async for chunk in reading.chunks]))


@asynccontextmanager
async def process(
    pypi: FakePyPI, folder: Path, time: Time, *, patience: float = 0.1, **settings: Any
) -> AsyncIterator[Process]:
    """Start one process; all that have the folder share what is on disk. `settings` are the upstream's."""
    lists = ListStore(Workshop(folder / "work", time), LastingLists(folder / "lists", Limits(10**9, 0), time))
    usual = {"connect_seconds": 0.2, "read_seconds": 0.2, "page_seconds": 0.3}
    async with lasting_index(pypi, folder / "documents", time, patience=patience, **{**usual, **settings}) as index:
        try:
            yield Process(index, answering(index, memory=Memory(lists=lists)))
        finally:
            pypi.lift()
            await all_done()
            await lists.close()
