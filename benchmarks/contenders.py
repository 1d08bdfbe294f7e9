"""What is measured side by side: each a process of its own, all in front of the same origin."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import trustme
import yaml

from benchmarks.asking import Target
from benchmarks.origin import Content
from benchmarks.processes import cpu_seconds, memory
from tests.fakepypi.building import Recipe, wheel
from tests.wheelgate_process import BIN, Gateway, clean_environment, free_port


@dataclass(frozen=True)
class Contender:
    """A running server: where it is reached, and the processes that it is (none: they are not to be measured)."""

    name: str
    target: Target
    pids: Sequence[int] = ()
    folder: bool = False  # it has a folder of the organisation's own besides
    optional: bool = False  # what it cannot answer is left out
    revalidates: bool = False  # it asks upstream again whenever a client says max-age=0, as pip does: it is not told so

    def cpu(self) -> float:
        """CPU seconds that it has taken, its children's included."""
        return cpu_seconds(self.pids)

    def memory(self) -> int:
        """Bytes of memory that are its own and its children's (PSS)."""
        return memory(self.pids)


def certificate(folder: Path) -> Path:
    """Make an origin's key and chain (`origin.pem`) and the CA that it is trusted by, whose path is given."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    hosts = ("pypi.org", "files.pythonhosted.org", "upload.pypi.org", "localhost")
    leaf = authority.issue_cert(*hosts, key_type=trustme.KeyType.ECDSA)
    leaf.private_key_and_cert_chain_pem.write_to_path(folder / "origin.pem")
    authority.cert_pem.write_to_path(folder / "origin-ca.pem")
    return folder / "origin-ca.pem"


@contextmanager
def origin(folder: Path, content: Content) -> Iterator[Contender]:
    """Run the fast origin, under a CA that `folder` has then as `origin-ca.pem`."""
    ca = certificate(folder)
    command = [sys.executable, "-m", "benchmarks.origin", str(folder), json.dumps(asdict(content))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Contender("direct", Target(("127.0.0.1", port), ca, proxied=False), (process.pid,))
        process.stdin.close()


@contextmanager
def wheelgate(folder: Path, upstream: Target, name: str = "wheelgate", **settings: object) -> Iterator[Contender]:
    """Run `wheelgate run` as operators do; `settings` come over what leads it to the origin."""
    home = folder / name.replace(" ", "-")
    home.mkdir()
    address = f"{upstream.address[0]}:{upstream.address[1]}"
    usual = {
        "listen": "127.0.0.1:0",
        "certs": str(home / "certs"),
        "fresh_seconds": 600,
        "upstream": {
            "ca": str(upstream.ca),
            "proxy": "none",
            "connect_to": dict.fromkeys(("pypi.org", "files.pythonhosted.org"), address),
        },
    }
    config = home / "wheelgate.yaml"
    config.write_text(yaml.safe_dump({**usual, **settings}))
    with Gateway(config, home) as process:
        host, _, port = process.proxy.removeprefix("http://").rpartition(":")
        target = Target((host, int(port)), home / "certs" / "ca.pem", proxied=True)
        yield Contender(name, target, (process.process.pid,))


@contextmanager
def wheelgate_with_folder(folder: Path, upstream: Target) -> Iterator[Contender]:
    """Run one that has a folder of twenty projects of the organisation's own (`acme-0`, …) before PyPI."""
    wheels = folder / "wheels"
    wheels.mkdir()
    for recipe in (Recipe(name=f"acme-{n}", version=f"1.{minor}") for n in range(20) for minor in range(5)):
        name, content = wheel(recipe)
        (wheels / name).write_bytes(content)
    pypi = {
        "name": "pypi",
        "index": "https://pypi.org/simple/",
        "public": True,
        "files_hosts": ["files.pythonhosted.org"],
    }
    sources = [{"name": "acme", "folder": str(wheels)}, pypi]
    with wheelgate(folder, upstream, "wheelgate+folder", sources=sources, reserved=["acme-*"]) as contender:
        yield replace(contender, folder=True)


@contextmanager
def streaming_mitmdump(folder: Path, upstream: Target) -> Iterator[Contender]:
    """Run it with the two options that make it good at files: without them it holds each file whole, several times."""
    with mitmdump(folder, upstream, stream_large_bodies="1m", connection_strategy="lazy") as contender:
        yield contender


_LEAD = """
import asyncio

connect = asyncio.open_connection


async def open_connection(host=None, port=None, **options):
    return await connect(*ADDRESS, **options)


asyncio.open_connection = open_connection
"""


@contextmanager
def mitmdump(folder: Path, upstream: Target, **further: str) -> Iterator[Contender]:
    """Run mitmproxy's own `mitmdump`, as it is, passing everything through; only what it dials is the origin.

    `further` are options of its own.
    """
    home = folder / "mitmdump"
    home.mkdir()
    lead = home / "lead.py"
    lead.write_text(_LEAD.replace("ADDRESS", repr(upstream.address)))
    port = free_port()
    options = {"confdir": home, "ssl_verify_upstream_trusted_ca": upstream.ca, **further}
    sets = [part for name, value in options.items() for part in ("--set", f"{name}={value}")]
    command = [str(BIN / "mitmdump"), "-q", "--listen-host", "127.0.0.1", "-p", str(port), "-s", str(lead), *sets]
    with subprocess.Popen(command, cwd=home, env=clean_environment(home)) as process:
        target = Target(("127.0.0.1", port), home / "mitmproxy-ca-cert.pem", proxied=True)
        try:
            wait_for(process, target)
            yield Contender("mitmdump", target, (process.pid,))
        finally:
            process.terminate()


def wait_for(process: "subprocess.Popen[bytes]", target: Target) -> None:
    """Wait until a connection to the target succeeds. Raises RuntimeError if its process ends before, or after 20 s."""
    end = time.monotonic() + 20
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"it ended at once, with {process.returncode}")
        try:
            target.connect().close()
        except (OSError, ValueError) as error:
            if time.monotonic() > end:
                raise RuntimeError(f"it cannot be reached: {error}") from error
            time.sleep(0.02)
        else:
            return
