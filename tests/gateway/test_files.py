"""Files, public and own: whole or in ranges, with true lengths, and never wholly where they are not what the page says."""

from pathlib import Path

import pytest

from addons.origin.tickets import TICKET
from tests.fakepypi import FakePyPI
from tests.fakepypi.building import Recipe, sdist, wheel
from tests.gateway import planting
from tests.gateway.conftest import Start
from tests.gateway.listing import PUBLIC, Had, had, listed
from tests.gateway.running import RunningGateway


@pytest.fixture(params=["public", "folder", "private"])
def file(request: pytest.FixtureRequest, start: Start, pypi: FakePyPI, tmp_path: Path) -> Had:
    """A file of every kind of source, through a gateway that has all of them."""
    folder = tmp_path / "own"
    folder.mkdir()
    name, body = wheel(Recipe(name="folder", version="1.0"), 100_000)
    (folder / name).write_bytes(body)
    index = pypi.private()
    secret = tmp_path / "secret.txt"
    secret.write_text("secret\n")
    contents = {
        "folder": body,
        "private": index.release("private", "1.0", size_padding=100_000).content,
        "public": pypi.release("public", "1.0", size_padding=100_000).content,
    }
    private = {"index": index.place.simple_url, "username": "reader", "password_file": str(secret)}
    sources = [{"name": "own", "folder": str(folder)}, {"name": "partner", **private}, PUBLIC]
    return had(start(sources=sources), request.param, contents[request.param])


def test_file__of_any_source__arrives_whole(file: Had) -> None:
    """It lies on PyPI's files host, and is what its page says."""
    answer = file.gateway.get(file.url)
    assert file.url.startswith("https://files.pythonhosted.org/")
    assert (answer.status_code, answer.content) == (200, file.content)
    assert answer.headers["Content-Length"] == str(len(file.content))
    assert answer.headers["ETag"] == f'"{file.sha256}"'
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "begin", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=10-19", 10, 20), ("bytes=-7", -7, None), ("bytes=100000-", 100_000, None),
     ("bytes=0-", 0, None), ("bytes=90000-99999999", 90_000, None), ("bytes=-99999999", -99_999_999, None)],
)  # fmt: skip
def test_range__that_lies_in_the_file__is_given(file: Had, asked: str, begin: int, stop: int | None) -> None:
    """206 with just these bytes, where they lie, and the length of the whole."""
    answer = file.gateway.get(file.url, Range=asked)
    part = file.content[begin:stop]
    first = max(len(file.content) + begin, 0) if begin < 0 else begin
    assert (answer.status_code, answer.content) == (206, part)
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{len(file.content)}"
    assert answer.headers["Content-Length"] == str(len(part))


def test_range__behind_the_end__is_not_satisfiable(file: Had) -> None:
    """416, and how long the file is."""
    answer = file.gateway.get(file.url, Range="bytes=99999999-")
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{len(file.content)}"


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=a-b", "lines=0-9", "bytes=0-1,5-6", "bytes"])
def test_range__that_means_nothing__gives_the_whole(file: Had, asked: str) -> None:
    """What is malformed, several or of another unit is passed over, as RFC 9110 allows."""
    answer = file.gateway.get(file.url, Range=asked)
    assert (answer.status_code, answer.content) == (200, file.content)


def test_range__if_the_file_is_still_the_same__is_given(file: Had) -> None:
    """If-Range with the file's own tag gives the part; with any other, a weak one, or a date, the whole."""
    known = {f'"{file.sha256}"': 206, '"other"': 200, f'W/"{file.sha256}"': 200, "Mon, 01 Jan 2024 00:00:00 GMT": 200}
    got = {tag: file.gateway.get(file.url, Range="bytes=0-9", If_Range=tag).status_code for tag in known}
    assert got == known


