"""HTML that comes in parts is read as the same HTML whole."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from addons.simple.markup import tags, tags_in

pieces = st.sampled_from(
    [
        *(
            "<a href='x/'>",
            '<A B="1>2" c>',
            "</a>",
            "text & &amp; more",
            "<",
            ">",
            "<!--",
            "-->",
            "<!-- <a> -->",
            "<br/>",
        ),
        *(
            "<title>",
            "</title>",
            "<script>",
            "</script >",
            "<style",
            "'",
            '"',
            "=",
            "<?x?>",
            "<!doctype html>",
            "\n",
            "é",
        ),
    ]
)


def cut(text: str, size: int) -> list[str]:
    """Cut a text into parts."""
    return [text[at : at + size] for at in range(0, len(text), size)]


@given(st.lists(pieces).map("".join), st.integers(1, 40))
@example("<title><a></title>x<a", 3)
def test_tags__of_a_document_in_parts__are_those_of_the_whole(text: str, size: int) -> None:
    """However the document is cut, its tags are the same."""
    assert list(tags_in(cut(text, size))) == list(tags(text))


def test_tags__far_behind_each_other__come_before_the_document_ends() -> None:
    """HTM-10: a long document is never held whole: its first tag comes when a little more has come."""
    taken = 0

    def parts() -> list[str]:
        nonlocal taken
        taken += 1
        return ["<a href='x/'>x</a>\n" * 1000]

    stream = (part for _ in range(1000) for part in parts())
    assert next(iter(tags_in(stream)))[0] == "a"
    assert taken < 10


def test_element__that_never_ends__is_refused() -> None:
    """What would have to be held whole is not read."""
    with pytest.raises(ValueError, match="element of more than"):
        list(tags_in(["<script>"] + ["x" * 100_000] * 100))


def test_quote__that_closes_far_behind__is_waited_for() -> None:
    """A tag is not read by its first half."""
    text = '<a title="x > y' + "z" * 50_000 + '" href="foo/">foo</a><br>'
    assert list(tags_in(cut(text, 1000))) == list(tags(text))
