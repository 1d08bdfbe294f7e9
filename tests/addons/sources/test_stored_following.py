"""What a source knows of a store that this process and others change, and what holds while the database cannot be had."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import override

import pytest

from addons.metadata.archive import core_metadata
from addons.simple.names import ProjectName
from addons.simple.page import Page
from addons.sources.source import ProjectAbsent, SourceUnavailable
from addons.sources.stored import Stored
from addons.store.database import Database
from addons.store.projects import Projects
from addons.store.stored import Standing
from tests.addons.sources.places import DEMO
from tests.addons.sources.stores import own_store_in, source_of
from tests.storing import UPLOADED, anybody, release

type Harm = Callable[[Path], AbstractContextManager[None]]

OTHER = ProjectName("other")
BY = "user:alice"


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[Stored]:
    """The source of a store."""
    made = source_of(tmp_path)
    yield made
    await made.close()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the store lies."""
    return tmp_path / "store"


def at_once(source: Stored, project: ProjectName = DEMO) -> Page:
    """Ask for a page that has to be in hand: without a single suspension."""
    asked = source.page(project)
    with pytest.raises(StopIteration) as done:
        asked.send(None)
    page = done.value.value
    assert isinstance(page, Page)
    return page


def versions(page: Page) -> tuple[str, ...]:
    """Give the versions that a page has."""
    return page.versions or ()


async def names(source: Stored, into: Path) -> bytes:
    """Give the list of projects."""
    await source.projects(into)
    return content(into)


def content(path: Path) -> bytes:
    """Give what a file has."""
    return path.read_bytes()


def take_away(store: Path) -> None:
    """Put a store where nobody looks for it."""
    store.rename(store.parent / "away")


def everything_in(folder: Path) -> list[Path]:
    """Give what is in a folder."""
    return list(folder.iterdir())


# What changes


async def test_page__in_hand__is_given_without_suspending_and_without_a_query(source: Stored, store: Path) -> None:
    """UPL-16: whoever asks, also for what is as new as can be: a look a quarter of a second ago has told."""
    release(store, "demo")
    first = await source.page(DEMO)
    take_away(store)
    assert at_once(source) is first
    assert (await source.page(DEMO, 0.0)) is first
    with pytest.raises(ProjectAbsent):
        source.page(OTHER).send(None)


async def test_upload__of_this_process__shows_at_once(source: Stored, store: Path, tmp_path: Path) -> None:
    """UPL-16: page and list, of a new project and of one whose page was in hand; without a look."""
    release(store, "demo")
    await source.page(DEMO)
    release(store, "demo", "2.0")
    release(store, "other")
    assert versions(at_once(source)) == ("1.0",)
    for project in (DEMO, OTHER):
        source.arrived(project)
    assert versions(await source.page(DEMO)) == ("1.0", "2.0")
    assert versions(await source.page(OTHER)) == ("1.0",)
    assert b'"other"' in await names(source, tmp_path / "list")


async def test_upload__into_an_empty_store__shows_at_once(source: Stored, store: Path) -> None:
    """Where nothing was known but that there is nothing."""
    with pytest.raises(ProjectAbsent):
        await source.page(DEMO)
    release(store, "demo")
    source.arrived(DEMO)
    assert versions(await source.page(DEMO)) == ("1.0",)


async def test_changes__of_another_process__show_after_a_look_and_drop_no_other_page(
    source: Stored, store: Path, tmp_path: Path
) -> None:
    """UPL-16: of what changed only; nothing else is read again."""
    release(store, "demo")
    release(store, "other")
    page, kept = await source.page(DEMO), await source.page(OTHER)
    other = own_store_in(tmp_path).projects
    other.yank(DEMO, [page.files[0].filename], "broken", anybody, by=BY, at=UPLOADED)
    release(store, "third")
    await source.look()
    [file] = (await source.page(DEMO)).files
    assert (file.yanked, at_once(source, OTHER) is kept) == ("broken", True)
    assert versions(await source.page(ProjectName("third"))) == ("1.0",)
    assert b'"third"' in await names(source, tmp_path / "list")
    again = await source.page(DEMO)
    await source.look()
    assert at_once(source) is again


async def test_quarantine__by_another_process__takes_the_project_from_the_list(
    source: Stored, store: Path, tmp_path: Path
) -> None:
    """YNK-09: and what ends it puts it back."""
    release(store, "demo")
    other = own_store_in(tmp_path).projects
    for status, is_listed in (("active", True), ("quarantined", False), ("archived", True)):
        other.set_status(DEMO, status, anybody, by=BY, at=UPLOADED)
        await source.look()
        assert (b'"demo"' in await names(source, tmp_path / "list")) is is_listed


class SlowAtFirst(Projects):
    """Projects of which the first reading has what it read long before it gives it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.has_read, self.may_give = threading.Event(), threading.Event()

    @override
    def standing(self, project: ProjectName) -> Standing | None:
        found = super().standing(project)
        if not self.has_read.is_set():
            self.has_read.set()
            self.may_give.wait(20)
        return found


async def test_page__asked_for_after_an_upload_that_another_reading_does_not_see__has_it(
    store: Path, tmp_path: Path
) -> None:
    """UPL-16: what began to be read before the upload is neither given to who asks later, nor kept."""
    release(store, "demo")
    usual = own_store_in(tmp_path)
    slow = SlowAtFirst(usual.projects.database)
    source = Stored("store", replace(usual, projects=slow), core_metadata)
    early = asyncio.ensure_future(source.page(DEMO))
    await asyncio.to_thread(slow.has_read.wait, 20)
    release(store, "demo", "2.0")
    source.arrived(DEMO)
    assert versions(await source.page(DEMO)) == ("1.0", "2.0")
    slow.may_give.set()
    await early
    assert versions(at_once(source)) == ("1.0", "2.0")
    await source.close()


async def test_quarantine__by_this_process__takes_the_project_from_the_list_at_once(
    source: Stored, store: Path, tmp_path: Path
) -> None:
    """YNK-09: without a look of somebody else's."""
    release(store, "demo")
    assert b'"demo"' in await names(source, tmp_path / "list")
    own_store_in(tmp_path).projects.set_status(DEMO, "quarantined", anybody, by=BY, at=UPLOADED)
    source.arrived(DEMO)
    assert b'"demo"' not in await names(source, tmp_path / "list")


