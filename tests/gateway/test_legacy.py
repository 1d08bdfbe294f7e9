"""The legacy JSON API through a real gateway: what poetry, pip-audit, pipenv and twine ask."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakepypi import FakePyPI
from tests.fakepypi.building import Recipe, wheel
from tests.gateway.conftest import Start
from tests.gateway.listing import PUBLIC, listed
from tests.gateway.running import RunningGateway

DENY = {"deny": [{"project": "De.Mo", "versions": "==2.0", "reason": "steals tokens", "id": "MAL-1"}]}
WORDS = "Blocked by wheelgate: deny MAL-1: steals tokens"


def document(gateway: RunningGateway, below: str, host: str = "pypi.org") -> Any:
    """Give a document that there is."""
    found = gateway.get(f"https://{host}/pypi/{below}/json")
    assert (found.status_code, found.headers["Content-Type"]) == (200, "application/json")
    return found.json()


def of_page(gateway: RunningGateway, project: str) -> list[tuple[object, ...]]:
    """Give what a page lists, in the words of the documents."""
    return sorted(
        (file["filename"], file["url"], bool(file.get("yanked", False)), file.get("requires-python"), file["size"])
        for file in listed(gateway, project)
    )


def of_document(made: Any) -> list[tuple[object, ...]]:
    """Give the same of a project's document."""
    files = [file for release in made["releases"].values() for file in release]
    return sorted((f["filename"], f["url"], f["yanked"], f["requires_python"], f["size"]) for f in files)


def test_document__of_a_public_project__agrees_with_its_page(start: Start, pypi: FakePyPI) -> None:
    """LEG-01, LEG-02, YNK-08: under a policy, every file of the one is in the other, alike; every one can be had or is refused."""
    for version in ("1.0", "2.0", "3.0rc1"):
        pypi.release("de-mo", version, requires_python=">=3.9", yanked=version == "1.0" and "old")
        pypi.release("de-mo", version, kind="sdist")
    pypi.vulnerable("de-mo", "1.0", "PYSEC-1")
    gateway = start(policies=[DENY])
    made = document(gateway, "de-mo")
    assert of_document(made) == of_page(gateway, "de-mo")
    assert made["info"]["version"] == "1.0"
    assert [found["id"] for found in made["vulnerabilities"]] == ["PYSEC-1"]
    for version, files in made["releases"].items():
        for file in files:
            assert gateway.get(file["url"]).status_code == (403 if version == "2.0" else 200)


def test_denied_release__hidden__is_not_found(start: Start, pypi: FakePyPI) -> None:
    """LEG-03: in JSON, in any spelling, and nothing of it in the project's document."""
    pypi.release("de-mo", "1.0")
    pypi.release("de-mo", "2.0")
    gateway = start(policies=[DENY], refusals="hide")
    for version in ("2.0", "2.0.0"):
        found = gateway.get(f"https://pypi.org/pypi/de-mo/{version}/json")
        assert (found.status_code, found.json()) == (404, {"message": "Not Found"})
    made = document(gateway, "de-mo")
    assert (list(made["releases"]), made["info"]["version"]) == (["1.0"], "1.0")


def test_denied_release__explained__says_why(start: Start, pypi: FakePyPI) -> None:
    """LEG-03, YNK-08: yanked in the policy's words, as on the page; decided so in docs/decisions/0015."""
    pypi.release("de-mo", "1.0")
    pypi.release("de-mo", "2.0")
    made = document(start(policies=[DENY]), "de-mo/2.0.0")
    assert (made["info"]["version"], made["info"]["yanked"], made["info"]["yanked_reason"]) == ("2.0", True, WORDS)
    assert [(file["yanked"], file["yanked_reason"]) for file in made["urls"]] == [(True, WORDS)]


