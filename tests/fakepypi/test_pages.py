"""The pages of the fake are PyPI's."""

import dataclasses
import gzip
import hashlib
from typing import Any

import httpx
import pytest

from tests.fakepypi import FakePyPI

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
DEMO = "https://pypi.org/simple/demo/"


def page(client: httpx.Client, url: str = DEMO) -> Any:
    """The JSON page at a URL."""
    return client.get(url, headers={"Accept": JSON}).raise_for_status().json()


def test_json_page__of_releases__tells_all_that_pypi_tells(pypi: FakePyPI, client: httpx.Client) -> None:
    """A page has api-version 1.4, versions in order, and every fact of a file."""
    pypi.release("Demo", "10.0")
    file = pypi.release("Demo", "2.0", requires_python=">=3.9", yanked="broken", announce_metadata=True)
    document = page(client)
    assert document["meta"] == {"_last-serial": 1002, "api-version": "1.4"}
    assert (document["name"], document["versions"]) == ("demo", ["2.0", "10.0"])
    assert document["project-status"] == {"status": "active"}
    listed = document["files"][1]
    assert file.metadata is not None
    metadata = {"sha256": hashlib.sha256(file.metadata).hexdigest()}
    assert listed == {
        "core-metadata": metadata,
        "data-dist-info-metadata": metadata,
        "filename": "demo-2.0-py3-none-any.whl",
        "hashes": {"sha256": hashlib.sha256(file.content).hexdigest()},
        "provenance": None,
        "requires-python": ">=3.9",
        "size": len(file.content),
        "upload-time": "2024-01-02T03:04:05.678901Z",
        "url": file.url,
        "yanked": "broken",
    }


def test_file_url__of_a_release__is_made_of_its_blake2b(pypi: FakePyPI) -> None:
    """The path carries the BLAKE2b-256 of the bytes, as on PyPI."""
    file = pypi.release("demo", "1.0")
    digest = hashlib.blake2b(file.content, digest_size=32).hexdigest()
    assert file.path == f"/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{file.filename}"
    assert file.url == f"https://files.pythonhosted.org{file.path}"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (f"{JSON}, {HTML}; q=0.1, text/html; q=0.01", JSON),
        (f"{HTML}, text/html;q=0.1", HTML),
        ("text/html", "text/html; charset=UTF-8"),
        ("*/*", "text/html; charset=UTF-8"),
    ],
)
def test_page__by_accept__has_the_form_asked_for(
    pypi: FakePyPI, client: httpx.Client, accept: str, content_type: str
) -> None:
    """The Accept header chooses the form, and the label is the one that was asked for."""
    pypi.release("demo", "1.0")
    answer = client.get(DEMO, headers={"Accept": accept})
    assert answer.headers["content-type"] == content_type
    assert answer.headers["vary"] == "Accept, Accept-Encoding"


def test_html_page__with_odd_words__escapes_them_once(pypi: FakePyPI, client: httpx.Client) -> None:
    """Requires-Python, yank reason, metadata and status stand in the HTML page, escaped."""
    file = pypi.release("demo", "1.0", requires_python=">=3.9", yanked='"a" & b', announce_metadata=True)
    pypi.set_status("demo", "archived", "no <time>")
    html = client.get(DEMO).text
    assert f'href="{file.url}#sha256={file.sha256}"' in html
    assert 'data-requires-python="&gt;=3.9" data-yanked="&quot;a&quot; &amp; b"' in html
    assert file.metadata_hashes is not None
    assert f'data-core-metadata="sha256={file.metadata_hashes["sha256"]}"' in html
    assert '<meta name="pypi:project-status-reason" content="no &lt;time&gt;">' in html
    assert '<meta name="pypi:repository-version" content="1.4">' in html


def test_html_only__asked_for_json__answers_html(pypi: FakePyPI, client: httpx.Client) -> None:
    """A project can be switched to what a plain mirror answers."""
    pypi.release("demo", "1.0")
    pypi.html_only("demo")
    assert client.get(DEMO, headers={"Accept": JSON}).headers["content-type"] == "text/html; charset=UTF-8"


@pytest.mark.parametrize("url", [DEMO, "https://pypi.org/simple/"])
def test_page__asked_again_with_its_etag__is_not_modified_until_it_changes(
    pypi: FakePyPI, client: httpx.Client, url: str
) -> None:
    """A page has a strong ETag that answers 304 while the page is the same."""
    pypi.release("demo", "1.0")
    first = client.get(url)
    tag = first.headers["etag"]
    again = client.get(url, headers={"If-None-Match": f'"other", {tag}'})
    assert tag.startswith('"')
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["cache-control"] == "max-age=600, public"
    assert "content-length" not in again.headers
    pypi.release("demo", "2.0")
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 200


def test_page_headers__set_by_the_test__are_sent(pypi: FakePyPI, client: httpx.Client) -> None:
    """Cache-Control can be changed or left out; the serial is the project's."""
    pypi.release("demo", "1.0")
    assert client.get(DEMO).headers["x-pypi-last-serial"] == "1001"
    pypi.cache_control = None
    assert "cache-control" not in client.get(DEMO).headers


