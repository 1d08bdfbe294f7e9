"""`wheelgate run`: what it says, how it ends, and what stops it from starting."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from addons import reaching
from tests.calling import call
from tests.fakepypi import FakePyPI
from tests.gateway.running import configuration
from tests.small_gateways import strange_program, write
from tests.wheelgate_process import MEASURED, PATIENCE, WHEELGATE, Gateway, Running, clean_environment, free_port, run


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway at the port of its configuration, in a folder whose name a shell has to be told carefully."""
    folder = tmp_path_factory.mktemp("it's here; $HOME")
    with Gateway(write(folder / "wheelgate.yaml", free_port()), folder, **MEASURED) as running:
        yield running


def test_run__started__says_what_to_do_next(gateway: Gateway) -> None:
    """Proxy, CA, configuration, and one line for the shell."""
    folder = Path(gateway.environment["HOME"])
    assert f"\n  CA             {folder}/certs/ca.pem\n" in gateway.greeting
    assert f"\n  configuration  {folder}/wheelgate.yaml\n" in gateway.greeting
    assert gateway.eval_line.startswith('eval "$(')
    assert len(gateway.greeting.splitlines()) == 7
    assert gateway.err.text == ""


def test_run__its_line_in_sh__leads_to_it_from_any_folder(gateway: Gateway, tmp_path: Path) -> None:
    """The line as printed, in a shell that knows neither the folder nor where `wheelgate` is."""
    script = f'{gateway.eval_line}\nprintf "%s %s" "$HTTPS_PROXY" "$SSL_CERT_FILE"'
    shell = run(("/bin/sh", "-ec", script), tmp_path, {"HOME": str(tmp_path), "PATH": os.defpath})
    proxy, bundle = shell.stdout.split()
    assert proxy == gateway.proxy
    assert Path(bundle).is_file()
    assert shell.stderr == ""


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, for calls inside this process."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_env__gateway_of_another_ca_answers__warns(gateway: Gateway, own_folder: Path) -> None:
    """Clients would all fail, and say something else."""
    write(own_folder / "wheelgate.yaml", 0)
    said = call("env", "--proxy", gateway.proxy)
    assert said.exit_code == 0
    assert f"the gateway at {gateway.proxy} has another CA" in said.stderr


