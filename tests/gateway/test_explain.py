"""`/explain/` at the gateway's own address: what a person reads whose install was refused, and the URL that leads there."""

import asyncio
import re

import httpx
import pytest

from tests.fakepypi import FakePyPI
from tests.fakepypi.faults import Hang
from tests.gateway.conftest import Start
from tests.gateway.running import RunningGateway
from tests.wheelgate_process import free_port

ADDRESS = "http://gateway.example.org:8080"
HOSTILE = "<script>alert(1)</script>"
TWO = "demo-2.0-py3-none-any.whl"
RULE = {"project": "demo", "versions": "==2.0", "reason": HOSTILE, "id": "SEC-1", "author": "j.doe@example.org"}
POLICIES = {"policies": [{"deny": [RULE]}], "contact": "Ask #python-help"}


@pytest.fixture
def demo(pypi: FakePyPI) -> str:
    """Two releases on the fake PyPI; gives the URL of the one that will be denied."""
    pypi.release("demo", "1.0")
    return pypi.release("demo", "2.0").url


def explained(gateway: RunningGateway, what: str, accept: str | None = None) -> httpx.Response:
    """Ask at the gateway's own address."""
    headers = {"Accept": accept} if accept else {}
    return httpx.get(f"{gateway.url}/explain/{what}", trust_env=False, headers=headers)


def test_explain__over_http__says_what_the_command_says(start: Start, demo: str) -> None:
    """Anybody who reaches the gateway can ask, and reads who decided and in which line; where the file lies is left out."""
    gateway = start(**POLICIES)
    answer = explained(gateway, "Demo==2.0", "application/json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    [file] = answer.json()["files"]
    assert (file["filename"], file["outcome"]) == (TWO, "refused")
    [rule] = file["acts"][0]["rules"]
    assert rule.keys() == {"reason", "id", "author", "place"}
    assert (rule["reason"], rule["id"], rule["author"]) == (HOSTILE, "SEC-1", RULE["author"])
    assert re.fullmatch(r"wheelgate\.yaml:\d+", rule["place"])
    for form in ("application/json", "text/html", "text/plain"):
        assert all(each in explained(gateway, "demo", form).text for each in (RULE["author"], rule["place"]))


def test_explanations__brief__tell_neither_places_nor_authors(start: Start, demo: str) -> None:
    """They are then for who can read the configuration."""
    gateway = start(**POLICIES, explanations="brief")
    [file] = explained(gateway, "demo==2.0", "application/json").json()["files"]
    assert file["acts"][0]["rules"] == [{"reason": HOSTILE, "id": "SEC-1"}]
    for form in ("application/json", "text/html", "text/plain"):
        assert not any(each in explained(gateway, "demo", form).text for each in ("j.doe", "wheelgate.yaml"))


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "text/plain; charset=utf-8"),
        ("*/*", "text/plain; charset=utf-8"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json", "application/json"),
        ("image/png", "text/plain; charset=utf-8"),
    ],
)
def test_explain__for_a_browser_a_terminal_or_a_program__has_its_form(
    start: Start, demo: str, accept: str | None, form: str
) -> None:
    """By its Accept header; never kept, by anybody."""
    answer = explained(start(), "demo", accept)
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (form, "no-store")


async def test_explain__asked_by_many_at_once__turns_some_away_and_answers_the_rest(
    pypi: FakePyPI, start: Start, demo: str
) -> None:
    """Two are worked out at a time and twenty wait: further ones are told when to come again, and nobody else is held up."""
    gateway, hang = start(), pypi.fault("/simple/demo", Hang())
    url = f"{gateway.url}/explain/demo"
    async with httpx.AsyncClient(trust_env=False, timeout=30, limits=httpx.Limits(max_connections=None)) as client:
        asked = [asyncio.create_task(client.get(url)) for _ in range(23)]
        [turned_away], waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        answer = turned_away.result()
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert (await client.get(f"{gateway.url}/health")).status_code == 200
        hang.lift()
        assert {each.status_code for each in await asyncio.gather(*waiting)} == {200}


def test_explain__as_html__runs_nothing_and_escapes_what_is_not_ours(start: Start, demo: str) -> None:
    """No script, none that could be smuggled in by a reason, and nothing fetched from anywhere."""
    answer = explained(start(**POLICIES), "demo", "text/html")
    assert HOSTILE not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("nothing-here", 404),
        ("demo-9.tar.gz", 404),
        ("demo?file=demo-9.tar.gz", 404),
        ("", 400),
        ("demo>=1", 400),
        ("../../etc/passwd", 404),
        ("%2Fetc%2Fpasswd", 400),
        ("https://example.org/", 400),
    ],
)
def test_explain__of_what_there_is_not__says_so(start: Start, demo: str, what: str, status: int) -> None:
    """In words, and nothing on the gateway's disk is looked at."""
    assert explained(start(), what).status_code == status


def test_refusal__where_the_address_is_known__ends_in_a_url_that_explains_it(start: Start, demo: str) -> None:
    """In the phrase (pip), the problem (uv) and the yank reason, all the same URL; and a browser that opens it gets there."""
    gateway = start(address=ADDRESS, **POLICIES)
    url = f"{ADDRESS}/explain/demo"
    refused = gateway.get(demo)
    assert refused.reason_phrase.startswith("Blocked by wheelgate: deny SEC-1: ")
    assert refused.reason_phrase.endswith(f" Ask #python-help {url}")
    assert (refused.json()["instance"], refused.json()["detail"].endswith(url)) == (url, True)
    assert [file.get("yanked") for file in gateway.page("demo").json()["files"]] == [None, refused.reason_phrase]
    opened = httpx.get(f"{gateway.url}/explain/demo", headers={"Host": "gateway.example.org:8080"}, trust_env=False)
    assert (opened.status_code, TWO in opened.text) == (200, True)


def test_refusal__with_a_long_reason__keeps_rule_and_url(start: Start, demo: str) -> None:
    """200 characters are all that is sent: the reason is cut, what leads further is not."""
    rule = {**RULE, "reason": "because " * 40}
    gateway = start(address=ADDRESS, policies=[{"deny": [rule]}], contact="Ask #python-help")
    refused = gateway.get(demo)
    assert len(refused.reason_phrase) == 200
    assert refused.reason_phrase.startswith("Blocked by wheelgate: deny SEC-1: because")
    assert refused.reason_phrase.endswith(f" [...]. Ask #python-help {ADDRESS}/explain/demo")
    assert "because " * 39 in refused.json()["detail"]


def test_refusal__where_the_address_is_not_known__names_no_url(start: Start, demo: str) -> None:
    """A name that leads nowhere helps nobody."""
    gateway = start(**POLICIES)
    refused = gateway.get(demo)
    assert refused.reason_phrase.endswith(f"{HOSTILE}. Ask #python-help")
    assert "instance" not in refused.json()


def test_address__of_the_gateway__is_answered_and_no_other_of_that_host(
    start: Start, demo: str, pypi: FakePyPI
) -> None:
    """Another port of that host is another server, and a host of another name is none of ours."""
    gateway = start(address=ADDRESS)
    with httpx.Client(proxy=gateway.url, trust_env=False) as client:
        assert client.get(f"{ADDRESS}/status").status_code == 200
        assert client.get(f"http://gateway.example.org:{free_port()}/status").status_code != 200
        assert client.get("http://other.example.org:8080/status").status_code != 200