def test_page__compressed__is_gzip_for_those_who_accept_it(pypi: FakePyPI, client: httpx.Client) -> None:
    """Pages are gzipped on demand, under an ETag of their own."""
    pypi.release("demo", "1.0")
    pypi.compress_pages = True
    plain = client.get(DEMO)
    with client.stream("GET", DEMO, headers={"Accept-Encoding": "gzip"}) as small:
        assert small.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join(small.iter_raw())) == plain.content
        assert small.headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/simple/De.Mo_x/", "/simple/de-mo-x/"),
        ("/simple/demo", "/simple/demo/"),
        ("/simple", "/simple/"),
        ("/simple/Demo/?a=b", "/simple/demo/?a=b"),
    ],
)
def test_page__under_another_spelling__is_moved(client: httpx.Client, path: str, location: str) -> None:
    """Un-normalised names and missing slashes answer 301 with the query kept."""
    answer = client.get(f"https://pypi.org{path}")
    assert (answer.status_code, answer.headers["location"]) == (301, location)


def test_page__unknown_or_removed__is_404(pypi: FakePyPI, client: httpx.Client) -> None:
    """What is not there is absent: page and file."""
    assert client.get(DEMO).status_code == 404
    file = pypi.release("demo", "1.0")
    assert client.get(DEMO).status_code == 200
    pypi.remove("demo")
    assert [client.get(url).status_code for url in (DEMO, file.url)] == [404, 404]


def test_project_list__in_both_forms__has_every_project(pypi: FakePyPI, client: httpx.Client) -> None:
    """The project list names what there is, with serials in JSON."""
    pypi.release("zeta", "1.0")
    pypi.create("Alpha.One")
    url = "https://pypi.org/simple/"
    entries = page(client, url)["projects"]
    assert entries == [{"_last-serial": 1002, "name": "alpha-one"}, {"_last-serial": 1001, "name": "zeta"}]
    assert '<a href="alpha-one/">alpha-one</a>' in client.get(url).text


def test_quarantine__of_a_project__offers_no_file_and_says_so(pypi: FakePyPI, client: httpx.Client) -> None:
    """A quarantined project has its status and an empty list; the bytes are still there."""
    file = pypi.release("demo", "1.0")
    pypi.quarantine("demo", reason="malware")
    document = page(client)
    assert document["project-status"] == {"status": "quarantined", "reason": "malware"}
    assert document["files"] == []
    assert client.get(file.url).status_code == 200


def test_quarantine__of_a_release__takes_its_files_away_without_a_mark(pypi: FakePyPI, client: httpx.Client) -> None:
    """A quarantined release just vanishes from the page."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    pypi.quarantine("demo", "2.0")
    document = page(client)
    assert document["versions"] == ["1.0"]
    assert document["project-status"] == {"status": "active"}


def test_changes__between_two_requests__are_seen_by_the_second(pypi: FakePyPI, client: httpx.Client) -> None:
    """Yanking, un-listing and lying about a file work on what is already there."""
    one, two = pypi.release("demo", "1.0"), pypi.release("demo", "2.0")
    pypi.yank("demo", "1.0", "too old")
    pypi.unlist(two, keep_bytes=True)
    assert [(file["filename"], file["yanked"]) for file in page(client)["files"]] == [(one.filename, "too old")]
    assert client.get(two.url).status_code == 200
    pypi.add(dataclasses.replace(one, hashes={"sha256": "0" * 64}, size=None))
    [listed] = page(client)["files"]
    assert listed["hashes"] == {"sha256": "0" * 64}
    assert "size" not in listed


def test_extra_keys__of_page_meta_and_file__are_in_the_json(pypi: FakePyPI, client: httpx.Client) -> None:
    """What the standards may add tomorrow can be put anywhere."""
    pypi.release("demo", "1.0", extra={"new-file-key": [1]})
    pypi.extra("demo", page={"new-page-key": {"a": None}}, meta={"api-version": "1.9"})
    document = page(client)
    assert document["new-page-key"] == {"a": None}
    assert document["meta"]["api-version"] == "1.9"
    assert document["files"][0]["new-file-key"] == [1]


def test_head__of_a_page__has_the_headers_of_get(pypi: FakePyPI, client: httpx.Client) -> None:
    """HEAD tells the same without the body."""
    pypi.release("demo", "1.0")
    get, head = client.get(DEMO), client.head(DEMO)
    for answer in (get, head):
        answer.headers.pop("date")
    assert (head.status_code, head.headers, head.content) == (200, get.headers, b"")


def test_document__put_there_by_a_test__is_served(pypi: FakePyPI, client: httpx.Client) -> None:
    """Any further route can be answered."""
    pypi.document("pypi.org", "/pypi/demo/json", b"{}")
    assert client.get("https://pypi.org/pypi/demo/json").json() == {}
