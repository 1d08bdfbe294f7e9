"""The legacy JSON API over HTTP: addresses, validators, codings, and what a warm answer costs."""

import gzip
import json

import pytest
import zstandard

from addons.answering.answering import Answering
from addons.answers import CROSS_ORIGIN, Answer
from addons.sources.index import Index
from addons.view_parts import Memory
from tests.addons.answering.asking import answering, request
from tests.addons.answering.legacy_asking import DENY_2, YANK_2, document, legacy
from tests.addons.sources.places import Time
from tests.fakepypi import FakePyPI

URL = "https://pypi.org/pypi/demo/json"


@pytest.mark.parametrize(
    ("below", "location"),
    [
        ("De_Mo..x", "/pypi/de-mo-x/json"),
        ("DEMO/1.0", "/pypi/demo/1.0/json"),
        ("DEMO/1.0%2Blocal.1", "/pypi/demo/1.0+local.1/json"),
        ("DEMO/a%20b%3Fc", "/pypi/demo/a%20b%3Fc/json"),
    ],
)
async def test_document__under_another_spelling__is_moved(
    pypi: FakePyPI, public: Index, below: str, location: str
) -> None:
    """LEG-05, NAM-05: 301 to the normalised name, before anybody is asked."""
    found = await legacy(answering(public), below)
    assert (found.status, found.headers["Location"]) == (301, location)
    assert pypi.asked() == []


async def test_document__by_its_headers__is_json_with_a_strong_etag_and_the_serial(
    pypi: FakePyPI, public: Index
) -> None:
    """LEG-05, CCH-01, CCH-06, CCH-14, CCH-15, MRG-09: the operator's max-age, not PyPI's; no header is upstream's."""
    pypi.release("demo", "1.0")
    found = await legacy(answering(public, max_age_seconds=30))
    ours = {"Content-Type", "Cache-Control", "Vary", "ETag", "X-PyPI-Last-Serial"}
    assert found.headers.keys() == ours | CROSS_ORIGIN.keys()
    assert found.headers["Content-Type"] == "application/json"
    assert (found.headers["Cache-Control"], found.headers["Vary"]) == ("max-age=30", "Accept-Encoding")
    assert found.headers["ETag"].startswith('"')
    assert found.headers["X-PyPI-Last-Serial"] == str(pypi.projects["demo"].serial)
    assert found.headers["Access-Control-Allow-Origin"] == "*"


async def test_document__asked_again_with_its_etag__is_not_modified(pypi: FakePyPI, public: Index) -> None:
    """CCH-03, CCH-04: 304 for a list, a weak tag or `*`; what describes the body is not in it."""
    pypi.release("demo", "1.0")
    asked = answering(public)
    tag = (await legacy(asked)).headers["ETag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await legacy(asked, if_none_match=sent)
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
        assert "Content-Type" not in again.headers
    assert (await legacy(asked, if_none_match='"other"')).status == 200


async def test_document__in_codings__is_the_same_under_other_etags(pypi: FakePyPI, public: Index) -> None:
    """CCH-01, CCH-13: compressed on request only, and no tag stands for two codings."""
    pypi.release("demo", "1.0")
    asked = answering(public)
    plain = await legacy(asked)
    zipped, small = await legacy(asked, accept_encoding="gzip"), await legacy(asked, accept_encoding="gzip, zstd")
    assert (zipped.headers["Content-Encoding"], small.headers["Content-Encoding"]) == ("gzip", "zstd")
    assert gzip.decompress(zipped.body) == zstandard.ZstdDecompressor().decompress(small.body) == plain.body
    assert len({answer.headers["ETag"] for answer in (plain, zipped, small)}) == 3
    assert "Content-Encoding" not in plain.headers


async def test_etag__changes_with_what_changes_the_document__and_only_with_that(
    pypi: FakePyPI, public: Index, time: Time
) -> None:
    """CCH-02: a policy's edit, a new file and PyPI's new word each make another tag; the same facts the same one."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    memory = Memory()

    async def tag(asked: Answering) -> str:
        return (await legacy(asked)).headers["ETag"]

    first, denied = await tag(answering(public, memory=memory)), answering(public, policies=[DENY_2], memory=memory)
    assert await tag(answering(public, memory=Memory())) == first
    tags = [first, await tag(denied), await tag(answering(public, policies=[YANK_2], memory=memory))]
    pypi.vulnerable("demo", "2.0", "PYSEC-1")
    time.now += 700
    tags.append(await tag(answering(public, memory=memory)))
    pypi.release("demo", "3.0")
    time.now += 700
    tags.append(await tag(answering(public, memory=memory)))
    assert len(set(tags)) == 5


async def test_vulnerability__of_the_release_left_after_a_denial__is_told_when_pypi_tells_it(
    pypi: FakePyPI, public: Index, time: Time
) -> None:
    """LEG-06: the document of the release that stands in for the denied one is kept as fresh as the project's."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    asked = answering(public, policies=[DENY_2])
    assert (await document(asked))["vulnerabilities"] == []
    pypi.vulnerable("demo", "1.0", "PYSEC-10")
    time.now += 700
    assert [found["id"] for found in (await document(asked))["vulnerabilities"]] == ["PYSEC-10"]


@pytest.mark.parametrize("url", [URL, "https://pypi.org/pypi/demo/1.0/json", "https://pypi.org/pypi/demo/2.0/json"])
async def test_warm_document__is_answered_without_waiting_for_anything(pypi: FakePyPI, public: Index, url: str) -> None:
    """LEG-05: a document that was answered before is in hand: nothing is fetched, and nothing suspends."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    asked = answering(public, policies=[DENY_2])
    first = await asked.answer(request(url))
    pypi.clear_log()
    warm = asked.answer(request(url))
    with pytest.raises(StopIteration) as stopped:
        warm.send(None)
    assert stopped.value.value == first
    assert isinstance(first, Answer)
    assert (first.status, pypi.asked()) == (200, [])


async def test_wish_for_a_fresh_document__asks_pypi_again(pypi: FakePyPI, public: Index, time: Time) -> None:
    """CCH-11: `no-cache` reaches upstream as a revalidation, at most every few seconds."""
    pypi.release("demo", "1.0")
    asked = answering(public)
    await document(asked)
    time.now += 6
    await document(asked)
    assert len(pypi.asked("/pypi/demo/json")) == 1
    await document(asked, cache_control="no-cache")
    assert [seen.headers.get("if-none-match") is not None for seen in pypi.asked("/pypi/demo/json")] == [False, True]


async def test_large_document__is_rewritten_wholly(pypi: FakePyPI, public: Index) -> None:
    """LEG-02: one that is worked on beside the event loop is the same as a small one."""
    for number in range(150):
        pypi.release("demo", f"1.{number}")
    made = json.loads((await legacy(answering(public))).body)
    assert (len(made["releases"]), made["info"]["version"]) == (150, "1.149")
