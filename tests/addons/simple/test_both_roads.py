"""Files are understood many at a time where they are written as PyPI writes them, and one by one where not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.simple.entries import Entries
from addons.simple.html_form import read_html, render_html
from addons.simple.html_reader import Reader
from addons.simple.json_form import read_json, render_json
from addons.simple.links import Links
from addons.simple.page import File, NotAPage, Page
from tests.addons.simple.drawing import PROJECT, SHA256, URL, body, json_values, law, listed, pages

WHEELS = [f"foo_bar-{number}.0-py3-none-any.whl" for number in range(4)]
NAMES = [*WHEELS, "Foo.Bar-1.0-py3-none-any.whl", "foo-bar-1.0.tar.gz", "foo_bar-1.0.zip", "foo-bar-1.0-py2.7.egg",
         "evil-1.0.tar.gz", "foo_bar-extra-1.0.tar.gz", "foo_bar-1.0+a.1-py3-none-any.whl", "x", "", ".foo-1.0.zip", 7]  # fmt: skip
HASHES: list[Any] = [
    {"sha256": SHA256.upper()}, {"sha256": "ab"}, {"sha256": "zz" * 32}, {"sha256": "é" * 64}, {"md5": "0" * 32}, {},
    {"sha256": SHA256, "md5": "0" * 32}, {"sha256": SHA256, "md5": "zz"}, {"sha256": SHA256, "MD5": "0" * 32}, {"sha256": 7}, {"SHA256": SHA256}, None, True, False, [],
]  # fmt: skip
TIMES = [
    "2024-01-02T03:04:05Z", "2024-01-02T24:00:00.000000Z", "2024-02-30T00:00:00.000000Z", "2024-01-02T03:04:05.6789Z",
    "2024-01-02T03:04:05.678901+01:00", "2024-01-02T03:04:05.678901234Z", "2024-01-02 03:04:05.678901Z", "yesterday",
    "", "2024-01-02T03:04:60.000000Z", "\uff12024-01-02T03:04:05.678901Z", "2024-01-02", "T03:04:05.678901Z", 7, None,
]  # fmt: skip
URLS = [
    "{}", "../../packages/ab/{}", "/packages/{}", "//example.org/{}", "https://example.org/{}", "HTTPS://EXAMPLE.ORG/{}",
    "https://user:x@example.org/{}", "https://example.org:8443/a b/{}", "https://example.org/{}?x=y", "../../../../{}",
    "https://example.org/a/../{}", "https://example.org/./{}", "https://example.org/%2e%2e/{}", "ftp://example.org/{}",
    "https://example.org/{}#sha256=0", "https:{}", "https:///{}", "https://[::1]/{}", "https://é.example.org/{}",
    "https://example.org/a;b/{}", "https://example.org/x", "../..//packages/{}", "./{}", "https://example.org/a\\{}",
    " https://example.org/{} ", "https://example.org//{}", "https://example.org/{}\n", "../a:b/{}", "https://x/../../{}",
]  # fmt: skip
ODD: dict[str, list[Any]] = {
    "filename": NAMES,
    "hashes": HASHES,
    "core-metadata": HASHES,
    "data-dist-info-metadata": HASHES,
    "dist-info-metadata": HASHES,
    "upload-time": TIMES,
    "url": [*URLS, 7, None],
    "yanked": [True, "broken", "", None, 0, [], "false"],
    "requires-python": [None, "", "banana", "&gt;=3", 3],
    "provenance": [None, "", "http://pypi.org/p", "https://", "https:///p", "https://pypi.org/a b", "https://pypi.org/é",
                   "https://pypi.org/p\n", 7],
    "size": [None, 0, -1, 2**63 - 1, 2**63, 2**70, 1.0, 1e3, "12", "-1", True],
    "gpg-sig": [True, False, None, "x"],
    "unknown": [None, {"a": 1}],
    "_x": [1.5, [None]],
}  # fmt: skip


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an entry as PyPI writes it, nearly always with a key out of order or missing."""
    name = draw(st.sampled_from(WHEELS) | st.sampled_from(NAMES))
    entry = listed(name)
    for key in draw(st.lists(st.sampled_from([*ODD]), max_size=2)):
        if draw(st.booleans()) and key in entry:
            del entry[key]
        else:
            entry[key] = draw(st.sampled_from(ODD[key]) | json_values)
    if isinstance(entry.get("url"), str):
        entry["url"] = entry["url"].replace("{}", str(name))
    return entry


