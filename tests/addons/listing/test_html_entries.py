"""Project lists in HTML, read tag by tag."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.listing.html_entries import html_entries
from addons.simple.page import NotAPage

HEAD = '<meta name="pypi:repository-version" content="1.1">'


def names(body: str, head: str = HEAD) -> list[str | None]:
    """Read a document: the names of its links, None for links that are nobody's."""
    found = list(html_entries(io.BytesIO(f"<!DOCTYPE html>{head}<body>{body}".encode()), {}))
    return [entry["name"] if isinstance(entry, dict) else None for entry in found]


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ('<a href="foo-bar/">Foo.Bar</a>', "Foo.Bar"),
        ('<a href="/simple/foo-bar/">foo-bar</a>', "foo-bar"),
        ('<a href="https://example.org/simple/Foo_Bar/">foo-bar</a>', "foo-bar"),
        ("<A HREF=foo-bar/>foo-bar</A>", "foo-bar"),
        ('<a href="foo%2Dbar">  foo-bar\n</a>', "foo-bar"),
        ('<a href="foo-bar/?x=1#y">foo-bar/</a>', "foo-bar"),
        ('<a href="foo&#45;bar/"><b>foo</b>-bar</a>', "foo-bar"),
        ('<a href="foo-bar/">foo-bar', "foo-bar"),
        ('<a href="foo/">bar</a>', None),
        ('<a href="../">../</a>', None),
        ('<a href="foo/">Previous</a>', None),
        ('<a href="">foo</a>', None),
        ('<a href="&#x212A;ubernetes/">kubernetes</a>', None),
        ('<a href="foo/">f&lt;oo</a>', None),
    ],
)
def test_link__in_any_spelling__is_the_project_that_path_and_text_agree_on(link: str, name: str | None) -> None:
    """HTM-16: text in any spelling, href with the normalised name; a link that says two things is none."""
    assert names(link) == [name]


def test_anchor__without_href_or_in_a_comment__is_no_link() -> None:
    """HTM-10: what is no link is passed over."""
    assert names('<a name="x">foo</a><!-- <a href="foo/">foo</a> <a href="bar/">bar</a> --><a href="baz/">baz</a>') == [
        "baz"
    ]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", '<a href="/help/">help</a>'),
        ("", '<a href="help">help</a>'),
        ("", '<a href="help/">help</a> <a href="https://example.org/terms">Terms of use</a>'),
        ("<title>Sign in</title>", '<a href="/help/">help</a>'),
        (HEAD, '<form><input type="password"></form>'),
        ("<title>Simple index</title>", '<INPUT name=x TYPE="Password">'),
        ("", ""),
        ("", "Please sign in"),
        ("", "<!-- " + "x" * 5_000_000),
    ],
    ids=[
        *(
            "other page",
            "file's link",
            "other links",
            "titled otherwise",
            "password",
            "password in capitals",
            "nothing",
        ),
        *("words", "endless"),
    ],
)
def test_html__that_is_no_list__is_refused(head: str, body: str) -> None:
    """NEG-11: a login page is no list, and no empty one."""
    with pytest.raises(NotAPage):
        names(body, head)


@pytest.mark.parametrize("title", ["Simple index", "Simple Index", "Index of /simple/", "Directory listing for /"])
def test_html__titled_as_servers_do__is_a_list(title: str) -> None:
    """A root page that names no version is known by its title."""
    assert names('<a href="foo/">foo</a>', f"<title>{title}</title>") == ["foo"]


def test_html__of_nothing_but_plain_links_to_projects__is_a_list() -> None:
    """HTM-16: plain mirrors write links, and not a word of what they are."""
    assert names('<a href="foo/">foo</a><br><a href="foo-bar/">Foo.Bar</a>', "") == ["foo", "Foo.Bar"]


def test_version__of_the_page__is_told() -> None:
    """VER-01: the version stands in a meta tag."""
    about: dict[str, Any] = {}
    assert not list(html_entries(io.BytesIO(HEAD.encode()), about))
    assert about == {"meta": {"api-version": "1.1"}}


@given(st.lists(st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True)))
def test_names__of_any_sound_kind__are_all_found(sound: list[str]) -> None:
    """HTM-16: each project's link is found, in order."""
    assert names("\n".join(f'<a href="{name.lower()}/">{name}</a><br>' for name in sound)) == sound
