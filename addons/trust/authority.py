"""The gateway's CA and its leaf: made at first start, renewed in time, the CA's key removable.

The folder holds `ca.pem` (what clients trust), `ca-key.pem` (needed only to issue) and `leaf.pem` (key and certificate that
the gateway answers with). Each function takes the folder's lock, so that two gateways starting at once share one CA.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from addons.trust import issuing, reading
from addons.trust.files import (
    PRIVATE,
    PUBLIC,
    AuthorityError,
    create_file,
    in_words,
    locked,
    make_folder,
    read_private,
    remove_file,
    replace_file,
)

__all__ = ["Authority", "AuthorityError", "open_authority", "renew_authority", "renew_leaf", "take_key"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Authority:
    """A CA that is valid now, with a leaf that clients trusting it accept for PyPI's hosts."""

    folder: Path
    certificate: x509.Certificate
    leaf: x509.Certificate
    has_key: bool

    @property
    def ca_path(self) -> Path:
        """The CA certificate, PEM: what clients are told to trust."""
        return self.folder / reading.AUTHORITY

    @property
    def leaf_path(self) -> Path:
        """The leaf's key and certificate, PEM, readable by the owner alone."""
        return self.folder / reading.LEAF

    @property
    def fingerprint(self) -> str:
        """The sha256 of the CA certificate's DER, in hex."""
        return _fingerprint(self.certificate)

    @property
    def expires(self) -> datetime:
        """When the CA does, UTC."""
        return self.certificate.not_valid_after_utc

    @property
    def leaf_expires(self) -> datetime:
        """When the leaf does, UTC."""
        return self.leaf.not_valid_after_utc


def open_authority(folder: Path, at: datetime) -> Authority:
    """The CA of `folder` with a leaf valid at `at`; makes folder, CA and leaf where they are missing.

    A leaf with fewer than 30 days left, or for other names, is replaced if the CA's key is there; without the key it is kept
    while it is valid, with a warning. Raises AuthorityError for whatever cannot be used, made or repaired.
    """
    with in_words(folder):
        make_folder(folder)
        with locked(folder):
            certificate = reading.read_authority(folder, at)
            if certificate is None:
                return _make(folder, _orphaned_key(folder) or issuing.new_key(), at)
            return _open(folder, certificate, at)


def renew_leaf(folder: Path, at: datetime, key_file: Path | None = None) -> Authority:
    """Issues a new leaf now, with the CA's key from the folder or from `key_file`, which stays where it is.

    Raises AuthorityError if there is no CA, no key of this CA, or the leaf cannot be written.
    """
    path = key_file or folder / reading.AUTHORITY_KEY
    with in_words(folder), locked(folder):
        certificate, key = _certificate_and_key(folder, path, at)
        return _issue(folder, certificate, key, at)


def renew_authority(folder: Path, at: datetime) -> Authority:
    """Makes a new CA and leaf; the certificate so far is kept as `ca-<first 8 of its fingerprint>.pem`.

    Raises AuthorityError if the certificate so far is no PEM, or the files cannot be written.
    """
    path = folder / reading.AUTHORITY
    with in_words(folder):
        make_folder(folder)
        with locked(folder):
            if path.exists():
                old = reading.parse_certificate(path, path.read_bytes())
                replace_file(folder / f"ca-{_fingerprint(old)[:8]}.pem", old.public_bytes(Encoding.PEM), PUBLIC)
                remove_file(path)  # so that no interruption leaves a certificate beside another one's key
            return _make(folder, issuing.new_key(), at)


def take_key(folder: Path, to: Path) -> Path:
    """Moves the CA's key away, to the file `to` (0600), which is returned; issuing then needs `renew_leaf(key_file=to)`.

    The key is removed here only when it is safely there. Raises AuthorityError if `to` exists or cannot be written, or
    the folder has no key.
    """
    path = folder / reading.AUTHORITY_KEY
    with in_words(folder), locked(folder):
        try:
            pem = read_private(path)
        except FileNotFoundError as error:
            raise AuthorityError(f"{path}: the CA's key is not there; it was taken away before") from error
        reading.parse_key(path, pem)
        _write_away(pem, to)
        try:
            remove_file(path)
        except OSError:
            if path.exists():
                to.unlink()  # not moved, so not copied either
            raise
    return to