def _singly(documents: list[Any]) -> tuple[File, ...]:
    """Read each entry the long way, as the standard library's parser gives it."""
    found = Entries(URL, PROJECT)
    for document in json.loads(json.dumps(documents)):
        if isinstance(document, dict):
            found.add(document)
    return found.finish()


@law
@given(st.lists(entries(), max_size=6))
def test_read_json__any_entries__the_same_files_on_both_roads(documents: list[Any]) -> None:
    """JSN-04 to JSN-12, JSN-16 to JSN-19: the road of many files at a time decides as the road of one file does, to the last field."""
    assert read_json(body(*documents), URL, PROJECT).files == _singly(documents)


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in ODD.items() for value in values])
def test_read_json__one_odd_value_among_many__the_same_files_on_both_roads(key: str, value: object) -> None:
    """JSN-04 to JSN-12, JSN-16 to JSN-19: each oddity, alone on a page of plain files, changes its own file and no other."""
    name = value if key == "filename" else WHEELS[0]
    value = value.replace("{}", WHEELS[0]) if isinstance(value, str) else value
    documents = [listed(WHEELS[1]), listed(name) | {key: value}, listed(WHEELS[2])]
    page = read_json(body(*documents), URL, PROJECT)
    assert page.files == _singly(documents)
    assert {file.filename for file in page.files} >= {WHEELS[1], WHEELS[2]}


def test_read_json__many_files_and_a_few_odd_ones__the_same_files_in_the_same_order() -> None:
    """JSN-20: wherever the odd ones stand in a page of a thousand files, all stay in the source's order."""
    documents = [listed(f"foo_bar-{number}-py3-none-any.whl") for number in range(1000)]
    documents[300] |= {"yanked": ""}
    documents[301] |= {"hashes": {"sha256": SHA256, "md5": "0" * 32}}
    documents[700] |= {"x": 1}
    documents[999] |= {"size": None, "filename": "evil-1.0.tar.gz"}
    page = read_json(body(*documents), URL, PROJECT)
    assert page.files == _singly(documents)
    assert [file.filename for file in page.files] == [document["filename"] for document in documents[:999]]


@pytest.mark.parametrize("cut", range(1, 54))
def test_read_json__times_cut_in_the_wrong_place__none_of_them_is_one(cut: int) -> None:
    """JSN-11: two texts that only together look like two times are two unreadable ones, on both roads."""
    both = "2024-01-02T03:04:05.678901Z2025-01-02T03:04:05.678901Z"
    documents = [listed(WHEELS[0], upload_time=both[:cut]), listed(WHEELS[1], upload_time=both[cut:])]
    page = read_json(body(*documents), URL, PROJECT)
    assert page.files == _singly(documents)
    if cut != 27:
        assert None in [file.upload_time for file in page.files]


@pytest.mark.parametrize("written", ["1e400", "9" * 5000, '"\\ud800"', '"\\udc00 \\ud83d\\ude00"', '"a\\\\ud800"'])
def test_read_json__what_nobody_can_hold__costs_one_file_at_most(written: str) -> None:
    """JSN-02: numbers out of all range and halves of characters are legal JSON, and harm no other file."""
    document = body(listed(WHEELS[0], x="HERE"), listed(WHEELS[1])).replace(b'"HERE"', written.encode())
    page = read_json(document, URL, PROJECT)
    assert page.files[-1].filename == WHEELS[1]
    again = json.loads(render_json(page))
    if len(page.files) == 2:  # what could be kept is what the source wrote, but for the halves
        whole = json.loads(written).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        assert again["files"][0]["x"] == whole


