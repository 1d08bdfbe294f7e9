"""An edit of the configuration: in force for the next request, or reported and without effect."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path
from typing import override

import pytest
import yaml
from mitmproxy import ctx
from mitmproxy.master import Master
from mitmproxy.options import Options

from addons.assembly import Present
from addons.edits import Edits
from addons.install import clock, into_running
from addons.leaf import ShownLeaf
from addons.lifetime import Lifetime
from addons.origin.server import Origin
from addons.origin.tickets import Tickets
from addons.policies.kinds import KINDS
from addons.sources.source import Source
from addons.trust.authority import open_authority
from proxyconf.reading import read
from proxyconf.settings import Settings
from tests.fakepypi import FakePyPI
from tests.fakepypi.building import Recipe, wheel
from tests.gateway import planting
from tests.gateway.conftest import Start
from tests.gateway.listing import PUBLIC, listed
from tests.gateway.logs import IN_FORCE, PATIENCE, Log
from tests.gateway.running import RunningGateway, configuration

NOT_IN_FORCE = "the configuration before stays in force"
AGAIN = "says again what is in force"


def edited(path: Path, **settings: object) -> str:
    """Give the text of the configuration with further settings."""
    return yaml.safe_dump({**yaml.safe_load(path.read_text()), **settings})


def denying(version: str) -> dict[str, object]:
    """Give settings that deny one release of demo."""
    return {"policies": [{"deny": [{"project": "demo", "versions": f"=={version}", "reason": "steals tokens"}]}]}


def denied(gateway: RunningGateway) -> set[str]:
    """Give the releases of demo that the page marks."""
    return {str(entry["filename"]).split("-")[1] for entry in listed(gateway, "demo") if entry.get("yanked")}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Where the gateway's configuration lies."""
    return tmp_path / "wheelgate.yaml"


def test_edit__that_is_good__takes_effect_on_the_next_request(
    start: Start, pypi: FakePyPI, config: Path, log: Log
) -> None:
    """From the log's word on, page and file are under the new rules; and back again."""
    files = {version: pypi.release("demo", version) for version in ("1.0", "2.0")}
    gateway = start(**denying("1.0"))
    assert (denied(gateway), gateway.get(files["2.0"].url).status_code) == ({"1.0"}, 200)
    config.write_text(edited(config, **denying("2.0")))
    log.wait_for(IN_FORCE)
    assert denied(gateway) == {"2.0"}
    assert [gateway.get(files[version].url).status_code for version in ("1.0", "2.0")] == [200, 403]


def test_edit__made_by_renaming_a_new_file_into_place__takes_effect(
    start: Start, pypi: FakePyPI, config: Path, tmp_path: Path, log: Log
) -> None:
    """Editors and configuration management write so."""
    pypi.release("demo", "1.0")
    gateway = start()
    fresh = tmp_path / "fresh.tmp"
    fresh.write_text(edited(config, **denying("1.0")))
    fresh.rename(config)
    log.wait_for(IN_FORCE)
    assert denied(gateway) == {"1.0"}


BAD = {
    "policies: [{deny: [{project: demo, versoins: '==1', reason: x}]}]": ":{line}:36: ",
    "policies: [{deny: [{project: demo, versions: '=>1', reason: x}]}]": ":{line}:46: ",
    "policies: [{deny: [{project: demo": ":",
    "sources: [{name: own, folder: /no/such/folder}]": ":{line}:31: ",
    "refusals: explian": ":{line}:11: ",
}


@pytest.mark.parametrize("line", BAD)
def test_edit__that_is_bad__changes_nothing_and_is_reported_with_its_place(
    start: Start, pypi: FakePyPI, config: Path, log: Log, line: str
) -> None:
    """File, line and column in the log; the rules before stay, until a good edit replaces them."""
    pypi.release("demo", "1.0")
    gateway = start(**denying("1.0"))
    good = config.read_text()
    kept = edited(config, policies=[]).replace("policies: []\n", "")
    config.write_text(kept + line + "\n")
    said = log.wait_for(NOT_IN_FORCE)
    place = BAD[line].format(line=kept.count("\n") + 1)
    assert said.startswith(f"ERROR {config}{place}")
    assert denied(gateway) == {"1.0"}
    config.write_text(good.replace("==1.0", "==2.0"))
    log.wait_for(IN_FORCE)
    assert denied(gateway) == set()


def test_file__that_is_gone__changes_nothing_and_is_reported(
    start: Start, pypi: FakePyPI, config: Path, log: Log
) -> None:
    """A deleted configuration is no configuration without rules."""
    pypi.release("demo", "1.0")
    gateway = start(**denying("1.0"))
    config.unlink()
    assert str(config) in log.wait_for(NOT_IN_FORCE)
    assert denied(gateway) == {"1.0"}


