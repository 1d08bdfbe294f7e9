"""`wheelgate exec`: a command of the user's with everything set, its exit code, its signals, and which gateway it takes."""

import asyncio
import json
import os
import signal
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from addons import running
from addons.trust.files import replace_file
from tests.addons.trust.certificates import now, root_pem
from tests.calling import call
from tests.fakepypi import FakePyPI
from tests.gateway.running import configuration
from tests.small_gateways import plan_of, strange_program, write
from tests.wheelgate_process import MEASURED, WHEELGATE, Running, clean_environment, free_port, run

ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"
LISTENING_FOR = """\
import os, signal, sys
def told(number, frame):
    os.write(1, b"told %d\\n" % number)  # print may not be interrupted by a second signal
    if number == 15:
        sys.exit(7)
reading, writing = os.pipe()
os.set_blocking(writing, False)
signal.set_wakeup_fd(writing)  # a signal just before signal.pause() would leave it waiting: a pipe remembers it
for number in (1, 2, 10, 12, 15):
    signal.signal(number, told)
print("ready", flush=True)
while True:
    os.read(reading, 1)
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with a CA of its own, at a port where nobody listens; the working folder is its own."""
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "wheelgate.yaml", free_port())


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("true",), 0),
        (("sh", "-c", "exit 3"), 3),
        (("sh", "-c", "kill -9 $$"), 128 + 9),
        (("sh", "-c", "kill -TERM $$"), 128 + 15),
        (("no-such-command",), 127),
        (("./no-such-command",), 127),
        (("./text",), 126),
        (("./program-without-first-line",), 126),
        (("./lost-interpreter",), 127),
        (("/",), 126),
    ],
    ids=lambda value: str(value[-1]) if isinstance(value, tuple) else "",
)
def test_exec__command_ends__gives_the_code_that_a_shell_would(
    command: tuple[str, ...], code: int, config: Path, tmp_path: Path
) -> None:
    """Scripts and CI jobs see what they would see without us."""
    for name, content, mode in [("text", "", 0o644), ("program-without-first-line", "x", 0o755)]:
        replace_file(tmp_path / name, content.encode(), mode)
    replace_file(tmp_path / "lost-interpreter", b"#!/nowhere/python\n", 0o755)
    said = call("exec", "--config", str(config), "--", *command)
    assert said.exit_code == code
    assert said.stderr.startswith(f"wheelgate: {command[0]}: ") is (code in (126, 127))


