"""Who made a bundle: an Ed25519 signature of its manifest (RFC 8032), by a key that the importing side trusts."""

import re
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from addons.bundle.container import SIGNATURE_BYTES
from addons.bundle.manifest import BadBundle
from addons.trust.files import PRIVATE, PUBLIC, create_file, read_private

_LINE = re.compile(rb"ed25519 ([0-9a-f]{64}) ([0-9a-f]{128})\n")
_MOST_KEY = 10_000  # bytes of a key's file


class BadKey(ValueError):
    """The file has no key that signs or checks bundles. In words."""


def make_keys(private: Path, public: Path) -> str:
    """Make a key and write both halves (PEM, the private one 0600) where nothing lies yet; give the public half in hex.

    Raises FileExistsError or OSError.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    create_file(private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), PRIVATE)
    create_file(public, pem, PUBLIC)
    return _hex(key.public_key())


def signature_of(manifest_sha256: str, private: Path) -> bytes:
    """Sign a manifest: one line with the public key and the signature in hex.

    Raises BadKey, OSError, or AuthorityError where others may read the key.
    """
    try:
        key = load_pem_private_key(read_private(private)[:_MOST_KEY], None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKey(
            f"{private}: is no private key in PEM form without a password: `wheelgate bundle keygen`"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"{private}: is no Ed25519 key: make one with `wheelgate bundle keygen`")
    line = f"ed25519 {_hex(key.public_key())} {key.sign(_signed(manifest_sha256)).hex()}\n".encode()
    assert len(line) == SIGNATURE_BYTES
    return line


def signer_of(manifest_sha256: str, signature: bytes | None) -> str | None:
    """Give the public key (hex) that signed the manifest, None if nobody did. Raises BadBundle if it is forged."""
    if signature is None:
        return None
    found = _LINE.fullmatch(signature)
    if found is None:
        raise BadBundle("its signature is none")
    key, signed = (bytes.fromhex(part.decode()) for part in found.groups())
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed, _signed(manifest_sha256))
    except (InvalidSignature, ValueError) as error:
        raise BadBundle("its signature is not that of its manifest: one of them was changed") from error
    return key.hex()


def public_key(path: Path) -> str:
    """Read a public key (PEM), and give it in hex. Raises BadKey or OSError."""
    with path.open("rb") as file:
        pem = file.read(_MOST_KEY)
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKey(
            f"{path}: is no public key in PEM form; name the .pub file of `wheelgate bundle keygen`"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadKey(f"{path}: is no Ed25519 key; name the .pub file of `wheelgate bundle keygen`")
    return _hex(key)


def _signed(manifest_sha256: str) -> bytes:
    return f"wheelgate bundle 1 {manifest_sha256}".encode()


def _hex(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
