"""Client groups and profiles, through a whole gateway, on both roads: who gets what, and what they are told."""

import base64
import hashlib
import json
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import override

import httpcore
import httpx
import pytest
import yaml

from addons.lane_others import OPTION
from tests.calling import call
from tests.fakepypi import FakePyPI
from tests.gateway import planting
from tests.gateway.conftest import Start
from tests.gateway.running import JSON, RunningGateway

DENY_TWO = {"deny": [{"project": "demo", "versions": "==2.0", "reason": "steals tokens", "id": "SEC-1"}]}
TOKEN = "wg-a-token-of-a-test"
ROADS = pytest.mark.parametrize("lane", [True, False], ids=["lane", "flow road"])
LOGIN = {"username": "reader", "password_env": "REGISTRY_PASSWORD"}
CI = {"name": "ci", "networks": ["127.0.0.2"], "policies": [DENY_TWO]}


def client(gateway: RunningGateway, said: str = "", address: str = "127.0.0.1") -> httpx.Client:
    """A client that comes from an address, and says `NAME` or `NAME:PASSWORD` to the proxy."""
    name, _, password = said.partition(":")
    proxy = httpcore.HTTPProxy(
        gateway.url,
        proxy_auth=(name, password) if said else None,
        ssl_context=gateway.trust,
        network_backend=Coming(address),
    )
    return httpx.Client(transport=Through(proxy), trust_env=False, timeout=20)


class Coming(httpcore.SyncBackend):
    """Connections that come from an address."""

    def __init__(self, address: str) -> None:
        self._address = address

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return super().connect_tcp(host, port, timeout, self._address, socket_options)


class Through(httpx.HTTPTransport):
    """httpx does not say to a proxy's connections which address they are to come from."""

    def __init__(self, proxy: httpcore.HTTPProxy) -> None:
        super().__init__()
        self._pool = proxy


def yanked(gateway: RunningGateway, said: str = "", address: str = "127.0.0.1", project: str = "demo") -> set[str]:
    """Ask for a project's page; gives the versions that it shows as yanked."""
    with client(gateway, said, address) as one:
        answer = one.get(f"https://pypi.org/simple/{project}/", headers={"Accept": JSON})
    assert answer.status_code == 200, answer.reason_phrase
    return {file["filename"].split("-")[1] for file in answer.json()["files"] if file.get("yanked")}


def told(gateway: RunningGateway, said: str, address: str = "127.0.0.1") -> tuple[int, str]:
    """Ask for a page; gives the status and what a terminal shows."""
    with client(gateway, said, address) as one:
        answer = one.get("https://pypi.org/simple/demo/", headers={"Accept": JSON})
    return answer.status_code, answer.reason_phrase


@pytest.fixture
def demo(pypi: FakePyPI) -> str:
    """Two releases on the fake PyPI; gives the URL of the second."""
    pypi.release("demo", "1.0")
    return pypi.release("demo", "2.0").url


def road(gateway: RunningGateway, lane: bool) -> None:
    """Open or close the lane."""
    planting.option(gateway, **{OPTION: lane})


@ROADS
def test_group__by_network__gets_what_its_policies_leave(start: Start, demo: str, lane: bool) -> None:
    """Who comes from there, and nobody else; on the page and at the file alike."""
    gateway = start(clients=[CI])
    road(gateway, lane)
    assert (yanked(gateway), yanked(gateway, address="127.0.0.2")) == (set(), {"2.0"})
    for address, status in (("127.0.0.1", 200), ("127.0.0.2", 403)):
        with client(gateway, address=address) as one:
            assert one.get(demo).status_code == status


