"""Provenance is had exactly when its file is; classifiers are PyPI's."""

import gzip
import json
from pathlib import Path

import pytest

from addons.answering.answering import Answering
from addons.answers import Answer
from addons.sources.index import Index
from tests.addons.answering.asking import answer, answering
from tests.addons.answering.legacy_asking import DENY_2, WORDS
from tests.addons.sources.places import own_folder, put_wheel
from tests.fakepypi import FakePyPI, Status

INTEGRITY = "application/vnd.pypi.integrity.v1+json"
BODY = b'{"version": 1, "attestation_bundles": []}'


def attested(pypi: FakePyPI, version: str) -> str:
    """Release a wheel with provenance, and give the path of that."""
    filename = f"demo-{version}-py3-none-any.whl"
    path = f"/integrity/demo/{version}/{filename}/provenance"
    pypi.release("demo", version, extra={"provenance": f"https://pypi.org{path}"})
    pypi.document("pypi.org", path, BODY, INTEGRITY)
    return path


async def ask(asked: Answering, path: str, method: str = "GET", **headers: str) -> Answer:
    """Ask for a path of the index."""
    return await answer(asked, f"https://pypi.org{path}", method, **headers)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", INTEGRITY),
        ("*/*", INTEGRITY),
        (INTEGRITY, INTEGRITY),
        ("application/json", "application/json"),
        (f"application/json, {INTEGRITY};q=0.5", "application/json"),
        (f"text/html, {INTEGRITY};q=0.1", INTEGRITY),
    ],
)
async def test_provenance__of_an_offered_file__is_pypi_s_in_the_type_asked_for(
    pypi: FakePyPI, public: Index, accept: str, expected: str
) -> None:
    """LEG-08: byte for byte, under the label that the client can read."""
    path = attested(pypi, "1.0")
    found = await ask(answering(public, max_age_seconds=9), path, **({"accept": accept} if accept else {}))
    assert (found.status, found.headers["Content-Type"], found.body) == (200, expected, BODY)
    assert (found.headers["Cache-Control"], found.headers["Vary"]) == ("max-age=9", "Accept, Accept-Encoding")


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/*", "nonsense"])
async def test_provenance__in_another_type__is_not_acceptable(pypi: FakePyPI, public: Index, accept: str) -> None:
    """LEG-08: 406, and nobody is asked."""
    path = attested(pypi, "1.0")
    assert (await ask(answering(public), path, accept=accept)).status == 406
    assert pypi.asked() == []


async def test_provenance__asked_again_or_compressed__has_its_own_etag(pypi: FakePyPI, public: Index) -> None:
    """CCH-01, CCH-03: a 304 for what the client has, a tag for each coding and type."""
    path, asked = attested(pypi, "1.0"), answering(public)
    first, zipped = await ask(asked, path), await ask(asked, path, accept_encoding="gzip")
    other = await ask(asked, path, accept="application/json")
    assert gzip.decompress(zipped.body) == BODY
    assert len({found.headers["ETag"] for found in (first, zipped, other)}) == 3
    assert (await ask(asked, path, if_none_match=first.headers["ETag"])).status == 304


@pytest.mark.parametrize("refusals", ["explain", "hide"])
async def test_provenance__of_a_refused_file__is_refused_in_the_same_words(
    pypi: FakePyPI, public: Index, refusals: str
) -> None:
    """LEG-08: what the policy says of the file it says of its provenance; PyPI is not asked for it."""
    path = attested(pypi, "2.0")
    found = await ask(answering(public, policies=[DENY_2], refusals=refusals), path)
    assert (found.status, found.reason) == (403, f"{WORDS}. Ask #help")
    assert pypi.asked("/integrity/") == []


@pytest.mark.parametrize(
    "path",
    [
        "/integrity/demo/1.0/demo-9.9-py3-none-any.whl/provenance",
        "/integrity/demo/9.9/demo-1.0-py3-none-any.whl/provenance",
        "/integrity/demo/nonsense/demo-1.0-py3-none-any.whl/provenance",
        "/integrity/nosuch/1.0/nosuch-1.0-py3-none-any.whl/provenance",
        "/integrity/-/1.0/demo-1.0-py3-none-any.whl/provenance",
        "/integrity/demo/2.0/demo-2.0-py3-none-any.whl/provenance",
    ],
)
async def test_provenance__of_what_is_not_offered_or_has_none__is_not_found(
    pypi: FakePyPI, public: Index, path: str
) -> None:
    """LEG-08: 404 in JSON for a file that no page offers, one of another version, and one without provenance."""
    attested(pypi, "1.0")
    pypi.release("demo", "2.0")
    found = await ask(answering(public), path)
    assert (found.status, json.loads(found.body)) == (404, {"message": "Not Found"})
    assert pypi.asked("/integrity/") == []


async def test_provenance__in_another_spelling_of_name_and_version__is_the_file_s(
    pypi: FakePyPI, public: Index
) -> None:
    """NAM-03, LEG-08: the spelling of the address decides nothing."""
    attested(pypi, "1.0")
    path = "/integrity/DeMo/1.0.0/demo-1.0-py3-none-any.whl/provenance"
    assert (await ask(answering(public), path)).status == 200


async def test_provenance__of_an_own_file__is_not_found(pypi: FakePyPI, public: Index, tmp_path: Path) -> None:
    """LEG-08, MRG-02: a namesake's provenance on PyPI says nothing of our bytes, and PyPI is not asked."""
    path = attested(pypi, "1.0")
    put_wheel(tmp_path / "own", "demo", "1.0")
    assert (await ask(answering(own_folder(tmp_path / "own"), public), path)).status == 404
    assert pypi.asked() == []


async def test_provenance__when_pypi_fails__is_unavailable(pypi: FakePyPI, public: Index) -> None:
    """LEG-08: a fault is no "there is none"."""
    path = attested(pypi, "1.0")
    pypi.fault(path, Status(500))
    assert (await ask(answering(public), path)).status == 503


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_provenance__by_another_method__is_not_allowed(pypi: FakePyPI, public: Index, method: str) -> None:
    """LEG-08: GET and HEAD only."""
    assert (await ask(answering(public), attested(pypi, "1.0"), method)).status == 405


async def test_classifiers__are_those_of_the_source_that_has_some(
    pypi: FakePyPI, public: Index, tmp_path: Path
) -> None:
    """LEG-12: flit asks before it uploads; without a list it is told so."""
    asked, url = answering(own_folder(tmp_path), public), "/pypi?%3Aaction=list_classifiers"
    assert (await ask(asked, url)).status == 404
    assert (await ask(answering(own_folder(tmp_path)), url)).status == 404
    assert len(pypi.asked("/pypi")) == 1


async def test_classifiers__of_pypi__are_passed_on(pypi: FakePyPI, public: Index) -> None:
    """LEG-12: line by line as PyPI has them, under a validator of ours."""
    pypi.document("pypi.org", "/pypi", b"Topic :: Utilities\nTyping :: Typed\n", "text/plain; charset=utf-8")
    found = await ask(answering(public), "/pypi?%3Aaction=list_classifiers")
    assert (found.status, found.body) == (200, b"Topic :: Utilities\nTyping :: Typed\n")
    assert found.headers["Content-Type"] == "text/plain; charset=utf-8"
    again = await ask(answering(public), "/pypi?:action=list_classifiers", if_none_match=found.headers["ETag"])
    assert again.status == 304
