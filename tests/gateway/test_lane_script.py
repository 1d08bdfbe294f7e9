"""The fast lane in somebody else's mitmproxy: `mitmdump -s addons/gateway.py`, with all that mitmdump brings along."""

import ssl
from pathlib import Path

import httpx
import pytest

import addons.gateway
from tests.fakepypi import FakePyPI
from tests.gateway.running import JSON, configuration
from tests.wheelgate_process import BIN, Running, clean_environment

PAGE = "https://pypi.org/simple/demo/"


def mitmdump(pypi: FakePyPI, folder: Path, *options: str) -> Running:
    """Give a mitmdump with the gateway as its script, that prints a line for each flow."""
    environment = clean_environment(
        folder, WHEELGATE_CONFIG=str(configuration(pypi, folder)), PYTHONUNBUFFERED="1", COLUMNS="200"
    )
    where = ("--set", f"confdir={folder / 'conf'}", "--listen-host", "127.0.0.1", "--listen-port", "0")
    command = (str(BIN / "mitmdump"), "-s", addons.gateway.__file__, *where, *options)
    return Running(command, folder, environment)


def ask(running: Running, folder: Path, credentials: str = "") -> str:
    """Ask for the page twice on one connection, then for what is no page, and give what was printed by then."""
    said = running.out.until("proxy listening at")
    address = said.partition("proxy listening at ")[2].split()[0].rstrip(".")
    trust = ssl.create_default_context(cafile=folder / "certs" / "ca.pem")
    proxy = f"http://{credentials}{address}"
    with httpx.Client(proxy=proxy, verify=trust, trust_env=False, timeout=20, headers={"Accept": JSON}) as client:
        for _ in range(2):
            answer = client.get(PAGE)
            assert answer.status_code == 200
            assert [file["filename"] for file in answer.json()["files"]] == ["demo-1.0-py3-none-any.whl"]
        client.get("https://pypi.org/the/end", headers=[(b"X", b"\xe4")])  # which the lane does not read
    return running.out.until("/the/end")


def flows(printed: str) -> int:
    """Give how many flows for the page mitmdump has printed: a line each, that begins with the client's address."""
    return sum(line.startswith("127.0.0.1:") and f": GET {PAGE}" in line for line in printed.splitlines())


def test_lane__in_mitmdump__answers_without_flows(pypi: FakePyPI, tmp_path: Path) -> None:
    """None of the addons that mitmdump brings along keeps the lane from answering: its line for each flow is missing."""
    pypi.release("demo", "1.0")
    with mitmdump(pypi, tmp_path) as running:
        assert flows(ask(running, tmp_path)) == 0


@pytest.mark.parametrize(
    ("options", "credentials"),
    [
        (("--set", "fast_lane=false"), ""),
        (("--proxyauth", "me:mine"), "me:mine@"),
        (("--modify-headers", "/~q/X-Asked/yes"), ""),
    ],
)
def test_lane__in_mitmdump_with_options_about_flows__leaves_them_to_it(
    pypi: FakePyPI, tmp_path: Path, options: tuple[str, ...], credentials: str
) -> None:
    """The lane's own option may stand on the command line; mitmproxy's come before it."""
    pypi.release("demo", "1.0")
    with mitmdump(pypi, tmp_path, *options) as running:
        assert flows(ask(running, tmp_path, credentials)) == 2


def test_lane__in_mitmdump_beside_a_script_that_looks_at_flows__leaves_them_to_it(
    pypi: FakePyPI, tmp_path: Path
) -> None:
    """A script of the operator's, loaded after ours, sees every request, and what it refuses stays refused."""
    pypi.release("demo", "1.0")
    script = tmp_path / "look.py"
    script.write_text("def request(flow):\n    print('looked at', flow.request.path)\n")
    with mitmdump(pypi, tmp_path, "-s", str(script)) as running:
        assert ask(running, tmp_path).count("looked at /simple/demo/") == 2
