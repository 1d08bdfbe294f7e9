"""Lists, built of sources' sorted names: what is on them, and how they are written."""

import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from addons.listing.html_entries import html_entries
from addons.listing.orders import Hidden
from addons.simple.names import normalise
from tests.addons.listing.making import HTML, building, content, document, listed, part, reading

names = st.from_regex(r"[a-dA-D0-3](?:[a-dA-D0-3._-]{0,3}[a-dA-D0-3])?", fullmatch=True)
lists = st.lists(names, max_size=8)
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)


def test_list__of_two_sources__has_each_name_once_and_the_own_entry(tmp_path: Path) -> None:
    """MRG-12, JSN-21: the union, sorted; of a name that both have the own source's entry stands."""
    own = part(tmp_path, "acme", document({"name": "Beta", "_mine": 1}), own=True)
    public = part(tmp_path, "pypi", document("gamma", {"name": "beta", "_last-serial": 5}, "alpha"))
    built = building(tmp_path, own, public)
    assert json.loads(content(built))["projects"] == [
        {"name": "alpha"},
        {"name": "Beta", "_mine": 1},
        {"name": "gamma"},
    ]
    assert built.count == 3


@quick
@given(lists, lists, lists, st.lists(names, max_size=2), st.sets(names.map(normalise), max_size=2))
def test_list__of_anything__has_what_may_be_had_and_nothing_else(
    tmp_path: Path, own: list[str], first: list[str], second: list[str], reserved: list[str], hidden: set[str]
) -> None:
    """MRG-02, MRG-04, MRG-12: no name from nowhere, none missing, none that a reservation or a refusal takes away."""
    parts = [
        part(tmp_path, "acme", document(*own), own=True),
        part(tmp_path, "pypi", document(*first)),
        part(tmp_path, "more", document(*second)),
    ]
    built = building(tmp_path, *parts, reserved=(*reserved, "d-*"), hidden=(Hidden(scopes=frozenset(hidden)),))
    mine, theirs = set(map(normalise, own)), set(map(normalise, first + second))
    taken = {name for name in theirs if name in map(normalise, reserved) or name.startswith("d-")}
    assert [normalise(name) for name in listed(built)] == sorted((mine | (theirs - taken)) - hidden)


@quick
@given(lists, lists)
def test_list__of_public_sources_in_either_order__has_the_same_names(
    tmp_path: Path, first: list[str], second: list[str]
) -> None:
    """MRG-12: the order of equal sources decides whose entry stands, never which projects there are."""
    parts = [part(tmp_path, "one", document(*first)), part(tmp_path, "two", document(*second))]
    one, other = (listed(building(tmp_path, *order)) for order in (parts, parts[::-1]))
    assert list(map(normalise, one)) == list(map(normalise, other))


@quick
@given(lists)
def test_list__written_and_read_again__is_the_same_in_both_forms(tmp_path: Path, some: list[str]) -> None:
    """HTM-16, JSN-21: what is written in either form is read as the same projects."""
    built = building(tmp_path, part(tmp_path, "pypi", document(*some)))
    in_json, in_html = reading(tmp_path, content(built)), reading(tmp_path, content(built, "html"), HTML)
    assert in_json.names == in_html.names == sorted({normalise(name) for name in some})
    assert in_json.entries == in_html.entries


def test_html__has_a_relative_link_for_each_project(tmp_path: Path) -> None:
    """HTM-01, HTM-16, VER-05: one anchor per project, its href the normalised name and a slash, and the version once."""
    page = content(building(tmp_path, part(tmp_path, "pypi", document("Foo.Bar", "alpha"))), "html").decode()
    assert re.findall(r"<a [^>]*>[^<]*</a>", page) == ['<a href="alpha/">alpha</a>', '<a href="foo-bar/">Foo.Bar</a>']
    assert page.startswith("<!DOCTYPE html>\n")
    assert page.count('<meta name="pypi:repository-version" content="1.4">') == 1
    assert len(list(html_entries(io.BytesIO(page.encode()), {}))) == 2