def test_head__of_a_file__tells_its_true_length_and_sends_nothing(file: Had) -> None:
    """pip and uv plan ranges by it."""
    answer = file.gateway.get(file.url, "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(file.content))
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_file__that_the_client_has__is_not_sent_again(file: Had) -> None:
    """304 for the file's own tag."""
    answer = file.gateway.get(file.url, If_None_Match=f'"{file.sha256}"')
    assert (answer.status_code, answer.content) == (304, b"")


def test_requests__of_every_kind__follow_each_other_over_one_connection(file: Had) -> None:
    """Refusals, uploads, ranges and pages leave the connection in order, and what follows is answered."""
    with file.gateway.client() as client:
        for _ in range(8):
            assert client.post("https://files.pythonhosted.org/packages/x", content=b"x" * 100_000).status_code == 405
            assert client.get(file.url, headers={"Range": "bytes=0-9"}).content == file.content[:10]
            assert client.get(f"{file.url}x").status_code == 403
            assert client.head(file.url).status_code == 200
            assert client.head(f"{file.url}x").status_code == 403
            assert client.head("https://files.pythonhosted.org/").status_code == 404
            assert client.get(file.url).content == file.content


def test_page__asked_by_head__tells_its_true_length(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """The same as GET, without the body."""
    pypi.release("demo", "1.0")
    full, head = (
        gateway.get("https://pypi.org/simple/demo/", method, Accept_Encoding="identity") for method in ("GET", "HEAD")
    )
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(full.content)) == full.headers["Content-Length"]
    assert head.headers["ETag"] == full.headers["ETag"]


def test_own_files__in_a_folder__are_announced_with_hash_length_and_metadata(start: Start, tmp_path: Path) -> None:
    """Wheel and sdist lie on the files host, the wheel's metadata beside it."""
    folder = tmp_path / "own"
    folder.mkdir()
    recipe = Recipe(name="acme", version="1.0")
    for name, body in (wheel(recipe), sdist(recipe)):
        (folder / name).write_bytes(body)
    gateway = start(sources=[{"name": "own", "folder": str(folder)}, PUBLIC])
    entries = {str(entry["filename"]).rpartition(".")[2]: entry for entry in listed(gateway, "acme")}
    assert set(entries) == {"whl", "gz"}
    for entry in entries.values():
        assert entry["url"] == f"https://files.pythonhosted.org/wheelgate/own/acme/{entry['filename']}"
        assert entry["size"] == len(gateway.get(str(entry["url"])).content)
    assert entries["whl"]["core-metadata"]
    assert gateway.get(f"{entries['whl']['url']}.metadata").content == recipe.metadata


def test_credentials__of_a_client__are_gone_before_its_request_is_sent_to_the_origin(file: Had) -> None:
    """Whoever looks at flows on their way, and the origin, sees none."""
    seen: list[str] = []
    planting.plant(file.gateway, planting.addon("request", lambda flow: seen.extend(flow.request.headers)), "first")
    sent = {"Authorization": "Basic bWluZTptaW5l", "Proxy-Authorization": "Basic bWluZTptaW5l", "Cookie": "mine=1"}
    assert file.gateway.get(file.url, **sent).status_code == 200
    assert not {"authorization", "proxy-authorization", "cookie"} & {name.lower() for name in seen}
    assert TICKET in seen


def test_credentials__of_an_index__go_there_and_nowhere_else(file: Had, pypi: FakePyPI) -> None:
    """The private index hears the configured ones, PyPI none, and the client's own go to nobody."""
    mine = {"Authorization": "Basic bWluZTptaW5l", "Cookie": "mine=1", "X-Mine": "1"}
    assert file.gateway.get(file.url, **mine).status_code == 200
    assert file.gateway.page("demo", **mine).status_code == 404
    theirs = {seen.headers.get("authorization") for seen in pypi.asked(host="localhost")}
    assert theirs == {"Basic cmVhZGVyOnNlY3JldA=="}
    public = [seen for seen in pypi.asked() if seen.host != "localhost"]
    assert public
    assert not [seen for seen in public if "authorization" in seen.headers]
    assert not [seen for seen in pypi.asked() if {"cookie", "x-mine"} & set(seen.headers)]
