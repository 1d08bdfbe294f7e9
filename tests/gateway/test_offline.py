"""`offline: true` behind a whole gateway: nothing is dialled, what is kept is given, and the rest says why it is not."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.fakepypi import FakePyPI, Reset
from tests.gateway.conftest import Start
from tests.gateway.elsewhere import http_server
from tests.gateway.running import RunningGateway, configuration

STALE = "X-Wheelgate-Stale"
PROVENANCE = "/integrity/demo/1.0/demo-1.0.tar.gz/provenance"
KEPT = (
    "https://pypi.org/simple/",
    "https://pypi.org/simple/demo/",
    "https://pypi.org/pypi/demo/json",
    f"https://pypi.org{PROVENANCE}",
    "https://pypi.org/pypi?%3Aaction=list_classifiers",
)
ELSEWHERE = ("https://example.org/", "http://example.org/", "https://192.0.2.7/")

_heard: list[list[str]] = []


def _hear(event: str, arguments: Sequence[object]) -> None:
    if _heard and event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        _heard[-1].append(str(arguments[1] if event == "socket.connect" else arguments[0]))


sys.addaudithook(_hear)  # Python's own: nothing of this process can dial past it, or ask DNS


@contextmanager
def dialled() -> Iterator[list[str]]:
    """Give what is dialled or looked up meanwhile by this whole process: the gateway is one of its threads."""
    _heard.append([])
    try:
        yield _heard[-1]
    finally:
        _heard.clear()


@pytest.fixture
def published(pypi: FakePyPI) -> FakePyPI:
    """One document of each kind, and a file."""
    pypi.release("demo", "1.0", kind="sdist", extra={"provenance": f"https://pypi.org{PROVENANCE}"})
    pypi.document("pypi.org", PROVENANCE, b'{"version": 1}', "application/vnd.pypi.integrity.v1+json")
    pypi.document("pypi.org", "/pypi", b"Topic :: Software\n", "text/plain")
    return pypi


def given(gateway: RunningGateway) -> dict[str, httpx.Response]:
    """Give all that is kept: documents, and the file of the page."""
    accept = "application/vnd.pypi.simple.v1+json, application/json, */*;q=0.1"
    answers = {url: gateway.get(url, Accept=accept) for url in KEPT}
    assert {url: answer.status_code for url, answer in answers.items()} == dict.fromkeys(KEPT, 200)
    [file] = answers[KEPT[1]].json()["files"]
    return {**answers, "file": gateway.get(file["url"])}


def test_offline__with_what_it_had__gives_every_kind_and_dials_nobody(published: FakePyPI, tmp_path: Path) -> None:
    """CCH-19: no connection is made and no name looked up; what is not kept is 503 in words, at once."""
    with RunningGateway(configuration(published, tmp_path)) as first:
        before = {url: answer.content for url, answer in given(first).items()}
    with RunningGateway(configuration(published, tmp_path, offline=True, upstream={"proxy": "none"})) as second:
        with dialled() as heard:
            assert {url: answer.content for url, answer in given(second).items()} == before
            for url in ("https://pypi.org/simple/other/", "https://pypi.org/pypi/other/json"):
                answer = second.get(url)
                assert answer.status_code == 503
                assert "pypi.org is not asked, as the configuration says offline" in answer.reason_phrase
            for url in ELSEWHERE:
                _refused(second, url)
        own = (f"{second.address[1]}", "127.0.0.1")
        assert [place for place in heard if not any(each in place for each in own)] == []
        # The gateway's origin is the only other place on this machine that anybody reaches.
        ports = {place for place in heard if place.startswith("(")}
        assert len(ports) <= 2


def _refused(gateway: RunningGateway, url: str) -> None:
    if url.startswith("http:"):
        answer = gateway.get(url)
        assert (answer.status_code, "offline" in answer.reason_phrase) == (403, True)
        return
    with pytest.raises(httpx.ProxyError, match="the configuration says offline, so no other host is reached"):
        gateway.get(url)


def test_offline__with_hosts_that_the_operator_allows__reaches_those(start: Start) -> None:
    """CCH-19: a host by its name, an address by its network; nobody else is looked up for it."""
    with http_server() as heard:
        allowed = {"allow": ["127.0.0.0/8", "localhost"], "ports": [80, 443, heard.port]}
        gateway = start(offline=True, other_hosts=allowed)
        for host in ("127.0.0.1", "localhost"):
            assert gateway.get(f"http://{host}:{heard.port}/3").content == b"xxx"
        _refused(gateway, "https://example.org/")


def test_documents__of_every_kind_after_a_restart_in_an_outage__are_marked(published: FakePyPI, tmp_path: Path) -> None:
    """CCH-08: provenance and classifiers as pages are; a 304 is not."""
    published.cache_control = "max-age=0"
    settings = {"fresh_seconds": 0, "cache": {"folder": "cache", "patience_seconds": 1}}
    with RunningGateway(configuration(published, tmp_path, **settings)) as first:
        before = given(first)
    published.fault("", Reset("connect"))
    with RunningGateway(configuration(published, tmp_path, **settings)) as second:
        during = given(second)
        assert {url: answer.content for url, answer in during.items()} == {u: a.content for u, a in before.items()}
        for url in KEPT[1:]:
            assert during[url].headers[STALE].isdecimal()
            again = second.get(url, **{k: v for k, v in before[url].request.headers.items() if k == "accept"})
            assert again.headers["Cache-Control"] == "max-age=0"
            etag = again.headers["ETag"]
            unchanged = second.get(url, If_None_Match=etag, Accept=before[url].request.headers["accept"])
            assert (unchanged.status_code, STALE in unchanged.headers) == (304, False)
