import logging
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.simple.html_form import read_html, render_html
from addons.simple.json_form import read_json, render_json
from addons.simple.page import File, NotAPage, Page, Refusal
from tests.addons.simple.drawing import PROJECT, SHA256, URL, body, entry, hostile, pages

WHEEL = "foo_bar-1.0-py3-none-any.whl"
VERSION = '<meta name="pypi:repository-version" content="1.0">'


def _page(markup: str) -> Page:
    return read_html(f"<!DOCTYPE html><html><head>{VERSION}</head><body>{markup}</body></html>".encode(), URL, PROJECT)


def _file(attributes: str = "", href: str = f"https://example.org/{WHEEL}", text: str = WHEEL) -> File:
    (file,) = _page(f'<a href="{href}" {attributes}>{text}</a>').files
    return file


def _one(**changes: Any) -> Page:
    page = read_json(body(entry()), URL, PROJECT)
    return msgspec.structs.replace(page, files=(msgspec.structs.replace(page.files[0], **changes),))


def test_read_html__page_of_pypi__every_field() -> None:
    """HTM-09, HTM-12, HTM-15: all that an anchor says is on the model."""
    file = _file(
        f'data-requires-python="&gt;=3.8,&lt;4" data-yanked="it &quot;broke&quot;" data-core-metadata="sha256={SHA256}"'
        f' data-dist-info-metadata="sha256={SHA256}" data-provenance="https://pypi.org/p" data-gpg-sig="true"'
        ' data-size="12" data-upload-time="2024-01-01T00:00:00Z"',
        href=f"../../f/{WHEEL}#sha256={SHA256}",
    )
    assert file == File(
        filename=WHEEL,
        url=f"https://pypi.org/f/{WHEEL}",
        hashes={"sha256": SHA256},
        requires_python=">=3.8,<4",
        size=12,
        upload_time="2024-01-01T00:00:00Z",
        yanked='it "broke"',
        core_metadata={"sha256": SHA256},
        provenance="https://pypi.org/p",
        gpg_sig=True,
    )


@pytest.mark.parametrize(
    ("attributes", "name", "value"),
    [
        ('data-requires-python=">=3.6"', "requires_python", ">=3.6"),
        ('data-requires-python="&amp;gt;=3.6"', "requires_python", "&gt;=3.6"),
        ("data-requires-python", "requires_python", None),
        ("data-yanked", "yanked", True),
        ('data-yanked=""', "yanked", True),
        ('data-yanked="false"', "yanked", "false"),
        ("", "yanked", False),
        ('data-core-metadata="true"', "core_metadata", True),
        ('data-core-metadata="false"', "core_metadata", False),
        ('data-core-metadata=""', "core_metadata", False),
        ("data-core-metadata", "core_metadata", False),
        ('data-core-metadata="sha256=short"', "core_metadata", False),
        ('data-core-metadata="false" data-dist-info-metadata="true"', "core_metadata", False),
        (f'data-dist-info-metadata="sha256={SHA256}"', "core_metadata", {"sha256": SHA256}),
        ('data-gpg-sig="false"', "gpg_sig", False),
        ('data-provenance="http://example.org/"', "provenance", None),
        ('data-upload-time="soon"', "upload_time", None),
    ],
)
def test_read_html__one_attribute__as_the_standards_say(attributes: str, name: str, value: object) -> None:
    """HTM-04, HTM-05, HTM-06, HTM-12, HTM-13: unescaped once, presence is a yank, false is not announced."""
    assert getattr(_file(attributes), name) == value


