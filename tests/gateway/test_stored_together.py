"""The store beside all else: several gateways, a kill, a database that has gone, groups, policies, decisions, and the commands."""

import json
import signal
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from addons.install import clock
from addons.simple.names import ProjectName
from addons.store.database import Database
from addons.store.decision import Draft, Subject
from addons.store.decisions import Decisions
from addons.store.projects import Projects
from tests.calling import call
from tests.fakepypi import FakePyPI
from tests.gateway import planting
from tests.gateway.conftest import Start
from tests.gateway.listing import listed
from tests.gateway.logs import listening
from tests.gateway.running import JSON, RunningGateway, configuration
from tests.gateway.test_clients import client
from tests.gateway.test_status import health, told
from tests.gateway.test_stored import SHARED
from tests.storing import UPLOADED, anybody, release
from tests.wheelgate_process import Gateway

SIMPLE = "https://pypi.org/simple"
PATIENCE = 5.0  # seconds; that it is one is measured where nothing else runs
NOW = datetime.now(UTC)  # noqa: TID251 - uploads of today


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the store lies; the working folder is the configuration's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "store"


def until(shows: Callable[[], bool]) -> None:
    """Ask until it shows."""
    begun = time.monotonic()
    while not shows():
        assert time.monotonic() < begun + PATIENCE


def versions(gateway: RunningGateway, project: str = "demo") -> list[str]:
    """Give the versions on a page; none where there is no page."""
    page = gateway.page(project)
    return page.json()["versions"] if page.status_code == 200 else []


def yanked(gateway: RunningGateway, project: str = "demo") -> list[object]:
    """Give what the page says of its files."""
    return [file.get("yanked") for file in listed(gateway, project)]


# Several gateways


def test_upload__into_a_store_of_two_gateways__shows_in_the_other_and_after_a_kill(
    start: Start, pypi: FakePyPI, tmp_path: Path, store: Path
) -> None:
    """UPL-16: within a second, page, yank and list; and a process that is killed and begins anew has it all."""
    (tmp_path / "other").mkdir()
    shared = {"listen": "127.0.0.1:0", "store": {"folder": str(store)}, **SHARED}
    config = configuration(pypi, tmp_path / "other", **shared)
    one = start(**SHARED)
    with Gateway(config, tmp_path / "other") as other:
        trust = ssl.create_default_context(cafile=tmp_path / "other" / "certs" / "ca.pem")
        with httpx.Client(proxy=other.proxy, verify=trust, trust_env=False, headers={"Accept": JSON}) as asking:
            assert asking.get(f"{SIMPLE}/demo/").status_code == 404
            new = release(store, "demo")
            planting.tell_stored(one, ProjectName("demo"))
            assert versions(one) == ["1.0"]
            until(lambda: asking.get(f"{SIMPLE}/demo/").status_code == 200)
            assert '"name":"demo"' in asking.get(f"{SIMPLE}/").text
            Projects(Database(store)).yank(
                ProjectName("demo"), [new.filename], "slow", anybody, by="user:alice", at=UPLOADED
            )
            until(lambda: asking.get(f"{SIMPLE}/demo/").json()["files"][0].get("yanked") == "slow")
            until(lambda: yanked(one) == ["slow"])
        other.stop(signal.SIGKILL)
    release(store, "demo", "2.0")
    with Gateway(config, tmp_path / "other") as again:
        trust = ssl.create_default_context(cafile=tmp_path / "other" / "certs" / "ca.pem")
        with httpx.Client(proxy=again.proxy, verify=trust, trust_env=False, headers={"Accept": JSON}) as asking:
            page = asking.get(f"{SIMPLE}/demo/").json()
            assert (page["versions"], page["files"][0]["yanked"]) == (["1.0", "2.0"], "slow")


# A fault


