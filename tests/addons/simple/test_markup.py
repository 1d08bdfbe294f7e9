from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.simple.markup import Attributes, tags


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("no < markup 1<2 <3", []),
        ("<P>x &amp;lt; y</P>z", [("p", {}, "x &lt; y"), ("/p", {}, "z")]),
        ("<a  HREF = 'x>y' b=\"1'2\" c=/d/e checked>",
         [("a", {"href": "x>y", "b": "1'2", "c": "/d/e", "checked": None}, "")]),
        ("<a href=x href=y/>", [("a", {"href": "x"}, "")]),
        ("<a/href=x/>", [("a", {"href": "x/"}, "")]),
        ("<a href= >b", [("a", {"href": ""}, "b")]),
        ('<a href="a&amp;b&quot;">', [("a", {"href": 'a&b"'}, "")]),
        ("<br/><br />", [("br", {}, ""), ("br", {}, "")]),
        ("<!DOCTYPE html><?xml?></><!-- <a> -->x<!-->y<!--->z",
         [("", {}, "")] * 3 + [("", {}, "x"), ("", {}, "y"), ("", {}, "z")]),
        ("<script>'<a href=x>'</scripty></SCRIPT >y", [("script", {}, "'<a href=x>'</scripty>"), ("/script", {}, "y")]),
        ("<title>a <b>c</title>", [("title", {}, "a <b>c"), ("/title", {}, "")]),
        ("x<b>y<a href='", [("b", {}, "y")]),
        ("<b>y<!-- <i>", [("b", {}, "y")]),
        ("<b>y<!x <i", [("b", {}, "y")]),
        ("<b>y</a <i", [("b", {}, "y")]),
        ("<script><a>", [("script", {}, "<a>")]),
        (f"<b>&#{'9' * 5000};", [("b", {}, f"&#{'9' * 5000};")]),
        ('<a = "x>y', [("a", {"": "", '"x': None}, "y")]),
        ("</é>x<é>y", [("", {}, "x<é>y")]),
    ],
)  # fmt: skip
def test_tags__a_document__tags_attributes_texts(text: str, expected: list[tuple[str, Attributes, str]]) -> None:
    """HTM-10: case, quotes, references, comments, raw elements; what never ends ends the document."""
    assert list(tags(text)) == expected


@pytest.mark.parametrize(
    "piece",
    ["<", "<a ", "<!--", "<!", "<![CDATA[", "</a ", "</", "<a x=\"", "<a x='\"", "<script>", "<a b", "<a =",
    "<a x= ", "&#", "<meta charset", "-->", "<a>"],
)  # fmt: skip
def test_tags__hostile_repetition__time_grows_with_length(piece: str) -> None:
    """A source cannot stop the gateway with 300 kB of what never ends (the standard parser needs minutes)."""
    started = process_time()
    for ending in ("", ">", '">', "-->"):
        list(tags(piece * (300_000 // len(piece)) + ending))
    assert process_time() - started < 20  # seconds; about one on a slow machine


@given(st.text(st.sampled_from("<>/!-?=\"' ab&;#\n") | st.characters(), max_size=60))
def test_tags__arbitrary_text__nothing_raised(text: str) -> None:
    """Whatever a source writes is read to its end."""
    for name, attributes, _ in tags(text):
        assert name == name.lower()
        assert all(key == key.lower() for key in attributes)