def test_password__that_is_gone_at_the_edit__changes_nothing_and_is_reported(
    start: Start, pypi: FakePyPI, config: Path, tmp_path: Path, log: Log
) -> None:
    """What only shows when the new configuration is built is found before it is in force."""
    pypi.release("demo", "1.0")
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    partner = {"name": "partner", "index": pypi.private().place.simple_url, "username": "reader"}
    gateway = start(sources=[{**partner, "password_file": str(secret)}, PUBLIC], **denying("1.0"))
    secret.unlink()
    config.write_text(edited(config, policies=[]))
    assert str(secret) in log.wait_for(NOT_IN_FORCE)
    assert denied(gateway) == {"1.0"}


def test_requests_under_way__at_an_edit__end_under_the_configuration_they_began_with(
    start: Start, pypi: FakePyPI, config: Path, log: Log
) -> None:
    """A download goes on though its release is denied and its source is gone; the next one hears of it."""
    file = pypi.release("demo", "1.0", size_padding=3_000_000)
    gateway = start()
    gate = pypi.gate(file.path, 1_000_000)
    with gateway.client() as client, client.stream("GET", file.url) as download:
        assert gate.reached.wait(PATIENCE)
        upstream = {**yaml.safe_load(config.read_text())["upstream"], "page_seconds": 7}
        config.write_text(edited(config, upstream=upstream, **denying("1.0")))
        log.wait_for(IN_FORCE)
        assert gateway.get(file.url).status_code == 403
        gate.open()
        assert b"".join(download.iter_raw()) == file.content


