"""The project list through a whole gateway."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from tests.addons.sources.places import put_wheel
from tests.fakepypi import FakePyPI, Status
from tests.gateway.conftest import Start
from tests.gateway.listing import PUBLIC
from tests.gateway.running import RunningGateway

URL = "https://pypi.org/simple/"
JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"


def names(answer: httpx.Response) -> Sequence[str]:
    """The names on a list in JSON."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, JSON)
    return [entry["name"] for entry in answer.json()["projects"]]


def test_list__of_a_gateway_with_nothing_configured__is_pypis(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """JSN-21, HTM-16, MRG-09: PyPI's projects and serial, in JSON and in HTML."""
    pypi.create("beta")
    pypi.create("alpha")
    in_json, in_html = (gateway.get(URL, accept=accept) for accept in (JSON, "text/html"))
    assert names(in_json) == ["alpha", "beta"]
    assert in_html.headers["content-type"] == "text/html; charset=utf-8"
    assert '<a href="alpha/">alpha</a>' in in_html.text
    assert {answer.headers["x-pypi-last-serial"] for answer in (in_json, in_html)} == {str(pypi.serial)}
    assert len(pypi.asked(URL.removeprefix("https://pypi.org"))) == 1


def test_list__has_own_projects_and_no_reserved_ones(start: Start, pypi: FakePyPI, tmp_path: Path) -> None:
    """MRG-02, MRG-04, MRG-12: the list says what the pages say; a new own project shows on the next request."""
    put_wheel(tmp_path / "wheels", "mine", "1.0")
    for name in ("mine", "theirs", "acme-x", "acmex"):
        pypi.create(name)
    gateway = start(sources=[{"name": "acme", "folder": str(tmp_path / "wheels")}, PUBLIC], reserved=["acme-*"])
    assert names(gateway.get(URL, accept=JSON)) == ["acmex", "mine", "theirs"]
    put_wheel(tmp_path / "wheels", "acme-new", "1.0")
    assert names(gateway.get(URL, accept=JSON)) == ["acme-new", "acmex", "mine", "theirs"]
    assert len(pypi.asked("/simple/")) == 1


WHOLE = [
    {"allow": [{"project": "acme-let", "reason": "we build on it"}]},
    {"deny": [
        {"project": "Bad", "reason": "it is"},
        {"project": "Acme_*", "reason": "not ours"},
        {"project": "ended", "reason": "it was", "until": "2024-01-01"},
        {"project": "ending", "reason": "it is yet", "until": "9999-01-01"},
        {"project": "partly", "versions": "<2", "reason": "old"},
    ]},
]  # fmt: skip


@pytest.mark.parametrize(
    ("refusals", "policies", "hidden"),
    [
        ("explain", WHOLE, set()),
        ("hide", WHOLE, {"bad", "acme-x", "ending"}),
        (
            "hide",
            [WHOLE[0], {"deny": [{"project": "*", "reason": "ask"}]}],
            {*["acme", "acme-x", "bad", "ended", "ending", "partly"]},
        ),
    ],
)
def test_project__that_is_wholly_forbidden__is_listed_where_its_page_says_why(
    start: Start, pypi: FakePyPI, refusals: str, policies: Sequence[object], hidden: set[str]
) -> None:
    """LEG-12, MRG-12: by name, prefix and `*`, while the rule lasts, but for what is allowed: as the pages show."""
    projects = ("acme", "acme-let", "acme-x", "bad", "ended", "ending", "partly")
    for name in projects:
        pypi.release(name, "1.0")
    gateway = start(policies=policies, refusals=refusals)
    assert names(gateway.get(URL, accept=JSON)) == [name for name in projects if name not in hidden]
    if refusals == "hide":
        empty = {name for name in projects if not gateway.page(name).json()["files"]}
        assert empty - {"partly"} == hidden - {"partly"}


def test_list__asked_for_again__is_not_sent_again(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """CCH-01, CCH-03, CCH-05: an ETag of ours, a Date, and 304 for who has it; HEAD says what GET does (NAM-07)."""
    pypi.create("alpha")
    first = gateway.get(URL, accept=JSON, accept_encoding="gzip")
    assert "date" in first.headers
    again = gateway.get(URL, accept=JSON, accept_encoding="gzip", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    head = gateway.get(URL, "HEAD", accept=JSON, accept_encoding="gzip")
    told = ("content-type", "content-encoding", "content-length", "etag", "vary")
    assert {name: head.headers.get(name) for name in told} == {name: first.headers.get(name) for name in told}


def test_list__of_twenty_thousand__arrives_whole_in_every_coding_and_range(
    gateway: RunningGateway, pypi: FakePyPI
) -> None:
    """CCH-13, FIL-03: it streams from disk, compressed where asked, and in parts."""
    with pypi.lock:
        for number in range(20_000):
            pypi.create(f"project-{number:05}")
    plain = gateway.get(URL, accept=JSON, accept_encoding="identity")
    assert len(names(plain)) == 20_000
    assert json.loads(plain.content)["projects"][7] == {"_last-serial": 1008, "name": "project-00007"}
    for coding in ("gzip", "zstd"):
        coded = gateway.get(URL, accept=JSON, accept_encoding=coding)
        assert coded.headers["content-encoding"] == coding
        assert int(coded.headers["content-length"]) < len(plain.content) / 4
        assert coded.content == plain.content
    part = gateway.get(URL, accept=JSON, accept_encoding="identity", range="bytes=100-199")
    assert (part.status_code, part.content) == (206, plain.content[100:200])


def test_list__that_cannot_be_had__is_503_in_words(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """NEG-11: PyPI's fault is told as such, and is no empty list; it heals with the next request."""
    pypi.create("alpha")
    pypi.fault("/simple/", Status(200, b'{"projects": [', JSON), times=1)
    answer = gateway.get(URL, accept=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "no project list" in answer.reason_phrase
    assert names(gateway.get(URL, accept=JSON)) == ["alpha"]


def test_list__of_an_index_with_html_only__is_given_in_both_forms(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """NEG-10: what upstream has in HTML clients have in JSON."""
    page = b"<!DOCTYPE html><title>Simple index</title><a href='/simple/foo-bar/'>Foo.Bar</a><a href='a/'>a</a>"
    body, headers = gzip.compress(page), {"Content-Encoding": "gzip"}
    pypi.fault("/simple/", Status(200, body, "text/html", headers))
    assert names(gateway.get(URL, accept=JSON)) == ["a", "Foo.Bar"]
    assert '<a href="foo-bar/">Foo.Bar</a>' in gateway.get(URL, accept=HTML).text
