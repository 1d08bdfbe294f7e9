import json
import logging
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.simple.json_form import read_json, render_json
from addons.simple.page import File, NotAPage, Page, Refusal
from tests.addons.simple.drawing import PROJECT, SHA256, URL, body, entry, json_values, pages

WHEEL = "foo_bar-1.0-py3-none-any.whl"
TWO = "foo_bar-2.0-py3-none-any.whl"


def _page(*entries: Any, **top: Any) -> Page:
    return read_json(body(*entries, **top), URL, PROJECT)


def _file(**changes: Any) -> File:
    """Read one changed entry; a sound second one must survive whatever happens to it."""
    page = _page(entry(**changes), entry(TWO))
    assert page.files[-1].filename == TWO
    return page.files[0]


def _rendered(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render_json(page))
    return found


def test_read_json__sound_entry__every_field() -> None:
    """JSN-01: all that the standard says of a file is on the model."""
    file = _file(core_metadata={"sha256": SHA256}, provenance="https://pypi.org/p", gpg_sig=True, yanked="broken")
    assert file == File(
        filename=WHEEL,
        url=f"https://files.pythonhosted.org/packages/ab/cd/{WHEEL}",
        hashes={"sha256": SHA256},
        requires_python=">=3.8",
        size=1234,
        upload_time="2024-01-02T03:04:05.678901Z",
        yanked="broken",
        core_metadata={"sha256": SHA256},
        provenance="https://pypi.org/p",
        gpg_sig=True,
    )


@pytest.mark.parametrize(
    "document",
    [
        b"", b"<html>", b"[]", b'"x"', b"null", b"{}",
        b'{"files": null}', b'{"files": {}}', b'{"files": []', b"\xff", b"[" * 100_000,
        b'{"files": [], "meta": []}', b'{"files": [], "meta": {"api-version": "2.0"}}',
        b'{"files": [], "meta": {"api-version": 2}}',
        b'{"files": [], "meta": {"api-version": "banana"}}', b'{"files": [], "meta": {"api-version": true}}',
    ],
    ids=lambda document: document[:40],
)  # fmt: skip
def test_read_json__no_page__refused(document: bytes) -> None:
    """NEG-11, VER-02: what is no page as a whole is an error in words, never an empty project."""
    with pytest.raises(NotAPage) as caught:
        read_json(document, URL, PROJECT)
    assert str(caught.value)


@pytest.mark.parametrize("claim", ["1.0", "1.4", 1.4, 1, None, "0.9"])
def test_read_json__api_version_of_ours__read_quietly(claim: object, caplog: pytest.LogCaptureFixture) -> None:
    """VER-01, VER-08: numbers are read as text, absent means 1.0."""
    assert _page(entry(), meta={"api-version": claim}).files
    assert _page(entry(), meta=...).files
    assert not caplog.records


def test_read_json__newer_minor_version__read_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """VER-03: served, and said once."""
    assert _page(entry(), meta={"api-version": "1.9"}).files
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_read_json__byte_order_mark__tolerated() -> None:
    """JSN-01: a mark that ought not to be there costs nothing, and is not written."""
    page = read_json(b"\xef\xbb\xbf" + body(entry()), URL, PROJECT)
    assert len(page.files) == 1
    assert render_json(page).startswith(b"{")


