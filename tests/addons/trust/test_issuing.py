"""What the CA's leaves are accepted and refused for, by OpenSSL's strictest reading."""

import ipaddress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from addons.trust import issuing
from addons.trust.authority import open_authority
from proxyconf import hosts
from tests.addons.trust.certificates import forged_leaf, handshake, now


@pytest.mark.parametrize("host", sorted(hosts.INDEX | hosts.FILES | hosts.UPLOAD | {"any.pypi.org"}))
def test_leaf__each_of_pypis_hosts__is_accepted_strictly(tmp_path: Path, host: str) -> None:
    """A strict client takes the leaf for every host that is decrypted."""
    authority = open_authority(tmp_path, now())
    assert handshake(authority.ca_path, authority.leaf_path, host) == "accepted"


def test_leaf__foreign_host__is_refused(tmp_path: Path) -> None:
    """The leaf itself is for no other host."""
    authority = open_authority(tmp_path, now())
    assert "www.example.org" in handshake(authority.ca_path, authority.leaf_path, "www.example.org")


@pytest.mark.parametrize(
    ("name", "host"),
    [
        (x509.DNSName("www.example.org"), "www.example.org"),
        (x509.DNSName("notpypi.org"), "notpypi.org"),
        (x509.DNSName("*.example.org"), "www.example.org"),
        (x509.IPAddress(ipaddress.ip_address("192.0.2.1")), "192.0.2.1"),
        (x509.IPAddress(ipaddress.ip_address("2001:db8::1")), "2001:db8::1"),
    ],
)
def test_authority__key_stolen__speaks_for_pypi_only(tmp_path: Path, name: x509.GeneralName, host: str) -> None:
    """Not even the CA's own key makes a leaf for a foreign name or an address that a client accepts."""
    open_authority(tmp_path, now())
    forged = forged_leaf(tmp_path, [name], now())
    assert "subtree violation" in handshake(tmp_path / "ca.pem", forged, host)


def test_authority__as_issued__says_what_it_is_critically(tmp_path: Path) -> None:
    """Path length, usage and name constraints are critical; the CA lives ten years and the leaf 90 days."""
    at = now()
    authority = open_authority(tmp_path, at)
    kinds = (x509.BasicConstraints, x509.KeyUsage, x509.NameConstraints)
    limits, usage, names = (authority.certificate.extensions.get_extension_for_class(kind) for kind in kinds)
    assert all(extension.critical for extension in (limits, usage, names))
    assert limits.value == x509.BasicConstraints(ca=True, path_length=0)
    assert issuing.permitted_domains(authority.certificate) == hosts.DOMAINS
    assert timedelta(days=3650) < authority.expires - at < timedelta(days=3654)
    assert timedelta(days=89) < authority.leaf_expires - at <= timedelta(days=90)


def test_authority__two_made__have_serials_and_names_of_their_own(tmp_path: Path) -> None:
    """Two CAs in one trust store never stand for each other."""
    first, second = (open_authority(tmp_path / name, now()).certificate for name in ("a", "b"))
    assert first.serial_number != second.serial_number
    assert first.subject != second.subject


def test_leaf__near_the_end_of_the_authority__never_outlives_it(tmp_path: Path) -> None:
    """90 days, but not beyond the CA."""
    authority = open_authority(tmp_path, now()).certificate
    key = issuing.new_key()
    names = [x509.DNSName("pypi.org")]
    late = issuing.issue_leaf(authority, key, key, names, authority.not_valid_after_utc - timedelta(days=1))
    assert late.not_valid_after_utc == authority.not_valid_after_utc


def test_leaf_names__authority_without_limits__are_none() -> None:
    """A certificate that is no limited CA may speak for nothing."""
    key = issuing.new_key()
    authority = issuing.issue_authority(key, now())
    leaf = issuing.issue_leaf(authority, key, key, [x509.DNSName("pypi.org")], now())
    assert issuing.leaf_names(leaf) == ()
