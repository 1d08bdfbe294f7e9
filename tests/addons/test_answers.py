import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.answers import (
    Answer,
    absent,
    bad_upstream,
    fault,
    method_not_allowed,
    misdirected,
    moved,
    phrase,
    problem,
    refused,
    unavailable,
    with_date,
)


@given(st.text())
def test_phrase__of_any_text__is_one_short_line_of_printable_ascii(words: str) -> None:
    """Nothing that a person writes can end the status line, break a header, or fail to be encoded."""
    line = phrase(words)
    assert len(line) <= 200
    assert all(" " <= character <= "~" for character in line)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("steals tokens", "steals tokens"),
        ("a\r\nSet-Cookie: b\tc", "a Set-Cookie: b c"),
        ("gefährlich\x00", "gef?hrlich?"),
        ("x" * 200, "x" * 200),
        ("x" * 5000, "x" * 197 + "..."),
    ],
)
def test_phrase__of_awkward_words__keeps_what_it_can(words: str, line: str) -> None:
    """What fits stays as it is; the rest is replaced, joined or cut."""
    assert phrase(words) == line


@given(st.text(), st.text())
def test_problem__in_any_words__is_whole_json_and_clean_headers(words: str, detail: str) -> None:
    """Body and headers hold for every reason that an operator or a client can bring about."""
    answer = problem(403, "deny", words, detail)
    document = json.loads(answer.body)
    assert (document["status"], document["code"]) == (403, "deny")
    assert "\n" not in document["detail"]
    assert all(value.isascii() and value.isprintable() for value in answer.headers.values())
    assert answer.headers["X-Error-Message"] == answer.reason == phrase(words)


def test_problem__with_a_detail__tells_it_in_the_body_only() -> None:
    """The phrase is what pip prints, the detail what uv prints."""
    answer = problem(403, "deny", "Blocked by wheelgate", "demo 2.0: Blocked by wheelgate")
    assert answer.reason == "Blocked by wheelgate"
    assert json.loads(answer.body)["detail"] == "demo 2.0: Blocked by wheelgate"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (refused("deny", "w"), 403),
        (absent("w"), 404),
        (misdirected("w"), 421),
        (unavailable("w"), 503),
        (bad_upstream("w"), 502),
        (fault(), 500),
        (method_not_allowed("PUT"), 405),
    ],
)
def test_answers__of_each_kind__have_their_status_and_are_stored_nowhere(answer: Answer, status: int) -> None:
    """A refusal that a client keeps would outlive its reason."""
    assert answer.status == status
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_unavailable__always__says_when_to_ask_again() -> None:
    """Retries are wanted for a fault that may pass."""
    assert unavailable("w").headers["Retry-After"] == "5"


def test_method_not_allowed__for_a_hostile_method__says_it_cleanly() -> None:
    """NAM-08: Allow is there, and what the client sent cannot break the line."""
    answer = method_not_allowed("PUT\r\nX: y")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert answer.reason == "wheelgate: PUT X: y is not a method of this route"


def test_moved__to_a_place__names_it() -> None:
    """NAM-05: the one permanent redirect."""
    assert (moved("/simple/a/").status, moved("/simple/a/").headers["Location"]) == (301, "/simple/a/")


def test_with_date__for_an_instant__adds_it_in_http_form() -> None:
    """CCH-05: a Date is on every answer, and nothing else is lost."""
    headers = with_date(Answer(200, {"ETag": '"a"'}), 0.0)
    assert headers == {"Date": "Thu, 01 Jan 1970 00:00:00 GMT", "ETag": '"a"'}