def test_page_under_way__at_an_edit__is_answered_under_the_configuration_it_began_with(
    start: Start, pypi: FakePyPI, config: Path, log: Log
) -> None:
    """A page that waits for upstream during the edit is under the old rules, not under a mix of both."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    gateway = start(**denying("1.0"))
    gate = pypi.gate("/simple/demo/")
    with gateway.client() as client:
        waiting = planting.later(lambda: client.get("https://pypi.org/simple/demo/", headers={"Accept": "text/html"}))
        assert gate.reached.wait(PATIENCE)
        config.write_text(edited(config, **denying("2.0")))
        log.wait_for(IN_FORCE)
        gate.open()
        marked = [line for line in waiting.result(PATIENCE).text.splitlines() if "steals tokens" in line]
    assert ["demo-1.0" in line for line in marked] == [True]
    assert denied(gateway) == {"2.0"}


def sources(gateway: RunningGateway) -> dict[str, Source]:
    """Give the sources in force, by name."""
    return {source.name: source for source in planting.intercept_of(gateway).present.assembly.sources.values()}


def test_sources__that_an_edit_leaves_alone__are_kept_with_what_they_remember(
    start: Start, pypi: FakePyPI, config: Path, tmp_path: Path, log: Log
) -> None:
    """Another rule asks nothing of PyPI again; another source is made, the one beside it kept."""
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    pypi.release("demo", "1.0")
    own = [{"name": folder.name, "folder": str(folder)} for folder in folders]
    gateway = start(sources=[own[0], PUBLIC])
    assert denied(gateway) == set()
    before = sources(gateway)
    config.write_text(edited(config, sources=[*own, PUBLIC], **denying("1.0")))
    log.wait_for(IN_FORCE)
    assert denied(gateway) == {"1.0"}
    after = sources(gateway)
    assert set(after) == {"one", "two", "pypi"}
    assert [after[name] is before[name] for name in before] == [True, True]
    assert len(pypi.asked("/simple/demo/")) == 1


def test_source__that_an_edit_adds__answers_first(
    start: Start, pypi: FakePyPI, config: Path, tmp_path: Path, log: Log
) -> None:
    """An own source above PyPI takes its projects from then on; taken out, they are public again."""
    folder = tmp_path / "own"
    folder.mkdir()
    name, body = wheel(Recipe(name="demo", version="9.0"))
    (folder / name).write_bytes(body)
    pypi.release("demo", "1.0")
    gateway = start()
    fresh = tmp_path / "fresh.tmp"  # renamed into place: half of a file, and none of it, are configurations as well
    fresh.write_text(edited(config, sources=[{"name": "own", "folder": str(folder)}, PUBLIC]))
    before = config.rename(tmp_path / "before.yaml")
    fresh.rename(config)
    log.wait_for(IN_FORCE)
    assert [entry["filename"] for entry in listed(gateway, "demo")] == [name]
    before.rename(config)
    log.wait_for(IN_FORCE)
    assert [str(entry["filename"]).split("-")[1] for entry in listed(gateway, "demo")] == ["1.0"]
    shutil.rmtree(folder)


def test_other_hosts__edited__are_judged_by_the_new_rules(start: Start, config: Path, log: Log) -> None:
    """CONNECT asks the configuration in force, too."""
    gateway = start(other_hosts={"allow": ["localhost"]})
    gateway.tunnel("localhost").close()
    config.write_text(edited(config, other_hosts={"mode": "refuse"}))
    log.wait_for(IN_FORCE)
    with pytest.raises(AssertionError, match="403 wheelgate: only PyPI"):
        gateway.tunnel("localhost")


def test_watch__that_fails__is_reported(pypi: FakePyPI, tmp_path: Path, log: Log) -> None:
    """Edits that are no longer seen are said to be, instead of waiting for ever."""
    with RunningGateway(configuration(pypi, tmp_path)) as gateway:
        planting.break_assembly(gateway, settings=None)
        lifetime = ctx.master.addons.get(Lifetime.name)
        assert isinstance(lifetime, Lifetime)
        (tmp_path / "wheelgate.yaml").write_text(edited(tmp_path / "wheelgate.yaml", contact="Ask us"))
        assert "restart it" in log.wait_for("a watch of the gateway has ended")


class Unbuildable(Present):
    """Settings of which nothing can be built: what they name went away since they were read."""

    @override
    async def swap(self, settings: Settings) -> None:
        """Raise."""
        raise ValueError("the password is gone")


async def test_edit__that_cannot_be_built__changes_nothing_and_is_reported(
    pypi: FakePyPI, config: Path, tmp_path: Path, log: Log
) -> None:
    """The watch goes on, with the configuration before."""
    settings = read(configuration(pypi, tmp_path), KINDS)
    present = Unbuildable(settings)
    before = present.assembly
    leaf = ShownLeaf(open_authority(tmp_path / "certs", clock()), clock)
    lifetime = Lifetime(Master(Options()), present, Origin(Tickets()), leaf, Edits(config, clock))
    await lifetime.running()
    try:
        await asyncio.to_thread(config.write_text, edited(config, contact="Ask us"))
        said = await asyncio.to_thread(log.wait_for, NOT_IN_FORCE)
        assert said == f"ERROR {config}: the password is gone - {NOT_IN_FORCE}"
        assert present.assembly is before
    finally:
        await lifetime.done()


def test_second_installation__into_the_same_mitmproxy__changes_nothing(gateway: RunningGateway) -> None:
    """A script that is loaded again finds the gateway there."""
    before = list(ctx.master.addons.chain)
    gateway.on_loop(lambda: into_running(ctx.master))
    assert ctx.master.addons.chain == before


def test_rule__that_ends_by_itself__is_said_to_at_the_start_and_after_an_edit(
    start: Start, config: Path, log: Log
) -> None:
    """The log has its line, so that nobody is surprised; one that was said already is not said again."""
    ending = {"project": "demo", "reason": "x", "id": "SEC-1", "until": f"{clock() + timedelta(days=3):%Y-%m-%d}"}
    ended = {"project": "other", "reason": "x", "until": "2020-01-01"}
    start(policies=[{"deny": [ending]}])
    said = log.wait_for("a rule that ends by itself")
    assert said.startswith(f"WARNING {config}: a rule that ends by itself: line ")
    assert ": deny, demo (SEC-1): ends " in said
    config.write_text(edited(config, policies=[{"deny": [ending, ended]}]))
    assert ": deny, other: ended 2020-01-01 00:00 UTC" in log.wait_for("a rule that ends by itself")


def test_rule__at_the_second_it_ends__is_over_without_an_edit(start: Start, pypi: FakePyPI) -> None:
    """Over HTTP, by the machine's own clock: page and file are there again, and upstream was asked for the page once."""
    file = pypi.release("demo", "1.0")
    end = clock().replace(microsecond=0) + timedelta(seconds=3)
    gateway = start(policies=[{"deny": [{"project": "demo", "reason": "x", "until": f"{end:%Y-%m-%dT%H:%M:%SZ}"}]}])
    refused = gateway.get(file.url)
    assert refused.status_code == 403
    shown = f"{end:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
    assert refused.reason_phrase == f"Blocked by wheelgate: deny: x (until {shown} UTC)"
    while gateway.get(file.url).status_code == 403:
        assert clock() < end + timedelta(seconds=5)
    assert clock() >= end
    assert gateway.page("demo").json()["project-status"] == {"status": "active"}
    assert len(pypi.asked("/simple/demo/")) == 1