@pytest.mark.parametrize(
    "markup",
    [
        f"<A HREF='https://example.org/{WHEEL}'>\n  {WHEEL}\n</A>",
        f"<a href=https://example.org/{WHEEL}>{WHEEL}</a>",
        f"<a href='https://example.org/{WHEEL}'>{WHEEL}",
        f"<a name=top></a><!-- <a href='foo-bar-3.zip'> --><a href='https://example.org/{WHEEL}'>x</a><!--SERIAL 7-->",
        f"<a href='../'>Parent</a><a href='?C=N;O=D'>Name</a><a href='https://example.org/{WHEEL}'>{WHEEL[:20]}..&gt;</a>",
        f"<a href='https://example.org/{WHEEL}'><a href='mailto:x@example.org'>x</a>",
        f"<script>'<a href={WHEEL}>'</script><a href='https://example.org/{WHEEL}' href='https://example.org/other'>x</a>",
    ],
)
def test_read_html__markup_of_all_sorts__the_one_file(markup: str, caplog: pytest.LogCaptureFixture) -> None:
    """HTM-10: case, quotes, comments, spaces and anchors that are no files are tolerated in silence."""
    assert [file.url for file in _page(markup).files] == [f"https://example.org/{WHEEL}"]
    assert not caplog.records


def test_read_html__character_references_in_href__resolved() -> None:
    """HTM-10: `&amp;` in a link is an ampersand."""
    assert _file(href=f"https://example.org/a&amp;b/{WHEEL}").url == f"https://example.org/a&b/{WHEEL}"


@pytest.mark.parametrize(
    ("bases", "url"),
    [
        ('<base href="/f/">', f"https://pypi.org/f/{WHEEL}"),
        ('<base href="https://example.org/f/"><base href="/g/">', f"https://example.org/f/{WHEEL}"),
        ("<base target=x>", f"https://pypi.org/simple/foo-bar/{WHEEL}"),
        ('<base href="https://[">', f"https://pypi.org/simple/foo-bar/{WHEEL}"),
    ],
)
def test_read_html__base__links_follow_the_first(bases: str, url: str) -> None:
    """HTM-09: resolved against the first base, itself against the page's URL; one that is no URL is passed over."""
    assert _page(f"{bases}<a href='{WHEEL}'>{WHEEL}</a>").files[0].url == url


@pytest.mark.parametrize(
    ("fragment", "hashes"),
    [
        ("", {}),
        ("#", {}),
        ("#egg=foo", {}),
        (f"#sha256={SHA256.upper()}", {"sha256": SHA256}),
        (f"#sha1={'0' * 40}", {"sha1": "0" * 40}),
        (f"#egg=foo&amp;md5={'0' * 32}", {"md5": "0" * 32}),
    ],
)
def test_read_html__fragment__a_hash_or_nothing(fragment: str, hashes: dict[str, str]) -> None:
    """HTM-07: known hashes are read, whatever else is there is not."""
    assert _file(href=f"https://example.org/{WHEEL}{fragment}").hashes == hashes


@pytest.mark.parametrize(
    "markup",
    [
        f"<a href='{WHEEL}'>foo_bar-2.0-py3-none-any.whl</a>",
        "<a href='evil-1.0-py3-none-any.whl'>evil</a>",
        f"<a href='{WHEEL}#sha256=short'>x</a>",
    ],
)
def test_read_html__unsound_file__dropped_with_one_warning(markup: str, caplog: pytest.LogCaptureFixture) -> None:
    """HTM-11, JSN-18: a text that is another distribution, another project's file, a hash that cannot be one."""
    assert _page(markup).files == ()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize(
    "document",
    [
        b"", b"404 Not Found", b"{}", b"<h1>Welcome</h1><a href='/login'>log in</a>", b"<![x",
        b"<a href='evil-1.0.tar.gz'>x</a>",
        b"<title>Links for foo-bar</title><form><input name=user><INPUT TYPE=' Password '></form>",
        b'<meta name="pypi:repository-version" content="2.0">', b'<meta name="pypi:repository-version" content="x">',
        VERSION.encode() + b'<meta name="pypi:repository-version" content="2.0">',
        b"<a href='foo-bar-banana.tar.gz'>x</a>",
    ],
    ids=repr,
)  # fmt: skip
def test_read_html__no_page__refused(document: bytes) -> None:
    """NEG-11, VER-02: login forms, errors with status 200 and pages of a later API are no pages."""
    with pytest.raises(NotAPage):
        read_html(document, URL, PROJECT)


