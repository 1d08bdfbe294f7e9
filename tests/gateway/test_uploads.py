import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.addons.upload.fakes import ALICE
from tests.addons.upload.forms import KIND, form, upload
from tests.fakepypi import FakePyPI
from tests.gateway.links import Link, link
from tests.gateway.running import RunningGateway, configuration
from tests.gateway.test_status import sha256, told
from tests.gateway.uploading import URL, Taker, taking

WHEEL = "demo-1.0-py3-none-any.whl"
HOST = "upload.pypi.org"
HEAD = f"POST /legacy/ HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: {ALICE}\r\nContent-Type: {KIND}\r\n"
UV = "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningGateway, FakePyPI]]:
    """One gateway for all tests of this file."""
    folder = tmp_path_factory.mktemp("uploads")
    with FakePyPI(folder) as pypi:
        config = configuration(pypi, folder)
        with RunningGateway(config) as gateway:
            until(
                lambda: told(gateway)["in_force"]["sha256"] == sha256(config)
            )  # else it would be taken in force again
            yield gateway, pypi


@pytest.fixture
def taker(running: tuple[RunningGateway, FakePyPI], tmp_path: Path) -> Taker:
    """It takes uploads into a store of this test's."""
    return taking(running[0], tmp_path / "store")


@contextmanager
def connection(taker: Taker) -> Iterator[Link]:
    """Open a connection to the upload host, over which a test writes by hand."""
    with link(taker.gateway, connect=HOST, sni=HOST) as one:
        one.socket.settimeout(20)
        yield one


