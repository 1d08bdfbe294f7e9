"""Decisions while a gateway runs: in force within a second on both roads, over at the second they end, and what holds in a fault."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import yaml

from addons.install import clock
from addons.lane_others import OPTION
from addons.policies.decided import place_of
from addons.store.database import Database
from addons.store.decision import Draft, Kind, Subject
from addons.store.decisions import Decisions
from proxyconf.addresses import Address
from proxyconf.reading import read
from tests.calling import call
from tests.fakepypi import FakeFile, FakePyPI
from tests.gateway import planting
from tests.gateway.conftest import Start
from tests.gateway.listing import listed
from tests.gateway.logs import IN_FORCE, Log, listening
from tests.gateway.running import RunningGateway, configuration
from tests.gateway.test_explain import explained
from tests.gateway.test_reload import edited
from tests.gateway.test_status import health, told
from tests.wheelgate_process import Gateway, free_port

INDEX = "https://pypi.org"
PATIENCE = 5.0  # seconds; that it is one is measured where nothing else runs


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the gateway's configuration lies, in the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "wheelgate.yaml"


@pytest.fixture
def store(tmp_path: Path) -> Decisions:
    """The decisions of the gateways here, as a command has them."""
    return Decisions(Database(tmp_path / "store"))


def decide(store: Decisions, kind: Kind = "deny", versions: str | None = "==2.0", **more: object) -> int:
    """Decide about the project `demo`; gives the decision's number."""
    given = {"reason": "steals tokens", "author": "j.doe", **more}
    draft = Draft(kind=kind, subject=Subject(project="demo", versions=versions), **given)  # type: ignore[arg-type]
    [made] = store.make([draft], clock())
    return made.number


def until(shows: Callable[[], bool]) -> float:
    """Ask until it shows; gives the seconds that it took."""
    begun = time.monotonic()
    while not shows():
        assert time.monotonic() < begun + PATIENCE
    return time.monotonic() - begun


def yanked(gateway: RunningGateway) -> list[object]:
    """Give what the page says of the files."""
    return [file.get("yanked") for file in listed(gateway, "demo")]


def two_releases(pypi: FakePyPI) -> FakeFile:
    """Publish two, and give the second."""
    pypi.release("demo", "1.0")
    return pypi.release("demo", "2.0", announce_metadata=True)


def test_decision__while_a_gateway_runs__is_one_on_all_routes_and_both_roads(
    start: Start, pypi: FakePyPI, store: Decisions
) -> None:
    """FIL-06, MET-14, LEG-03: page in both forms, file, metadata and legacy JSON agree; and ended, all of it is there again."""
    file = two_releases(pypi)
    gateway = start()
    assert yanked(gateway) == [None, None]
    number = decide(store)
    words = "Blocked by wheelgate: deny: steals tokens"
    until(lambda: yanked(gateway) == [None, words])
    for lane in (True, False):
        planting.option(gateway, **{OPTION: lane})
        assert yanked(gateway) == [None, words]
        assert f'data-yanked="{words}"' in gateway.get(f"{INDEX}/simple/demo/", accept="text/html").text
        for url in (file.url, f"{file.url}.metadata"):
            answer = gateway.get(url)
            assert (answer.status_code, answer.reason_phrase) == (403, words)
        [entry] = gateway.get(f"{INDEX}/pypi/demo/2.0/json").json()["urls"]
        assert (entry["yanked"], entry["yanked_reason"]) == (True, words)
    store.end(lambda each: each.number == number, "a.boss", "false alarm", clock())
    until(lambda: yanked(gateway) == [None, None])
    assert (gateway.get(file.url).status_code, len(pypi.asked("/simple/demo/"))) == (200, 1)


