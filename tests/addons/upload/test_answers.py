import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.answers import head
from addons.upload.answers import EXISTS, accepted, told
from addons.upload.refusal import UploadRefused

UV = "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7"
TWO = UploadRefused(400, "unsound", "The wheel has no RECORD.", "The version is none.")


def test_refusal__of_several_things__names_the_first_in_the_phrase_and_all_in_the_body() -> None:
    """UPL-18: twine and poetry print the phrase, and how much more there is stands in it."""
    answer = told(TWO, None)
    assert answer.status == 400
    assert answer.reason == "The wheel has no RECORD. (and 1 more, in the body)"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.body == b"The wheel has no RECORD.\nThe version is none.\n"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("accept", [UV, "application/json", "application/*;q=0.5, text/*;q=0.1"])
def test_refusal__to_who_prefers_json__is_json(accept: str) -> None:
    """UPL-18: uv prints `code`, so all of it stands there, behind the status."""
    answer = told(TWO, accept)
    assert answer.headers["Content-Type"] == "application/json"
    found = json.loads(answer.body)
    assert found["code"] == "400 The wheel has no RECORD.\nThe version is none."
    assert (found["message"], found["title"]) == ("The wheel has no RECORD.\nThe version is none.", "Bad Request")


@pytest.mark.parametrize(
    "accept", [None, "", "*/*", "text/html", "text/plain, application/json", "image/png", "rubbish;;"]
)
def test_refusal__to_anybody_else__is_text(accept: str | None) -> None:
    """UPL-18: exactly when JSON is preferred, and not where anything will do."""
    assert told(TWO, accept).headers["Content-Type"] == "text/plain; charset=utf-8"


@settings(max_examples=60)
@given(st.lists(st.text(), max_size=3), st.sampled_from([400, 403, 405, 409, 410, 503]), st.sampled_from([None, UV]))
def test_refusal__whatever_it_says__can_be_written(lines: list[str], status: int, accept: str | None) -> None:
    """UPL-19, UPL-21: one line of printable ASCII, at most 200 characters; and never a 409."""
    answer = told(UploadRefused(status, "x", *lines), accept)
    assert answer.reason.isascii()
    assert answer.reason.isprintable()
    assert 0 < len(answer.reason) <= 200 or lines[:1] == [""] or not lines[0].strip()
    assert answer.status != 409
    assert head(answer, 0.0).count(b"\r\n\r\n") == 1
    answer.body.decode()


@pytest.mark.parametrize(
    "words",
    ["File already exists", "name 'already exist.whl'", "ALREADY EXIST", "has already been taken", "updating asset", "overwrite artifact",
     "already\n exist", "already\r\nbeen taken"],
)  # fmt: skip
def test_refusal__whose_words_clients_take_for_success__has_others(words: str) -> None:
    """UPL-21: `--skip-existing` looks for such words wherever they are; a name in the text may have them."""
    for status in (400, 403):
        answer = told(UploadRefused(status, "unsound", "no", words), UV)
        said = (answer.body.decode() + answer.reason).lower()
        assert not any(
            each in said for each in ("already exist", "already been taken", "updating asset", "overwrite artifact")
        )


def test_refusal__of_a_file_that_is_there__says_so() -> None:
    """UPL-13: the one that clients may skip."""
    answer = told(UploadRefused(400, EXISTS, "File already exists ('a')."), None)
    assert "already exist" in answer.reason
    assert b"already exist" in answer.body


def test_refusal__very_long__is_cut() -> None:
    """UPL-19: and the number of what else there is stays."""
    answer = told(UploadRefused(400, "unsound", "a" * 5000, *["b" * 5000] * 300), None)
    assert answer.reason.endswith("a... (and 300 more, in the body)")
    assert len(answer.reason) == 200
    assert len(answer.body) <= 20_001


def test_refusal__for_a_fault_of_ours__says_when_to_try_again() -> None:
    """UPL-20: a fault that passes is a 503, and a method that is none a 405."""
    assert told(UploadRefused(503, "disk", "full"), None).headers["Retry-After"] == "30"
    assert told(UploadRefused(405, "action", "no"), None).headers["Allow"] == "POST"


def test_success__with_warnings__has_them_one_a_line() -> None:
    """UPL-17: 200, and nothing else in the body."""
    assert (accepted().status, accepted().body) == (200, b"")
    assert accepted(("one\nline", "two")).body == b"one line\ntwo\n"