def answer(one: Link) -> bytes:
    """Give the head of the next answer."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = one.socket.recv(65_536)
        if not part:
            break
        received += part
    return received


def until(condition: object, *seconds: float) -> None:
    """Wait for what happens in another thread."""
    assert callable(condition)
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end


def test_upload__through_the_gateway__is_in_the_store_and_nowhere_else(
    taker: Taker, running: tuple[RunningGateway, FakePyPI]
) -> None:
    """UPL-01, UPL-16, UPL-25: 200, its bytes lie there, the source was told; PyPI has heard nothing."""
    running[1].clear_log()
    found = taker.upload()
    assert (found.status_code, found.content) == (200, b"")
    assert taker.filenames() == [WHEEL]
    assert taker.others.told[-1] == "arrived demo"
    assert running[1].requests == []


def test_upload__in_chunks__is_taken(taker: Taker) -> None:
    """UPL-32: uv 0.4 sends no Content-Length."""
    body = form(*upload(bytes(300_000)))
    with connection(taker) as one:
        one.socket.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
        for start in range(0, len(body), 7000):
            piece = body[start : start + 7000]
            one.socket.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        one.socket.sendall(b"0\r\n\r\n")
        assert answer(one).startswith(b"HTTP/1.1 200 OK")
    assert taker.filenames() == [WHEEL]


def test_upload__that_waits_to_be_let__is_let(taker: Taker) -> None:
    """UPL-32: Expect: 100-continue."""
    body = form(*upload())
    with connection(taker) as one:
        one.socket.sendall(f"{HEAD}Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        assert answer(one).startswith(b"HTTP/1.1 100 ")
        one.socket.sendall(body)
        assert answer(one).startswith(b"HTTP/1.1 200 OK")
    assert taker.filenames() == [WHEEL]


def test_upload__byte_by_byte__is_taken(taker: Taker) -> None:
    """UPL-04: a slow client, whose every byte comes alone, is waited for, while others are served."""
    body = form(*upload(b"w"))
    with connection(taker) as one:
        one.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.socket.sendall(f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode())
        for number in range(len(body) - 1):
            one.socket.sendall(body[number : number + 1])
        assert taker.upload(b"other", "demo-2.0-py3-none-any.whl", version="2.0").status_code == 200
        one.socket.sendall(body[-1:])
        assert answer(one).startswith(b"HTTP/1.1 200 OK")
    assert sorted(taker.filenames()) == [WHEEL, "demo-2.0-py3-none-any.whl"]


@pytest.mark.parametrize("chunked", [False, True])
def test_upload__that_breaks_off__leaves_nothing(taker: Taker, chunked: bool) -> None:
    """UPL-16: what did not come whole was never there: no file on its way in, none in the store."""
    body = form(*upload(bytes(6 << 20)))
    half = body[: 4 << 20]
    with connection(taker) as one:
        if chunked:
            one.socket.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{len(half):x}\r\n".encode() + half + b"\r\n")
        else:
            one.socket.sendall(f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + half)
        until(lambda: any(path.stat().st_size for path in taker.lying))
    until(lambda: not taker.lying)
    assert taker.filenames() == []


def test_upload__refused_early__is_told_why_before_its_end(taker: Taker) -> None:
    """UPL-12, UPL-18: the file is thrown away as it comes, and the client hears the reason in its phrase."""
    taker.others.may_not = frozenset({"demo"})
    found = taker.upload(bytes(30 << 20))
    assert (found.status_code, found.reason_phrase) == (
        403,
        "The given token isn't allowed to upload to project 'demo'.",
    )
    assert taker.lying == []


def test_upload__without_a_token__is_told_so_first(taker: Taker) -> None:
    """UPL-24, UPL-23: whatever else is wrong with it; no 401, which would make clients ask."""
    found = taker.post(("x", "y"), url=f"{URL}?:action=submit")
    assert (found.status_code, found.reason_phrase) == (403, "Invalid or non-existent authentication information.")


def test_refusal__to_uv__is_json(taker: Taker) -> None:
    """UPL-18: it shows what stands under `code`."""
    taker.others.problems = ("Invalid distribution file. It is no ZIP.", "The version is none.")
    found = taker.post(*upload(), Authorization=ALICE, Accept=UV)
    assert (found.status_code, found.headers["Content-Type"]) == (400, "application/json")
    assert json.loads(found.content)["code"] == "400 Invalid distribution file. It is no ZIP.\nThe version is none."
    assert found.reason_phrase == "Invalid distribution file. It is no ZIP. (and 1 more, in the body)"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([*upload(), ("version", "2.0")], "Invalid value for version. Error: it is there more than once."),
        (upload(sha256_digest="0" * 64), "The digest supplied does not match a digest calculated from the uploaded file."),
        ([each if each[0] != "content" else ("content", b"wheel", "../../x.whl") for each in upload()], "Cannot upload a file with"),
        ([*upload(), ("summary", "a", "a.txt")], "summary: Should not be a tuple."),
        (upload()[:-1], "Upload payload does not have a file."),
    ],
)  # fmt: skip
def test_upload__that_is_malformed__is_400(taker: Taker, parts: list[tuple[str, str]], words: str) -> None:
    """UPL-05, UPL-06, UPL-07, UPL-09: in words, and nothing is left of it anywhere."""
    found = taker.post(*parts, Authorization=ALICE)
    assert (found.status_code, found.reason_phrase[: len(words)]) == (400, words)
    assert taker.lying == []


def test_upload__of_no_bytes_at_all__is_looked_at_as_any_other(taker: Taker) -> None:
    """UPL-16: an empty file is a file, with digests; that it is no wheel is for who looks into it to say."""
    taker.others.problems = ("Invalid distribution file. It is empty.",)
    found = taker.upload(b"")
    assert (found.status_code, found.reason_phrase) == (400, "Invalid distribution file. It is empty.")
    assert taker.lying == []


def test_upload__with_no_body__is_400(taker: Taker) -> None:
    """UPL-33: and no form is not a fault."""
    with connection(taker) as one:
        one.socket.sendall(f"{HEAD}Content-Length: 0\r\n\r\n".encode())
        assert answer(one).startswith(b"HTTP/1.1 400 The form cannot be read.")


def test_upload__in_a_fault__is_refused_and_leaves_nothing(
    taker: Taker, running: tuple[RunningGateway, FakePyPI]
) -> None:
    """UPL-25, UPL-20: a fault of ours is a 500 in words; PyPI hears nothing."""
    running[1].clear_log()
    taker.others.fault = RuntimeError("planted by a test")
    assert taker.upload().status_code == 500
    assert (taker.lying, running[1].requests) == ([], [])


# Other ways


@pytest.mark.parametrize("query", ["", "?a=b"])
def test_legacy__without_its_slash__is_told_where_it_is(taker: Taker, query: str) -> None:
    """UPL-22, UPL-23: 308, within the host, and in PyPI's words."""
    found = taker.post(*upload(), url=URL.removesuffix("/") + query, Authorization=ALICE)
    assert (found.status_code, found.headers["Location"]) == (308, f"/legacy/{query}")
    assert found.reason_phrase.startswith("An upload was attempted to /legacy but the expected upload URL is /legacy/")
    assert taker.lying == []