def test_own_project__has_both_documents_and_pypi_is_not_asked(start: Start, pypi: FakePyPI, tmp_path: Path) -> None:
    """LEG-01, LEG-06, MRG-02, MRG-06: what poetry needs is there, and the files that it names can be had."""
    folder = tmp_path / "own"
    folder.mkdir()
    name, body = wheel(Recipe(name="acme", version="1.0+corp1", requires=["flask"], requires_python=">=3.9"))
    (folder / name).write_bytes(body)
    pypi.release("acme", "9.0")
    gateway = start(sources=[{"name": "own", "folder": str(folder)}, PUBLIC])
    for made in (document(gateway, "acme"), document(gateway, "acme/1.0+corp1"), document(gateway, "acme/1.0%2Bcorp1")):
        info, [file] = made["info"], made["urls"]
        assert (info["name"], info["version"], info["requires_dist"]) == ("acme", "1.0+corp1", ["flask"])
        assert (info["requires_python"], made["vulnerabilities"]) == (">=3.9", [])
        assert gateway.get(file["url"]).content == body
    assert of_document(document(gateway, "acme")) == of_page(gateway, "acme")
    assert pypi.asked() == []


def test_release__on_a_plain_mirror__has_a_document(start: Start, pypi: FakePyPI) -> None:
    """LEG-01: composed where upstream has none, so that poetry finds every release."""
    pypi.release("demo", "1.0", requires=["click"], announce_metadata=True)
    pypi.release("demo", "2.0")
    pypi.legacy = "projects"
    made = document(start(), "demo/1.0")
    assert (made["info"]["version"], made["info"]["requires_dist"]) == ("1.0", ["click"])


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/pypi/De_Mo/json", "/pypi/de-mo/json"),
        ("/pypi/De_Mo/1.0/json", "/pypi/de-mo/1.0/json"),
        ("/pypi/de-mo/json/", "/pypi/de-mo/json"),
        ("/pypi/de-mo/1.0/json/", "/pypi/de-mo/1.0/json"),
    ],
)
def test_document__under_another_address__is_moved(gateway: RunningGateway, path: str, location: str) -> None:
    """LEG-05: 301 to the normalised name, without a slash."""
    found = gateway.get(f"https://pypi.org{path}")
    assert (found.status_code, found.headers["Location"]) == (301, location)


def test_document__on_an_alias__is_the_same_for_get_and_head(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """NAM-07, NAM-13, CCH-03, CCH-05: twine's host has it too; HEAD has its headers; a known tag answers 304."""
    pypi.release("demo", "1.0")
    first = gateway.get("https://pypi.org/pypi/demo/json", Accept_Encoding="identity")
    alias = gateway.get("https://pypi.python.org/pypi/demo/json", Accept_Encoding="identity")
    head = gateway.get("https://pypi.org/pypi/demo/json", "HEAD", Accept_Encoding="identity")
    assert alias.content == first.content
    assert (head.status_code, head.content) == (200, b"")
    for name in ("ETag", "Content-Type", "Content-Length", "Cache-Control", "Vary", "X-PyPI-Last-Serial"):
        assert head.headers[name] == first.headers[name]
    assert "Date" in first.headers
    again = gateway.get(
        "https://pypi.org/pypi/demo/json", If_None_Match=first.headers["ETag"], Accept_Encoding="identity"
    )
    assert (again.status_code, again.content) == (304, b"")


def test_document__while_pypi_fails__is_unavailable(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """LEG-02: never PyPI's own answer unread, never an invented one."""
    pypi.release("demo", "1.0")
    pypi.document("pypi.org", "/pypi/demo/json", b'{"info": {"version": "6.6.6"}', "application/json")
    found = gateway.get("https://pypi.org/pypi/demo/json")
    assert (found.status_code, found.headers["Content-Type"]) == (503, "application/problem+json")
    assert b"6.6.6" not in found.content


def test_provenance__of_a_denied_file__is_refused_and_of_another_is_had(start: Start, pypi: FakePyPI) -> None:
    """LEG-08: policed like the file."""
    for version in ("1.0", "2.0"):
        path = f"/integrity/de-mo/{version}/de_mo-{version}-py3-none-any.whl/provenance"
        pypi.release("de-mo", version, extra={"provenance": f"https://pypi.org{path}"})
        pypi.document("pypi.org", path, b'{"version": 1}', "application/vnd.pypi.integrity.v1+json")
    gateway = start(policies=[DENY])
    url = "https://pypi.org/integrity/de-mo/{0}/de_mo-{0}-py3-none-any.whl/provenance"
    assert gateway.get(url.format("1.0")).json() == {"version": 1}
    refused = gateway.get(url.format("2.0"))
    assert (refused.status_code, refused.reason_phrase) == (403, WORDS)