def test_database__gone_and_back__is_told_while_pages_in_hand_hold_and_nobody_else_is_asked(
    start: Start, pypi: FakePyPI, store: Path
) -> None:
    """MRG-02, MRG-03, MRG-06: in the log, at both addresses; other names are 503, PyPI's too; and over when it is back."""
    pypi.release("public", "1.0")
    release(store, "demo")
    release(store, "unseen")
    gateway = start(**SHARED)
    assert (versions(gateway), versions(gateway, "public")) == (["1.0"], ["1.0"])
    asked = len(pypi.asked())
    with listening("addons.sources.stored_names") as log:
        away = store.rename(store.with_name("away"))
        said = log.wait_for("what is known of its projects stays in force")
        assert "is gone; put a copy of it back" in said
        [line] = [each for each in health(gateway) if "pages known of its projects stay in force" in each]
        assert line in told(gateway)["wrong"]
        assert "is gone" in told(gateway)["store"]["fault"]
        assert versions(gateway) == ["1.0"]
        for url in ("simple/unseen/", "simple/public/", "pypi/unseen/json", "simple/stranger/"):
            answer = gateway.get(f"https://pypi.org/{url}", accept=JSON)
            assert answer.status_code == 503
            assert answer.reason_phrase == "wheelgate: source store: its database cannot be read now"
        assert gateway.get(f"{SIMPLE}/", accept=JSON).status_code == 503
        assert len(pypi.asked()) == asked
        away.rename(store)
        log.wait_for("can be read again")
    until(lambda: health(gateway) == ["well"])
    assert (versions(gateway, "unseen"), versions(gateway, "public")) == (["1.0"], ["1.0"])
    assert told(gateway)["store"] == {"database": str(store / "wheelgate.sqlite"), "projects": 2, "fault": None}


def test_file__damaged_in_the_store__is_502(start: Start, store: Path) -> None:
    """UPL-16: never given, on either road."""
    new = release(store, "demo")
    gateway = start(**SHARED)
    [entry] = listed(gateway, "demo")
    path = store / "files" / new.sha256[:2] / new.sha256[2:]
    path.write_bytes(b"x" * new.size)
    answer = gateway.get(str(entry["url"]))
    assert (answer.status_code, b"xxx" in answer.content) == (502, False)


# Groups, policies, decisions


def test_groups__with_and_without_the_store__get_what_they_are_given(start: Start, pypi: FakePyPI, store: Path) -> None:
    """MRG-06: whom the store is withheld from does not get PyPI's project of the name either."""
    pypi.release("demo", "9.0")
    pypi.release("public", "1.0")
    release(store, "demo")
    outside = {"name": "outside", "networks": ["127.0.0.2"], "sources": ["pypi"]}
    gateway = start(**SHARED, clients=[outside])
    assert versions(gateway) == ["1.0"]
    with client(gateway, address="127.0.0.2") as one:
        answers = {each: one.get(f"{SIMPLE}/{each}/", headers={"Accept": JSON}) for each in ("demo", "public")}
    assert (answers["demo"].status_code, answers["public"].status_code) == (404, 200)
    assert pypi.asked("/simple/demo/") == []


def test_merge_and_reserved__with_a_store__mean_what_they_do_with_a_folder(
    start: Start, pypi: FakePyPI, store: Path
) -> None:
    """MRG-04, MRG-05: a merged project has the files of both, a reserved one that nobody uploaded is nobody's."""
    pypi.release("lens", "2.0")
    pypi.release("acme-web", "1.0")
    release(store, "lens", "1.0")
    gateway = start(**SHARED, merge=[{"project": "lens", "sources": ["store", "pypi"]}], reserved=["acme-*"])
    assert sorted(versions(gateway, "lens")) == ["1.0", "2.0"]
    assert gateway.page("acme-web").status_code == 404
    release(store, "acme-web", "3.0")
    planting.tell_stored(gateway, ProjectName("acme-web"))
    assert versions(gateway, "acme-web") == ["3.0"]
    assert pypi.asked("/simple/acme-web/") == []


