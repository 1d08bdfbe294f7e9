"""The legacy JSON API of public projects: PyPI's own documents, rewritten to agree with the page."""

import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from addons.policies.policy import Policy
from addons.sources.index import Index
from tests.addons.answering.asking import answering
from tests.addons.answering.legacy_asking import DENY_2, DENY_ALL, WORDS, YANK_2, document, files, legacy, shown
from tests.addons.legacy.making import documents
from tests.addons.sources.places import Time, public_index
from tests.fakepypi import FakePyPI


async def test_document__without_policies__is_pypi_s(pypi: FakePyPI, public: Index) -> None:
    """LEG-01, LEG-04: what PyPI says arrives: texts, digests, vulnerabilities, serial."""
    pypi.release("demo", "1.0", kind="sdist")
    two = pypi.release("demo", "2.0", requires=["click>=8"], requires_python=">=3.9")
    pypi.vulnerable("demo", "2.0", "PYSEC-1")
    made = await document(answering(public))
    assert (made["info"]["version"], made["info"]["summary"]) == ("2.0", "demo 2.0 in a line")
    assert (made["info"]["requires_dist"], made["info"]["requires_python"]) == (["click>=8"], ">=3.9")
    assert [found["id"] for found in made["vulnerabilities"]] == ["PYSEC-1"]
    assert (made["last_serial"], made["ownership"]["roles"][0]["user"]) == (pypi.projects["demo"].serial, "somebody")
    assert list(made["releases"]) == ["1.0", "2.0"]
    assert made["urls"][0]["digests"]["sha256"] == two.sha256
    assert made["urls"][0]["md5_digest"] == "0" * 32


@pytest.mark.parametrize("policies", [[], [DENY_2], [DENY_ALL], [YANK_2], [YANK_2, DENY_2]])
@pytest.mark.parametrize("refusals", ["explain", "hide"])
async def test_documents__under_policies__agree_with_the_page(
    pypi: FakePyPI, public: Index, policies: Sequence[Policy], refusals: str
) -> None:
    """LEG-02, LEG-03, YNK-08: files, URLs and yanks are the page's in both forms, whatever the policies."""
    for version in ("1.0", "2.0", "3.0rc1"):
        pypi.release("demo", version)
        pypi.release("demo", version, kind="sdist", yanked="half" if version == "1.0" else False)
    asked = answering(public, policies=policies, refusals=refusals)
    listed = await shown(asked)
    if not listed:
        assert (await legacy(asked)).status == 404
        return
    made = await document(asked)
    assert files(made) == listed
    for version, told in made["releases"].items():
        assert (await document(asked, f"demo/{version}"))["urls"] == told


async def test_document__of_a_denied_latest_release__describes_the_highest_that_is_left(
    pypi: FakePyPI, public: Index
) -> None:
    """LEG-02, LEG-06: `info` and vulnerabilities are those of the release that clients get instead."""
    pypi.release("demo", "1.5", requires=["old"])
    pypi.release("demo", "2.0", requires=["evil"])
    pypi.release("demo", "3.0rc1")
    pypi.vulnerable("demo", "1.5", "PYSEC-15")
    pypi.vulnerable("demo", "2.0", "PYSEC-20")
    for refusals in ("explain", "hide"):
        made = await document(answering(public, policies=[DENY_2], refusals=refusals))
        assert (made["info"]["version"], made["info"]["requires_dist"]) == ("1.5", ["old"])
        assert [found["id"] for found in made["vulnerabilities"]] == ["PYSEC-15"]
        assert [one["filename"] for one in made["urls"]] == ["demo-1.5-py3-none-any.whl"]
        assert made["info"]["yanked"] is False


async def test_denied_release__explained__is_yanked_in_the_policy_s_words(pypi: FakePyPI, public: Index) -> None:
    """YNK-08: as on the page, so that whoever asks for the file is told why; `info` says so too."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    asked = answering(public, policies=[DENY_2])
    [told] = (await document(asked))["releases"]["2.0"]
    assert (told["yanked"], told["yanked_reason"]) == (True, WORDS)
    info = (await document(asked, "demo/2.0"))["info"]
    assert (info["yanked"], info["yanked_reason"]) == (True, WORDS)


@pytest.mark.parametrize("version", ["2.0", "2.0.0", "2", "v2.0"])
async def test_denied_release__hidden__is_not_found_in_any_spelling(
    pypi: FakePyPI, public: Index, version: str
) -> None:
    """LEG-03: 404 in JSON, and PyPI is not even asked about it; the project's document has nothing of it."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    asked = answering(public, policies=[DENY_2], refusals="hide")
    found = await legacy(asked, f"demo/{version}")
    assert (found.status, json.loads(found.body)) == (404, {"message": "Not Found"})
    assert (found.headers["Content-Type"], found.headers["Cache-Control"]) == ("application/json", "no-store")
    assert pypi.asked("/pypi/demo/2.0/json") == []
    assert b"2.0" not in (await legacy(asked)).body


