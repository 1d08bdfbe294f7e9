"""What is known of a client's connection before anybody looks at who it is. Pure."""

import base64
import binascii
import ipaddress
import re
from dataclasses import dataclass, field
from typing import Self

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MOST_SAID = 8192
"""How long a Proxy-Authorization may be, in characters."""


@dataclass(frozen=True)
class Caller:
    """One client's connection: from where it comes, and what it said to the proxy (RFC 7617, Basic).

    `address` is None where it could not be read; IPv4 within IPv6 (`::ffff:10.0.0.1`) is IPv4. `name` and `password` are None
    where nothing was said. `unreadable`: something was, but no name and password. Its repr never has the password.
    """

    address: Address | None = None
    name: str | None = None
    password: str | None = field(default=None, repr=False)
    unreadable: bool = False

    @classmethod
    def said(cls, peer: str, proxy_authorization: str | None) -> Self:
        """Read the peer's address and the value of Proxy-Authorization, None without one. Raises nothing."""
        address = address_of(peer)
        if proxy_authorization is None:
            return cls(address)
        found = credentials(proxy_authorization)
        return cls(address, unreadable=True) if found is None else cls(address, *found)


def address_of(peer: str) -> Address | None:
    """Read the address of a socket's other end, without its zone (RFC 4007 section 11)."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def credentials(header: str) -> tuple[str, str] | None:
    """Read name and password, either of which may be empty, out of Basic credentials (RFC 7617 section 2); None for others.

    Clients write them in UTF-8, requests in Latin-1: what is not UTF-8 is taken to be that.
    """
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "basic" or len(header) > MOST_SAID:
        return None
    try:
        raw = base64.b64decode(token.strip().encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    name, colon, password = text.partition(":")
    return (name, password) if colon and not _CONTROL.search(text) else None
