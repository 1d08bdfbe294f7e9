"""The measured matrix of clients (what one odd file does to each): after the gateway, no client meets the oddity."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.simple.html_form import read_html, render_html
from addons.simple.json_form import read_json, render_json
from addons.simple.page import NotAPage, Page
from tests.addons.simple import strict_client
from tests.addons.simple.drawing import PROJECT, SHA256, URL, body, json_values, law, listed, pages
from tests.addons.simple.test_both_roads import PIECES, entries

CLEAN, ODD = "foo_bar-1.0-py3-none-any.whl", "foo_bar-2.0-py3-none-any.whl"


def _served(page: Page) -> list[dict[str, Any]]:
    """Return the files that the strictest client finds on the page, having read both forms."""
    files: list[dict[str, Any]] = strict_client.read_json(render_json(page))["files"]
    assert len(strict_client.read_html(render_html(page))) == len(files)
    return files


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"yanked": ""}, {"yanked": True}),
        ({"yanked": None}, {"yanked": ...}),
        ({"size": None}, {"size": ...}),
        ({"size": "123"}, {"size": 123}),
        ({"upload_time": None}, {"upload-time": ...}),
        ({"upload_time": "garbage"}, {"upload-time": ...}),
        ({"upload_time": "2024-01-01T00:00:00.123456789Z"}, {"upload-time": ...}),
        ({"upload_time": "2024-01-01T00:00:00.100Z"}, {"upload-time": "2024-01-01T00:00:00.100Z"}),
        ({"hashes": ...}, {"hashes": {}}),
        ({"hashes": None}, {"hashes": {}}),
        ({"dist_info_metadata": {"sha256": SHA256}, "core_metadata": ..., "data_dist_info_metadata": ...},
         {"core-metadata": {"sha256": SHA256}, "dist-info-metadata": ...}),
        ({"core_metadata": False}, {"core-metadata": ..., "data-dist-info-metadata": ...}),
        ({"core_metadata": {}}, {"core-metadata": True}),
        ({"requires_python": "banana"}, {"requires-python": "banana"}),
        ({"url": f"https://example.org/{ODD}?x=y"}, {"url": f"https://example.org/{ODD}?x=y", "core-metadata": ...}),
        ({"url": f"https://example.org/{ODD}#sha256={'0' * 64}"}, {"url": f"https://example.org/{ODD}"}),
        ({"hashes": {"sha1": "0" * 40}}, {"hashes": {"sha1": "0" * 40}}),
        ({"provenance": None, "requires_python": None}, {"provenance": ..., "requires-python": ...}),
        ({"url": f"https://example.org/{ODD.replace('2', '7')}"}, None),
    ],
)  # fmt: skip
def test_read_json__a_row_of_the_matrix__no_client_meets_the_oddity(
    changes: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    """JSN-03 to JSN-11, JSN-18, HTM-06, HTM-07: the odd file arrives sound or not at all, and the clean one untouched."""
    plain = _served(read_json(body(listed(CLEAN)), URL, PROJECT))
    files = _served(read_json(body(listed(CLEAN), listed(ODD, **changes)), URL, PROJECT))
    assert files[0] == plain[0]
    assert len(files) == (1 if expected is None else 2)
    for key, value in (expected or {}).items():
        assert files[1].get(key, ...) == value


def test_read_json__foreign_projects_wheel__no_client_meets_it() -> None:
    """JSN-18: uv 0.5 installed it."""
    assert len(_served(read_json(body(listed(CLEAN), listed("evil-2.0-py3-none-any.whl")), URL, PROJECT))) == 1


@pytest.mark.parametrize("top", [{"project_status": None}, {"versions": None}, {"meta": None}, {"name": None}])
def test_read_json__null_at_the_top__absent(top: dict[str, Any]) -> None:
    """JSN-03: uv refuses a page with `"project-status": null`; nothing of the kind is ever written."""
    assert len(_served(read_json(body(listed(CLEAN), **top), URL, PROJECT))) == 1


def test_read_json__quarantined_with_files__none_offered() -> None:
    """YNK-09, YNK-10: clients install what a quarantined page lists, so it lists nothing."""
    page = read_json(body(listed(CLEAN), project_status={"status": "quarantined"}), URL, PROJECT)
    assert _served(page) == []
    assert json.loads(render_json(page))["project-status"] == {"status": "quarantined"}
    assert b'name="pypi:project-status" content="quarantined"' in render_html(page)


@pytest.mark.parametrize("base", ['<base href="../">', '<base href="/x/">', '<base href="https://example.org/">'])
def test_read_html__relative_base__no_client_meets_it(base: str) -> None:
    """HTM-08, HTM-09: a base is followed here; clients get absolute links and no base."""
    page = f'{base}<a href="{CLEAN}#sha1={"0" * 40}" data-yanked data-core-metadata="false">{CLEAN}</a>'
    (file,) = _served(read_html(page.encode(), URL, PROJECT))
    assert (file["yanked"], file["hashes"]) == (True, {"sha1": "0" * 40})


def test_read_html__page_without_sizes__claims_no_more_than_it_has() -> None:
    """HTM-17, VER-04: what HTML cannot say is absent in JSON, and the page claims 1.0."""
    page = read_html(f'<a href="{CLEAN}#sha256={SHA256}">{CLEAN}</a>'.encode(), URL, PROJECT)
    document = json.loads(render_json(page))
    assert document["meta"] == {"api-version": "1.0"}
    assert document["files"][0].keys() == {"filename", "url", "hashes"}


def test_read_json__page_as_pypi_writes_it__every_word_arrives() -> None:
    """JSN-01 to JSN-16: nothing of PyPI's page is lost but nulls, falses and the misnamed copy of core-metadata."""
    entries = [
        listed(CLEAN), listed(ODD, yanked="b\n'r\"oken", requires_python=">=3.7,!=3.8.*"),
        listed("foo_bar-2.0.tar.gz", provenance=None, requires_python=None),
    ]  # fmt: skip
    top = {"meta": {"_last-serial": 31231231, "api-version": "1.4"}, "alternate_locations": [],
           "project_status": {"status": "active"}, "versions": ["1.0", "2.0"]}  # fmt: skip
    document = body(*entries, **top)
    written = json.loads(render_json(read_json(document, URL, PROJECT)))
    expected = json.loads(document)
    for entry in expected["files"]:
        del entry["data-dist-info-metadata"]
        for key in ("core-metadata", "yanked", "requires-python", "provenance"):
            if entry[key] in (None, False):
                del entry[key]
    assert written == expected