def test_decision__in_a_store_of_two_processes__is_in_force_in_both(
    start: Start, pypi: FakePyPI, tmp_path: Path, store: Decisions
) -> None:
    """Whoever shares the folder has it within a second."""
    two_releases(pypi)
    one = start()
    (tmp_path / "other").mkdir()
    shared = {"listen": "127.0.0.1:0", "store": {"folder": str(tmp_path / "store")}}
    with Gateway(configuration(pypi, tmp_path / "other", **shared), tmp_path / "other") as other:
        decide(store)
        for url in (one.url, other.proxy):
            until(lambda url=url: in_force(url) == 1)  # type: ignore[misc]  # the URL of now


def in_force(url: str) -> object:
    """Give how many decisions the gateway at this URL says that it has."""
    return httpx.get(f"{url}/status", trust_env=False).json()["decisions"]["in_force"]


def test_denial__with_an_end__is_over_at_that_second(start: Start, pypi: FakePyPI, store: Decisions) -> None:
    """By the machine's own clock, and without a decision."""
    file = two_releases(pypi)
    end = clock().replace(microsecond=0) + timedelta(seconds=3)
    decide(store, until=end)
    gateway = start()
    refused = gateway.get(file.url)
    assert refused.reason_phrase.endswith(f"steals tokens (until {end:%Y-%m-%d %H:%M:%S} UTC)")
    while gateway.get(file.url).status_code == 403:
        assert clock() < end + timedelta(seconds=5)
    assert clock() >= end
    assert (yanked(gateway), told(gateway)["decisions"]["in_force"]) == ([None, None], 0)


def test_exemption__of_what_the_configuration_refuses__holds_and_undoes_no_denial_of_now(
    start: Start, pypi: FakePyPI, store: Decisions
) -> None:
    """Break-glass stands above all of the configuration, and below what was denied at run time."""
    file = two_releases(pypi)
    gateway = start(policies=[{"deny": [{"project": "demo", "reason": "no"}]}])
    assert gateway.get(file.url).status_code == 403
    decide(store, "allow", past=("deny",))
    until(lambda: gateway.get(file.url).status_code == 200)
    decide(store, id="SEC-1")
    until(lambda: gateway.get(file.url).reason_phrase == "Blocked by wheelgate: deny SEC-1: steals tokens")


def test_edit_and_decision__one_after_the_other__lose_neither(
    start: Start, pypi: FakePyPI, config: Path, store: Decisions, log: Log
) -> None:
    """A new configuration keeps what was decided, and a decision keeps the configuration."""
    file = two_releases(pypi)
    gateway = start()
    decide(store)
    until(lambda: gateway.get(file.url).status_code == 403)
    config.write_text(edited(config, contact="Ask us"))
    log.wait_for(IN_FORCE)
    assert gateway.get(file.url).reason_phrase == "Blocked by wheelgate: deny: steals tokens. Ask us"
    decide(store, versions="==1.0")
    until(lambda: all(yanked(gateway)))
    assert gateway.get(file.url).reason_phrase == "Blocked by wheelgate: deny: steals tokens. Ask us"


def test_explain__of_what_was_decided__names_decision_author_and_time(
    start: Start, pypi: FakePyPI, config: Path, store: Decisions
) -> None:
    """The command does, beside the gateway, and so does the gateway to anybody."""
    two_releases(pypi)
    decide(store, id="SEC-1")
    gateway = start()
    place = place_of(store.history()[0])
    said = call("explain", "--config", str(config), "demo==2.0")
    assert f"deny       refused it: SEC-1 steals tokens ({place}, by j.doe)".split() == [
        each for line in said.stdout.splitlines() if "refused it" in line for each in line.split()[1:]
    ]
    told = explained(gateway, "demo==2.0").text
    assert f"SEC-1 steals tokens ({place}, by j.doe)" in told


def test_simulate__beside_decisions__judges_with_them_on_both_sides(
    start: Start, pypi: FakePyPI, config: Path, store: Decisions
) -> None:
    """They are one list with either configuration: what is denied already is no change."""
    two_releases(pypi)
    gateway = start()
    assert len(listed(gateway, "demo")) == 2
    decide(store)
    new = config.with_suffix(".new")
    new.write_text(yaml.safe_dump({**yaml.safe_load(config.read_text()), **_denying("==2.0")}))
    said = call("simulate", "--kept", "--config", str(config), str(new))
    assert (said.exit_code, said.stdout) == (0, "0 of 1 project would change\n")


