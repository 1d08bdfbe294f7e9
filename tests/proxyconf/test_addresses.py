"""Addresses, hosts and URLs as an operator writes them."""

import pickle

import pytest

from proxyconf import addresses
from proxyconf.addresses import Address
from proxyconf.misfit import Misfit


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("[::1]:8080", "::1", 8080),
        ("Gateway.Example.org:1", "gateway.example.org", 1),
        ("localhost:0", "localhost", 0),
        ("0.0.0.0:65535", "0.0.0.0", 65535),
    ],
)
def test_address__text__has_host_and_port(text: str, host: str, port: int) -> None:
    """host:port is read into its two parts, and unpacks as them."""
    address = Address.read(text)
    assert (address.host, address.port) == (host, port) == tuple(address)


@pytest.mark.parametrize("text", ["127.0.0.1:8080", "[::1]:8080", "example.org:443"])
def test_address__written_again__is_the_same_text(text: str) -> None:
    """str() gives what was read."""
    assert str(Address.read(text)) == text


def test_address__equal_and_copied__is_one_value() -> None:
    """Addresses compare by value, and travel to worker processes."""
    address = Address("EXAMPLE.org", 443)
    assert address == Address("example.org", 443) == pickle.loads(pickle.dumps(address))
    assert repr(address) == "Address('example.org', 443)"


@pytest.mark.parametrize(("host", "port"), [("example.org", 65536), ("example.org", -1), ("", 80), ("a b", 80)])
def test_address__impossible__is_refused(host: str, port: int) -> None:
    """An address made in code is checked like one that is read."""
    with pytest.raises(Misfit):
        Address(host, port)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org", "https://example.org/"),
        ("https://Example.ORG:8443/Root/Simple", "https://example.org:8443/Root/Simple/"),
        ("https://example.org/simple///", "https://example.org/simple/"),
        ("http://localhost:3141/root/pypi/+simple/", "http://localhost:3141/root/pypi/+simple/"),
        ("http://127.3.2.1/", "http://127.3.2.1/"),
        ("http://[::1]:80/x", "http://[::1]:80/x/"),
        ("HTTPS://example.org/%40scope/", "https://example.org/%40scope/"),
    ],
)
def test_index_url__good__ends_in_one_slash(text: str, expected: str) -> None:
    """An index's URL keeps its path and port, has its host in lower case and one slash at the end."""
    assert addresses.index_url(text) == expected


@pytest.mark.parametrize("text", ["environment", "none", "http://proxy.example.org:3128", "https://10.0.0.1:1"])
def test_proxy_url__good__stays(text: str) -> None:
    """The two words and proxies with a port are taken as they are."""
    assert addresses.proxy_url(text) == text


def test_proxy_url__slash_at_the_end__is_dropped() -> None:
    """A lone slash behind a proxy's port is no path."""
    assert addresses.proxy_url("http://proxy.example.org:3128/") == "http://proxy.example.org:3128"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GitLab.example.org.", "gitlab.example.org"),
        ("10.1.0.0/16", "10.1.0.0/16"),
        ("10.1.2.3", "10.1.2.3"),
        ("FD00::/8", "fd00::/8"),
        ("fd00::1", "fd00::1"),
        ("build_host", "build_host"),
    ],
)
def test_host_or_network__good__is_normalised(text: str, expected: str) -> None:
    """Hosts, addresses and networks have one spelling."""
    assert addresses.host_or_network(text) == expected


@pytest.mark.parametrize(
    ("host", "loopback"), [("localhost", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), ("a", False)]
)
def test_is_loopback__spelling__decides(host: str, loopback: bool) -> None:
    """Only localhost and loopback addresses are this machine; nothing is looked up."""
    assert addresses.is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("http://Gateway.example.org:8080/", "http://gateway.example.org:8080"),
        ("https://gw.example.org", "https://gw.example.org"),
    ],
)
def test_own_url__good__has_no_slash_behind_it(text: str, read: str) -> None:
    """A path is put behind it."""
    assert addresses.own_url(text) == read


@pytest.mark.parametrize(
    "text", ["gateway.example.org:8080", "http://gw.example.org/explain", "http://u:p@gw.example.org"]
)
def test_own_url__bad__is_rejected(text: str) -> None:
    """No scheme, a path, a password: none is a place that people could open."""
    with pytest.raises(Misfit):
        addresses.own_url(text)
