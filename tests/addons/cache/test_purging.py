"""`purge`: what is kept of a project goes, and nothing of any other."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from addons.cache.documents import Documents
from addons.cache.kept_documents import KeptDocuments
from addons.cache.layout import Layout
from addons.cache.purges import Purges
from addons.cache.purging import Purged, purge
from addons.cache.writing import NotWritten
from addons.simple.names import normalise
from tests.addons.cache.furnished import (
    DEMO,
    INDEX,
    NOW,
    OTHER,
    documents_of,
    everything,
    furnished,
    key,
    sha256,
    value_file,
)

AT = datetime.fromtimestamp(NOW + 1, UTC)
PROJECT = normalise("demo")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A cache with two projects."""
    return furnished(tmp_path / "cache")


def kept_urls(layout: Layout) -> set[str]:
    """The documents that are there."""
    with KeptDocuments(layout.documents) as kept:
        return {whose.url for whose, *_ in kept.all()}


def test_purge__of_a_project__takes_its_documents_and_files_and_no_others(layout: Layout) -> None:
    """Page, both legacy documents, provenance wherever it is, metadata; the one file that was there."""
    before, value = kept_urls(layout), value_file(layout, "demo")
    gone = purge(layout, PROJECT, AT)
    assert (gone.documents, gone.files) == (6, 1)
    assert gone.bytes > len(DEMO) + 50_000
    assert before - kept_urls(layout) == set(documents_of("demo", DEMO))
    assert not value.exists()
    assert not layout.file(sha256(DEMO)).exists()
    assert layout.file(sha256(OTHER)).read_bytes() == OTHER
    assert purge(layout, PROJECT, AT) == Purged(0, 0, 0)


def test_purge__while_a_file_is_read__lets_its_reader_read_on(layout: Layout) -> None:
    """It is the name that goes."""
    with layout.file(sha256(DEMO)).open("rb") as reader:
        begin = reader.read(100)
        purge(layout, PROJECT, AT)
        assert begin + reader.read() == DEMO


async def test_purge__while_a_fetch_is_under_way__keeps_out_what_was_asked_for_before(tmp_path: Path) -> None:
    """Other processes see a stamp, as after a takedown; what is asked for later is kept again."""
    layout = Layout(tmp_path / "cache")
    documents, url = Documents(layout.documents, wall=lambda: NOW + 2), f"{INDEX}demo/"
    stored = documents_of("demo", DEMO)[url]
    assert await documents.keep(key(url), stored, NOW, NOW + 600)
    purge(layout, PROJECT, AT)
    stamp = await documents.stamp(key(url))
    assert stamp is not None
    assert stamp.digest == b""
    assert not await documents.keep(key(url), stored, NOW, NOW + 600)
    assert await documents.keep(key(url), stored, NOW + 2, NOW + 600)
    await documents.close()


def test_purge__where_nothing_is_kept__still_tells_running_gateways(tmp_path: Path) -> None:
    """They may have it in memory only."""
    layout = Layout(tmp_path / "cache")
    purges = Purges(layout.purged)
    assert purge(layout, PROJECT, AT) == Purged(0, 0, 0)
    assert purges.heard() == {PROJECT}
    assert not layout.documents.exists()


def test_purge__while_the_database_is_held__changes_nothing_and_says_so(layout: Layout) -> None:
    """No half of a project is left; the next try does it."""
    before = everything(layout)
    holder = sqlite3.connect(layout.documents / "cache.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(NotWritten, match="cannot be written to now"):
        purge(layout, PROJECT, AT, patience=0.01)
    holder.close()
    assert everything(layout) == before
    assert purge(layout, PROJECT, AT).files == 1
