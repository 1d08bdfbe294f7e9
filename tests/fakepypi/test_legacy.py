"""The legacy JSON documents of the fake are PyPI's."""

from typing import Any

import httpx
import pytest

from tests.fakepypi import FakePyPI

URL = "https://pypi.org/pypi/demo"
# What a document of the real PyPI had in November 2026; a plain mirror's file objects have `core-metadata` besides.
FILE_KEYS = {
    "comment_text", "digests", "downloads", "filename", "has_sig", "md5_digest", "packagetype", "python_version",
    "requires_python", "size", "upload_time", "upload_time_iso_8601", "url", "yanked", "yanked_reason",
}  # fmt: skip


def document(client: httpx.Client, below: str = "/json") -> Any:
    """The document at an address."""
    return client.get(URL + below).raise_for_status().json()


def test_document__of_a_project__tells_all_that_pypi_tells(pypi: FakePyPI, client: httpx.Client) -> None:
    """It describes the highest final release that is not yanked, and lists all releases."""
    pypi.release("Demo", "1.0", requires=["click"], requires_python=">=3.9")
    pypi.release("Demo", "2.0", yanked="broken")
    pypi.release("Demo", "3.0rc1", kind="sdist")
    pypi.vulnerable("Demo", "1.0", "PYSEC-1")
    made = document(client)
    assert made.keys() == {"info", "last_serial", "ownership", "releases", "urls", "vulnerabilities"}
    assert (made["info"]["version"], made["info"]["requires_dist"]) == ("1.0", ["click"])
    assert made["releases"].keys() == {"1.0", "2.0", "3.0rc1"}
    assert made["urls"] == made["releases"]["1.0"]
    assert made["urls"][0].keys() == FILE_KEYS
    assert (made["releases"]["2.0"][0]["yanked_reason"], made["last_serial"]) == ("broken", pypi.serial)
    assert [found["id"] for found in made["vulnerabilities"]] == ["PYSEC-1"]


@pytest.mark.parametrize("spelling", ["1.0", "1.0.0"])
def test_document__of_a_release__has_no_releases(pypi: FakePyPI, client: httpx.Client, spelling: str) -> None:
    """In any spelling of its version."""
    file = pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    made = document(client, f"/{spelling}/json")
    assert (made["info"]["version"], "releases" in made) == ("1.0", False)
    assert [entry["url"] for entry in made["urls"]] == [file.url]


def test_document__of_a_plain_mirror__is_there_for_projects_only(pypi: FakePyPI, client: httpx.Client) -> None:
    """The forms can be switched off; what a test put there wins."""
    pypi.release("demo", "1.0")
    pypi.legacy = "projects"
    assert [client.get(URL + below).status_code for below in ("/json", "/1.0/json", "/9.9/json")] == [200, 404, 404]
    pypi.legacy = "none"
    assert client.get(f"{URL}/json").status_code == 404
    pypi.document("pypi.org", "/pypi/demo/json", b"{}")
    assert document(client) == {}


def test_document__under_another_name__is_moved_and_of_nothing_is_absent(pypi: FakePyPI, client: httpx.Client) -> None:
    """301 to the normalised name; 404 for unknown, empty and quarantined projects."""
    pypi.create("empty")
    pypi.release("gone", "1.0")
    pypi.set_status("gone", "quarantined")
    assert client.get("https://pypi.org/pypi/De.Mo/1.0/json").headers["location"] == "/pypi/de-mo/1.0/json"
    paths = ("nosuch/json", "empty/json", "gone/json", "gone/1.0/json")
    assert {client.get(f"https://pypi.org/pypi/{path}").status_code for path in paths} == {404}


def test_document__asked_again_with_its_etag__is_not_modified(pypi: FakePyPI, client: httpx.Client) -> None:
    """Validators are those of pages."""
    pypi.release("demo", "1.0")
    tag = client.get(f"{URL}/json").headers["etag"]
    assert client.get(f"{URL}/json", headers={"If-None-Match": tag}).status_code == 304
