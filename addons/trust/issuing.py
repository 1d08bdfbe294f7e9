"""What the CA and its leaves say: certificates out of keys. No files, no clock.

The CA can speak for PyPI's names only (RFC 5280 section 4.2.1.10), so that neither it nor a stolen key can stand for any
other site. All that Python 3.13's strict checks, rustls and Go ask for is present: key identifiers, key usages, a SAN.
"""

import ipaddress
from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from proxyconf import hosts

Key = ec.EllipticCurvePrivateKey
AUTHORITY_LIFE = timedelta(days=3652)  # ten years
LEAF_LIFE = timedelta(days=90)
SKEW = timedelta(hours=1)  # clients whose clock is behind ours
LEAF_SUBJECT = "pypi.org"
WILDCARDS = ("*.pypi.io", "*.pypi.org", "*.pythonhosted.org")
LEAF_NAMES: tuple[str, ...] = (*sorted(hosts.INDEX | hosts.FILES | hosts.UPLOAD), *WILDCARDS)
"""The DNS names that a leaf is for."""

NO_ADDRESSES = [x509.IPAddress(ipaddress.ip_network(network)) for network in ("0.0.0.0/0", "::/0")]
"""Excluded explicitly: a constraint on DNS names alone leaves leaves for IP addresses free (rustls takes them)."""


def new_key() -> Key:
    """A fresh P-256 key: the smallest that every client takes, and the fastest for the handshake."""
    return ec.generate_private_key(ec.SECP256R1())


def issue_authority(key: Key, at: datetime) -> x509.Certificate:
    """A self-signed CA certificate for `key`, limited to PyPI's domains, for ten years from `at`."""
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    subject = _name(f"wheelgate CA {identifier.digest.hex()[:8]}")
    constraints = x509.NameConstraints([x509.DNSName(domain) for domain in hosts.DOMAINS], NO_ADDRESSES)
    return (
        _dated(at, at + AUTHORITY_LIFE)
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(constraints, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def issue_leaf(
    authority: x509.Certificate, authority_key: Key, key: Key, names: Iterable[x509.GeneralName], at: datetime
) -> x509.Certificate:
    """A server certificate for `key` and `names`, for 90 days from `at` but never longer than the CA's."""
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    return (
        _dated(at, min(at + LEAF_LIFE, authority.not_valid_after_utc))
        .subject_name(_name(LEAF_SUBJECT))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def permitted_domains(authority: x509.Certificate) -> tuple[str, ...]:
    """The domains that a CA certificate is limited to; empty for one that is no CA or has no such limit."""
    try:
        is_authority = authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return ()
    permitted = constraints.permitted_subtrees or ()
    return tuple(name.value for name in permitted if isinstance(name, x509.DNSName)) if is_authority else ()


def leaf_names(authority: x509.Certificate) -> tuple[str, ...]:
    """Those of LEAF_NAMES that the CA may speak for.

    One name too many and clients refuse the leaf for all names, so a CA older than a newly known host still serves the rest.
    """
    domains = permitted_domains(authority)
    return tuple(name for name in LEAF_NAMES if any(f".{name}".endswith(f".{domain}") for domain in domains))


def _dated(at: datetime, until: datetime) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().serial_number(x509.random_serial_number())
    return builder.not_valid_before(at - SKEW).not_valid_after(until)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