def test_env__wait__prints_when_the_gateway_is_there(tmp_path: Path) -> None:
    """`wheelgate run & eval "$(wheelgate env --wait)"` in one script."""
    write(tmp_path / "wheelgate.yaml", free_port())
    script = f"{WHEELGATE} run >/dev/null & {WHEELGATE} env --wait; kill $!; wait $!"
    done = run(("sh", "-c", script), tmp_path, clean_environment(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "export HTTPS_PROXY=" in done.stdout


@pytest.mark.usefixtures("own_folder")
def test_env__wait_for_one_that_is_there__prints_at_once(gateway: Gateway) -> None:
    """And warns of nothing."""
    said = call("env", "--wait", "--config", f"{gateway.environment['HOME']}/wheelgate.yaml")
    assert (said.exit_code, said.stderr) == (0, "")


async def test_wait__nobody_comes__ends() -> None:
    """`env --wait` then prints nothing, and fails."""
    assert not await reaching.answers(f"http://127.0.0.1:{free_port()}", 0.1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_run__signal__stops_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    """Exit code 0, not a word more, nothing left behind."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with Gateway(write(tmp_path / "wheelgate.yaml", free_port()), tmp_path, TMPDIR=str(temporary)) as gateway:
        assert gateway.stop(number) == 0
    assert gateway.out.text.endswith("Stop it with Ctrl-C.\n")
    assert gateway.err.text == ""
    assert list(temporary.iterdir()) == []


def test_run__whose_output_nobody_reads_any_more__stops_cleanly(tmp_path: Path) -> None:
    """As behind `wheelgate run | head`: that its reader has gone is no fault of the gateway's."""
    command = [str(WHEELGATE), "run", "--config", str(write(tmp_path / "wheelgate.yaml", free_port()))]
    with subprocess.Popen(
        command, env=clean_environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert any("Stop it" in line for line in process.stdout)
        process.stdout.close()
        process.terminate()
        assert (process.wait(PATIENCE), process.stderr.read()) == (0, "")


def test_run__nohup__outlives_the_terminal(tmp_path: Path) -> None:
    """A hang-up that was ignored from the start stays ignored."""
    config = write(tmp_path / "wheelgate.yaml", free_port())
    command = ("sh", "-c", f"trap '' HUP; exec {WHEELGATE} run --config {config}")
    with Running(command, tmp_path, clean_environment(tmp_path)) as process:
        process.out.until("Stop it with Ctrl-C.")
        process.process.send_signal(signal.SIGHUP)
        with httpx.Client(proxy=f"http://127.0.0.1:{port_in(config)}", trust_env=False) as client:
            assert client.get("http://wheelgate.internal/status").json()["pid"] == process.process.pid
        assert process.stop() == 0


def port_in(config: Path) -> int:
    """The port that a configuration names."""
    found = re.search(r"listen: 127.0.0.1:(\d+)", config.read_text())
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("busy_with", ["an open tunnel", "a page that does not come", "a file that stops coming"])
def test_run__stopped_while_busy__still_ends_cleanly(busy_with: str, pypi: FakePyPI, tmp_path: Path) -> None:
    """A client or an upstream that hangs does not keep it alive."""
    config = configuration(pypi, tmp_path, listen=f"127.0.0.1:{free_port()}")
    with Gateway(config, tmp_path) as gateway, busy(gateway, pypi, busy_with):
        assert gateway.stop() == 0
    assert gateway.out.text.endswith("Stop it with Ctrl-C.\n")
    assert "Traceback" not in gateway.err.text


@contextmanager
def busy(gateway: Gateway, pypi: FakePyPI, what: str) -> Iterator[None]:
    """Have the gateway wait for a client, or for an upstream that a client waits for."""
    file = pypi.release("demo", "1.0", size_padding=3_000_000)
    host, path = ("files.pythonhosted.org", file.path) if "file" in what else ("pypi.org", "/simple/demo/")
    gate = pypi.gate(path, after_bytes=1_000_000 if "file" in what else 0)
    trust = ssl.create_default_context(cafile=Path(gateway.environment["HOME"]) / "certs" / "ca.pem")
    with socket.create_connection(("127.0.0.1", port_of(gateway)), 20) as link:
        link.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        assert b" 200 " in link.recv(1000)
        if "tunnel" in what:
            yield
            return
        with trust.wrap_socket(link, server_hostname=host) as secured:
            secured.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert gate.reached.wait(20)
            yield


def port_of(gateway: Gateway) -> int:
    """Where it listens."""
    return int(gateway.proxy.rpartition(":")[2])


@pytest.mark.parametrize("named", ["in the configuration", "on the command line"])
def test_run__port_in_use__says_so_and_what_to_do(named: str, own_folder: Path) -> None:
    """Exit code 1, one line, no traceback."""
    with strange_program(b"") as port:
        write(own_folder / "wheelgate.yaml", port if named == "in the configuration" else 0)
        listen = () if named == "in the configuration" else ("--listen", f"127.0.0.1:{port}")
        said = call("run", *listen)
    assert (said.exit_code, said.stdout) == (1, "")
    assert said.stderr.startswith(f"wheelgate: cannot listen on 127.0.0.1:{port}: Address already in use.")
    assert "--listen HOST:PORT" in said.stderr
    assert said.stderr.count("\n") == 1


@pytest.mark.parametrize("listen", ["127.0.0.1", "127.0.0.1:70000", "x y:80", ":80"])
def test_run__listen_is_no_address__is_a_usage_error(listen: str, own_folder: Path) -> None:
    """The option is named, as in any other tool."""
    write(own_folder / "wheelgate.yaml", 0)
    said = call("run", "--listen", listen)
    assert said.exit_code == 2
    assert "Invalid value for '-l' / '--listen'" in said.stderr


def test_run__listens_elsewhere_than_configured__its_line_says_where(tmp_path: Path) -> None:
    """Also with port 0, where only the running gateway knows."""
    with Gateway(write(tmp_path / "wheelgate.yaml", 0), tmp_path, "--listen", "0.0.0.0:0") as gateway:
        assert gateway.proxy.startswith("http://127.0.0.1:")
        assert "from other machines" in gateway.greeting
        assert gateway.variables()["HTTPS_PROXY"] == gateway.proxy


def test_run__bad_edit__is_reported_with_its_place_and_changes_nothing(tmp_path: Path) -> None:
    """The gateway stays up under the configuration before."""
    config = write(tmp_path / "wheelgate.yaml", free_port())
    good = config.read_text()
    with Gateway(config, tmp_path) as gateway:
        config.write_text(good + "reserved: [acme*]\n")
        said = gateway.err.until("stays in force")
        assert re.search(rf"{config}:4:12: .*acme-\*", said)
        config.write_text(good + "reserved: [acme-*]\n")
        gateway.err.until("the new configuration is in force")
        assert gateway.stop() == 0
    assert "Traceback" not in gateway.err.text


def test_status__asked_through_the_proxy__tells_who_runs_here(gateway: Gateway) -> None:
    """What exec and env look at; nothing secret."""
    with httpx.Client(proxy=gateway.proxy, trust_env=False) as client:
        found = json.loads(client.get("http://wheelgate.internal/status").content)
    assert {"wheelgate", "ca_sha256", "configuration", "pid", "cache", "sources", "in_force", "wrong"} <= set(found)
    assert found["pid"] == gateway.process.pid
    assert found["configuration"] == f"{gateway.environment['HOME']}/wheelgate.yaml"
