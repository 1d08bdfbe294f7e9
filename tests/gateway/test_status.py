"""How the configuration stands: the same words in the log, at the status and health addresses, and in two commands."""

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxyconf.addresses import Address
from tests.calling import call
from tests.fakepypi import FakePyPI
from tests.fakepypi.faults import Reset
from tests.gateway import planting
from tests.gateway.conftest import Start
from tests.gateway.logs import IN_FORCE, Log
from tests.gateway.running import RunningGateway, configuration
from tests.gateway.test_reload import AGAIN, NOT_IN_FORCE, denied, denying, edited
from tests.proxyconf.bad_configurations import KEYS, SYNTAX, TYPES, VALUES
from tests.proxyconf.places import furnish
from tests.wheelgate_process import free_port

SAMPLE = [row for table in (SYNTAX, KEYS, TYPES, VALUES) for row in table[:: len(table) // 2]]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the gateway's configuration lies, in the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "wheelgate.yaml"


def told(gateway: RunningGateway) -> dict[str, Any]:
    """Give what the status address says."""
    found = httpx.get(f"{gateway.url}/status", trust_env=False).json()
    assert isinstance(found, dict)
    return found


def health(gateway: RunningGateway) -> list[str]:
    """Give what the health address says, which answers 200 whatever it is."""
    answer = httpx.get(f"{gateway.url}/health", trust_env=False)
    assert answer.status_code == 200
    return answer.text.splitlines()


def sha256(path: Path) -> str:
    """Give a file's digest, as `sha256sum` prints it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_good_edit__is_told__with_its_sha256_and_since_when(start: Start, config: Path, log: Log) -> None:
    """Whoever rolls a configuration out can see that it has arrived; a new comment is no new configuration."""
    gateway = start(**denying("1.0"))
    before = told(gateway)["in_force"]["since"]
    config.write_text(edited(config, **denying("2.0")))
    log.wait_for(IN_FORCE)
    found = told(gateway)
    assert found["in_force"]["sha256"] == sha256(config)
    assert found["in_force"]["since"] >= before
    assert (found["bad_edit"], found["wrong"], health(gateway)) == (None, [], ["well"])


def test_bad_edit__until_it_is_corrected__is_told_everywhere_in_the_same_words(
    start: Start, config: Path, log: Log
) -> None:
    """File, line and column: in the log, at both addresses, by `wheelgate status` and by `wheelgate check`."""
    gateway = start(**denying("1.0"))
    good = config.read_text()
    config.write_text(good + "refusals: explian\n")
    logged = log.wait_for(NOT_IN_FORCE).removeprefix("ERROR ")
    found, line = told(gateway), good.count("\n") + 1
    assert logged.startswith(f"{config}:{line}:11: refusals: ")
    assert found["bad_edit"].keys() == {"error", "line", "column", "since"}
    assert (found["bad_edit"]["line"], found["bad_edit"]["column"]) == (line, 11)
    assert found["wrong"] == health(gateway) == [logged]
    said = call("status", "--proxy", gateway.url)
    assert (said.exit_code, said.stdout.splitlines()[-1]) == (1, f"wrong          {logged}")
    assert call("check", str(config)).stderr == f"wheelgate: {found['bad_edit']['error']}\n"
    config.write_text(good)
    log.wait_for(AGAIN)
    assert (told(gateway)["bad_edit"], health(gateway)) == (None, ["well"])


def test_check__of_what_a_running_gateway_refuses__says_the_same(
    start: Start, config: Path, tmp_path: Path, log: Log
) -> None:
    """A sample of every kind of mistake: what the status says is what the command says."""
    furnish(tmp_path)
    gateway = start()
    differing = []
    for name, text, *_ in SAMPLE:
        config.write_text(text)
        log.wait_for(NOT_IN_FORCE)
        said, found = call("check", str(config)).stderr, told(gateway)["bad_edit"]["error"]
        differing += [name] if said != f"wheelgate: {found}\n" else []
    assert differing == []


def test_file__gone_and_back__is_told_as_long_as_it_is_gone(
    start: Start, pypi: FakePyPI, config: Path, log: Log
) -> None:
    """A rename away and back, or an unmounted volume."""
    pypi.release("demo", "1.0")
    gateway = start(**denying("1.0"))
    config.rename(config.with_suffix(".away"))
    log.wait_for(NOT_IN_FORCE)
    assert ["there is no such file" in line for line in health(gateway)] == [True]
    config.with_suffix(".away").rename(config)
    log.wait_for(AGAIN)
    assert (health(gateway), denied(gateway)) == (["well"], {"1.0"})


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"listen": "127.0.0.1:1"}, "listen"),
        ({"certs": "others", "cache": {"folder": "other"}}, "certs, cache.folder"),
    ],
    ids=["listen", "certs and cache"],
)
def test_edit__of_what_is_read_at_start_only__is_told_until_it_is_put_back(
    start: Start, config: Path, log: Log, settings: dict[str, object], names: str
) -> None:
    """The rest of the edit counts; a later edit of something else does not make it forgotten."""
    gateway = start()
    before = config.read_text()
    config.write_text(edited(config, **settings))
    log.wait_for(IN_FORCE)
    config.write_text(edited(config, contact="Ask us"))
    log.wait_for(IN_FORCE)
    assert told(gateway)["waiting_for_restart"] == names.split(", ")
    assert [line.partition(": read at start only")[0] for line in health(gateway)] == [names]
    config.write_text(before)
    log.wait_for(IN_FORCE)
    assert health(gateway) == ["well"]


def test_policy__that_failed__is_told_until_another_configuration_is_in_force(
    start: Start, config: Path, log: Log
) -> None:
    """What it was to judge is refused, so somebody has to see it."""
    gateway = start()
    planting.intercept_of(gateway).present.assembly.memory.judgements.failed["deny"] = (2, "demo")
    assert told(gateway)["failed_policies"] == {"deny": {"failures": 2, "project": "demo"}}
    assert [line.partition(":")[0] for line in health(gateway)] == ["policy deny"]
    config.write_text(edited(config, contact="Ask us"))
    log.wait_for(IN_FORCE)
    assert health(gateway) == ["well"]


def test_source__that_is_out__makes_the_status_exit_with_1(start: Start, pypi: FakePyPI, config: Path) -> None:
    """Installs go on out of what is kept; somebody should know all the same."""
    pypi.cache_control = "max-age=0"
    gateway = start(fresh_seconds=0)
    pypi.release("demo", "1.0")
    assert gateway.page("demo").status_code == 200
    pypi.fault("/", Reset())
    assert gateway.page("demo").status_code == 200
    said = call("status", "--proxy", gateway.url)
    assert said.exit_code == 1
    assert said.stdout.splitlines()[-1].startswith("wrong          source pypi: ")


def test_status__of_a_gateway_that_is_well__exits_with_0(pypi: FakePyPI, tmp_path: Path, config: Path) -> None:
    """It is found by the configuration, even while that is a bad one."""
    port = free_port()
    configuration(pypi, tmp_path, listen=f"127.0.0.1:{port}")
    with RunningGateway(config, Address("127.0.0.1", port)) as gateway:
        said = call("status")
        assert (said.exit_code, said.stdout.splitlines()[-1]) == (0, "well")
        found = json.loads(call("status", "--json").stdout)
        assert (found["running"], found["well"], found["proxy"]) == (True, True, gateway.url)
        assert found["configuration"] == str(config)
        config.write_text(f"listen: 127.0.0.1:{port}\nreserved: [\n")
        assert call("status").stdout.startswith(f"gateway        {gateway.url}, process ")
        (tmp_path / "other.yaml").write_text(f"listen: 127.0.0.1:{port}\n")
        other = call("status", "--config", "other.yaml")
        assert (other.exit_code, "has another configuration" in other.stderr) == (2, True)


def test_status__of_no_gateway__exits_with_2(config: Path) -> None:
    """In words, and as JSON."""
    config.write_text(f"listen: 127.0.0.1:{free_port()}\n")
    said = call("status")
    assert (said.exit_code, said.stdout) == (2, "")
    assert "no gateway answers at http://127.0.0.1:" in said.stderr
    said = call("status", "--json")
    assert (said.exit_code, json.loads(said.stdout)["running"]) == (2, False)


def test_status__where_the_port_is_not_known__asks_for_it(config: Path) -> None:
    """With `listen` at port 0 only the running gateway knows."""
    config.write_text("listen: 127.0.0.1:0\n")
    said = call("status")
    assert (said.exit_code, "--proxy http://HOST:PORT" in said.stderr) == (2, True)