def test_policies_and_decisions__on_a_stored_project__count_as_on_a_folders(start: Start, store: Path) -> None:
    """MRG-02: deny, yank, and min_age with `own: true` on page and file; and a decision while it runs, page and file."""
    for version, at in (("1.0", UPLOADED), ("2.0", UPLOADED), ("3.0", UPLOADED), ("4.0", NOW)):
        release(store, "demo", version, at=at.replace(year=2025) if at is UPLOADED else at)
    release(store, "young", at=NOW)
    policies = [
        {"deny": [{"project": "demo", "versions": "==2.0", "reason": "steals tokens"}]},
        {"yank": [{"project": "demo", "versions": "==3.0", "reason": "slow"}]},
        {"min_age": [{"project": "demo", "days": 7, "own": True}, {"project": "*", "days": 7}]},
    ]
    gateway = start(**SHARED, policies=policies)
    first, second, third, fourth = (str(each or "") for each in yanked(gateway))
    assert (first, third) == ("", "Yanked by wheelgate: yank: slow")
    assert ("deny: steals tokens" in second, "min_age" in fourth) == (True, True)
    assert yanked(gateway, "young") == [None]
    url = "https://files.pythonhosted.org/wheelgate/store/demo/demo-{}-py3-none-any.whl"
    assert [gateway.get(url.format(version)).status_code for version in ("1.0", "2.0", "3.0", "4.0")] == [
        *(200, 403, 200, 403)
    ]
    draft = Draft(kind="deny", subject=Subject(project="demo", versions="==1.0"), reason="now", author="j.doe")
    Decisions(Database(store)).make([draft], clock())
    until(lambda: gateway.get(url.format("1.0")).status_code == 403)
    assert "deny: now" in str(yanked(gateway)[0])


def test_quarantine__of_a_stored_project__offers_nothing_anywhere(start: Start, pypi: FakePyPI, store: Path) -> None:
    """YNK-09: page without files and with its status, no file, no document, not in the list; PyPI is not asked."""
    new = release(store, "demo")
    gateway = start(**SHARED)
    [entry] = listed(gateway, "demo")
    projects, demo = Projects(Database(store)), ProjectName("demo")
    projects.set_status(demo, "quarantined", anybody, by="user:alice", at=UPLOADED, reason="malware?")
    planting.tell_stored(gateway, demo)
    page = gateway.page("demo").json()
    assert (page["files"], page["project-status"]) == ([], {"status": "quarantined", "reason": "malware?"})
    assert gateway.get(str(entry["url"])).status_code == 403
    assert gateway.get("https://pypi.org/pypi/demo/json").status_code == 404
    assert new.filename not in gateway.get(f"{SIMPLE}/demo/", accept="text/html").text
    assert '"demo"' not in gateway.get(f"{SIMPLE}/", accept=JSON).text
    assert pypi.asked("/simple/demo/") == []


# Commands


def test_commands__that_make_sources_of_settings__know_the_store(pypi: FakePyPI, store: Path, tmp_path: Path) -> None:
    """MRG-02: check, explain, metadata, simulate and warm, without a gateway."""
    pypi.release("other", "1.0")
    release(store, "demo", requires=("other",))
    release(store, "demo", "2.0", kind="sdist")
    config = configuration(pypi, tmp_path, **SHARED)
    denying = tmp_path / "new.yaml"
    denying.write_text(config.read_text() + "policies: [{deny: [{project: demo, versions: '==1.0', reason: x}]}]\n")
    assert "source      store: own, the store" in call("check", str(config)).stdout
    said = call("explain", "--config", str(config), "--json", "demo==1.0")
    assert said.exit_code == 0
    assert json.loads(said.stdout)["explained"][0]["pages"][0]["source"] == "store"
    said = call("metadata", "--config", str(config), "demo==1.0")
    assert "put into the store with the file" in said.stdout
    (tmp_path / "names").write_text("demo\n")
    said = call("simulate", "--config", str(config), "--kept", "--projects", str(tmp_path / "names"), str(denying))
    assert "1 of 1 project would change" in said.stdout
    said = call("warm", "--config", str(config), "demo==1.0", "--platform", "manylinux_2_17_x86_64")
    assert (said.exit_code, "2 projects; 1 files fetched" in said.stderr + said.stdout) == (0, True)