async def test_many_who_ask_at_once__are_one_reading(source: Stored, store: Path) -> None:
    """And all have the same page."""
    release(store, "demo")
    pages = await asyncio.gather(*(source.page(DEMO) for _ in range(20)))
    assert len({id(page) for page in pages}) == 1


async def test_one_who_leaves__stops_nobody_elses_page(source: Stored, store: Path) -> None:
    """The reading goes on."""
    release(store, "demo")
    await source.look()
    first, second = (asyncio.ensure_future(source.page(DEMO)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert versions(await second) == ("1.0",)


# What holds in a fault


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Have the database locked by another program."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("INSERT INTO claims VALUES ('x', 'x', 'x', 'x')")
        yield
        other.execute("ROLLBACK")
    # and with its connection the lock goes


@contextmanager
def gone(path: Path) -> Iterator[None]:
    """Have it away."""
    away = path.parent.rename(path.parent.with_name("away"))
    yield
    away.rename(path.parent)


@contextmanager
def damaged(path: Path) -> Iterator[None]:
    """Have something else in its place."""
    kept = {each: each.read_bytes() for each in path.parent.glob("wheelgate.sqlite*")}
    for each in kept:
        each.write_bytes(b"x" * 5000)
    yield
    for each, content in kept.items():
        each.unlink(missing_ok=True)
        each.write_bytes(content)


HARMS = [locked, gone, damaged]


@pytest.mark.parametrize("harm", HARMS)
async def test_database__not_to_be_had__leaves_what_is_known_in_force_and_all_else_unavailable(
    source: Stored, store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: Harm
) -> None:
    """MRG-03, MRG-06: nobody else is asked for any name; told once in the log and with the facts; and over when it is back."""
    for name in ("demo", "other"):
        release(store, name)
    page = await source.page(DEMO)
    database = own_store_in(tmp_path).projects.database.path
    await source.retire()  # else SQLite goes on with what it has open
    with harm(database):
        for _ in range(3):
            await source.look()
        assert source.fault
        assert source.facts()["fault"] == source.fault
        assert at_once(source) is page
        for name in (OTHER, ProjectName("unknown")):
            with pytest.raises(SourceUnavailable, match="source store: its database cannot be read now"):
                await source.page(name)
        with pytest.raises(SourceUnavailable):
            await names(source, tmp_path / "list")
        await source.retire()
    await source.look()
    assert (source.fault, versions(await source.page(OTHER))) == ("", ("1.0",))
    with pytest.raises(ProjectAbsent):
        await source.page(ProjectName("unknown"))
    said = [record.levelname for record in caplog.records if record.levelno >= logging.WARNING]
    assert said == ["ERROR", "WARNING"]


@pytest.mark.parametrize("harm", HARMS)
async def test_start__where_the_database_cannot_be_read__is_unavailable_until_it_can_be(
    tmp_path: Path, store: Path, harm: Harm
) -> None:
    """MRG-03: every name: a database that has gone is known by the mark beside the cache."""
    release(store, "demo")
    before = source_of(tmp_path)
    await before.page(DEMO)
    await before.close()
    source = source_of(tmp_path)
    with harm(own_store_in(tmp_path).projects.database.path):
        for name in (DEMO, OTHER):
            with pytest.raises(SourceUnavailable):
                await source.page(name)
        await source.retire()
    assert versions(await source.page(DEMO)) == ("1.0",)
    with pytest.raises(ProjectAbsent):
        await source.page(OTHER)
    await source.close()


async def test_database__that_vanishes_between_two_looks__makes_no_known_project_absent(
    source: Stored, store: Path
) -> None:
    """MRG-03: a known name is not asked of anybody else, whatever the database says of it now."""
    for name in ("demo", "other"):
        release(store, name)
    await source.page(DEMO)
    take_away(store)
    with pytest.raises(SourceUnavailable):
        await source.page(OTHER)


async def test_database__of_an_earlier_day_put_in_its_place__is_read_anew(source: Stored, store: Path) -> None:
    """A copy that was put back has other changes under the same numbers."""
    release(store, "demo")
    await source.page(DEMO)
    take_away(store)
    await source.look()
    release(store, "demo", "0.9", at=UPLOADED.replace(year=2025))
    release(store, "other", at=UPLOADED.replace(year=2025))
    await source.look()
    assert versions(await source.page(DEMO)) == ("0.9",)
    assert versions(await source.page(OTHER)) == ("1.0",)


async def test_database__that_never_was__is_no_fault(source: Stored, store: Path, tmp_path: Path) -> None:
    """A store is empty before the first upload; and nothing is made of it."""
    await source.look()
    with pytest.raises(ProjectAbsent):
        await source.page(DEMO)
    assert source.facts() == {"database": str(store / "wheelgate.sqlite"), "projects": 0, "fault": None}
    assert everything_in(tmp_path) == []
