"""Certificates for the tests: folders with a CA, leaves for names that the gateway never issues, a TLS handshake in memory."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from addons.trust import issuing
from addons.trust.files import PRIVATE, create_file
from addons.trust.reading import Leaf, parse_certificate, parse_key

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)


def now() -> datetime:
    """The real time, for clients that look at the real clock."""
    return datetime.now(UTC)  # noqa: TID251 -- real clients judge the leaf by the machine's clock


def forged_leaf(folder: Path, names: Sequence[x509.GeneralName], at: datetime) -> Path:
    """A leaf for `names` signed with the very key of the CA in `folder`, as a thief of that key would make it."""
    key = issuing.new_key()
    authority = parse_certificate(folder, (folder / "ca.pem").read_bytes())
    authority_key = parse_key(folder, (folder / "ca-key.pem").read_bytes())
    leaf = Leaf(issuing.issue_leaf(authority, authority_key, key, names, at), key)
    path = folder / "forged.pem"
    create_file(path, leaf.pem(), PRIVATE)
    return path


def root_pem(at: datetime = AT) -> bytes:
    """The certificate of some root that somebody trusts, PEM."""
    return issuing.issue_authority(issuing.new_key(), at).public_bytes(Encoding.PEM)


def handshake(ca: Path, leaf: Path, host: str) -> str:
    """What a strict Python client says to a server with `leaf` at `host`: "accepted", or OpenSSL's reason for refusing."""
    client_context = ssl.create_default_context(cafile=str(ca))
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN  # as Python 3.13's default
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(leaf)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    while True:
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
            if side is client:
                return "accepted"