def test_read_json__repeated_key__the_last_is_what_is_policed_and_written() -> None:
    """JSN-22: resolved on reading; the source's own text goes no further."""
    document = b'{"files": [%s], "files": []}' % json.dumps(entry()).encode()
    assert read_json(document, URL, PROJECT).files == ()


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"yanked": ""}, "yanked", True),
        ({"yanked": None}, "yanked", False),
        ({"yanked": 0}, "yanked", True),
        ({"yanked": True}, "yanked", True),
        ({"yanked": "false"}, "yanked", "false"),
        ({"yanked": ...}, "yanked", False),
        ({"size": None}, "size", None),
        ({"size": "123"}, "size", 123),
        ({"size": -1}, "size", None),
        ({"size": True}, "size", None),
        ({"size": 1.5}, "size", None),
        ({"size": 2**64}, "size", None),
        ({"size": 0}, "size", 0),
        ({"upload_time": None}, "upload_time", None),
        ({"upload_time": "yesterday"}, "upload_time", None),
        ({"upload_time": "2024-02-30T00:00:00Z"}, "upload_time", None),
        ({"upload_time": "2024-01-01"}, "upload_time", None),
        ({"upload_time": 17}, "upload_time", None),
        ({"upload_time": "2024-01-01T00:00:00.120Z"}, "upload_time", "2024-01-01T00:00:00.120Z"),
        ({"hashes": None}, "hashes", {}),
        ({"hashes": ...}, "hashes", {}),
        ({"hashes": {"SHA256": SHA256.upper()}}, "hashes", {"sha256": SHA256}),
        ({"hashes": {"sha256": SHA256, "k12": "zz"}}, "hashes", {"sha256": SHA256, "k12": "zz"}),
        ({"requires_python": None}, "requires_python", None),
        ({"requires_python": "banana"}, "requires_python", "banana"),
        ({"requires_python": ""}, "requires_python", ""),
        ({"requires_python": "&gt;=3.6"}, "requires_python", "&gt;=3.6"),
        ({"requires_python": [3]}, "requires_python", None),
        ({"core_metadata": None}, "core_metadata", False),
        ({"core_metadata": True}, "core_metadata", True),
        ({"core_metadata": {}}, "core_metadata", True),
        ({"core_metadata": "yes"}, "core_metadata", False),
        ({"core_metadata": {"sha256": "short"}}, "core_metadata", False),
        ({"core_metadata": False, "data_dist_info_metadata": True}, "core_metadata", False),
        ({"dist_info_metadata": True, "data_dist_info_metadata": False}, "core_metadata", True),
        ({"data_dist_info_metadata": {"sha256": SHA256}}, "core_metadata", {"sha256": SHA256}),
        ({"provenance": None}, "provenance", None),
        ({"provenance": "http://pypi.org/p"}, "provenance", None),
        ({"provenance": "/p"}, "provenance", None),
        ({"gpg_sig": None}, "gpg_sig", None),
        ({"gpg_sig": False}, "gpg_sig", False),
    ],
)  # fmt: skip
def test_read_json__one_value__as_the_standards_say(changes: dict[str, Any], name: str, value: object) -> None:
    """JSN-03, JSN-06 to JSN-12, JSN-16: nulls are absent, unsound values go, texts stay to the letter."""
    found = getattr(_file(**changes), name)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "bad",
    [
        17,
        None,
        [],
        entry(filename=...),
        entry(filename=17),
        entry(url=...),
        entry(url="https://files.pythonhosted.org/packages/foo_bar-7.0-py3-none-any.whl"),
        entry(url=f"https://files.pythonhosted.org/x?y=/{WHEEL}"),
        entry(url=f"https://files.pythonhosted.org/x#/{WHEEL}"),
        entry(url=f"javascript:/{WHEEL}"),
        entry(url=f"file:///etc/{WHEEL}"),
        entry(url=f"https:///{WHEEL}"),
        entry(url=f"https://[bad/{WHEEL}"),
        entry(url=f"https://example.org:99999/{WHEEL}"),
        entry(url=f"https://example.org/a\\b/{WHEEL}"),
        entry(url=f"https://example.org/a\n/{WHEEL}"),
        entry(url=f"https://example.org/../{WHEEL}/../{WHEEL}/%2e%2e/{WHEEL}"),
        entry(url=f"https://example.org/a%2Fb/{WHEEL}"),
        entry(url="https://example.org/%FF-1.0.tar.gz", filename="\ufffd-1.0.tar.gz"),
        entry(filename="evil-1.0-py3-none-any.whl"),
        entry(filename="foo_bar-1/../x.tar.gz"),
        entry(filename="README.txt"),
        entry(filename=""),
        entry(hashes={"sha256": "short"}),
        entry(hashes={"sha256": 17}),
        entry(hashes={"md5": "z" * 32}),
        entry(hashes=["sha256"]),
    ],
    ids=repr,
)
def test_read_json__unsound_file__dropped_with_one_warning(bad: object, caplog: pytest.LogCaptureFixture) -> None:
    """JSN-04, JSN-05, JSN-06, JSN-18: one bad file is dropped and logged, and never costs the page."""
    assert [file.filename for file in _page(bad, entry(TWO), bad).files] == [TWO]
    assert [(record.name, record.levelno) for record in caplog.records] == [("addons.simple.entries", logging.WARNING)]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (WHEEL, f"https://pypi.org/simple/foo-bar/{WHEEL}"),
        (f"../../f/{WHEEL}", f"https://pypi.org/f/{WHEEL}"),
        (f"/f/{WHEEL}#sha256=x", f"https://pypi.org/f/{WHEEL}"),
        (f"//Example.org:8443/{WHEEL}", f"https://example.org:8443/{WHEEL}"),
        (f"https://user:secret@example.org/{WHEEL}", f"https://example.org/{WHEEL}"),
        (f"https://example.org/é f/{WHEEL}", f"https://example.org/%C3%A9%20f/{WHEEL}"),
        (f"http://[::1]:8080/{WHEEL}?a=b c#d", f"http://[::1]:8080/{WHEEL}?a=b%20c"),
    ],
)
def test_read_json__any_url__absolute_without_fragment(url: str, expected: str) -> None:
    """JSN-05: resolved against the page's own URL; no fragment and no credentials reach a client."""
    assert _file(url=url).url == expected