async def test_denied_project__hidden__is_not_found_and_explained__is_there_to_say_why(
    pypi: FakePyPI, public: Index
) -> None:
    """LEG-03: nothing is left of a hidden project; an explained one keeps its files, whose refusal tells why."""
    pypi.release("demo", "1.0")
    assert (await legacy(answering(public, policies=[DENY_ALL], refusals="hide"))).status == 404
    asked = answering(public, policies=[DENY_ALL])
    assert files(await document(asked)) == await shown(asked)


async def test_yanked_release__by_policy__is_not_what_the_project_s_document_describes(
    pypi: FakePyPI, public: Index
) -> None:
    """LEG-02, YNK-08: our yank counts like PyPI's."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    asked = answering(public, policies=[YANK_2])
    assert (await document(asked))["info"]["version"] == "1.0"
    info = (await document(asked, "demo/2.0"))["info"]
    assert (info["version"], info["yanked"]) == ("2.0", True)
    assert info["yanked_reason"] == "Yanked by wheelgate: yank: breaks panels"


@pytest.mark.parametrize("spelling", ["1.0", "1.0.0", "1", "1.00"])
async def test_version__in_another_spelling__is_the_same_release(pypi: FakePyPI, public: Index, spelling: str) -> None:
    """LEG-03: versions are compared in their canonical form; PyPI's spelling is told."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "1.0.1")
    made = await document(answering(public), f"demo/{spelling}")
    assert (made["info"]["version"], "releases" in made) == ("1.0", False)
    assert [one["filename"] for one in made["urls"]] == ["demo-1.0-py3-none-any.whl"]


@pytest.mark.parametrize("below", ["nosuch", "nosuch/1.0", "demo/9.9", "demo/nonsense", "-", "caf%C3%A9", "demo/%20"])
async def test_document__of_what_is_not_there__is_not_found_in_json(pypi: FakePyPI, public: Index, below: str) -> None:
    """LEG-03: PyPI's own words for an unknown project, version, or impossible name."""
    pypi.release("demo", "1.0")
    found = await legacy(answering(public), below)
    assert (found.status, json.loads(found.body)) == (404, {"message": "Not Found"})
    assert found.reason.startswith("wheelgate: ")


async def test_quarantined_project__is_not_found(pypi: FakePyPI, public: Index) -> None:
    """YNK-09: a quarantined project's page is there without files; its document is not."""
    pypi.release("demo", "1.0")
    pypi.quarantine("demo", reason="malware")
    pypi.document("pypi.org", "/pypi/demo/json", b'{"info": {"version": "1.0"}, "releases": {"1.0": []}}')
    assert [(await legacy(answering(public), below)).status for below in ("demo", "demo/1.0")] == [404, 404]


async def test_file__that_the_page_has_lost__is_gone_from_a_document_that_still_has_it(
    pypi: FakePyPI, public: Index, time: Time
) -> None:
    """LEG-02: documents and page are asked at different times; the page decides."""
    pypi.release("demo", "1.0")
    gone = pypi.release("demo", "2.0")
    asked = answering(public)
    assert (await document(asked))["info"]["version"] == "2.0"
    stale = (await legacy(asked)).body
    pypi.unlist(gone)
    pypi.document("pypi.org", "/pypi/demo/json", stale)
    time.now += 700
    made = await document(asked)
    assert files(made) == await shown(asked)
    assert (list(made["releases"]), made["info"]["version"]) == (["1.0"], "1.0")


async def test_document__of_pypi__that_is_none__is_unavailable_in_words(
    pypi: FakePyPI, public: Index, caplog: pytest.LogCaptureFixture
) -> None:
    """LEG-02: a login page or a cut-off document is never passed on, nor made up for."""
    pypi.release("demo", "1.0")
    pypi.document("pypi.org", "/pypi/demo/json", b"<html>log in</html>", "text/html")
    with caplog.at_level(logging.WARNING):
        found = await legacy(answering(public))
    assert (found.status, found.headers["Content-Type"]) == (503, "application/problem+json")
    assert "text/html" in found.reason
    assert (await legacy(answering(public), "demo/1.0")).status == 200


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents)
async def test_document__out_of_anything_that_pypi_says__agrees_or_is_unavailable(
    pypi: FakePyPI, upstream: dict[str, Any]
) -> None:
    """LEG-02: a document of nonsense is made sense of, or refused in words; it adds no file and hides none."""
    pypi.release("foo-bar", "1.0")
    pypi.release("foo-bar", "2.0", yanked="broken")
    for path in ("/pypi/foo-bar/json", "/pypi/foo-bar/1.0/json"):
        pypi.document("pypi.org", path, json.dumps(upstream).encode())
    async with public_index(pypi) as index:
        asked = answering(index)
        for below in ("foo-bar", "foo-bar/1.0"):
            found = await legacy(asked, below)
            assert found.status == (200 if isinstance(upstream.get("info"), dict) else 503)
            if found.status == 200 and below == "foo-bar":
                assert files(json.loads(found.body)) == await shown(asked, "foo-bar")
