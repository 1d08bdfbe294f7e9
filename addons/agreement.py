"""The checks that come before every answer on PyPI's hosts, the same for every road: who is asked, and how. Pure."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from addons.answers import Answer, misdirected, problem, refused


@dataclass(frozen=True)
class Asked:
    """What a request says about whom it asks, and what would make it more than a question.

    `names`: every host that it names, normalised, the destination (CONNECT's target, or the address that was dialled)
    first; `hosts`: how many Host headers it has; `sni`: the name that its TLS was made with, None or empty for none.
    """

    method: str
    names: Sequence[str]
    sni: str | None
    tls: bool
    hosts: int = 1
    upgrade: bool = False
    has_body: bool = False


def host_meant(asked: Asked) -> str | Answer:
    """Give the one host that all names mean, or the refusal; that the host is protected is the caller's to know."""
    if not asked.tls:
        return refused("plain", "wheelgate: PyPI's hosts are answered over HTTPS only")
    names = asked.names
    told = set(names[1:] if is_address(names[0]) else names)  # CONNECT may be to an address, which names nobody
    if len(told) != 1 or not asked.sni or asked.method == "CONNECT":
        return misdirected("wheelgate: CONNECT, SNI and Host do not name one and the same host")
    if asked.hosts > 1:
        return problem(400, "host", "wheelgate: a request has one Host header")  # RFC 9112 section 3.2
    if asked.upgrade:
        return problem(400, "upgrade", "wheelgate: no upgrade to another protocol is made here")
    if asked.has_body and asked.method in ("GET", "HEAD"):
        return problem(400, "body", f"wheelgate: a {asked.method} with a body means nothing")
    return told.pop()


def is_address(name: str) -> bool:
    """Tell whether a normalised host is an IP address, and so names nobody."""
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