def test_files__in_every_coding__are_the_same_list(tmp_path: Path) -> None:
    """CCH-13: each form is there in each coding, and is what it says it is."""
    built = building(tmp_path, part(tmp_path, "pypi", document(*(f"p{number}" for number in range(12_000)))))
    assert len(built.files) == len({written.sha256 for written in built.files}) == 6
    for written in built.files:
        body = Path(written.path).read_bytes()
        assert (len(body), hashlib.sha256(body).hexdigest()) == (written.size, written.sha256)
        assert content(built, written.form, written.coding) == content(built, written.form)
        assert written.coding == "identity" or written.size < len(content(built, written.form)) / 3


def test_files__of_the_same_facts__are_the_same_bytes(tmp_path: Path) -> None:
    """CCH-02, JSN-20: an ETag over them stays while nothing changes, in whatever order a source lists."""
    one = building(tmp_path, part(tmp_path, "pypi", document("alpha", "beta", "gamma")))
    other = building(tmp_path, part(tmp_path, "pypi", document("gamma", "alpha", "beta")))
    assert [written.sha256 for written in one.files] == [written.sha256 for written in other.files]


def test_what_a_source_says_besides__is_the_public_ones(tmp_path: Path) -> None:
    """JSN-02, JSN-15, MRG-09: unknown keys and the serial are upstream's, which clients compare with PyPI's."""
    own = part(tmp_path, "acme", document("a", meta={"_last-serial": 1}, mine=True), own=True)
    public = part(tmp_path, "pypi", document("b", meta={"_last-serial": "77", "x": 1}, theirs=[1.50]))
    built = building(tmp_path, own, public)
    about = json.loads(content(built))
    assert about.pop("projects")
    assert about == {"meta": {"_last-serial": "77", "x": 1, "api-version": "1.4"}, "theirs": [1.5]}
    assert built.serial == "77"


def test_promises_of_one_index__are_not_made_for_several(tmp_path: Path) -> None:
    """VER-06, VER-07: what an index grants or tracks says nothing about a union; alone it is passed on."""
    meta = {"tracks": ["x"], "alternate-locations": []}
    public = part(tmp_path, "pypi", document("b", meta=meta, namespaces=1))
    own = part(tmp_path, "acme", document("a"), own=True)
    alone, together = (json.loads(content(building(tmp_path, *parts))) for parts in ([public], [own, public]))
    assert (alone["meta"], alone["namespaces"]) == ({**meta, "api-version": "1.4"}, 1)
    assert (together["meta"], together.get("namespaces")) == ({"api-version": "1.4"}, None)


@pytest.mark.parametrize(
    ("header", "meta", "serial"),
    [("77", {}, "77"), (None, {"_last-serial": 5}, "5"), ("7\r\nX: y", {"_last-serial": "6"}, "6"), (None, {}, None)],
)
def test_serial__is_upstreams_number_or_none(
    tmp_path: Path, header: str | None, meta: dict[str, Any], serial: str | None
) -> None:
    """MRG-09: a number goes into the header, and nothing else does."""
    assert building(tmp_path, part(tmp_path, "pypi", document("a", meta=meta), serial=header)).serial == serial


def test_claimed_version__is_never_upstreams_newer_one(tmp_path: Path) -> None:
    """VER-04: no minor above the one that this gateway was written for."""
    built = building(tmp_path, part(tmp_path, "pypi", document("a", meta={"api-version": "1.9"})))
    assert json.loads(content(built))["meta"]["api-version"] == "1.4"


def test_merged_project__is_listed_by_its_own_sources_only(tmp_path: Path) -> None:
    """MRG-02: the list asks whom the page asks: a project with sources of its own is nobody else's."""
    parts = [part(tmp_path, name, document("shared", name)) for name in ("one", "two")]
    rules: dict[str, Any] = {"merged": (("shared", ("acme", "two")),), "reserved": ("shared", "one")}
    assert listed(building(tmp_path, *parts, **rules)) == ["shared", "two"]
    assert listed(building(tmp_path, parts[0], **rules)) == []
