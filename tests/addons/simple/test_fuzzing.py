"""Pages as a broken or hostile source may send them: a page, or NotAPage, and never slowly."""

from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.simple.html_form import read_html, render_html
from addons.simple.json_form import read_json, render_json
from addons.simple.names import ProjectName
from addons.simple.page import NotAPage, Page
from tests.addons.simple import strict_client
from tests.addons.simple.drawing import PROJECT, SHA256, URL, body, law, listed

type Read = Callable[[bytes, str, ProjectName], Page]

ENTRIES = [listed("foo_bar-1.0-py3-none-any.whl"), listed("foo-bar-1.0.tar.gz"), listed("foo_bar-2.0-py2.7.egg")]
JSON = body(*ENTRIES, meta={"api-version": "1.4", "_last-serial": 7}, project_status={"status": "active"})
HTML = render_html(read_json(JSON, URL, PROJECT))
SCRAPS = [
    b"", b"\0", b"\xff", b'"', b"'", b"\\", b"\\ud800", b"{", b"}", b"[", b"]", b",", b":", b"null", b"1e999", b"-", b"<", b">",
    b"&", b"&#", b"<!--", b"-->", b"</a>", b"<base href=//", b"<script>", b"=", b"#", b"%", b"/..", b"//", b" ", b"\r\n",
]  # fmt: skip
changes = st.lists(
    st.tuples(st.integers(0), st.integers(0, 40), st.sampled_from(SCRAPS) | st.binary(max_size=4)), max_size=4
)
many = settings(law, max_examples=300)


def _mutated(document: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    for at, length, scrap in cuts:
        place = at % (len(document) + 1)
        document = document[:place] + scrap + document[place + length :]
    return document


def _read(read: Read, document: bytes) -> None:
    """Read; what is a page can be written, and then be read by every client."""
    try:
        page = read(document, URL, PROJECT)
    except NotAPage:
        return
    strict_client.read_json(render_json(page))
    strict_client.read_html(render_html(page))


@many
@given(changes)
def test_read_json__a_damaged_page__a_page_or_not_a_page(cuts: list[tuple[int, int, bytes]]) -> None:
    """NEG-11: bytes missing, added and changed anywhere in a page of PyPI's."""
    _read(read_json, _mutated(JSON, cuts))


@many
@given(changes)
def test_read_html__a_damaged_page__a_page_or_not_a_page(cuts: list[tuple[int, int, bytes]]) -> None:
    """NEG-11: the same in HTML, where nearly anything is some page."""
    _read(read_html, _mutated(HTML, cuts))


@law
@given(st.binary(max_size=300))
def test_read__random_bytes__a_page_or_not_a_page(document: bytes) -> None:
    """NEG-11: bytes without any sense."""
    _read(read_json, document)
    _read(read_html, document)


ENTRY, LINK = body(ENTRIES[0])[len(body()) - 2 :], f'<a href="x-1.zip#sha256={SHA256}">x</a>'.encode()
HOSTILE: list[tuple[Read, str, bytes, bytes, bytes]] = [
    (read_json, "one file again and again", b'{"files": [', body(ENTRIES[0]).partition(b'"files": [')[2][:-2] + b",", b"0]}"),
    (read_json, "lists in lists", b'{"files": ', b"[", b""),
    (read_json, "objects in objects", b"", b'{"files":', b""),
    (read_json, "surrogates", b'{"files": [], "x": "', b"\\ud800", b'"}'),
    (read_json, "backslashes", b'{"files": [], "x": "', b"\\\\", b'\\ud800"}'),
    (read_json, "one key again and again", b"{", b'"files": [],', b'"files": []}'),
    (read_json, "digits", b'{"files": [], "x": ', b"9", b"}"),
    (read_json, "numbers", b'{"files": [', b"7,", b"7]}"),
    (read_json, "hyphens", b'{"files": [{"filename": "', b"-", b'", "url": "x", "hashes": {}}]}'),
    (read_json, "dots in a URL", b'{"files": [{"filename": "x", "hashes": {}, "url": "', b"../", b'x"}]}'),
    (read_json, "versions", b'{"files": [], "versions": [', b'"1.0",', b'"1"]}'),
    (read_html, "links", b"", LINK, b""),
    (read_html, "links that never end", b"", b'<a href="', b""),
    (read_html, "attributes", b"<a href=x", b' data-x="y"', b">x</a>"),
    (read_html, "tags before the first link", b"", b"<meta a>", LINK),
    (read_html, "spaces in a link", b'<a href="x"', b" ", b"<"),
    (read_html, "titles", b"", b"<title>", b""),
    (read_html, "references", b'<a href="', b"&amp;", b'">x</a>'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("read", "front", "piece", "back"), [(row[0], *row[2:]) for row in HOSTILE], ids=[row[1] for row in HOSTILE]
)
def test_read__hostile_repetition__time_grows_with_length(read: Read, front: bytes, piece: bytes, back: bytes) -> None:
    """NEG-11: a million bytes of one thing are read in the time that a million bytes take."""
    started = process_time()
    _read(read, front + piece * (1_000_000 // len(piece)) + back)
    assert process_time() - started < 20  # seconds; well under one on a quiet machine


def test_read_json__a_host_for_each_file__read_in_linear_time() -> None:
    """NEG-11, JSN-05: no memory of hosts makes a page of many hosts slow."""
    names = [f"foo_bar-{number}-py3-none-any.whl" for number in range(3000)]
    entries = [listed(name, url=f"https://h{number}.example.org/{name}") for number, name in enumerate(names)]
    started = process_time()
    assert len(read_json(body(*entries), URL, PROJECT).files) == len(names)
    assert process_time() - started < 20