@ROADS
@pytest.mark.parametrize("said", ["builder:s3cret", f"__token__:{TOKEN}"], ids=["password", "token"])
def test_group__by_what_it_says_to_the_proxy__gets_what_its_policies_leave(
    start: Start, demo: str, said: str, lane: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name with its password, or a token alone."""
    monkeypatch.setenv("BUILDER_PASSWORD", "s3cret")
    users = [
        {"username": "builder", "password_env": "BUILDER_PASSWORD"},
        {"token_sha256": hashlib.sha256(TOKEN.encode()).hexdigest()},
    ]
    gateway = start(clients=[{"name": "ci", "users": users, "policies": [DENY_TWO]}])
    road(gateway, lane)
    assert (yanked(gateway), yanked(gateway, said)) == (set(), {"2.0"})


@ROADS
@pytest.mark.parametrize("said", ["builder:wrong", "stranger:s3cret", "__token__:wrong", "builder"])
def test_client__that_proves_to_be_nobody__is_turned_away_in_words(
    start: Start, pypi: FakePyPI, demo: str, said: str, lane: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never served as if it had said nothing: a refusal with the reason in every answer, and nothing is asked of PyPI for it."""
    monkeypatch.setenv("BUILDER_PASSWORD", "s3cret")
    user = {"username": "builder", "password_env": "BUILDER_PASSWORD"}
    gateway = start(clients=[{"name": "ci", "users": [user]}])
    road(gateway, lane)
    status, phrase = told(gateway, said)
    assert status == 451
    assert phrase.startswith("Blocked by wheelgate: clients: ")
    assert "wrong" not in phrase.replace("wrong password", "").replace("is wrong", "")
    with client(gateway, said) as one:
        assert one.get(demo).status_code == 403
    assert pypi.asked("/simple/demo/") == []


@ROADS
def test_profile__as_of_an_instant__is_the_world_as_it_was(start: Start, pypi: FakePyPI, lane: bool) -> None:
    """Chosen by the name alone, where the group may: what came later is neither listed nor given."""
    pypi.release("demo", "1.0", upload_time="2025-06-01T00:00:00Z")
    later = pypi.release("demo", "2.0", upload_time="2026-02-01T00:00:00Z")
    gateway = start(clients=[{"name": "all", "profiles": ["as-of"]}])
    road(gateway, lane)
    with client(gateway, "as-of-2026-01-31") as one:
        page = one.get("https://pypi.org/simple/demo/", headers={"Accept": JSON}).json()
        assert [file["filename"].split("-")[1] for file in page["files"]] == ["1.0"]
        assert page["versions"] == ["1.0"]
        assert one.get(later.url).status_code == 403
        assert one.get("https://pypi.org/pypi/demo/2.0/json").status_code == 404
    with client(gateway) as one:
        assert one.get(later.url).status_code == 200


def test_profile__that_the_client_may_not_use__is_refused_in_words(start: Start, demo: str) -> None:
    """A job that asks for a world of its own never gets another one."""
    gateway = start(clients=[CI], profiles=[{"name": "testing"}])
    for said in ("as-of-2026-01-31", "testing", "as-of-2026-99-99"):
        status, phrase = told(gateway, said)
        assert status == 451
        assert said in phrase


def test_as_of__where_nothing_of_clients_is_configured__is_refused(start: Start, demo: str) -> None:
    """A gateway that knows of no worlds must not give today's for one of last year; other names mean nothing to it."""
    gateway = start()
    assert told(gateway, "as-of-2026-01-31")[0] == 451
    assert told(gateway, "somebody:else") == (200, "OK")


@ROADS
def test_page__of_one_group__never_counts_as_unchanged_for_another(start: Start, demo: str, lane: bool) -> None:
    """Each group's page has an ETag of its own, however often they ask in turn."""
    gateway = start(clients=[CI])
    road(gateway, lane)
    url, accept = "https://pypi.org/simple/demo/", {"Accept": JSON}
    with client(gateway) as one, client(gateway, address="127.0.0.2") as other:
        for _ in range(3):
            tags = [each.get(url, headers=accept).headers["ETag"] for each in (one, other)]
            assert tags[0] != tags[1]
            statuses = [
                each.get(url, headers={**accept, "If-None-Match": tag}).status_code
                for each in (one, other)
                for tag in tags
            ]
            assert statuses == [304, 200, 200, 304]


def test_group__that_lacks_an_own_source__never_has_pypi_asked_about_its_projects(
    start: Start, pypi: FakePyPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names of own projects stay inside, also where the clients do not get them."""
    own = pypi.private("reader", "open-sesame")
    monkeypatch.setenv("REGISTRY_PASSWORD", "open-sesame")
    own.release("acme-plan", "1.0")
    pypi.release("acme-plan", "9.0")
    source = {"name": "own", "index": own.place.simple_url, **LOGIN, "ca": str(pypi.ca_path)}
    public = {"name": "pypi", "index": "https://pypi.org/simple/", "public": True}
    gateway = start(sources=[source, public], clients=[{**CI, "sources": ["pypi"]}])
    with client(gateway, address="127.0.0.2") as one, client(gateway) as other:
        assert one.get("https://pypi.org/simple/acme-plan/").status_code == 404
        assert other.get("https://pypi.org/simple/acme-plan/").status_code == 200
    assert pypi.asked("/simple/acme-plan/") == []


@ROADS
def test_edit__that_moves_a_client_to_another_group__counts_for_its_next_request(
    start: Start, demo: str, tmp_path: Path, lane: bool
) -> None:
    """Also on a connection that is open: who it is is found out anew under each configuration."""
    gateway = start(clients=[CI])
    road(gateway, lane)
    config = tmp_path / "wheelgate.yaml"
    with client(gateway) as one:
        assert not _any_yanked(one)
        config.write_text(config.read_text().replace("127.0.0.2", "127.0.0.1"))
        until = planting.intercept_of(gateway).present
        while until.assembly.settings.clients[0].networks != ("127.0.0.1/32",):
            _any_yanked(one)
        assert _any_yanked(one)


def _any_yanked(one: httpx.Client) -> bool:
    files = one.get("https://pypi.org/simple/demo/", headers={"Accept": JSON}).json()["files"]
    return any(file.get("yanked") for file in files)


def test_explain__at_the_gateway__tells_each_client_of_its_own_rules(start: Start, demo: str) -> None:
    """By its address, or for whom the URL of the refusal says; by whose rule it is."""
    gateway = start(clients=[CI], address="http://127.0.0.1:1")
    with client(gateway, address="127.0.0.2") as one:
        refusal = one.get(demo)
    [url] = re.findall(r"http://127\.0\.0\.1:1(/explain/\S*)", refusal.reason_phrase)
    for path, address in ((url, "127.0.0.1"), ("/explain/demo", "127.0.0.2")):
        with httpx.Client(transport=httpx.HTTPTransport(local_address=address), trust_env=False) as bare:
            said = bare.get(f"{gateway.url}{path}", headers={"Accept": "application/json"}).json()
        assert said["clients"] == "group ci"
        assert [file["outcome"] for file in said["files"]] == ["offered", "refused"]
    said = httpx.get(f"{gateway.url}/explain/demo", headers={"Accept": "application/json"}, trust_env=False).json()
    assert (said["clients"], [file["outcome"] for file in said["files"]]) == ("", ["offered", "offered"])


def test_explain__of_clients_that_get_more__is_not_shown(
    start: Start, pypi: FakePyPI, demo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads there the names of files in a source that he does not get; nor of groups that are not there."""
    own = pypi.private("reader", "open-sesame")
    monkeypatch.setenv("REGISTRY_PASSWORD", "open-sesame")
    own.release("acme-plan", "1.0")
    sources = [
        {"name": "own", "index": own.place.simple_url, **LOGIN, "ca": str(pypi.ca_path)},
        {"name": "pypi", "index": "https://pypi.org/simple/", "public": True},
    ]
    lab = {"name": "lab", "networks": ["127.0.0.3"]}
    gateway = start(sources=sources, clients=[lab, {"name": "rest", "sources": ["pypi"]}])
    for path in ("acme-plan?client=lab", "demo?client=nobody", "demo?profile=nothing"):
        answer = httpx.get(f"{gateway.url}/explain/{path}", trust_env=False)
        assert answer.status_code == 403
        assert "acme_plan" not in answer.text
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.3"), trust_env=False) as bare:
        assert "acme_plan-1.0" in bare.get(f"{gateway.url}/explain/acme-plan?client=lab").text


def test_decision__for_a_group__counts_for_its_clients_alone(
    start: Start, demo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made while the gateway runs; and there is none for a group that nobody is in."""
    monkeypatch.chdir(tmp_path)
    gateway = start(clients=[{"name": "ci", "networks": ["127.0.0.2"]}])
    config = str(tmp_path / "wheelgate.yaml")
    decide = ("deny", "demo==2.0", "--reason", "opens ports", "-c", config)
    assert "there are: ci" in call(*decide, "--client", "nobody").stderr
    assert call(*decide, "--client", "ci").exit_code == 0
    until = time.monotonic() + 5
    while yanked(gateway, address="127.0.0.2") != {"2.0"}:
        assert time.monotonic() < until
    assert yanked(gateway) == set()
    with client(gateway, address="127.0.0.2") as one:
        assert "opens ports" in one.get(demo).reason_phrase


def test_decision__for_a_group_that_is_gone__is_told(
    start: Start, demo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A denial that does nothing any more would be taken for a protection."""
    monkeypatch.chdir(tmp_path)
    gateway = start(clients=[{"name": "ci", "networks": ["127.0.0.2"]}])
    config = tmp_path / "wheelgate.yaml"
    assert call("deny", "demo", "--reason", "x", "--client", "ci", "-c", str(config)).exit_code == 0
    config.write_text(config.read_text().replace("name: ci", "name: builders"))
    until = time.monotonic() + 5
    while not (wrong := httpx.get(f"{gateway.url}/health", trust_env=False).text).startswith("decision 1 of "):
        assert time.monotonic() < until, wrong
    assert "is for client group ci, which is not configured: it does nothing" in wrong


def test_simulate__of_what_groups_got__says_for_whom_an_edit_would_change_it(
    start: Start, demo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was served is counted by group and profile; a denial in one group's policies is missed by that group alone."""
    monkeypatch.chdir(tmp_path)
    gateway = start(clients=[{**CI, "policies": [], "profiles": ["as-of"]}, {"name": "rest"}])
    for said, address in (("", "127.0.0.2"), ("as-of-2026-11-01", "127.0.0.2"), ("", "127.0.0.1")):
        with client(gateway, said, address) as one:
            assert one.get(demo).status_code == 200
    gateway.stop()
    written = yaml.safe_load((tmp_path / "wheelgate.yaml").read_text())
    written["clients"][0]["policies"] = [DENY_TWO]
    (tmp_path / "new.yaml").write_text(yaml.safe_dump(written))
    done = call("simulate", "new.yaml", "-c", "wheelgate.yaml", "--json")
    assert done.exit_code == 1, done.output
    found = json.loads(done.stdout)
    changed = {(each["group"], each["profile"]): bool(each["changed"]) for each in found["groups"]}
    assert changed == {("ci", ""): True, ("ci", "as-of-2026-11-01"): True, ("rest", ""): False}
    assert found["refused"]["downloads"] == 2
    written["clients"] = []
    (tmp_path / "new.yaml").write_text(yaml.safe_dump(written))
    assert (
        "is no group of clients here; judged as clients of no group there"
        in call("simulate", "new.yaml", "-c", "wheelgate.yaml").stdout
    )


def test_credentials__of_a_proxy__go_nowhere(start: Start, pypi: FakePyPI, demo: str) -> None:
    """What a client says to the proxy is for the gateway alone: no upstream sees it, no answer repeats it."""
    gateway = start(clients=[{"name": "all", "profiles": ["as-of"]}])
    status, phrase = told(gateway, "somebody:open-sesame")
    secret = base64.b64encode(b"somebody:open-sesame").decode()
    assert status == 451
    assert "sesame" not in phrase
    told(gateway, "as-of-2026-01-31")
    heads = json.dumps([dict(each.headers) for each in pypi.asked()], default=str)
    assert secret not in heads
    assert "proxy-auth" not in heads.lower()
