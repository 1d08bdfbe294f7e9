"""The root certificates that a machine and its user trust already, wherever they are named. Keys are never taken."""

import base64
import logging
import os
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import certifi

from addons.trust import pip_settings

log = logging.getLogger(__name__)

NAMING = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "TWINE_CERT")
"""Variables by which clients are told a file of roots (requests' kind also a folder)."""

STORES = tuple(
    Path(path)
    for path in (
        "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Alpine, NixOS
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
        "/etc/pki/tls/certs/ca-bundle.crt",  # RHEL, older
        "/var/lib/ca-certificates/ca-bundle.pem",  # SUSE
        "/etc/ssl/ca-bundle.pem",  # SUSE, older
        "/etc/ssl/cert.pem",  # macOS, OpenBSD, Alpine
        "/usr/local/etc/ssl/cert.pem",  # FreeBSD
        "/usr/local/share/certs/ca-root-nss.crt",  # FreeBSD
        "/etc/openssl/certs/ca-certificates.crt",  # NetBSD
        "/opt/homebrew/etc/openssl@3/cert.pem",
        "/usr/local/etc/openssl@3/cert.pem",
    )
)
CERTIFICATE = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----([^-]+)-----END")
OURS = b"# The CA of a wheelgate gateway; a later bundle leaves it out.\n"
"""Stands before our CA in a bundle, so that a bundle made over an older one does not keep a CA that was replaced."""

EARLIER = re.compile(re.escape(OURS) + rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
IN_FOLDER = re.compile(r".+\.(pem|crt|cer)|[0-9a-f]{8}\.\d+")
"""Files that OpenSSL's `rehash` names, and those that it makes the names from."""

MOST = 16 << 20  # bytes of one file; the system's whole store is about 250 kB


def system_stores() -> tuple[Path, ...]:
    """Files and folders in which this system may keep its roots, whatever the environment says; many do not exist."""
    built_in = ssl.get_default_verify_paths()
    named = (built_in.openssl_cafile, built_in.openssl_capath)
    return (*(Path(path) for path in named if path), *STORES)


def named_by_user(environment: Mapping[str, str], home: Path, pip_site: Path) -> list[Path]:
    """Files and folders of roots that the environment and pip's configuration name."""
    names = [environment[variable] for variable in NAMING if environment.get(variable)]
    names += pip_settings.values("cert", environment, home, pip_site)
    names += [folder for folder in environment.get("SSL_CERT_DIR", "").split(os.pathsep) if folder]
    return [home / name[2:] if name.startswith("~/") else Path(name) for name in names]


class Roots:
    """Certificates in DER, each once, in the order in which they were found."""

    def __init__(self) -> None:
        self.found: dict[bytes, None] = {}
        self._read: dict[Path, int] = {}
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def add(self, paths: Iterable[Path]) -> int:
        """Takes the certificates of files and folders; a warning tells of each path that has none.

        Returns how many there are, counting those that were found before.
        """
        return sum(map(self._add, paths))

    def add_pem(self, pem: bytes, origin: str) -> int:
        """Takes the certificates in `pem`, but for broken ones, of which a warning tells. Returns how many are sound."""
        return sum(self._add_block(block, origin) for block in CERTIFICATE.findall(EARLIER.sub(b"", pem)))

    def _add(self, path: Path) -> int:
        try:
            if path.is_dir():
                return self.add(sorted(_in_folder(path)))
            real = path.resolve()
            if real not in self._read:
                self._read[real] = self.add_pem(_content(real), str(path))
        except OSError as error:
            log.warning("%s: is left out of the bundle of roots, for it cannot be read (%s)", path, error)
            return 0
        if not self._read[real]:
            log.warning("%s: is left out of the bundle of roots, for it holds no certificate in PEM", path)
        return self._read[real]

    def _add_block(self, block: bytes, origin: str) -> bool:
        try:
            der = base64.b64decode(b"".join(block.split()), validate=True)
            if der not in self.found:
                self._context.load_verify_locations(cadata=der)  # what OpenSSL cannot read spoils a whole bundle
        except (ValueError, ssl.SSLError) as error:
            log.warning(
                "%s: a certificate in it is left out of the bundle of roots, for it is broken (%s)", origin, error
            )
            return False
        self.found[der] = None
        return True


def _content(path: Path) -> bytes:
    if not path.exists():
        raise FileNotFoundError("there is no such file")
    if not path.is_file():
        raise OSError("it is no regular file")
    if path.stat().st_size > MOST:
        raise OSError("it is far too big")
    return path.read_bytes()


def _in_folder(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if IN_FOLDER.fullmatch(path.name) and not path.is_dir())


def fallback() -> Path:
    """Mozilla's roots as the distribution certifi carries them, for a system that has no store of its own."""
    return Path(certifi.where())
