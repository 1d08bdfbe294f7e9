import logging
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.simple.html_form import render_html
from addons.simple.json_form import read_json, render_json
from addons.simple.merging import merged, without_claims
from addons.simple.page import File, Page
from tests.addons.simple.drawing import PROJECT, URL, body, law, listed, pages

ONE, TWO, THREE = (f"foo_bar-{number}.0-py3-none-any.whl" for number in (1, 2, 3))
OTHER = {"sha256": "99" * 32}


def _page(*entries: dict[str, Any], **top: Any) -> Page:
    return read_json(body(*entries, **top), URL, PROJECT)


def _of(page: Page, filename: str) -> File:
    (file,) = (file for file in page.files if file.filename == filename)
    return file


def test_merged__two_sources__all_files_and_whose_they_are() -> None:
    """MRG-05: union of files, the higher source's first; `sources` says whose each is."""
    page = merged([("own", _page(listed(ONE))), ("public", _page(listed(TWO), listed(ONE)))])
    assert [file.filename for file in page.files] == [ONE, TWO]
    assert page.sources == {ONE: "own", TWO: "public"}


def test_merged__same_name_and_bytes__one_entry_with_the_lower_ones_extras() -> None:
    """MRG-05: the higher's URL, and what it lacks and the lower knows of these very bytes."""
    bare = {"requires_python": None, "size": ..., "upload_time": ..., "provenance": ...}
    high = listed(ONE, url=f"https://example.org/{ONE}", core_metadata=False, **bare, x=1)
    low = listed(ONE, hashes={"sha256": "ab" * 32, "md5": "0" * 32}, yanked="broken", x=2, y=3, gpg_sig=True)
    file = _of(merged([("own", _page(high)), ("public", _page(low))]), ONE)
    given_by = {
        "url": f"https://example.org/{ONE}",
        "core_metadata": False,
        "gpg_sig": None,
        "requires_python": ">=3.9",
        "size": 1234,
        "upload_time": low["upload-time"],
        "provenance": low["provenance"],
        "hashes": low["hashes"],
        "yanked": "broken",
        "unknown": {"x": 1, "y": 3},
    }
    assert {name: getattr(file, name) for name in given_by} == given_by