def test_read_json__escaped_filename_in_url__equal_when_decoded() -> None:
    """JSN-04: the last segment is compared decoded, and kept as it was written."""
    name = "foo_bar-1.0+corp.1-py3-none-any.whl"
    file = _file(filename=name, url=f"https://example.org/{name.replace('+', '%2B')}")
    assert (file.filename, file.url) == (name, "https://example.org/foo_bar-1.0%2Bcorp.1-py3-none-any.whl")


def test_read_json__query_in_url__metadata_not_announced() -> None:
    """JSN-05: clients put `.metadata` behind the query, where it cannot work."""
    assert _file(url=f"https://example.org/{WHEEL}?token=x", core_metadata=True).core_metadata is False


def test_read_json__older_kinds_of_file__kept() -> None:
    """JSN-19: what is neither wheel nor sdist stays, if it can be this project's."""
    names = ["foo_bar-1.0-py2.7.egg", "foo-bar-1.0.win32.exe", "foo_bar-1.0-variants.json", "foo_bar-banana.tar.gz"]
    assert [file.filename for file in _page(*map(entry, names)).files] == names


@pytest.mark.parametrize(
    ("changes", "yanks"),
    [
        ([{}, {}], [False]),
        ([{}, {"yanked": "bad"}], ["bad"]),
        ([{"yanked": "bad"}, {}], ["bad"]),
        ([{}, {"hashes": {"sha256": "cd" * 32}}], []),
        ([{}, {"hashes": {"sha256": "cd" * 32}}, {}], []),
        ([{}, {"hashes": {}, "url": f"https://example.org/{WHEEL}"}], []),
        ([{"hashes": {}}, {"hashes": {}}], [False]),
    ],
)
def test_read_json__filename_twice__one_or_none(changes: list[dict[str, Any]], yanks: list[object]) -> None:
    """JSN-17: the same bytes are one file, yanked if either is; different bytes are no file at all."""
    page = _page(*(entry(**change) for change in changes))
    assert [file.yanked for file in page.files] == yanks


@pytest.mark.parametrize(
    ("top", "meta", "status"),
    [
        ({"status": "archived", "reason": "moved"}, None, "archived"),
        ({"state": "deprecated"}, None, "deprecated"),
        (None, {"status": "archived"}, "archived"),
        ("archived", None, "archived"),
        ({"status": "active"}, {"status": "quarantined"}, "quarantined"),
        ({"status": "active", "state": "Quarantined"}, None, "quarantined"),
        ({"status": "of-tomorrow"}, None, "of-tomorrow"),
        (None, None, None),
        (17, [], None),
        ({"status": 17}, None, None),
    ],
)
def test_read_json__status_wherever_it_stands__quarantine_wins(top: object, meta: object, status: str | None) -> None:
    """JSN-13, YNK-10: all spellings are read, and a quarantined page offers no files."""
    page = _page(entry(), project_status=top, meta={"api-version": "1.4", "project-status": meta})
    assert page.status == status
    assert len(page.files) == (0 if status == "quarantined" else 1)
    if isinstance(top, dict) and "reason" in top:
        assert _rendered(page)["project-status"] == top


@pytest.mark.parametrize(
    ("listed", "versions"),
    [
        (["1.0", "0.1", "1.0"], ("1.0", "0.1")),
        (["0.1"], ("0.1", "1.0")),
        (["1.0.0"], ("1.0.0",)),
        (None, None),
        (..., None),
        ("1.0", None),
        ([1], None),
    ],
)
def test_read_json__versions__each_once_and_none_missing(listed: object, versions: tuple[str, ...] | None) -> None:
    """JSN-14: no version twice, and every listed file's is there."""
    assert _page(entry(), versions=listed).versions == versions


def test_render_json__unknown_keys__everywhere_untouched() -> None:
    """JSN-02, JSN-15: what the standards add tomorrow survives, with value and type."""
    new: dict[str, Any] = {"x": [None, 1.5, 2**70, {"y": ""}], "_z": None}
    page = _page(
        entry(**new), **new, meta={"api-version": "1.1",
        "_last-serial": 7, **new}, project_status={"status": "active", **new}
    )  # fmt: skip
    document = _rendered(page)
    for place in (document, document["meta"], document["files"][0], document["project-status"]):
        assert {key: place[key] for key in new} == new
    assert document["meta"]["_last-serial"] == 7
    assert _rendered(_page(meta={"_last-serial": "7"}))["meta"]["_last-serial"] == "7"


