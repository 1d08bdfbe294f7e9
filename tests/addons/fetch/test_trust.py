import logging
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from addons.fetch.trust import Make, proxy_mounts, tls_context
from addons.fetch.upstream import FetchFailed, Upstream
from proxyconf.addresses import Address
from proxyconf.settings import Upstream as UpstreamSettings
from tests.addons.fetch.proxying import ConnectProxy, connect_proxy
from tests.addons.fetch.upstreams import HOSTS, LISTEN, upstream, upstream_settings
from tests.fakepypi import FakePyPI

DEMO = "https://pypi.org/simple/demo/"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine that the tests run on."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def ask(pypi: FakePyPI, **settings: Any) -> int:
    """Ask for a page and a file, where DNS knows neither host and only the proxy can lead there."""
    file = pypi.release("demo", "1.0")
    async with upstream(pypi, connect_to={}, **settings) as made:
        status = (await made.document(DEMO, {})).status
        async with made.file(file.url, {}) as response:
            assert await response.aread() == file.content
    return status


def targets(proxy: ConnectProxy) -> list[str]:
    return [target for target, _ in proxy.asked]


async def test_proxy__configured_with_credentials__is_used_with_them(
    pypi: FakePyPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages and files go through the company's proxy, TLS inside verified end to end."""
    monkeypatch.setenv("PROXY_SECRET", "open sesame")
    async with connect_proxy(pypi.port, ("gate", "open sesame")) as proxy:
        settings = {
            "proxy": f"http://127.0.0.1:{proxy.port}",
            "proxy_username": "gate",
            "proxy_password_env": "PROXY_SECRET",
        }
        assert await ask(pypi, **settings) == 200
    assert proxy.asked == [(f"{host}:443", "gate:open sesame") for host in HOSTS]


async def test_proxy__that_refuses__fails_without_telling_the_password(
    pypi: FakePyPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words for the log name the host and the fault, and no secret."""
    monkeypatch.setenv("PROXY_SECRET", "wrong-password")
    async with connect_proxy(pypi.port, ("gate", "right")) as proxy:
        settings = {
            "proxy": f"http://127.0.0.1:{proxy.port}",
            "proxy_username": "gate",
            "proxy_password_env": "PROXY_SECRET",
        }
        with pytest.raises(FetchFailed, match=r"pypi\.org could not be reached.*407") as failure:
            await ask(pypi, **settings)
    assert "wrong-password" not in str(failure.value)
    assert pypi.requests == []


async def test_proxy__over_tls__is_verified_as_upstream_is(pypi: FakePyPI, tmp_path: Path) -> None:
    """`upstream.ca` counts for a proxy that speaks TLS itself as well, in place of a list of roots of httpx's own."""
    ca = trustme.CA()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("127.0.0.1").configure_cert(tls)
    bundle = tmp_path / "both.pem"
    bundle.write_bytes(pypi.ca_path.read_bytes() + ca.cert_pem.bytes())
    async with connect_proxy(pypi.port, tls=tls) as proxy:
        url = f"https://127.0.0.1:{proxy.port}"
        assert await ask(pypi, proxy=url, ca=bundle) == 200
        with pytest.raises(FetchFailed, match="could not be reached"):
            await ask(pypi, proxy=url)
    assert targets(proxy) == [f"{host}:443" for host in HOSTS]


async def test_proxy__configured__counts_whatever_the_environment_says(
    pypi: FakePyPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_PROXY and HTTPS_PROXY are for `environment` only."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "*")
    async with connect_proxy(pypi.port) as proxy:
        assert await ask(pypi, proxy=f"http://127.0.0.1:{proxy.port}") == 200
    assert len(proxy.asked) == 2


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTPS_PROXY", "http://gate:secret@127.0.0.1:{port}"),
        ("https_proxy", "http://gate:secret@127.0.0.1:{port}/"),
        ("ALL_PROXY", "gate:secret@localhost:{port}"),
    ],
)
async def test_environment__with_a_proxy__is_used_as_every_client_would(
    pypi: FakePyPI, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """Either variable, in either case, with or without a scheme."""
    async with connect_proxy(pypi.port, ("gate", "secret")) as proxy:
        monkeypatch.setenv(variable, value.format(port=proxy.port))
        assert await ask(pypi, proxy="environment") == 200
    assert targets(proxy) == [f"{host}:443" for host in HOSTS]


async def test_environment__with_no_proxy_for_a_host__goes_there_directly(
    pypi: FakePyPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one host goes through the proxy, by its name, the other to the address that `connect_to` gives it."""
    file = pypi.release("demo", "1.0")
    async with connect_proxy(pypi.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", ".example.org, .pythonhosted.org")
        async with upstream(pypi, proxy="environment") as made:
            assert (await made.document(DEMO, {})).status == 200
            async with made.file(file.url, {}) as response:
                assert response.status_code == 200
    assert targets(proxy) == ["pypi.org:443"]
    assert {seen.host for seen in pypi.requests} == set(HOSTS)


async def test_none__with_a_proxy_in_the_environment__goes_directly(
    pypi: FakePyPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`proxy: none` is no proxy whatever the environment says."""
    async with connect_proxy(pypi.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with upstream(pypi, proxy="none") as made:
            assert (await made.document(DEMO, {})).status == 404
    assert proxy.asked == []


def mounts(listen: Address = LISTEN, hosts: tuple[str, ...] = HOSTS) -> dict[str, bool]:
    """Give the patterns that the environment's proxy is mounted for, and whether a proxy is meant."""
    make = Make(ssl.create_default_context(), {}, http2=False)
    return {key: value is not None for key, value in proxy_mounts(UpstreamSettings(), hosts, listen, make).items()}


@pytest.mark.parametrize(
    ("listen", "proxy"),
    [
        (Address("127.0.0.1", 8080), "http://127.0.0.1:8080"),
        (Address("127.0.0.1", 8080), "http://localhost:8080"),
        (Address("127.0.0.1", 8080), "http://LOCALHOST.:8080/"),
        (Address("127.0.0.1", 8080), "127.0.0.1:8080"),
        (Address("0.0.0.0", 8080), "http://127.0.0.1:8080"),
        (Address("::1", 8080), "http://[::1]:8080"),
        (Address("10.1.2.3", 3128), "http://10.1.2.3:3128"),
        (Address("gate.example.org", 3128), "http://Gate.Example.org:3128"),
    ],
)
def test_environment__with_the_gateways_own_address__is_no_proxy(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, listen: Address, proxy: str
) -> None:
    """A shell that was set up for the gateway's clients does not make it ask itself; the log says so."""
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert mounts(listen) == {}
    assert "names this gateway itself" in caplog.text


@pytest.mark.parametrize(
    "proxy", ["http://127.0.0.1:8081", "http://10.1.2.4:8080", "http://example.org:8080", "http://127.0.0.1"]
)
def test_environment__with_another_address__is_a_proxy(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """Another port or another machine is another proxy."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert mounts() == {"https://": True}


def test_environment__without_a_proxy__mounts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An HTTP_PROXY is for plain HTTP, which is never spoken upstream."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:3128")
    assert mounts() == {}


def test_environment__with_no_proxy_for_an_ipv6_host__is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address with colons is a host as well."""
    monkeypatch.setenv("HTTPS_PROXY", "http://example.org:3128")
    monkeypatch.setenv("NO_PROXY", "::1,pypi.org")
    assert mounts(hosts=("::1", "pypi.org", "example.com")) == {
        "https://": True,
        "all://[::1]": False,
        "all://pypi.org": False,
    }


@pytest.mark.parametrize(
    "proxy", ["socks5://secret@example.org:1080", "socks4://h:1", "http://secret@host:port", "http://"]
)
def test_environment__with_a_proxy_of_another_kind__is_an_error_in_words(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """SOCKS once ended in an ImportError; the words say what to do, and hold no password."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ValueError, match=r'set upstream\.proxy to "none"') as failure:
        mounts()
    assert "secret" not in str(failure.value)


def test_tls_context__with_a_ca_of_the_source__trusts_it_in_addition(pypi: FakePyPI) -> None:
    """A source's own CA counts beside `upstream.ca`, and beside the system's trust where there is none."""
    instead = tls_context(UpstreamSettings(ca=pypi.ca_path), None)
    assert len(instead.get_ca_certs()) == 1
    system = tls_context(UpstreamSettings(), pypi.ca_path)
    for context in (instead, system):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


async def test_source_ca__beside_the_systems_trust__opens_its_index(pypi: FakePyPI) -> None:
    """An index behind the organisation's CA needs no `upstream.ca`."""
    made = Upstream(upstream_settings(pypi, ca=None), HOSTS, LISTEN, ca=pypi.ca_path)
    try:
        assert (await made.document(DEMO, {})).status == 404
    finally:
        await made.close()