def test_read_json__a_byte_that_is_no_character__costs_that_text_only() -> None:
    """JSN-01: garbled text in one entry is written on as U+FFFD, never as bytes that clients cannot decode."""
    document = body(listed(WHEELS[0], yanked="HERE"), listed(WHEELS[1])).replace(b"HERE", b"caf\xe9")
    page = read_json(document, URL, PROJECT)
    assert [file.yanked for file in page.files] == ["caf\ufffd", False]


@pytest.mark.parametrize("first", [WHEELS[1], 7, None])
def test_read_json__repeated_keys_in_an_entry__what_is_written_is_what_was_judged(first: object) -> None:
    """JSN-22: of two keys in one object the last counts, for the gateway and for who reads what it writes."""
    written = json.dumps(listed(WHEELS[0]))
    doubled = '{"filename": ' + json.dumps(first) + ', "hashes": {"sha256": "x", "sha256": 1}, "x": {"y": 1, "y": 2}, '
    page = read_json(body("HERE").replace(b'"HERE"', (doubled + written[1:]).encode()), URL, PROJECT)
    assert page.files == _singly([listed(WHEELS[0], x={"y": 2})])
    assert render_json(page).count(b'"filename"') == 1
    assert render_json(page).count(b'"y"') == 1


@law
@given(st.sampled_from(URLS), st.lists(st.sampled_from(URLS), max_size=4), st.sampled_from([
    URL, "https://pypi.org/simple/foo-bar", "https://user:x@example.org/é/", "http://example.org:8080/a/b/c/?x=y/z"]))  # fmt: skip
def test_plain__links_of_a_page__what_resolving_each_one_gives(one: str, others: list[str], base: str) -> None:
    """JSN-05, HTM-09: a glance at many links finds what a look at each does, or says that it takes one."""
    urls = [url.replace("{}", WHEELS[0]) for url in (one, *others)]
    found = Links(base).plain(urls)
    if found is not None:
        assert [(url, url.rpartition("/")[2]) for url in found] == [Links(base).resolve(f"\t{url}") for url in urls]


@pytest.mark.parametrize("url", URLS)
def test_plain__a_link_after_a_sound_one_of_its_host__what_resolving_it_gives(url: str) -> None:
    """JSN-05, NAM-09: knowing the host makes no path sound: dots, escapes and queries are seen all the same."""
    urls = [f"{front}/{WHEELS[1]}" for front in ("https://example.org", "https://pypi.org")]
    urls.append(url.replace("{}", WHEELS[0]))
    found = Links(URL).plain(urls)
    if found is not None:
        assert (found[-1], found[-1].rpartition("/")[2]) == Links(URL).resolve(f"\t{urls[-1]}")


def test_rebase__after_links_of_the_page__later_ones_follow_it() -> None:
    """HTM-09: what was found out of the old base does not outlive it."""
    links = Links(URL)
    assert links.plain([f"../{WHEELS[0]}"]) == [f"https://pypi.org/simple/{WHEELS[0]}"]
    links.rebase("https://pypi.org/a/b/")
    assert links.plain([f"../{WHEELS[0]}"]) == [f"https://pypi.org/a/{WHEELS[0]}"]


def _tag_by_tag(text: str) -> tuple[File, ...]:
    """Read a page with a comment in front, behind which no link is taken for a plain one."""
    reader = Reader(URL, PROJECT)
    reader.read("<!-- -->" + text)
    return reader.entries.finish()


@law
@given(pages())
def test_read_html__a_rendered_page__the_same_files_on_both_roads(page: Page) -> None:
    """HTM-04 to HTM-13: links read many at a time give the files that they give tag by tag."""
    written = render_html(page)
    assert read_html(written, URL, PROJECT).files == _tag_by_tag(written.decode())