def test_render_json__unknown_key_named_like_an_attribute__stays_the_sources() -> None:
    """JSN-02: `refused` or `unknown` in a source's entry mean nothing to the gateway."""
    page = _page(entry(refused={"policy": "x"}, unknown={"y": 1}, requires_python=...))
    assert page.files[0].refused is None
    assert (
        _rendered(page)["files"][0] | {"refused": {"policy": "x"}, "unknown": {"y": 1}} == _rendered(page)["files"][0]
    )


def test_render_json__a_refused_file__says_nothing_of_it() -> None:
    """The verdict is for the gateway's own use."""
    page = _page(entry())
    refused = msgspec.structs.replace(page.files[0], refused=Refusal("deny", "no", "SEC-1"))
    assert _rendered(msgspec.structs.replace(page, files=(refused,))) == _rendered(page)


@pytest.mark.parametrize(
    ("changes", "written"),
    [
        ({"yanked": ""}, {"yanked": True}),
        ({"core_metadata": {}}, {"core-metadata": True}),
        ({"yanked": "why", "core_metadata": {}}, {"yanked": "why", "core-metadata": True}),
    ],
)
def test_render_json__empty_values_on_the_model__written_as_true(
    changes: dict[str, Any], written: dict[str, Any]
) -> None:
    """JSN-08, JSN-09: an empty reason and an empty set of hashes are never written."""
    page = _page(entry())
    document = _rendered(msgspec.structs.replace(page, files=(msgspec.structs.replace(page.files[0], **changes),)))
    assert {key: document["files"][0].get(key) for key in written} == written
    assert ("core-metadata" in document["files"][0]) == ("core-metadata" in written)


@pytest.mark.parametrize(
    ("entries", "claimed"), [([], "1.4"), ([entry()], "1.4"), ([entry(), entry(TWO, size=None)], "1.0")]
)
def test_render_json__api_version__no_more_than_is_kept(entries: list[dict[str, Any]], claimed: str) -> None:
    """VER-04: above 1.0 every file has its size and the versions are listed."""
    document = _rendered(_page(*entries, versions=...))
    assert document["meta"]["api-version"] == claimed
    assert ("versions" in document) == (claimed == "1.4")


@given(pages())
def test_render_json__any_page__reads_back_equal(page: Page) -> None:
    """JSN-02, JSN-07, YNK-06: writing and reading loses nothing, and writing twice gives the same bytes."""
    again = read_json(render_json(page), URL, PROJECT)
    # A source's list of versions is completed, never shortened; without one there is none, or that of the files.
    assert set(page.versions or ()) <= set(again.versions or ())
    assert msgspec.structs.replace(again, versions=page.versions) == page
    assert render_json(again) == render_json(read_json(render_json(again), URL, PROJECT))


@given(pages())
def test_render_json__any_page__no_null_and_no_misnamed_key(page: Page) -> None:
    """JSN-03, JSN-08: the gateway itself writes no null, nor the key that crashes old pips."""
    document = _rendered(page)
    known = {
        "filename",
        "url",
        "hashes",
        "requires-python",
        "size",
        "upload-time",
        "yanked",
        "core-metadata",
        "provenance",
        "gpg-sig",
    }
    for file, model in zip(document["files"], page.files, strict=True):
        assert file.keys() <= known | model.unknown.keys()
        assert all(file[key] is not None for key in known & file.keys())
        assert file["hashes"] == model.hashes
    assert None not in [document.get(key, 0) for key in ("meta", "name", "files", "versions", "project-status")]


@given(
    st.binary(max_size=200)
    | st.builds(body, json_values, json_values, meta=json_values, versions=json_values, project_status=json_values)
)
def test_read_json__arbitrary_bytes__a_page_or_not_a_page(document: bytes) -> None:
    """NEG-11: nothing but NotAPage comes out of whatever a source answers."""
    try:
        page = read_json(document, URL, PROJECT)
    except NotAPage:
        return
    assert render_json(page)


_KEYS = ["filename", "url", "hashes", "requires-python", "size", "upload-time", "yanked", "core-metadata", "provenance"]


@given(st.dictionaries(st.sampled_from(_KEYS), json_values))
def test_read_json__arbitrary_values_in_an_entry__never_cost_the_page(values: dict[str, Any]) -> None:
    """JSN-03: an entry with any value anywhere leaves the rest of the page alone; what is kept can be written."""
    page = _page(entry() | values, entry(TWO))
    assert page.files[-1].filename == TWO
    assert len(read_json(render_json(page), URL, PROJECT).files) == len(page.files)