def _write_away(pem: bytes, to: Path) -> None:
    try:
        create_file(to, pem, PRIVATE)
    except FileExistsError as error:
        raise AuthorityError(
            f"{to}: is there already, and is not overwritten; name a file that does not exist"
        ) from error
    except OSError as error:
        raise AuthorityError(f"{to}: {error.strerror}; name a file in a folder that you can write") from error


def _orphaned_key(folder: Path) -> issuing.Key | None:
    """The key of a CA whose certificate is not there: lost, or never written as the first start was interrupted.

    A certificate made anew for the same key bears the same name, and clients that trust the lost one accept its leaves.
    """
    key = reading.read_key(folder / reading.AUTHORITY_KEY)
    if key is None and (folder / reading.LEAF).exists():
        raise AuthorityError(
            f"{folder / reading.AUTHORITY}: the CA certificate is missing beside {reading.LEAF}; "
            f"put it back (every client that trusts it has a copy), or {reading.NEW_AUTHORITY}"
        )
    return key


def _open(folder: Path, certificate: x509.Certificate, at: datetime) -> Authority:
    key = reading.read_authority_key(folder / reading.AUTHORITY_KEY, certificate)
    leaf = reading.read_leaf(folder)
    _warn_about(certificate, folder, at)
    fault = reading.unusable(leaf, certificate, at)
    if leaf is None or fault is not None:
        if key is None:
            raise AuthorityError(f"{folder / reading.LEAF}: {fault}; {_bring_key(folder)}")
        return _issue(folder, certificate, key, at)
    reason = reading.due(leaf, certificate, at)
    if reason is not None and key is not None:
        return _issue(folder, certificate, key, at)
    if reason is not None:
        log.warning("%s: %s; %s", folder / reading.LEAF, reason, _bring_key(folder))
    return Authority(folder, certificate, leaf.certificate, has_key=key is not None)


def _make(folder: Path, key: issuing.Key, at: datetime) -> Authority:
    certificate = issuing.issue_authority(key, at)
    replace_file(folder / reading.AUTHORITY_KEY, reading.key_pem(key), PRIVATE)
    replace_file(folder / reading.AUTHORITY, certificate.public_bytes(Encoding.PEM), PUBLIC)
    return _issue(folder, certificate, key, at)


def _issue(folder: Path, certificate: x509.Certificate, key: issuing.Key, at: datetime) -> Authority:
    names = [x509.DNSName(name) for name in issuing.leaf_names(certificate)]
    leaf_key = issuing.new_key()
    leaf = reading.Leaf(issuing.issue_leaf(certificate, key, leaf_key, names, at), leaf_key)
    replace_file(folder / reading.LEAF, leaf.pem(), PRIVATE)
    has_key = (folder / reading.AUTHORITY_KEY).exists()
    return Authority(folder, certificate, leaf.certificate, has_key=has_key)


def _certificate_and_key(folder: Path, path: Path, at: datetime) -> tuple[x509.Certificate, issuing.Key]:
    certificate = reading.read_authority(folder, at)
    if certificate is None:
        raise AuthorityError(
            f"{folder / reading.AUTHORITY}: there is no CA yet; it is made at the gateway's first start"
        )
    key = reading.read_authority_key(path, certificate)
    if key is None:
        raise AuthorityError(f"{path}: the CA's key is not there; {_bring_key(folder)}")
    return certificate, key


def _warn_about(certificate: x509.Certificate, folder: Path, at: datetime) -> None:
    path = folder / reading.AUTHORITY
    if certificate.not_valid_after_utc - at < issuing.LEAF_LIFE:
        log.warning(
            "%s: the CA expires on %s; %s", path, f"{certificate.not_valid_after_utc:%Y-%m-%d}", reading.NEW_AUTHORITY
        )
    missing = set(issuing.LEAF_NAMES) - set(issuing.leaf_names(certificate))
    if missing:
        log.warning("%s: the CA is not for %s; %s", path, ", ".join(sorted(missing)), reading.NEW_AUTHORITY)


def _bring_key(folder: Path) -> str:
    return f"bring the CA's key: `wheelgate ca renew --key FILE`, or put it back at {folder / reading.AUTHORITY_KEY}"


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()
