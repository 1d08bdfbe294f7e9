"""Answers as mitmproxy's responses: the very bytes that the lane sends."""

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.net.http.http1 import assemble_response
from mitmproxy.test import tflow

from addons.answers import Answer, absent, body_for, fault, head, moved
from addons.flows import respond

NAMES = st.text(string.ascii_letters, min_size=1, max_size=8).map(lambda name: f"X-{name}")
HEADERS = st.dictionaries(NAMES, st.text(max_size=12), max_size=4)
ANSWERS = st.builds(
    Answer, st.sampled_from([200, 204, 301, 304, 403, 404, 503]), HEADERS, st.binary(max_size=40), st.text(max_size=9)
)


def on_the_flow_road(answer: Answer, method: str, at: float) -> bytes:
    """Give what mitmproxy writes for a flow with this answer."""
    flow = tflow.tflow()
    flow.request.method = method
    flow.request.timestamp_start = at
    respond(flow, answer)
    assert flow.response is not None
    return bytes(assemble_response(flow.response))


@given(ANSWERS, st.sampled_from(["GET", "HEAD"]), st.integers(0, 2_000_000_000))
def test_answer__on_either_road__is_the_same_bytes(answer: Answer, method: str, at: int) -> None:
    """Status line, headers in their order and case, and body: nothing on the wire tells which road was taken."""
    written = head(answer, at) + body_for(answer, method)
    assert written == on_the_flow_road(answer, method, at)
    start, *lines = written.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert start.startswith(b"HTTP/1.1 %d " % answer.status)
    assert len(lines) == 1 + len(answer.headers) + (answer.status not in (204, 304))


@pytest.mark.parametrize("answer", [absent("not here"), fault(), moved("/simple/demo/"), Answer(304, {"ETag": '"a"'})])
def test_answer__given_twice__differs_in_its_date_alone(answer: Answer) -> None:
    """CCH-05: what is written once for an answer is kept; the date is each answer's own."""
    first, second = head(answer, 0), head(answer, time.time())
    assert b"\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n" in first
    assert first.split(b"\r\n")[2:] == second.split(b"\r\n")[2:]
    assert first != second
