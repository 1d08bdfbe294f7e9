"""Which gateway `wheelgate exec` takes: one that runs already if it will do, else one of its own."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from addons import running
from proxyconf.addresses import Address
from tests.calling import call
from tests.small_gateways import plan_of, strange_program, write
from tests.wheelgate_process import Gateway, free_port

STATUS = """\
import json, os, urllib.request
proxy = urllib.request.ProxyHandler({"http": os.environ["HTTPS_PROXY"]})
print(json.load(urllib.request.build_opener(proxy).open("http://wheelgate.internal/status"))["pid"])
"""


type Asked = Callable[[str, Path], int]


@pytest.fixture
def gateway_of(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Ask which process is the gateway inside exec, under a configuration that is named in some folder."""

    def ask(config: str, folder: Path) -> int:
        monkeypatch.chdir(folder)
        assert call("exec", "--config", config, "--", sys.executable, "-c", STATUS).exit_code == 0
        return int(capfd.readouterr().out)

    return ask


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that runs already, under `wheelgate.yaml` in its folder."""
    folder = tmp_path_factory.mktemp("running")
    with Gateway(write(folder / "wheelgate.yaml", free_port()), folder) as running:
        yield running


@pytest.fixture
def folder(gateway: Gateway) -> Path:
    """The folder of the configuration of the gateway that runs already."""
    return Path(gateway.environment["HOME"])


def port_of(gateway: Gateway) -> int:
    """Where it listens."""
    return int(gateway.proxy.rpartition(":")[2])


def test_exec__gateway_of_this_configuration_runs__uses_it(gateway: Gateway, folder: Path, gateway_of: Asked) -> None:
    """However the file is named."""
    assert gateway_of("wheelgate.yaml", folder) == gateway.process.pid


async def test_exec__no_configuration_of_its_own__uses_the_one_that_runs(
    gateway: Gateway, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A user in any folder goes through the gateway of the machine, with all its policies."""
    plan = plan_of(None, Address("127.0.0.1", port_of(gateway)), folder / "certs")
    assert await running.once(plan, [sys.executable, "-c", STATUS]) == 0
    assert int(capfd.readouterr().out) == gateway.process.pid


def test_exec__another_configuration_is_named__starts_its_own(
    gateway: Gateway, folder: Path, gateway_of: Asked
) -> None:
    """The same CA and the same port, but other policies: they count."""
    write(folder / "other.yaml", port_of(gateway))
    assert gateway_of("other.yaml", folder) == os.getpid()


def test_exec__file_of_the_same_name_elsewhere__starts_its_own(
    gateway: Gateway, folder: Path, gateway_of: Asked
) -> None:
    """`wheelgate.yaml` is another one in every folder."""
    write(folder / "elsewhere" / "wheelgate.yaml", port_of(gateway), "../certs")
    assert gateway_of("wheelgate.yaml", folder / "elsewhere") == os.getpid()


def test_exec__gateway_of_another_ca_runs__starts_its_own(gateway: Gateway, folder: Path, gateway_of: Asked) -> None:
    """A client would not trust that one."""
    write(folder / "foreign.yaml", port_of(gateway), "other-certs")
    assert gateway_of("foreign.yaml", folder) == os.getpid()


@pytest.mark.parametrize(
    "says",
    [
        b"220 mail.example.org\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n["no", "gateway"] ',
        b"",
    ],
)
async def test_exec__port_is_another_programs__starts_its_own(
    says: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Anybody may listen there."""
    with strange_program(says) as port:
        plan = plan_of(None, Address("127.0.0.1", port), tmp_path / "certs")
        assert await running.once(plan, [sys.executable, "-c", STATUS]) == 0
    assert int(capfd.readouterr().out) == os.getpid()
