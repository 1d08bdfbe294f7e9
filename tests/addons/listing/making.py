"""What the tests of this folder share: documents read and lists built in the test's own process, and sources by hand."""

import asyncio
import gzip
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any

import zstandard

from addons.listing.building import build
from addons.listing.orders import BuildOrder, BuildOutcome, Part, ReadOrder, ReadOutcome, Rules
from addons.listing.project_list import ProjectList, RulesAt
from addons.listing.reading import read
from addons.listing.sorted_names import read_about, read_names
from addons.listing.store import ListStore, Made
from addons.sources.listed import ListDocument, ListTerms
from tests.addons.sources.places import Time

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def no_rules(at: datetime) -> Rules:
    """Give rules that hide nobody."""
    return Rules()


def document(*entries: Any, **top: Any) -> bytes:
    """Write a list in JSON; a text stands for an entry with that name, `top` adds or replaces keys."""
    projects = [{"name": entry} if isinstance(entry, str) else entry for entry in entries]
    return json.dumps({"meta": {"api-version": "1.4"}, "projects": projects, **top}).encode()


@dataclass(frozen=True)
class Read:
    """What came of a document."""

    outcome: ReadOutcome
    path: Path

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in read_names(self.path)]

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(entry) for _, _, entry in read_names(self.path)]

    @property
    def about(self) -> dict[str, Any]:
        return read_about(self.path)


def reading(folder: Path, body: bytes, media_type: str = JSON, most_bytes: int = 10_000_000, **more: Any) -> Read:
    """Read a document."""
    raw, names = folder / "raw", folder / f"{hashlib.sha256(body).hexdigest()}.names"
    raw.write_bytes(body)
    names.unlink(missing_ok=True)
    usual = {"gzipped": False, **more}
    order = ReadOrder(document=str(raw), media_type=media_type, most_bytes=most_bytes, names=str(names), **usual)
    return Read(read(order), names)


def part(folder: Path, source: str, body: bytes, *, own: bool = False, serial: str | None = None) -> Part:
    """Read a document as a source's part of a list."""
    done = reading(folder, body)
    assert done.outcome.refused is None
    kept = done.path.rename(folder / f"{source}.names")
    return Part(source=source, own=own, names=str(kept), serial=serial)


def building(folder: Path, *parts: Part, **rules: Any) -> BuildOutcome:
    """Build a list of parts."""
    return build(BuildOrder(parts=parts, rules=Rules(**rules), prefix=str(folder / "out")))


def content(built: BuildOutcome, form: str = "json", coding: str = "identity") -> bytes:
    """Give a file of a built list, decoded."""
    [written] = [each for each in built.files if (each.form, each.coding) == (form, coding)]
    return decoded(Path(written.path).read_bytes(), coding)


def decoded(body: bytes, coding: str) -> bytes:
    """Undo a coding."""
    if coding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    return gzip.decompress(body) if coding == "gzip" else body


def listed(built: BuildOutcome | Made) -> list[str]:
    """Give the names of a list as its entries have them."""
    body = built.files["json", "identity"].path.read_bytes() if isinstance(built, Made) else content(built)
    return [entry["name"] for entry in json.loads(body)["projects"]]


@dataclass(eq=False)
class Lists:
    """A source that lists what the test says, and how often it was asked for that."""

    name: str = "pypi"
    own: bool = False
    projects_now: Iterable[str] = ()
    body: bytes | None = None  # in place of those
    fresh_seconds: float = 600.0
    failing: Exception | None = None
    asked: int = 0
    sent: int = 0
    gate: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    key: str | None = None
    stale_seconds: float = 86_400.0
    patience_seconds: float = 60.0

    @property
    def list_terms(self) -> ListTerms:
        """An own source's list stands in only where nothing is asked."""
        stale = self.stale_seconds if not self.own or self.stale_seconds == inf else 0.0
        return ListTerms(key=self.key, stale_seconds=stale, patience_seconds=self.patience_seconds)

    async def projects(self, into: Path, known: ListDocument | None = None) -> ListDocument:
        """Write the list, as an index with ETags does."""
        self.asked += 1
        self.reached.set()
        body = self.body if self.body is not None else document(*self.projects_now)
        if self.gate is not None:
            await self.gate.wait()
        if self.failing is not None:
            raise self.failing
        version = f"{JSON} {hashlib.sha256(body).hexdigest()}"
        if known is not None and known.version == version:
            return replace(known, fresh_seconds=self.fresh_seconds)
        self.sent += 1
        await asyncio.to_thread(into.write_bytes, body)
        return ListDocument(version=version, media_type=JSON, fresh_seconds=self.fresh_seconds, serial="77")


@dataclass
class Kept:
    """A store in the test's own folder, and the clock that it goes by."""

    store: ListStore
    time: Time
    folder: Path

    def list(self, *sources: Lists, **rules: object) -> ProjectList:
        """Make the list of a configuration."""
        always = Rules(**rules)  # type: ignore[arg-type] # what Rules takes
        return self.under(lambda at: always, *sources)

    def under(self, rules: RulesAt, *sources: Lists) -> ProjectList:
        """Make the list of a configuration whose rules change with the clock."""
        made = ProjectList(sources, rules, self.store)
        self.store.leave_to(sources)
        return made

    def files(self) -> set[str]:
        """What lies there, by the kinds of files."""
        return {"".join(path.suffixes) for path in self.folder.rglob("*") if path.is_file()}
