"""Real clients with nothing but `client_environment()`: they accept the leaf for PyPI's hosts and refuse all else the CA signs."""

import base64
import hashlib
import io
import ipaddress
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography import x509

from addons.trust.authority import Authority, open_authority
from addons.trust.bundle import write_bundle
from addons.trust.environment import client_environment
from tests.addons.trust.certificates import forged_leaf, now, root_pem
from tests.addons.trust.loopback import Answers, Loopback

PREFIX = Path(sys.prefix)
WHEEL = "tiny-1.0-py3-none-any.whl"
ASK = "import sys, requests; sys.exit(requests.get(sys.argv[1], timeout=20).status_code != 200)"
PIP = (sys.executable, "-m", "pip", "download", "--no-deps", "--retries=0", "--dest=out", "tiny")
UV = (str(PREFIX / "bin" / "uv"), "pip", "install", "--no-deps", f"--python={sys.executable}", "--target=out", "tiny")
INSTALLERS: Mapping[str, tuple[str, ...]] = {"pip": PIP, "pip-23.2": PIP, "uv": UV}
CLIENTS = (*INSTALLERS, "requests")
REFUSALS = ("permitted subtree violation", "excluded subtree violation", "NameConstraintViolation")
"""What OpenSSL and rustls call a certificate beyond its CA's name constraints."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A CA as the gateway makes it at its first start."""
    return open_authority(tmp_path / "certs", now())


def tiny_wheel() -> bytes:
    """The smallest wheel that pip and uv accept."""
    files = {
        "tiny.py": b"",
        "tiny-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    files["tiny-1.0.dist-info/RECORD"] = "".join([*lines, "tiny-1.0.dist-info/RECORD,,\n"]).encode()
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return body.getvalue()


def answers(index_host: str, files_host: str) -> Answers:
    """A Simple index of one project whose one file lies on `files_host`."""
    page = f'<!DOCTYPE html><title>Links for tiny</title><a href="https://{files_host}/files/{WHEEL}">{WHEEL}</a>'
    return {
        (index_host, "/simple/tiny/"): ("text/html", page.encode()),
        (files_host, f"/files/{WHEEL}"): ("application/octet-stream", tiny_wheel()),
    }


def command(client: str, index: str | None = None) -> tuple[str, ...]:
    """What gets the project `tiny` with that client, from its default index unless another is given."""
    if client == "requests":
        return (sys.executable, "-c", ASK, f"{index or 'https://pypi.org/simple/'}tiny/")
    return (*INSTALLERS[client], *([f"--index-url={index}"] if index else []))


def run(
    client: str, home: Path, variables: Mapping[str, str], index: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a client in a folder and an environment of its own, with nothing of this machine's configuration."""
    environment = {"PATH": os.defpath, "HOME": str(home), "LC_ALL": "C.UTF-8"}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment |= {"UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(home / "uv"), "UV_HTTP_RETRIES": "0"}
    if client == "pip-23.2":
        environment["PYTHONPATH"] = str(PREFIX / "clients" / client)
    environment.update(variables)
    return subprocess.run(
        command(client, index), cwd=home, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def variables_for(server: Loopback, authority: Authority, home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What `wheelgate exec` sets for a user with `environment`, who trusts a root of his own."""
    (home / "corporate.pem").write_bytes(root_pem(now()))
    bundle = write_bundle(
        home / "bundle.pem", authority.ca_path.read_bytes(), environment, home, stores=[home / "corporate.pem"]
    )
    return client_environment(server.url, bundle, environment, home=home)


@pytest.mark.parametrize("client", CLIENTS)
def test_client__pypis_hosts_through_the_gateway__accepts_the_leaf(
    client: str, authority: Authority, tmp_path: Path
) -> None:
    """Page and file arrive from the default index, with the variables and nothing else."""
    with Loopback(answers("pypi.org", "files.pythonhosted.org"), authority.leaf_path) as server:
        answer = run(client, tmp_path, variables_for(server, authority, tmp_path, {}))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert ("GET", "pypi.org", "/simple/tiny/") in server.requests
    assert (("GET", "files.pythonhosted.org", f"/files/{WHEEL}") in server.requests) is (client in INSTALLERS)
    assert server.refusals == []


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("www.example.org", x509.DNSName("www.example.org")),
        ("192.0.2.1", x509.IPAddress(ipaddress.ip_address("192.0.2.1"))),
    ],
)
def test_client__leaf_of_our_authority_for_another_name__refuses_it(
    client: str, host: str, name: x509.GeneralName, authority: Authority, tmp_path: Path
) -> None:
    """Whoever steals the CA's key cannot stand for another site: the constraint is what the client complains of."""
    forged = forged_leaf(authority.folder, [name], now())
    with Loopback(answers(host, host), forged) as server:
        answer = run(client, tmp_path, variables_for(server, authority, tmp_path, {}), f"https://{host}/simple/")
    output = answer.stdout + answer.stderr
    assert answer.returncode != 0, output
    assert f"{host}:443" in server.connects
    assert server.requests == []
    assert any(refusal in output for refusal in REFUSALS), output


@pytest.mark.parametrize("client", INSTALLERS)
def test_client__user_has_settings_that_would_defeat_us__still_goes_through(
    client: str, authority: Authority, tmp_path: Path
) -> None:
    """A folder of roots, a proxy for pip, PyPI in NO_PROXY and uv's system roots do not lead round the gateway."""
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "other.pem").write_bytes(root_pem(now()))
    environment = {
        "SSL_CERT_DIR": str(tmp_path / "roots"),
        "PIP_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "*",
        "UV_SYSTEM_CERTS": "1",
    }
    with Loopback(answers("pypi.org", "files.pythonhosted.org"), authority.leaf_path) as server:
        variables = variables_for(server, authority, tmp_path, environment)
        answer = run(client, tmp_path, environment | variables)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert ("GET", "files.pythonhosted.org", f"/files/{WHEEL}") in server.requests