@law
@given(
    st.lists(entries(), max_size=4),
    st.dictionaries(st.sampled_from(["meta", "versions", "project_status"]), json_values),
)
def test_render__whatever_json_came__the_strictest_client_reads_it(found: list[Any], top: dict[str, Any]) -> None:
    """JSN-03, HTM-03, NEG-11: whatever a source wrote is refused here, or arrives in both forms as all can read it."""
    try:
        page = read_json(body(*found, **top), URL, PROJECT)
    except NotAPage:
        return
    _served(page)


@law
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_render__whatever_html_came__the_strictest_client_reads_it(text: str) -> None:
    """JSN-03, HTM-03, NEG-11: the same of pages that come as HTML."""
    try:
        page = read_html(text.encode(), URL, PROJECT)
    except NotAPage:
        return
    _served(page)


@law
@given(pages())
def test_render__any_page__the_strictest_client_reads_it(page: Page) -> None:
    """HTM-01 to HTM-08, JSN-01, JSN-03: the same of pages made by any source."""
    _served(page)


@law
@given(pages())
def test_render__json_to_html_and_back__html_agrees_with_itself(page: Page) -> None:
    """HTM-18, YNK-06: JSON to HTML to a page to HTML: the second HTML differs in nothing but what it can claim."""
    again = read_html(render_html(page), URL, PROJECT)
    sized = msgspec.structs.replace(
        again,
        files=tuple(
            msgspec.structs.replace(file, size=known.size) for file, known in zip(again.files, page.files, strict=True)
        ),
    )
    assert render_html(sized) == render_html(page)


@law
@given(pages())
def test_render__the_same_page__the_same_bytes(page: Page) -> None:
    """JSN-20: what is equal is written equally, whichever form it was read from in between."""
    again = read_json(render_json(page), URL, PROJECT)
    versions = page.versions if page.versions is not None else again.versions
    same = msgspec.structs.replace(again, versions=versions)
    assert render_json(same) == render_json(msgspec.structs.replace(page, versions=versions))
    assert render_html(same) == render_html(page)
