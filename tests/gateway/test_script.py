"""`mitmdump -s addons/gateway.py`: the gateway in somebody else's mitmproxy, whatever becomes of the script's file."""

import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from mitmproxy.addons import core, next_layer, proxyserver, tlsconfig
from mitmproxy.master import Master
from mitmproxy.options import Options

import addons.gateway
from addons.install import into_running, listening
from proxyconf.reading import ConfigurationError
from tests.fakepypi import FakePyPI
from tests.gateway import planting
from tests.gateway.running import JSON, configuration
from tests.wheelgate_process import BIN, Running, clean_environment

DENY = {"policies": [{"deny": [{"project": "demo", "versions": "==2.0", "reason": "steals tokens"}]}]}
PAGE = "https://pypi.org/simple/demo/"

type StartMitmdump = Callable[..., Running]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A copy of the script, to be broken."""
    path = tmp_path / "script" / "gateway.py"
    path.parent.mkdir()
    path.write_text(Path(addons.gateway.__file__).read_text())
    return path


@pytest.fixture
def mitmdump(tmp_path: Path, script: Path) -> Iterator[StartMitmdump]:
    """Start mitmdump with the script, on a free port, with a confdir of its own and no colours."""

    def start(config: Path, *options: str) -> Running:
        environment = clean_environment(tmp_path, WHEELGATE_CONFIG=str(config), PYTHONUNBUFFERED="1")
        where = ("--set", f"confdir={tmp_path / 'conf'}", "--listen-host", "127.0.0.1", "--listen-port", "0")
        return stack.enter_context(
            Running((str(BIN / "mitmdump"), "-s", str(script), *where, *options), tmp_path, environment)
        )

    with ExitStack() as stack:
        yield start


def proxy_of(running: Running, credentials: str = "") -> str:
    """Give the proxy's URL, once it listens."""
    said = running.out.until("proxy listening at")
    address = said.partition("proxy listening at ")[2].split()[0].rstrip(".")
    return f"http://{credentials}{address}"


def client_of(proxy: str, folder: Path) -> httpx.Client:
    """Give a client that trusts the gateway's CA; close it."""
    trust = ssl.create_default_context(cafile=folder / "certs" / "ca.pem")
    return httpx.Client(proxy=proxy, verify=trust, trust_env=False, timeout=20, headers={"Accept": JSON})


def test_script__whose_file_is_broken_emptied_and_deleted__goes_on_filtering(
    pypi: FakePyPI, tmp_path: Path, script: Path, mitmdump: StartMitmdump
) -> None:
    """What it has added are addons made in code: mitmproxy takes the script away, and them it leaves."""
    pypi.release("demo", "1.0", size_padding=300_000)
    denied = pypi.release("demo", "2.0")
    running = mitmdump(configuration(pypi, tmp_path, **DENY))
    proxy = proxy_of(running)

    def is_filtered() -> bool:
        with client_of(proxy, tmp_path) as client:
            page = client.get(PAGE)
            good, bad = (next(e for e in page.json()["files"] if f"-{v}-" in e["filename"]) for v in ("1.0", "2.0"))
            assert "steals tokens" in bad["yanked"]
            assert client.get(denied.url).status_code == 403
            return client.get(good["url"]).status_code == 200

    assert is_filtered()
    script.write_text("def load(:\n")
    running.out.until("SyntaxError")
    assert is_filtered()
    script.write_text("import logging\nlogging.warning('nothing left here')\n")
    running.out.until("nothing left here")
    assert is_filtered()
    script.write_text(
        f"{Path(addons.gateway.__file__).read_text()}\nimport logging\nlogging.warning('back' + ' again')\n"
    )
    running.out.until("back again")
    assert is_filtered()
    script.unlink()
    running.out.until("Removing script")
    assert is_filtered()
    assert planting.agents(pypi) == {"wheelgate"}


def test_script__under_a_bad_configuration__does_not_start(
    pypi: FakePyPI, tmp_path: Path, mitmdump: StartMitmdump
) -> None:
    """mitmdump ends at an error of a script at start; the error names file, line and column."""
    config = tmp_path / "bad.yaml"
    config.write_text("refusals: explian\n")
    running = mitmdump(config)
    assert running.process.wait(20) != 0
    assert f"{config}:1:11: " in running.out.to_its_end() + running.err.to_its_end()


def test_script__beside_options_of_the_operators__stands_on_its_own(
    pypi: FakePyPI, tmp_path: Path, mitmdump: StartMitmdump
) -> None:
    """What would cut off downloads, hold bodies back or dial at CONNECT is overruled; who may use the proxy is not."""
    file = pypi.release("demo", "1.0", size_padding=300_000)
    options = ["stream_large_bodies=1k", "body_size_limit=1k", "connection_strategy=eager"]
    settings = [word for option in options for word in ("--set", option)]
    running = mitmdump(configuration(pypi, tmp_path), "--proxyauth", "me:mine", *settings)
    proxy = proxy_of(running)
    with client_of(proxy, tmp_path) as stranger, pytest.raises(httpx.ProxyError, match="407"):
        stranger.get(PAGE)
    with client_of(proxy.replace("//", "//me:mine@"), tmp_path) as client:
        assert client.get(PAGE).status_code == 200
        assert client.get(file.url).content == file.content
        upload = client.post("https://upload.pypi.org/legacy/", content=b"x" * 300_000)
        assert (upload.status_code, upload.reason_phrase[:10]) == (403, "wheelgate:")
    assert planting.agents(pypi) == {"wheelgate"}


@pytest.fixture
async def master(tmp_path: Path) -> AsyncIterator[Master]:
    """A mitmproxy that runs and has no gateway."""
    master = Master(Options(confdir=str(tmp_path / "conf"), listen_host="127.0.0.1", listen_port=0))
    server = proxyserver.Proxyserver()
    master.addons.add(core.Core(), server, next_layer.NextLayer(), tlsconfig.TlsConfig())
    await master.running()
    await server.setup_servers()
    try:
        yield master
    finally:
        await server.servers.update([])
        await master.done()


async def test_script__added_late_under_a_bad_configuration__refuses_until_it_is_repaired(
    pypi: FakePyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, master: Master
) -> None:
    """The guard comes before everything that can fail, and loading the script again completes what failed."""
    file = pypi.release("demo", "1.0")
    config = configuration(pypi, tmp_path)
    good = config.read_text()
    monkeypatch.setenv("WHEELGATE_CONFIG", str(config))
    address = listening(master)
    assert address is not None
    config.write_text("refusals: explian\n")
    with pytest.raises(ConfigurationError):
        into_running(master)
    proxy = f"http://{address[0]}:{address[1]}"
    async with httpx.AsyncClient(proxy=proxy, trust_env=False) as client:
        assert (await client.get("http://example.org/")).reason_phrase.startswith("wheelgate: no verdict")
        with pytest.raises(httpx.ProxyError, match="no verdict"):
            await client.get(PAGE)
    config.write_text(good)
    into_running(master)
    trust = ssl.create_default_context(cafile=tmp_path / "certs" / "ca.pem")
    async with httpx.AsyncClient(proxy=proxy, verify=trust, trust_env=False) as client:
        assert (await client.get(PAGE)).status_code == 200
        assert (await client.get(file.url)).content == file.content
