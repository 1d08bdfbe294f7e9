import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.simple.negotiation import Form, coding, negotiate

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
PYX = "application/vnd.pyx.simple.v1"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("text/html", Form.LEGACY_HTML),
        (f"{JSON}, {HTML}; q=0.1, text/html; q=0.01", Form.JSON),
        (f"{JSON}, {HTML};q=0.2, text/html;q=0.01", Form.JSON),
        (f"{PYX}+msgpack, {PYX}+json;q=0.9, {JSON};q=0.8, {HTML};q=0.2, text/html;q=0.01", Form.JSON),
        (f"{JSON}, */*;q=0.1", Form.JSON),
        (JSON, Form.JSON),
        ("*/*", Form.LEGACY_HTML),
        (BROWSER, Form.LEGACY_HTML),
        (None, Form.LEGACY_HTML),
    ],
    ids=["pip 22.1", "pip 22.2", "uv", "uv and pyx", "poetry source", "poetry", "curl", "browser", "none"],
)
def test_negotiate__header_of_a_real_client__what_it_expects(accept: str | None, form: Form) -> None:
    """NEG-02: the measured table."""
    assert negotiate(accept) is form


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (HTML, Form.HTML),
        ("application/vnd.pypi.simple.latest+json", Form.JSON),
        ("application/vnd.pypi.simple.latest+html", Form.HTML),
        (JSON.upper() + ";Q=1", Form.JSON),
        (f"{JSON};q=0, text/html;q=0.1", Form.LEGACY_HTML),
        (f"{JSON};q=0, */*", Form.LEGACY_HTML),
        (f"text/html;q=0, {JSON};q=0, */*", Form.HTML),
        (f"{JSON};q=0.5, */*;q=0.8", Form.LEGACY_HTML),
        (f"text/html, {JSON}", Form.JSON),
        (f"{HTML}, {JSON}", Form.JSON),
        (f"{HTML};q=0.001, text/html;q=0.0", Form.HTML),
        ("application/*", Form.JSON),
        ("text/*", Form.LEGACY_HTML),
        ("text/*;q=0.5, application/*;q=0.6", Form.JSON),
        (f"{JSON}, */*", Form.JSON),
        (f"{HTML}, */*", Form.HTML),
        (f"{JSON};charset=utf-8;q=0.2, text/html;q=0.1", Form.JSON),
        (f'{JSON};v="a,b;q=0";q=0.9, text/html;q=0.1', Form.JSON),
        (f"{JSON} ; q=0.3 ,text/html;q=0.2", Form.JSON),
        (f",, {JSON};q=banana, ;q=1, text, {HTML};q=0.2,", Form.HTML),
        (f"{JSON};q=1.5, {HTML};q=0.1", Form.HTML),
        (f"{JSON};q, {HTML};q=0.1", Form.HTML),
        (f"{HTML} , image/*", Form.HTML),
        (f"{JSON} garbage, {HTML};q=0.1", Form.HTML),
        (f"{JSON}\x0b, {HTML};q=0.1", Form.HTML),
        (f"{JSON};q=0.1234, {HTML};q=0.1", Form.HTML),
        (f"{JSON};q=1.000;x=y, {HTML}", Form.JSON),
        ("text/*;q=0.5, application/*;q=0.5", Form.JSON),
    ],
)
def test_negotiate__any_header__as_the_rfc_says(accept: str, form: Form) -> None:
    """NEG-01, NEG-03, NEG-04, NEG-08: qualities, spaces, parameters, case, wildcards, specificity, exclusion."""
    assert negotiate(accept) is form


@pytest.mark.parametrize("accept", ["application/json", "text/invalid", "", "*/*;q=0", "image/*", f"{JSON};q=0"])
def test_negotiate__nothing_acceptable__legacy_html(accept: str) -> None:
    """NEG-07: PyPI's choice."""
    assert negotiate(accept) is Form.LEGACY_HTML


@pytest.mark.parametrize(
    ("wanted", "form"),
    [
        (JSON, Form.JSON),
        (JSON.replace("+", " "), Form.JSON),
        (JSON.replace("+", "%2B"), Form.JSON),
        (HTML.replace("+", "%2b"), Form.HTML),
        ("text/html", Form.LEGACY_HTML),
        ("application/vnd.pypi.simple.latest json", Form.JSON),
        ("application/vnd.pypi.simple.latest+html", Form.HTML),
        ("application/json", Form.HTML),
        ("", Form.HTML),
    ],
)
def test_negotiate__format_in_the_query__wins_if_known(wanted: str, form: Form) -> None:
    """NEG-06: the five names win over Accept, an unknown one is ignored."""
    assert negotiate(HTML, wanted) is form


def test_form__content_type__exact_spelling() -> None:
    """NEG-03, NEG-04, NEG-05: the label is the versioned type, in lower case."""
    assert [form.content_type for form in Form] == [JSON, HTML, "text/html; charset=utf-8"]


@given(st.text(alphabet=st.sampled_from('aq=;,/*."\\ 01+-\t') | st.characters(), max_size=60))
def test_negotiate__arbitrary_text__some_form(text: str) -> None:
    """NEG-01: no header can make it raise."""
    assert negotiate(text, text) in Form
    assert coding(text) in {"zstd", "gzip", "identity"}


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        (None, "identity"),
        ("", "identity"),
        ("identity", "identity"),
        ("Identity", "identity"),
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, zstd", "zstd"),
        ("zstd,gzip,deflate", "zstd"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("zstd;q=0, gzip;q=0.1", "gzip"),
        ("zstd;q=0.3, identity;q=0.4", "identity"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.0, *", "identity"),
        ("gzip;q=0.5, identity;q=0.8", "identity"),
        ("gzip;q=0.8, identity;q=0.5", "gzip"),
        ("br, zstd", "zstd"),
        ("br, deflate", "identity"),
        ("identity;q=0", "identity"),
        ("gzip;q=0.5, *;q=0.8", "identity"),
        ("gzip;q=0.8, *;q=0.5", "gzip"),
        ("*", "identity"),
        ("gzip;q=banana", "identity"),
    ],
)
def test_coding__what_a_client_asks__compressed_only_if_named(accept_encoding: str | None, expected: str) -> None:
    """CCH-13: compress only if asked."""
    assert coding(accept_encoding) == expected