@pytest.mark.parametrize(
    ("high", "low"),
    [
        ({"sha256": "ab" * 32}, OTHER),
        ({}, OTHER),
        ({"md5": "0" * 32}, {"md5": "0" * 32}),
        ({"sha512": "0" * 128}, OTHER),
        (OTHER | {"md5": "0" * 32}, OTHER | {"md5": "1" * 32}),
    ],
)
def test_merged__same_name_and_other_bytes__the_highers_alone(
    high: dict[str, str], low: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """MRG-05, JSN-17: other bytes, or bytes that no strong hash shows to be the same, are dropped and logged."""
    page = merged([("own", _page(listed(ONE, hashes=high))), ("public", _page(listed(ONE, hashes=low, x=1)))])
    assert (_of(page, ONE).hashes, _of(page, ONE).unknown) == (high, {})
    assert [(record.name, record.levelno) for record in caplog.records] == [("addons.simple.merging", logging.WARNING)]


@pytest.mark.parametrize(
    ("high", "low", "yanked"),
    [(False, "b", "b"), ("a", "b", "a"), ("a", False, "a"), (True, "b", "b"), (True, False, True), (False, True, True)],
)
def test_merged__yanked_in_one_source__yanked(high: bool | str, low: bool | str, yanked: bool | str) -> None:
    """YNK-01: a yanked file never loses its flag; the higher source's reason counts."""
    page = merged([("own", _page(listed(ONE, yanked=high))), ("public", _page(listed(ONE, yanked=low)))])
    assert _of(page, ONE).yanked == yanked


@pytest.mark.parametrize(
    ("high", "low", "versions"),
    [
        (["1.0", "0.1"], ["2.0", "1.0.0", "0.2"], ["1.0", "0.1", "2.0", "0.2"]),
        (["1.0"], ..., ["1.0", "2.0"]),
        (..., ["2.0", "0.2"], ["1.0", "2.0", "0.2"]),
    ],
)
def test_merged__versions__of_all_sources_each_once(high: Any, low: Any, versions: list[str]) -> None:
    """MRG-08, JSN-14: union, in whichever spelling the higher has it; a list that a source lacks is made of its files."""
    page = merged([("own", _page(listed(ONE), versions=high)), ("public", _page(listed(TWO), versions=low))])
    assert page.versions == tuple(versions)


def test_merged__no_versions_listed_anywhere__none_listed() -> None:
    """MRG-08: what no source says is not made up before it is needed."""
    assert merged([("own", _page(versions=...)), ("public", _page(listed(TWO), versions=...))]).versions is None


@pytest.mark.parametrize(("sizes", "claimed"), [((1, 2), "1.4"), ((1, None), "1.0"), ((None, 1), "1.0")])
def test_merged__a_size_missing__the_claim_is_lowered(sizes: tuple[int | None, ...], claimed: str) -> None:
    """MRG-07, VER-04: the poorer source decides what the page can claim."""
    page = merged([("own", _page(listed(ONE, size=sizes[0]))), ("public", _page(listed(TWO, size=sizes[1])))])
    assert f'"api-version":"{claimed}"'.encode() in render_json(page)
    assert f'content="{claimed}"'.encode() in render_html(page)


def test_merged__status__the_highest_sources() -> None:
    """MRG-08: a lower source's status says nothing of the project here."""
    own = _page(listed(ONE), project_status={"status": "deprecated", "reason": "x", "_y": 1})
    public = _page(listed(TWO), project_status={"status": "archived", "reason": "z"})
    page = merged([("own", own), ("public", public)])
    assert (page.status, page.status_reason, page.status_unknown) == ("deprecated", "x", {"_y": 1})
    assert merged([("own", _page(listed(ONE))), ("public", public)]).status is None


def test_merged__a_quarantined_source__gives_no_files() -> None:
    """MRG-08, YNK-09, YNK-10: a lower one gives nothing at all, and a quarantined highest one empties the page."""
    quarantined = msgspec.structs.replace(_page(listed(TWO), versions=["2.0"]), status="quarantined")
    page = merged([("own", _page(listed(ONE), versions=["1.0"])), ("public", quarantined)])
    assert ([file.filename for file in page.files], page.versions, page.status) == ([ONE], ("1.0",), None)
    page = merged([("own", quarantined), ("public", _page(listed(ONE)))])
    assert (page.files, page.sources, page.status) == ((), {}, "quarantined")


def test_merged__keys_of_the_top__claims_of_one_index_are_gone() -> None:
    """VER-06, VER-07, JSN-02: words of one index about itself are dropped, all others stay, the higher's first."""
    claims = {"namespaces": ["a"], "alternate_locations": ["https://example.org/"]}
    own = _page(meta={"tracks": ["https://example.org/"], "x": 1}, **claims, _k=1)
    page = merged([("own", own), ("public", _page(meta={"x": 2, "y": 3}, **claims, _k=2, _l=3))])
    assert (page.meta, page.unknown) == ({"x": 1, "y": 3}, {"_k": 1, "_l": 3})


def test_read_json__claims_of_an_index_unmerged__passed_on() -> None:
    """VER-06, VER-07: a page that is only passed on keeps its index's words, until it is told to lose them."""
    page = _page(listed(ONE), namespaces=["a"], alternate_locations=[], meta={"tracks": [], "api-version": "1.4"})
    written = msgspec.json.decode(render_json(page))
    assert (written["namespaces"], written["alternate-locations"], written["meta"]["tracks"]) == (["a"], [], [])
    assert (without_claims(page).unknown, without_claims(page).meta) == ({}, {})
    assert without_claims(page).files == page.files
    assert without_claims(_page(listed(ONE))) == _page(listed(ONE))


@pytest.mark.parametrize(("own", "serial"), [({}, 7), ({"_last-serial": "3"}, 7)])
def test_merged__serial__the_public_sources(own: dict[str, Any], serial: object) -> None:
    """MRG-09, JSN-15: mirrors compare the number with PyPI's, so the lowest source's is kept, value and type."""
    page = merged([("own", _page(meta=own)), ("public", _page(meta={"_last-serial": serial}))])
    assert page.meta["_last-serial"] == serial


def test_merged__version__changes_when_a_part_does() -> None:
    """CCH-02: equal parts in equal order, equal versions; anything else, another one."""

    def version(*parts: tuple[str, str]) -> str:
        return merged([(name, Page(project=PROJECT, files=(), version=text)) for name, text in parts]).version

    seen = [version(("a", "1"), ("b", "2")), version(("a", "2"), ("b", "1")), version(("b", "1"), ("a", "2")),
            version(("a", "1")), version(("a1", ""), ("b", "2"))]  # fmt: skip
    assert len(set(seen)) == len(seen)
    assert version(("a", "1"), ("b", "2")) == seen[0]


few = settings(law, max_examples=30)  # drawing whole pages takes its time
named = st.lists(pages(), min_size=1, max_size=3).map(lambda drawn: [(f"s{i}", page) for i, page in enumerate(drawn)])


@few
@given(named)
def test_merged__any_pages__no_file_from_nowhere_and_none_lost(parts: list[tuple[str, Page]]) -> None:
    """MRG-05: each filename of a source that is not quarantined is there once, at the URL of the source named."""
    page = merged(parts)
    by_name = dict(parts)
    names = [file.filename for file in page.files]
    assert len(set(names)) == len(names)
    assert set(names) == {file.filename for _, part in parts for file in part.files} == set(page.sources)
    for file in page.files:
        assert file.url == _of(by_name[page.sources[file.filename]], file.filename).url
    if page.versions is not None:
        assert len(set(page.versions)) == len(page.versions)


@few
@given(pages())
def test_merged__one_page__the_page_itself(page: Page) -> None:
    """MRG-05: nothing is lost or added where there is nothing to merge."""
    alone = merged([("a", page)])
    assert msgspec.structs.replace(alone, sources={}, version="") == page
    assert alone.sources == {file.filename: "a" for file in page.files}


@few
@given(named)
def test_merged__a_merged_page_again__the_same(parts: list[tuple[str, Page]]) -> None:
    """MRG-05: merging is idempotent, alone and with a part that is in it already."""
    page = merged(parts)
    assert merged([("all", page)]).files == page.files
    again = merged([("all", page), parts[0]])
    assert (again.files, again.versions) == (page.files, page.versions)


@few
@given(pages(), pages())
def test_merged__sources_that_agree__their_order_means_nothing(one: Page, two: Page) -> None:
    """MRG-05, MRG-08: where files of one name are the same entries, any order gives the same files and versions."""
    known = {file.filename: file for file in one.files}
    agreeing = tuple(known.get(file.filename, file) for file in two.files)
    two = msgspec.structs.replace(two, files=agreeing)
    forth, back = merged([("a", one), ("b", two)]), merged([("b", two), ("a", one)])
    assert {file.filename: file for file in forth.files} == {file.filename: file for file in back.files}
    assert set(forth.versions or ()) == set(back.versions or ())
