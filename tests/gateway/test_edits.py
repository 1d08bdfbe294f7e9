"""Edits as they come in life: many at once, halves, links that are swapped, thousands of rules."""

import threading
from pathlib import Path

import pytest
import yaml

from tests.fakepypi import FakePyPI
from tests.gateway.conftest import Start
from tests.gateway.listing import listed
from tests.gateway.logs import IN_FORCE, Log
from tests.gateway.running import RunningGateway, configuration
from tests.gateway.test_reload import AGAIN, NOT_IN_FORCE, denied, denying, edited
from tests.gateway.test_status import health, sha256, told


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Where the gateway's configuration lies."""
    return tmp_path / "wheelgate.yaml"


def until_in_force(gateway: RunningGateway, config: Path, log: Log) -> None:
    """Wait until what the file says now is in force."""
    while told(gateway)["in_force"]["sha256"] != sha256(config):
        log.wait_for(IN_FORCE)


def test_edits__in_quick_succession__end_with_the_last_one(
    start: Start, pypi: FakePyPI, config: Path, log: Log
) -> None:
    """Good and bad ones, in place and by renaming: the last counts, and nothing of those before is told any more."""
    for version in ("1.0", "2.0", "3.0"):
        pypi.release("demo", version)
    gateway = start()
    texts = [edited(config, **denying(version)) for version in ("1.0", "2.0")]
    for number in range(30):
        if number % 3:
            config.write_text(texts[number % 2])
        else:
            config.with_suffix(".new").write_text("policies: [{deny: [{proj")
            config.with_suffix(".new").rename(config)
    config.write_text(edited_last := texts[0].replace("==1.0", "==3.0"))
    until_in_force(gateway, config, log)
    assert config.read_text() == edited_last
    assert (denied(gateway), health(gateway)) == ({"3.0"}, ["well"])


def test_file__half_written__changes_nothing_until_it_is_whole(
    start: Start, pypi: FakePyPI, config: Path, log: Log
) -> None:
    """A writer that stops in the middle is told of; when it goes on, the whole counts."""
    pypi.release("demo", "1.0")
    gateway = start(**denying("1.0"))
    whole = edited(config, **denying("2.0"))
    half = whole[: whole.index("project: demo") + 5]
    config.write_text(half)
    assert log.wait_for(NOT_IN_FORCE).startswith(f"ERROR {config}:")
    assert denied(gateway) == {"1.0"}
    with config.open("a") as file:
        file.write(whole.removeprefix(half))
    until_in_force(gateway, config, log)
    assert (denied(gateway), health(gateway)) == (set(), ["well"])


def test_mounted_map__swapped_as_kubernetes_does__takes_effect(
    start: Start, pypi: FakePyPI, tmp_path: Path, log: Log
) -> None:
    """The file is a link through a link to a folder; the folder's link is replaced, and the old folder removed."""
    pypi.release("demo", "1.0")
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    inner = configuration(pypi, tmp_path / "old")
    (tmp_path / "new" / "wheelgate.yaml").write_text(edited(inner, **denying("1.0")))
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    (mounted / "..data").symlink_to(tmp_path / "old")
    (mounted / "wheelgate.yaml").symlink_to("..data/wheelgate.yaml")
    with RunningGateway(mounted / "wheelgate.yaml") as gateway:
        (mounted / "..tmp").symlink_to(tmp_path / "new")
        (mounted / "..tmp").rename(mounted / "..data")
        inner.unlink()
        log.wait_for(IN_FORCE)
        assert (denied(gateway), health(gateway)) == ({"1.0"}, ["well"])


def test_edit__of_thousands_of_rules__holds_up_nobody(start: Start, pypi: FakePyPI, config: Path, log: Log) -> None:
    """While they are read, requests are answered, each under the old rules or under the new ones, never under a part."""
    for version in ("1.0", "2.0"):
        pypi.release("demo", version)
    gateway = start(**denying("1.0"))
    rules = [{"project": f"bad-{number}", "versions": "<2", "reason": "no"} for number in range(1500)]
    [kept] = yaml.safe_load(yaml.safe_dump(denying("2.0")))["policies"]
    text = edited(config, policies=[{"deny": [*rules, *kept["deny"]]}])
    done, seen = threading.Event(), []

    def ask() -> None:
        while not done.is_set():
            seen.append(frozenset(denied(gateway)))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        config.write_text(text)
        log.wait_for(IN_FORCE)
    finally:
        done.set()
        asking.join()
    assert denied(gateway) == {"2.0"}
    assert set(seen) <= {frozenset({"1.0"}), frozenset({"2.0"})}
    assert len(seen) > 5


OWN = """
from addons.policies.rules import Ruled
from addons.policies.verdicts import refusal, with_refused
from proxyconf.rules import Rule
class MineRule(Rule, frozen=True, kw_only=True): pass
class Mine(Ruled):
    def apply(self, page, at):
        found = self._rules.covered(page, at, unknown=True)
        return with_refused(page, {each: refusal("mine", rules[0], "REASON") for each, rules in found.items()}, "")
"""


def test_own_policy__edited__is_in_force_as_the_configuration_is(
    start: Start, pypi: FakePyPI, tmp_path: Path, log: Log
) -> None:
    """A good edit of its file counts, though the configuration stays as it is; a bad one is told and changes nothing."""
    pypi.release("demo", "1.0")
    (tmp_path / "policies").mkdir(mode=0o755)
    mine = tmp_path / "policies" / "mine.py"
    mine.write_text(OWN)
    mine.chmod(0o644)
    gateway = start(own_policies="policies", policies=[{"mine": [{"project": "demo"}]}])
    [entry] = listed(gateway, "demo")
    assert entry["yanked"] == "Blocked by wheelgate: mine: REASON"
    mine.write_text(OWN.replace("REASON", "another"))
    log.wait_for(IN_FORCE)
    [entry] = listed(gateway, "demo")
    assert entry["yanked"] == "Blocked by wheelgate: mine: another"
    mine.write_text("def half(")
    assert log.wait_for(NOT_IN_FORCE).startswith(f"ERROR {mine}:1:9: is no Python: ")
    [entry] = listed(gateway, "demo")
    assert entry["yanked"] == "Blocked by wheelgate: mine: another"
    mine.write_text(OWN.replace("REASON", "another"))
    log.wait_for(AGAIN)
    assert health(gateway) == ["well"]