@pytest.mark.parametrize(
    "document",
    [
        VERSION,
        "<TITLE>Links for foo-bar</TITLE>",
        "<h1>Links for <i>foo</i></h1>",
        f"<title>Index of /</title><a href='{WHEEL}'>x</a>",
    ],
)
def test_read_html__signs_of_a_page__accepted(document: str) -> None:
    """A version tag, the usual title, or a file of the project make a page; without files it is an empty one."""
    assert len(read_html(document.encode(), URL, PROJECT).files) == document.count("<a ")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("<a href={w} data-yanked='é'>".encode(), "é"),
        (b"\xef\xbb\xbf" + "<a href={w} data-yanked='é'>".encode(), "é"),
        ("<meta charset=latin-1><a href={w} data-yanked='é'>".encode(), "é"),
        ("<meta charset='ISO-8859-1'><a href={w} data-yanked='é'>".encode("latin-1"), "é"),
        ("<a href={w} data-yanked='é'>".encode("latin-1"), "\ufffd"),
        ("<meta charset='utf-7'><a href={w} data-yanked='é'>".encode("latin-1"), "\ufffd"),
    ],
)
def test_read_html__charset__utf_8_unless_it_cannot_be(document: bytes, reason: str) -> None:
    """HTM-10: UTF-8 whatever is declared, Latin only where declared, and no byte costs the page."""
    assert read_html(document.replace(b"{w}", WHEEL.encode()), URL, PROJECT).files[0].yanked == reason


def test_read_html__status_tags__read_and_quarantine_empties() -> None:
    """HTM-14, YNK-10: the status and its reason are read; a quarantined page offers nothing."""
    page = _page(
        '<meta name="pypi:project-status" content="quarantined">'
        '<meta name="pypi:project-status-reason" content="a&amp;b">'
        f"<a href='{WHEEL}'>x</a>"
    )
    assert (page.status, page.status_reason, page.files) == ("quarantined", "a&b", ())


def test_render_html__a_page__valid_and_nothing_but_files() -> None:
    """HTM-01, HTM-02, HTM-08: doctype, one version tag, one anchor per file whose text is the filename, no base."""
    assert render_html(_one()).decode() == (
        '<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset="utf-8">\n'
        '    <meta name="pypi:repository-version" content="1.4">\n    <title>Links for foo-bar</title>\n  </head>\n'
        "  <body>\n    <h1>Links for foo-bar</h1>\n"
        f'    <a href="https://files.pythonhosted.org/packages/ab/cd/{WHEEL}#sha256={SHA256}"'
        f' data-requires-python="&gt;=3.8">{WHEEL}</a><br>\n  </body>\n</html>\n'
    )


@pytest.mark.parametrize(
    ("changes", "has", "has_not"),
    [
        ({"yanked": True}, 'data-yanked=""', "data-core-metadata"),
        ({"yanked": ""}, 'data-yanked=""', "data-gpg-sig"),
        ({"yanked": "it's <&>\r"}, 'data-yanked="it&#x27;s &lt;&amp;&gt;&#13;"', "<&>"),
        ({"yanked": 'x"><a href=//evil>'}, "x&quot;&gt;&lt;a href=//evil&gt;", "<a href=//"),
        ({"core_metadata": True}, 'data-core-metadata="true"', "data-yanked"),
        ({"core_metadata": {"sha256": SHA256, "md5": "0"}}, f'data-core-metadata="sha256={SHA256}"', "md5"),
        ({"core_metadata": {"sha1": "0"}}, 'data-core-metadata="true"', "sha1"),
        ({"gpg_sig": False}, 'data-gpg-sig="false"', "data-yanked"),
        ({"provenance": "https://pypi.org/p"}, 'data-provenance="https://pypi.org/p"', "data-yanked"),
        ({"hashes": {"sha1": "0" * 40, "k12": "0"}}, f'{WHEEL}"', "#"),
        ({"hashes": {"md5": "0" * 32, "sha512": "1" * 128}}, f"#sha512={'1' * 128}", "md5"),
        ({"refused": Refusal("deny", "secret words")}, WHEEL, "secret"),
        ({"size": None}, 'content="1.0"', "1.4"),
    ],
)
def test_render_html__one_field__written_safely(changes: dict[str, Any], has: str, has_not: str) -> None:
    """HTM-03 to HTM-07, HTM-12, HTM-13, VER-05: escaped once, safe hashes only, never false or empty metadata."""
    written = render_html(_one(**changes)).decode()
    assert has in written
    assert has_not not in written


