"""All that is kept, one by one: complete, and nothing of it is used or changed by looking."""

from pathlib import Path

import pytest

from addons.cache.kept_documents import KeptDocuments, Unreadable
from addons.cache.layout import Layout
from addons.cache.whose import Whose
from tests.addons.cache.furnished import DEMO, INDEX, NOW, OTHER, documents_of, everything, furnished, key, rows


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A cache with two projects."""
    return furnished(tmp_path / "cache")


def test_all__of_a_cache__is_every_document_with_whose_it_is_and_when_it_was_asked_for(layout: Layout) -> None:
    """As it was kept, the oldest first; small ones and those that lie in files."""
    with KeptDocuments(layout.documents) as kept:
        found = list(kept.all())
    expected = documents_of("demo", DEMO) | documents_of("other", OTHER)
    assert {whose.url: stored for whose, stored, _ in found[:-1]} == expected
    assert found[0][0] == Whose("pypi", INDEX, "", f"{INDEX}demo/")
    assert {(stamp.asked, stamp.fresh_until) for _, _, stamp in found[:-1]} == {(NOW, NOW + 600)}


def test_looking__at_all__changes_nothing_and_is_no_use(layout: Layout) -> None:
    """What is shown every hour must not outlive what clients ask for."""
    everything_about = "SELECT key, access_time, access_count, value, filename FROM Cache ORDER BY rowid"
    before = rows(layout, everything_about), everything(layout), (layout.documents / "cache.db").read_bytes()
    with KeptDocuments(layout.documents) as kept:
        assert len(list(kept.all())) == 13
    after = rows(layout, everything_about), everything(layout), (layout.documents / "cache.db").read_bytes()
    assert after == before


def test_looking__where_nothing_is__makes_nothing(tmp_path: Path) -> None:
    """A folder that is not there has nothing, and is not there afterwards either."""
    with KeptDocuments(tmp_path / "documents") as kept:
        assert kept.entries() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["words", "[1]", '["pypi", "https://example.org/"]', '["a", "b", "c", 4]', "{}"])
def test_key__of_another_form__belongs_to_nobody(layout: Layout, form: str) -> None:
    """What another version wrote is no fault."""
    rows(layout, "UPDATE Cache SET key = ? WHERE key = ?", form, key(f"{INDEX}demo/"))
    rows(layout, "UPDATE Cache SET key = ? WHERE key = ?", f"{form} body", f"{key(f'{INDEX}demo/')} body")
    with KeptDocuments(layout.documents) as kept:
        assert [entry.whose for entry in kept.entries() if entry.key == form] == [None]
        assert len(list(kept.all())) == 12


@pytest.mark.parametrize(
    "spoil",
    [
        "value = 'x', filename = NULL",
        "mode = 4",
        "mode = 2, filename = '/etc/passwd'",
        "mode = 2, filename = '../x.val'",
    ],
)
def test_values__that_nobody_here_wrote__are_not_given(layout: Layout, spoil: str) -> None:
    """No pickle is read, and no file outside the folder."""
    rows(layout, f"UPDATE Cache SET {spoil} WHERE key LIKE '% body'")
    with KeptDocuments(layout.documents) as kept:
        assert list(kept.all()) == []
        assert all(kept.is_damaged(entry) for entry in kept.entries())


def test_stamp__that_is_none__is_spoilt(layout: Layout) -> None:
    """One document is lost by it, and not the others."""
    rows(layout, "UPDATE Cache SET value = X'00' WHERE key = ?", key(f"{INDEX}demo/"))
    with KeptDocuments(layout.documents) as kept:
        assert [entry.key for entry in kept.entries() if entry.spoilt] == [key(f"{INDEX}demo/")]
        assert len(list(kept.all())) == 12


@pytest.mark.parametrize("content", [b"no database " * 1000, b""], ids=["other", "empty"])
def test_database__that_is_none__is_damaged(layout: Layout, content: bytes) -> None:
    """In words, with the folder."""
    (layout.documents / "cache.db").write_bytes(content)
    with KeptDocuments(layout.documents) as kept, pytest.raises(Unreadable) as error:
        kept.entries()
    assert error.value.damaged
    assert str(error.value).startswith(f"{layout.documents}: the documents cannot be read: ")
