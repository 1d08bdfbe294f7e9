"""The project list's answer: form, coding, validators, and what goes with them."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from addons.answering.list_answer import ListAnswers
from addons.answering.request import Request
from addons.answers import Answer
from addons.listing.project_list import ProjectList
from addons.listing.store import ListStore
from addons.listing.workshop import Workshop
from addons.origin.tickets import Delivery
from addons.route_kinds import ListRoute
from tests.addons.listing.making import Lists, decoded, no_rules

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
async def answers(tmp_path: Path) -> AsyncIterator[ListAnswers]:
    """Answers for the list of one source."""
    store = ListStore(Workshop(tmp_path))
    source = Lists(projects_now=["Beta", "alpha"])
    yield ListAnswers(ProjectList([source], no_rules, store), 30)
    await store.close()


async def ask(answers: ListAnswers, wanted: str | None = None, **headers: str) -> Answer | Delivery:
    """Ask; underscores in header names stand for dashes."""
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return await answers.answer(ListRoute(wanted), Request("GET", "pypi.org", "/simple/", named, AT))


async def body(delivery: Answer | Delivery) -> bytes:
    """Read what would be streamed, and undo its coding."""
    assert isinstance(delivery, Delivery)
    async with delivery.source.read(delivery.file, None) as reading:
        sent = b"".join([chunk async for chunk in reading.chunks])
    assert len(sent) == delivery.file.size
    return decoded(sent, delivery.headers.get("Content-Encoding", "identity"))


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [(JSON, JSON), (HTML, HTML), ("text/html", "text/html; charset=utf-8"), ("", "text/html; charset=utf-8")],
)
@pytest.mark.parametrize("accept_encoding", ["gzip, deflate", "zstd,gzip", "identity", ""])
async def test_list__in_every_form_and_coding__is_labelled_as_what_it_is(
    answers: ListAnswers, accept: str, content_type: str, accept_encoding: str
) -> None:
    """NEG-04, NEG-09, CCH-13: type and coding are what was asked for, and what is sent."""
    answer = await ask(answers, accept=accept, accept_encoding=accept_encoding)
    assert answer.headers["Content-Type"] == content_type
    expected = {"gzip, deflate": "gzip", "zstd,gzip": "zstd"}.get(accept_encoding)
    assert answer.headers.get("Content-Encoding") == expected
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    whole = await body(answer)
    assert [entry["name"] for entry in json.loads(whole)["projects"]] == ["alpha", "Beta"] if accept == JSON else True
    assert (b'<a href="beta/">Beta</a>' in whole) == (accept != JSON)


async def test_form__named_in_the_query__wins(answers: ListAnswers) -> None:
    """NEG-06: `?format=` says more than Accept."""
    assert (await ask(answers, HTML, accept=JSON)).headers["Content-Type"] == HTML


async def test_etags__of_all_representations__differ(answers: ListAnswers) -> None:
    """CCH-01, NEG-09: a strong ETag each, though two types have the same bytes."""
    etags = [
        (await ask(answers, accept=accept, accept_encoding=code)).headers["ETag"]
        for accept in (JSON, HTML, "text/html")
        for code in ("identity", "gzip", "zstd")
    ]
    assert len(set(etags)) == 9
    assert all(etag.startswith('"') for etag in etags)


async def test_client__that_has_this_very_list__gets_304(answers: ListAnswers) -> None:
    """CCH-03, CCH-04: our own tag, weak or in a list or any, is answered with 304 and the headers that belong to it."""
    whole = await ask(answers, accept=JSON)
    etag = whole.headers["ETag"]
    for sent in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        answer = await ask(answers, accept=JSON, if_none_match=sent)
        assert isinstance(answer, Answer)
        assert (answer.status, answer.body) == (304, b"")
        same = ("ETag", "Cache-Control", "Vary", "X-PyPI-Last-Serial", "Access-Control-Allow-Origin")
        assert {name: answer.headers.get(name) for name in same} == {name: whole.headers.get(name) for name in same}
        assert "Content-Type" not in answer.headers
        assert "Content-Encoding" not in answer.headers
    assert isinstance(await ask(answers, accept=HTML, if_none_match=etag), Delivery)


async def test_headers__say_how_long_it_counts_and_upstreams_serial(answers: ListAnswers) -> None:
    """CCH-06, CCH-15, MRG-09: our own max-age, upstream's serial, and the CORS set as PyPI has it."""
    headers = (await ask(answers, accept=JSON)).headers
    assert headers["Cache-Control"] == "max-age=30"
    assert headers["X-PyPI-Last-Serial"] == "77"
    assert headers["Access-Control-Allow-Origin"] == "*"