@pytest.mark.parametrize(("status", "tags"), [("archived", 2), ("active", 2), ("of-tomorrow", 0), (None, 0)])
def test_render_html__status__only_those_of_the_standard(status: str | None, tags: int) -> None:
    """HTM-14, JSN-13: an unknown status has no tag."""
    page = msgspec.structs.replace(_one(), status=status, status_reason="it's <old>")
    written = render_html(page).decode()
    assert written.count("pypi:project-status") == tags
    assert ("it&#x27;s &lt;old&gt;" in written) == (tags > 0)


@given(pages())
def test_render_html__any_page__agrees_with_its_json(page: Page) -> None:
    """HTM-18: after reading back, both forms say the same of files, yanks, requires-python and metadata."""
    from_html = read_html(render_html(page), URL, PROJECT)
    from_json = read_json(render_json(page), URL, PROJECT)

    def agreed(file: File) -> tuple[object, ...]:
        metadata = file.core_metadata
        if isinstance(metadata, dict):  # HTML has room for one hash that every client knows
            metadata = {"sha256": metadata["sha256"]} if "sha256" in metadata else True
        yanked, requires = (
            text.replace("\0", "\ufffd") if isinstance(text, str) else text
            for text in (file.yanked, file.requires_python)
        )  # the one character that cannot be written in HTML
        return (
            file.filename, file.url, file.hashes.get("sha256"), requires, yanked, metadata,
            file.provenance, file.gpg_sig,
        )  # fmt: skip

    assert list(map(agreed, from_html.files)) == list(map(agreed, from_json.files))
    if page.status != "of-tomorrow":
        assert from_html.status == from_json.status


@given(hostile, hostile)
def test_render_html__hostile_texts__survive_and_add_no_anchor(reason: str, requires: str) -> None:
    """HTM-03, YNK-06: any text is read back as it was, and stays a text."""
    page = _one(yanked=reason or True, requires_python=requires)
    again = read_html(render_html(page), URL, PROJECT)
    assert render_html(page).count(b"<a ") == 1
    assert again.files[0].yanked == (reason.replace("\0", "\ufffd") or True)
    assert again.files[0].requires_python == requires.replace("\0", "\ufffd")


_PIECES = st.sampled_from(
    ["<a href=", "'", '"', WHEEL, ">", "</a>", "<!--", "-->", "<![", "<!", "<?", "&#", "&amp", "<base href=",
    "//[", "#sha256=", "<input type=password>", VERSION]
)  # fmt: skip


@given(
    st.binary(max_size=200)
    | st.lists(_PIECES | st.text(max_size=5), max_size=20).map(lambda parts: "".join(parts).encode("utf-8", "replace"))
)
def test_read_html__arbitrary_bytes__a_page_or_not_a_page(document: bytes) -> None:
    """NEG-11: nothing but NotAPage comes out of whatever a source answers."""
    try:
        page = read_html(document, URL, PROJECT)
    except NotAPage:
        return
    assert render_html(page)
    assert render_json(page)