@pytest.mark.parametrize("action", ["submit", "submit_pkg_info", "doc_upload", "file_upload"])
def test_index__asked_to_take_an_upload__is_gone(taker: Taker, action: str) -> None:
    """UPL-02: PyPI's old address takes none."""
    assert taker.post(*upload(), url=f"https://pypi.org/pypi?:action={action}").status_code == 410
    assert taker.post(*upload(), url="https://pypi.org/legacy/").status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/"), ("POST", "/legacy/x"), ("POST", "/v2/upload"), ("PUT", "/legacy/"), ("DELETE", "/legacy/"), ("PATCH", "/x"),
     ("GET", "/legacy/"), ("POST", "/simple/"), ("POST", "/_/oidc/other"), ("QUERY", "/legacy/")],
)  # fmt: skip
def test_upload_host__asked_for_anything_else__refuses(
    taker: Taker, running: tuple[RunningGateway, FakePyPI], method: str, path: str
) -> None:
    """UPL-31: what PyPI has there, now or tomorrow, is no way out of this network."""
    running[1].clear_log()
    with taker.gateway.client() as client:
        found = client.request(method, f"https://{HOST}{path}", content=b"" if method == "GET" else b"body")
    assert (found.status_code, running[1].requests) == (403, [])


def test_trusted_publishing__with_who_answers__is_answered_here(taker: Taker) -> None:
    """UPL-29: audience and tokens are this gateway's own; nothing goes on."""
    with taker.gateway.client() as client:
        assert client.get(f"https://{HOST}/_/oidc/audience").json() == {"audience": "wheelgate"}
        for path in ("/_/oidc/mint-token", "/_/oidc/github/mint-token"):
            assert client.post(f"https://{HOST}{path}", json={"token": "x"}).content == b"minted"
        assert client.get(f"https://{HOST}/.well-known/pytp").status_code == 404
        assert client.post(f"https://{HOST}/_/oidc/mint-token", content=bytes(70_000)).status_code == 413
    assert [body for body, _ in taker.publishers.asked] == [b'{"token":"x"}'] * 2


def test_api__of_the_gateways_own__is_asked_with_all_that_was_said(taker: Taker) -> None:
    """Method, path, query, body, and who it is: on both roads, with a body and without."""
    with taker.gateway.client() as client:
        headers = {"Authorization": ALICE}
        client.get(f"https://{HOST}/wheelgate/api/projects/demo?a=b", headers=headers)
        client.request("DELETE", f"https://{HOST}/wheelgate/api/projects/demo", headers=headers)
        client.put(f"https://{HOST}/wheelgate/api/x", content=b"body", headers=headers)
    assert taker.publishers.asked == [
        ("GET", "/wheelgate/api/projects/demo", "a=b", b"", ALICE, "127.0.0.1"),
        ("DELETE", "/wheelgate/api/projects/demo", "", b"", ALICE, "127.0.0.1"),
        ("PUT", "/wheelgate/api/x", "", b"body", ALICE, "127.0.0.1"),
    ]


def test_gateway__without_a_store__takes_nothing(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """UPL-25, UPL-29: it says what to configure; a CI's identity token goes nowhere, in the shape that twine can read."""
    with gateway.client() as client:
        found = client.post(URL, content=form(*upload()), headers={"Content-Type": KIND, "Authorization": ALICE})
        assert (found.status_code, 'source with "store: true"' in found.reason_phrase) == (403, True)
        minted = client.post(f"https://{HOST}/_/oidc/mint-token", json={"token": "x"})
        assert (minted.status_code, set(minted.json())) == (422, {"message", "errors"})
        assert set(minted.json()["errors"][0]) == {"code", "description"}
        assert client.get(f"https://{HOST}/_/oidc/audience").status_code == 422
        assert client.get(f"https://{HOST}/wheelgate/api/x").status_code == 403
    assert pypi.asked() == []