def _denying(versions: str) -> dict[str, object]:
    return {"policies": [{"deny": [{"project": "demo", "versions": versions, "reason": "steals tokens"}]}]}


def test_database__gone_and_back__is_told_while_what_was_known_holds(
    start: Start, pypi: FakePyPI, config: Path, store: Decisions
) -> None:
    """In the log, at both addresses and by `wheelgate status`; new decisions are refused meanwhile, and nothing is made."""
    file = two_releases(pypi)
    decide(store)
    with listening("addons.store.following") as log:
        gateway = start()
        store.database.close()
        away = store.database.path.parent.rename(config.parent / "away")
        said = log.wait_for("the decisions known last stay in force").removeprefix("ERROR ")
        assert health(gateway) == told(gateway)["wrong"] == [said]
        assert call("status", "--proxy", gateway.url).stdout.splitlines()[-1] == f"wrong          {said}"
        assert gateway.get(file.url).status_code == 403
        refused = call("deny", "other", "--reason", "x", "--config", str(config))
        assert (refused.exit_code, "is gone; put a copy of it back" in refused.stderr) == (1, True)
        assert not store.database.path.exists()
        away.rename(store.database.path.parent)
        log.wait_for("can be read again")
        assert (health(gateway), gateway.get(file.url).status_code) == (["well"], 403)
    gateway.stop()
    with pytest.raises(ValueError, match="is no database"), RunningGateway(_spoilt(config)):
        pass


def _spoilt(config: Path) -> Path:
    """Spoil the database of a configuration, and give that."""
    folder = read(config).store.folder
    assert folder is not None
    for path in folder.iterdir():
        path.write_bytes(b"x" * 5000)
    return config


def test_decision__that_ends_soon__is_said_so_in_the_log(start: Start, store: Decisions, log: Log) -> None:
    """As a rule of the configuration is: at the start, and when it is made."""
    decide(store, until=clock() + timedelta(days=3, minutes=1))
    start()
    said = log.wait_for("a rule that ends by itself")
    assert said.startswith("WARNING a rule that ends by itself: decision 1 of ")
    assert ": deny, demo ==2.0, by j.doe: ends " in said
    decide(store, "yank", until=clock() + timedelta(hours=5, minutes=1))
    assert "decision 2 of " in log.wait_for("a rule that ends by itself")


def test_decisions__asked_for_by_a_client__are_not_told(start: Start, store: Decisions) -> None:
    """The status says where the database is and how many are in force; who decided is for who can read it."""
    decide(store)
    gateway = start()
    answer = httpx.get(f"{gateway.url}/status", trust_env=False)
    assert answer.json()["decisions"].keys() == {"database", "in_force", "fault"}
    assert "j.doe" not in answer.text


def test_decision__that_the_running_gateway_does_not_follow__is_said_on_standard_error(
    pypi: FakePyPI, tmp_path: Path, config: Path, log: Log
) -> None:
    """As when `store.folder` was edited, which wants a restart: whoever denies something must not believe that it is."""
    port = free_port()
    configuration(pypi, tmp_path, listen=f"127.0.0.1:{port}")
    with RunningGateway(config, Address("127.0.0.1", port)):
        well = call("deny", "demo", "--reason", "x")
        config.write_text(edited(config, store={"folder": "another"}))
        log.wait_for(IN_FORCE)
        other = call("deny", "demo", "--reason", "x")
    words = f"wheelgate: decided, but the gateway at http://127.0.0.1:{port} has another store, "
    assert (well.exit_code, words in well.stderr) == (0, False)
    assert (other.exit_code, words in other.stderr) == (0, True)
