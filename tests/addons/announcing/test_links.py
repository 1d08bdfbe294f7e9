"""Which files a page announces metadata of: links, by what is known and on which terms (PEP 658, PEP 714)."""

from typing import Any

import pytest

from addons.announcing.lines import NOTHING, State
from addons.announcing.links import Announced, Terms, linked
from addons.cache.announced import Entry
from addons.simple.page import File, Page, Refusal
from tests.addons.sources.places import DEMO

WHEEL, SDIST = "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"
HAS, NONE = Entry("ranges", 1.0, "bb" * 32), Entry("file", 1.0, reason="has none")
HASH = {"sha256": "bb" * 32}


def file(filename: str = WHEEL, **changes: Any) -> File:
    """A file of the page; its sha256 is `aa…`."""
    usual = {"url": f"https://example.org/{filename}", "hashes": {"sha256": "aa" * 32}}
    return File(**{"filename": filename, **usual, **changes})


def said(
    *files: File, entry: Entry | None = None, ahead: bool = False, terms: Terms | None = None, **page: Any
) -> list[bool | dict[str, str]]:
    """What the page says of its files."""
    known = Announced("pypi", State({"aa" * 32: entry}) if entry else NOTHING, ahead)
    made = linked(Page(project=DEMO, files=files, **page), [known], "pypi", terms or Terms())
    return [each.core_metadata for each in made.files]


@pytest.mark.parametrize(
    ("made", "entry", "ahead", "wanted"),
    [
        (file(), None, False, False),
        (file(), HAS, False, HASH),
        (file(), HAS, True, HASH),
        (file(), NONE, True, False),
        (file(), None, True, True),
        (file(core_metadata=True), HAS, False, HASH),
        (file(core_metadata={"sha256": "cc" * 32}), HAS, False, HASH),
        (file(core_metadata={"sha256": "cc" * 32}), NONE, True, False),
        (file(core_metadata={"sha256": "cc" * 32}), None, True, {"sha256": "cc" * 32}),
        (file(core_metadata=True), None, True, True),
        (file(hashes={}), None, True, False),
        (file(hashes={"md5": "aa" * 16}), HAS, True, False),
        (file("demo-1.0.whl"), None, True, False),
        (file("demo.whl"), None, True, False),
        (file("demo-1.0-py2.7.egg"), None, True, False),
        (file(SDIST), None, True, False),
        (file(SDIST), HAS, True, False),
        (file(SDIST, core_metadata=True), HAS, True, True),
        (file(yanked="broken"), HAS, False, HASH),
    ],
)
def test_file__by_what_is_known__is_announced(made: File, entry: Entry, ahead: bool, wanted: object) -> None:
    """MET-02: with its hash once it is in hand, without where its source serves it, not where there is known to be none."""
    assert said(made, entry=entry, ahead=ahead) == [wanted]


def test_sdist__in_hand__is_announced_where_the_operator_says_so() -> None:
    """MET-07: one setting; never before it is in hand."""
    assert said(file(SDIST), entry=HAS, terms=Terms(sdists=True)) == [HASH]
    assert said(file(SDIST), ahead=True, terms=Terms(sdists=True)) == [False]


def test_source__that_announces_some__is_taken_at_its_word_for_the_rest() -> None:
    """MET-02: PyPI announces all that it can; of what it says nothing there may be none. A refused file says nothing."""
    other = file("demo-2.0-py3-none-any.whl", core_metadata=True, hashes={"sha256": "dd" * 32})
    assert said(file(), other, ahead=True) == [False, True]
    assert said(file(), other, ahead=True, entry=HAS) == [HASH, True]
    refused = file("demo-2.0-py3-none-any.whl", core_metadata=True, refused=Refusal("deny", "no"))
    assert said(file(), refused, ahead=True) == [True, True]


def test_own_files__on_a_merged_page__are_as_their_source_says() -> None:
    """MET-02, MET-14: nothing that is known of an index's file counts for another one of its hash; nor is it ahead."""
    own = file(core_metadata={"sha256": "cc" * 32})
    other = file("demo-2.0-py3-none-any.whl", hashes={"sha256": "dd" * 32})
    sources = {own.filename: "acme", other.filename: "pypi"}
    assert said(own, other, entry=HAS, ahead=True, sources=sources) == [{"sha256": "cc" * 32}, True]
    bare = file()
    assert said(bare, other, entry=HAS, ahead=True, sources=sources) == [False, True]


def test_refused_file__is_announced_like_any_other() -> None:
    """MET-14: whoever asks for its metadata gets the refusal."""
    refused = file(refused=Refusal("deny", "no"))
    assert said(refused, entry=HAS) == [HASH]


def test_page__of_which_nothing_is_known__is_the_very_same() -> None:
    """MET-02: no work, no other page."""
    page = Page(project=DEMO, files=(file(),))
    assert linked(page, [Announced("pypi", NOTHING, False)], "pypi", Terms()) is page
    assert linked(page, [], "pypi", Terms()) is page
