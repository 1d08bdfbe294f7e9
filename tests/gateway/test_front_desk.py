"""What the gateway tells about itself, over plain HTTP, to whoever may use it as a proxy."""

import json
import os

import httpx
import pytest

from addons.edits import Edits
from addons.front_desk import FrontDesk
from tests.addons.answering.asking import AT
from tests.fakepypi import FakePyPI
from tests.gateway.running import RunningGateway


@pytest.fixture(params=["by its name, through the proxy", "by its address"])
def desk(request: pytest.FixtureRequest, gateway: RunningGateway) -> httpx.Client:
    """A client at the front desk, in both ways that lead there; nothing of a user's is trusted or sent."""
    if request.param == "by its address":
        return httpx.Client(base_url=gateway.url, trust_env=False)
    return httpx.Client(base_url="http://wheelgate.internal", proxy=gateway.url, trust_env=False)


def test_status__asked_for__says_what_is_running(desk: httpx.Client, gateway: RunningGateway) -> None:
    """`exec` finds out by it whether the gateway is ours; nothing in it is secret."""
    with desk:
        answer = desk.get("/status")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    status = answer.json()
    assert (status["ca_sha256"], status["pid"]) == (gateway.authority.fingerprint, os.getpid())
    assert status.keys() == {
        *("wheelgate", "ca_sha256", "configuration", "pid"),
        *("cache", "files", "documents", "sources", "decisions", "store", "served"),
        *("in_force", "bad_edit", "waiting_for_restart", "failed_policies", "wrong"),
    }


def test_certificate__asked_for__is_the_cas_and_no_key(desk: httpx.Client, gateway: RunningGateway) -> None:
    """What clients have to trust can be had from the gateway itself."""
    with desk:
        answer = desk.get("/ca.pem")
    assert answer.content == gateway.authority.ca_path.read_bytes()
    assert b"PRIVATE" not in answer.content


def test_desk__asked_for_nothing_in_particular__says_what_it_has(desk: httpx.Client) -> None:
    """A person who opens the address reads what this is."""
    with desk:
        answer = desk.get("/")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "/ca.pem" in answer.text
    assert "/status" in answer.text


def test_desk__asked_for_what_it_has_not__says_so(desk: httpx.Client) -> None:
    """No other path leads anywhere."""
    with desk:
        assert desk.get("/simple/demo/").status_code == 404
        assert desk.get("/../certs/ca-key.pem").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_desk__told_to_change_something__refuses(desk: httpx.Client, pypi: FakePyPI, method: str) -> None:
    """Nothing here changes anything, with a body or without."""
    with desk:
        assert desk.request(method, "/status").status_code == 405
        assert desk.request(method, "/status", content=b"x" * 1000).status_code == 405
    assert pypi.requests == []


def test_head__at_the_desk__has_the_true_length(desk: httpx.Client) -> None:
    """As everywhere."""
    with desk:
        full, head = desk.get("/ca.pem"), desk.head("/ca.pem")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(full.content))


def test_status__with_a_policy_that_failed__says_how_often_and_where() -> None:
    """What refuses pages by a fault of its own is seen without reading the log."""
    edits = Edits(None, lambda: AT)
    desk = FrontDesk(b"", "", edits, lambda: None, policies=lambda: {"min_age": (3, "demo")})
    status = desk.answer("GET", "/status")
    assert json.loads(status.body)["failed_policies"] == {"min_age": {"failures": 3, "project": "demo"}}
