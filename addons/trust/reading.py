"""Certificates and keys out of the trust folder, and whether they fit together."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from addons.trust import issuing
from addons.trust.files import AuthorityError, read_private

AUTHORITY = "ca.pem"
AUTHORITY_KEY = "ca-key.pem"
LEAF = "leaf.pem"
RENEW_BEFORE = timedelta(days=30)
NEW_AUTHORITY = "make a new CA with `wheelgate ca renew --authority`, which every client must then trust"


@dataclass(frozen=True)
class Leaf:
    """A server certificate with its key."""

    certificate: x509.Certificate
    key: issuing.Key

    def pem(self) -> bytes:
        """Key and certificate, as mitmproxy wants them in one file."""
        return key_pem(self.key) + self.certificate.public_bytes(Encoding.PEM)


def key_pem(key: issuing.Key) -> bytes:
    """A key as unencrypted PKCS #8 in PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_authority(folder: Path, at: datetime) -> x509.Certificate | None:
    """The CA certificate of `folder`, None if the folder has none.

    Raises AuthorityError if it is no PEM, no CA limited to names, expired or not yet valid; OSError if unreadable.
    """
    path = folder / AUTHORITY
    try:
        certificate = parse_certificate(path, path.read_bytes())
    except FileNotFoundError:
        return None
    if not issuing.permitted_domains(certificate):
        raise AuthorityError(f"{path}: is no CA certificate limited to PyPI's names; move it away, or {NEW_AUTHORITY}")
    if at >= certificate.not_valid_after_utc:
        raise AuthorityError(f"{path}: the CA expired on {certificate.not_valid_after_utc:%Y-%m-%d}; {NEW_AUTHORITY}")
    if at < certificate.not_valid_before_utc:
        raise AuthorityError(
            f"{path}: the CA is valid only from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on, "
            f"and now it is {at:%Y-%m-%d %H:%M}; set this machine's clock"
        )
    return certificate


def read_key(path: Path) -> issuing.Key | None:
    """The key in a file, None if there is no such file. Raises AuthorityError if it holds none; OSError if unreadable."""
    try:
        return parse_key(path, read_private(path))
    except FileNotFoundError:
        return None


def read_authority_key(path: Path, authority: x509.Certificate) -> issuing.Key | None:
    """The CA's key, None if there is no such file. Raises AuthorityError if it is not this CA's; OSError if unreadable."""
    key = read_key(path)
    if key is not None and key.public_key() != authority.public_key():
        raise AuthorityError(
            f"{path}: is not the key of the CA certificate {AUTHORITY}; put its own key there, or {NEW_AUTHORITY}"
        )
    return key


def read_leaf(folder: Path) -> Leaf | None:
    """The leaf of `folder`, None if it has none. Raises AuthorityError if it is no PEM; OSError if unreadable."""
    path = folder / LEAF
    try:
        pem = read_private(path)
    except FileNotFoundError:
        return None
    return Leaf(parse_certificate(path, pem), parse_key(path, pem))


def unusable(leaf: Leaf | None, authority: x509.Certificate, at: datetime) -> str | None:
    """Why no client would accept the leaf, in words; None if they would."""
    if leaf is None:
        return "is missing"
    if leaf.key.public_key() != leaf.certificate.public_key():
        return "holds a key that does not belong to its certificate"
    try:
        leaf.certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return f"was not signed by the CA in {AUTHORITY}"
    if at >= leaf.certificate.not_valid_after_utc:
        return f"expired on {leaf.certificate.not_valid_after_utc:%Y-%m-%d}"
    if at < leaf.certificate.not_valid_before_utc:
        return f"is valid only from {leaf.certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on"
    return None


def due(leaf: Leaf, authority: x509.Certificate, at: datetime) -> str | None:
    """Why a leaf that still works should be issued anew, in words; None if it need not be."""
    expires = leaf.certificate.not_valid_after_utc
    if expires - at < RENEW_BEFORE and expires < authority.not_valid_after_utc:
        return f"expires on {expires:%Y-%m-%d}"
    if sorted(names_of(leaf.certificate)) != sorted(issuing.leaf_names(authority)):
        return "is not for the hosts that the gateway knows as PyPI's"
    return None


def names_of(leaf: x509.Certificate) -> list[str]:
    """The DNS names in a certificate's SAN."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.DNSName)


def parse_certificate(path: Path, pem: bytes) -> x509.Certificate:
    """The first certificate in `pem`. Raises AuthorityError that names `path`."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise AuthorityError(
            f"{path}: holds no certificate in PEM ({error}); put it back from a copy, or move it away"
        ) from error


def parse_key(path: Path, pem: bytes) -> issuing.Key:
    """The key in `pem`. Raises AuthorityError that names `path` and never quotes its content."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: it is encrypted
        raise AuthorityError(
            f"{path}: holds no unencrypted private key in PEM; put it back from a copy, or move it away"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise AuthorityError(f"{path}: is no elliptic-curve key, such as the gateway makes; put the right one there")
    return key