def test_exec__options_of_the_command__are_its_own(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Also without the two dashes, and also those that we have too."""
    assert call("exec", "-c", str(config), "echo", "-c", "--help", "--", "-v").exit_code == 0
    assert capfd.readouterr().out == "-c --help -- -v\n"


def test_exec__as_a_profile__gives_its_name_to_the_gateway(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With the colon without which pip would give none."""
    call("exec", "--config", str(config), "--as", "as-of-2026-01-31", "--", sys.executable, "-c", ENVIRONMENT)
    assert json.loads(capfd.readouterr().out)["HTTPS_PROXY"].startswith("http://as-of-2026-01-31:@127.0.0.1:")


def test_exec__standard_streams__are_the_commands_own(config: Path, tmp_path: Path) -> None:
    """Bytes go in and come out, and nothing is added."""
    script = "read line; echo out $line; echo err $line >&2"
    done = run(
        (WHEELGATE, "exec", "-c", str(config), "sh", "-c", script), tmp_path, clean_environment(tmp_path), "word\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "out word\n", "err word\n")


# Signals


@pytest.fixture
def heeded() -> Iterator[None]:
    """What the test starts ignores none of these, as it would SIGINT if a script had run the suite with `&`."""
    numbers = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}  # a handler ends with exec
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def listening(config: Path, tmp_path: Path) -> Iterator[Running]:
    """A command inside exec that tells which signals it gets, and ends with 7 on SIGTERM."""
    command = (WHEELGATE, "exec", "-c", str(config), "--", sys.executable, "-c", LISTENING_FOR)
    with Running(command, tmp_path, clean_environment(tmp_path, **MEASURED)) as process:
        process.out.until("ready")
        yield process


@pytest.mark.usefixtures("heeded")
def test_exec__signals__reach_the_command_and_its_code_comes_back(config: Path, tmp_path: Path) -> None:
    """The command decides what a signal means: the last one ends it, in its own way, and we end after it."""
    with listening(config, tmp_path) as process:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            process.process.send_signal(number)
            process.out.until(f"told {number:d}\n")
        assert process.stop(signal.SIGTERM) == 7
    assert process.err.text == ""


@pytest.mark.usefixtures("heeded")
def test_exec__ctrl_c_at_a_terminal__reaches_the_command_once(config: Path, tmp_path: Path) -> None:
    """A terminal sends it to everybody in front of it, so passing it on would be once too often."""
    leader, follower = os.openpty()
    # The shell leads a session of its own, so the first terminal that it opens becomes the session's.
    script = f'exec "$@" <{os.ttyname(follower)}'
    command = (
        "sh",
        "-c",
        script,
        "sh",
        WHEELGATE,
        "exec",
        "-c",
        str(config),
        "--",
        sys.executable,
        "-c",
        LISTENING_FOR,
    )
    try:
        with Running(command, tmp_path, clean_environment(tmp_path)) as process:
            process.out.until("ready")
            os.write(leader, b"\x03")
            process.out.until("told 2")
            assert process.stop(signal.SIGTERM) == 7
    finally:
        os.close(leader)
        os.close(follower)
    assert process.out.text == "ready\ntold 2\ntold 15\n"


def test_exec__signal_was_ignored_from_the_start__stays_ignored(config: Path, tmp_path: Path) -> None:
    """`nohup wheelgate exec …` keeps its promise to the command."""
    program = "import signal; print(signal.getsignal(signal.SIGHUP).name, signal.getsignal(signal.SIGTERM).name)"
    script = f"trap '' HUP; exec {WHEELGATE} exec -c {config} -- {sys.executable} -c '{program}'"
    done = run(("sh", "-c", script), tmp_path, clean_environment(tmp_path))
    assert done.stdout == "SIG_IGN SIG_DFL\n", done.stderr


async def test_exec__signal_while_the_gateway_starts__does_not_start_the_command(config: Path, tmp_path: Path) -> None:
    """Who stops us that early wants nothing run."""
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
    assert await running.once(plan_of(config), ["touch", str(tmp_path / "ran")]) == 128 + signal.SIGTERM
    assert not (tmp_path / "ran").exists()


# What the command is told


@pytest.fixture(scope="module")
def users_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root that only this user trusts."""
    path = tmp_path_factory.mktemp("user") / "corporate.pem"
    path.write_bytes(root_pem(now()))
    return path


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory, users_root: Path) -> Mapping[str, str]:
    """The environment inside exec, of a user with settings; `BUNDLE` is the content of the file of roots."""
    folder = tmp_path_factory.mktemp("inside")
    config = write(folder / "wheelgate.yaml", free_port())
    script = f"cp $SSL_CERT_FILE {folder}/bundle.pem; exec {sys.executable} -c '{ENVIRONMENT}'"
    command = (WHEELGATE, "exec", "-c", str(config), "--", "sh", "-c", script)
    settings = {"SSL_CERT_FILE": str(users_root), "NO_PROXY": "gitlab.example.org,pypi.org", "MINE": "kept"}
    done = run(command, folder, clean_environment(folder, **settings))
    assert done.returncode == 0, done.stderr
    ours = (folder / "certs" / "ca.pem").read_text()
    return {**json.loads(done.stdout), "BUNDLE": (folder / "bundle.pem").read_text(), "OURS": ours}


def test_exec__inside__https_goes_to_a_gateway_on_this_machine(inside: Mapping[str, str]) -> None:
    """In both spellings, as clients differ."""
    assert inside["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    assert inside["https_proxy"] == inside["HTTPS_PROXY"]


def test_exec__inside__every_clients_variable_names_the_same_bundle(inside: Mapping[str, str]) -> None:
    """pip, requests, curl, uv and whatever asks OpenSSL."""
    assert len({inside[name] for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")}) == 1


def test_exec__inside__bundle_extends_the_users_and_the_systems_roots(
    inside: Mapping[str, str], users_root: Path, tmp_path: Path
) -> None:
    """Our CA, the root that the user's SSL_CERT_FILE named, and those of the machine (or Mozilla's)."""
    (tmp_path / "bundle.pem").write_text(inside["BUNDLE"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(tmp_path / "bundle.pem")
    trusted = context.get_ca_certs(binary_form=True)
    assert ssl.PEM_cert_to_DER_cert(inside["OURS"]) in trusted
    assert ssl.PEM_cert_to_DER_cert(users_root.read_text()) in trusted
    assert len(trusted) > 50


def test_exec__inside__no_proxy_keeps_the_users_hosts_and_this_machine(inside: Mapping[str, str]) -> None:
    """But not an entry that would lead round the gateway."""
    assert inside["NO_PROXY"].split(",") == ["gitlab.example.org", "localhost", "127.0.0.1", "::1"]


def test_exec__inside__the_users_other_variables_stay(inside: Mapping[str, str]) -> None:
    """Nothing else is taken away."""
    assert inside["MINE"] == "kept"
    assert "HTTP_PROXY" not in inside
    assert "PIP_INDEX_URL" not in inside


def test_exec__bundle__is_gone_afterwards(inside: Mapping[str, str]) -> None:
    """A temporary file, for one command."""
    assert not Path(inside["SSL_CERT_FILE"]).exists()


@pytest.mark.parametrize(
    ("file", "content", "command"),
    [
        (".config/pip/pip.conf", "[download]\ndest = chosen\n", ("python", "-m", "pip", "download", "solo")),
        (
            ".config/uv/uv.toml",
            '[pip]\ntarget = "chosen"\n',
            ("uv", "pip", "install", f"--python={sys.executable}", "solo"),
        ),
    ],
    ids=["pip.conf", "uv.toml"],
)
def test_exec__users_configuration__stays_in_force(
    file: str, content: str, command: tuple[str, ...], pypi: FakePyPI, tmp_path: Path
) -> None:
    """pip's and uv's own files go on counting: told by where the files land."""
    pypi.release("solo", "1.0")
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(content)
    config = configuration(pypi, tmp_path, listen=f"127.0.0.1:{free_port()}")
    done = run((WHEELGATE, "exec", "-c", str(config), "--", *command), tmp_path, clean_environment(tmp_path))
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "chosen").glob("solo-1.0*"))


def test_exec__this_machine__is_reached_without_the_gateway(config: Path, tmp_path: Path) -> None:
    """A development server on localhost is nobody else's business; through the gateway it would be refused."""
    with strange_program(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere") as port:
        ask = f"import requests; print(requests.get('http://127.0.0.1:{port}/').text)"
        done = run(
            (WHEELGATE, "exec", "-c", str(config), "--", sys.executable, "-c", ask),
            tmp_path,
            clean_environment(tmp_path),
        )
    assert done.stdout == "here\n", done.stderr