PIECES = [
    f'<a href="{WHEELS[0]}">{WHEELS[0]}</a>', f'<a href="../../f/{WHEELS[1]}#sha256={SHA256}">{WHEELS[1]}</a><br>\n',
    f'<a href="https://example.org/{WHEELS[2]}#sha256={SHA256}" data-yanked="a&amp;b" data-yanked="c">{WHEELS[2]}</a>',
    f'<a href="{WHEELS[3]}#sha256={SHA256}" data-core-metadata="false" data-dist-info-metadata="true">{WHEELS[3]}</a>',
    f'<a href="../../f/{WHEELS[3]}#blake2b={SHA256}">{WHEELS[3]}</a>', f'<a href="{WHEELS[3]}#sha256={SHA256}" >{WHEELS[3]}</a>',
    f'<a href="{WHEELS[3]}#sha256={SHA256}" data-gpg-sig="true" data-size="7" >{WHEELS[3]}</a  >',
    f'<a href="{WHEELS[3]}#sha256={SHA256}&amp;egg=x" data-upload-time="soon">\n{WHEELS[3]}\n</a> 12-May 1M',
    f'<a href="{WHEELS[0]}">{WHEELS[1]}</a>', '<a href="">x</a>', '<a href="../">..</a>', '<a href="#sha256=x">y</a>',
    f"<a href={WHEELS[0]}>", "</a>", "<h1>Links for x</h1>", "<h1>", "</h1>", "<title>", "</title>", "<!--", "-->",
    "<script>", "</script>", '<base href="https://example.org/b/">', '<meta "=">', "<body a='>'>", "text", "<br />", "<b>",
    '<a href="evil-1.0.tar.gz">x</a>', "<!doctype html>", "<html>", "</head>", '<p title="<a ">', "<a ", "\n",
]  # fmt: skip


def _compare(text: str) -> None:
    quick, slow = Reader(URL, PROJECT), Reader(URL, PROJECT)
    quick.read(text)
    slow.read("<!-- -->" + text)
    assert quick.entries.finish() == slow.entries.finish()
    assert (quick.titled, quick.asks_password) == (slow.titled, slow.asks_password)


@pytest.mark.parametrize("piece", PIECES)
def test_read_html__one_piece_between_plain_links__the_same_files_on_both_roads(piece: str) -> None:
    """HTM-09 to HTM-11: whatever stands between plain links is read as it is read alone."""
    plain = f'<a href="../foo_bar-{{}}-py3-none-any.whl#sha256={SHA256}">foo_bar-{{}}-py3-none-any.whl</a>\n'
    head = "<!doctype html><html><head><title>x</title></head><body>"
    for before in ("", head, plain.format(8, 8), f"{head}<h1>Links for x"):
        _compare(before + piece + plain.format(9, 9) + "</h1>")


@law
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_read_html__markup_in_any_order__the_same_files_on_both_roads(text: str) -> None:
    """HTM-09 to HTM-11: no markup makes the short road for plain links see other links than there are."""
    _compare(text)


def test_read_html__thousand_plain_links__all_of_them() -> None:
    """HTM-10: more links than are understood at once."""
    names = [f"foo_bar-{number}-py3-none-any.whl" for number in range(1000)]
    links = "".join(f'<a href="../../{name}#sha256={SHA256}">{name}</a><br/>\n' for name in names)
    assert [file.filename for file in read_html(f"<body>{links}</body>".encode(), URL, PROJECT).files] == names


@law
@given(
    st.lists(entries(), max_size=4), st.dictionaries(st.sampled_from(["meta", "versions", "x", "files"]), json_values)
)
def test_read_json__any_top_level__read_or_refused_whatever_the_files(
    documents: list[Any], top: dict[str, Any]
) -> None:
    """JSN-02, NEG-11: keys that PyPI does not write at the top change nothing of the files."""
    try:
        page = read_json(body(*documents, **top), URL, PROJECT)
    except NotAPage:
        return
    if "files" not in top and page.status != "quarantined":
        assert page.files == _singly(documents)
