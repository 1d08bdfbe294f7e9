"""The files host of the fake: bytes, ranges, metadata."""

import hashlib

import httpx
import pytest

from tests.fakepypi import FakePyPI


def test_file__asked_whole__comes_as_it_is(pypi: FakePyPI, client: httpx.Client) -> None:
    """A file has its length, a strong ETag, PyPI's Cache-Control, and no Content-Encoding."""
    file = pypi.release("demo", "1.0", size_padding=200_000)
    answer = client.get(file.url, headers={"Accept-Encoding": "gzip"})
    assert answer.content == file.content
    assert answer.headers["content-length"] == str(file.size)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "max-age=365000000, immutable, public"
    assert answer.headers["etag"].startswith('"')
    assert "content-encoding" not in answer.headers
    assert client.head(file.url).headers["content-length"] == str(file.size)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=5-9", 5, 10), ("bytes=990-", 990, 1000), ("bytes=-7", 993, 1000),
     ("bytes=5-99999", 5, 1000), ("bytes=-99999", 0, 1000)],
)  # fmt: skip
def test_range__inside_the_file__is_206_with_exactly_these_bytes(
    pypi: FakePyPI, client: httpx.Client, asked: str, start: int, end: int
) -> None:
    """One range is answered with its bytes and its Content-Range."""
    content = bytes(index % 251 for index in range(1000))
    file = pypi.add_bytes("demo", "1.0", "demo-1.0.zip", content)
    answer = client.get(file.url, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, content[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/1000"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=2000-3000", "bytes=-0"])
def test_range__behind_the_end__is_416(pypi: FakePyPI, client: httpx.Client, asked: str) -> None:
    """A range without bytes is refused with the real size."""
    file = pypi.add_bytes("demo", "1.0", "demo-1.0.zip", b"x" * 1000)
    answer = client.get(file.url, headers={"Range": asked})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */1000")


@pytest.mark.parametrize("asked", ["bytes=9-5", "bytes=0-1,5-6", "lines=1-2", "bytes=-", "nonsense"])
def test_range__not_understood__is_ignored(pypi: FakePyPI, client: httpx.Client, asked: str) -> None:
    """Anything but one good range gets the whole file."""
    file = pypi.add_bytes("demo", "1.0", "demo-1.0.zip", b"x" * 1000)
    assert client.get(file.url, headers={"Range": asked}).status_code == 200


def test_if_range__with_another_etag__gets_the_whole_file(pypi: FakePyPI, client: httpx.Client) -> None:
    """A range is only given of the file that the client has begun with."""
    file = pypi.add_bytes("demo", "1.0", "demo-1.0.zip", b"x" * 1000)
    tag = client.head(file.url).headers["etag"]
    statuses = [
        client.get(file.url, headers={"Range": "bytes=5-", "If-Range": known}).status_code for known in (tag, '"old"')
    ]
    assert statuses == [206, 200]


@pytest.mark.parametrize(("announced", "status"), [(True, 200), (False, 404)])
def test_metadata__beside_the_file__is_there_if_announced(
    pypi: FakePyPI, client: httpx.Client, announced: bool, status: int
) -> None:
    """The metadata file answers exactly when the page announces it."""
    file = pypi.release("demo", "1.0", requires=["dep>=1"], announce_metadata=announced)
    answer = client.get(file.url + ".metadata")
    assert answer.status_code == status
    assert (b"Requires-Dist: dep>=1\n" in answer.content) is announced


def test_file__asked_with_percent_encoding__is_found(pypi: FakePyPI, client: httpx.Client) -> None:
    """A local version's plus sign may be encoded or not."""
    file = pypi.release("demo", "1.0+acme.1")
    assert client.get(file.url.replace("+", "%2B")).content == client.get(file.url).content == file.content


def test_big_file__streamed__has_the_listed_size_and_hash(pypi: FakePyPI, client: httpx.Client) -> None:
    """A generated body is what the page says it is, and ranges of it are parts of it."""
    file = pypi.big("huge", "1.0", 20_000_000)
    sha256, size = hashlib.sha256(), 0
    with client.stream("GET", file.url) as answer:
        for chunk in answer.iter_raw():
            sha256.update(chunk)
            size += len(chunk)
    assert (size, sha256.hexdigest()) == (20_000_000, file.hashes["sha256"])
    part = client.get(file.url, headers={"Range": "bytes=131000-331000"})
    assert part.content == file.content[131_000:331_001]


def test_hosts__mixed_up__are_refused(pypi: FakePyPI, client: httpx.Client) -> None:
    """Files are not on the index host, pages not on the files host, and SNI and Host must agree."""
    file = pypi.release("demo", "1.0")
    assert client.get(f"https://pypi.org{file.path}").status_code == 404
    assert client.get("https://files.pythonhosted.org/simple/demo/").status_code == 404
    assert client.get("https://pypi.org/simple/demo/", headers={"Host": "files.pythonhosted.org"}).status_code == 421


def test_other_methods__anywhere__are_405(pypi: FakePyPI, client: httpx.Client) -> None:
    """Only GET and HEAD are answered, and the connection goes on."""
    answer = client.post("https://pypi.org/simple/demo/", content=b"x" * 300_000)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert client.get("https://pypi.org/simple/").status_code == 200
    assert pypi.connections == 1
