"""Hosts, ports, networks and URLs as an operator writes them. Pure; every function raises Misfit with words."""

import ipaddress
import re
from typing import Self, override
from urllib.parse import SplitResult, urlsplit

from proxyconf.hosts import normal_host
from proxyconf.misfit import Misfit, shown

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_URL_CHARS = re.compile(r"[!-\[\]^-~]+")  # printable ASCII without the space and the backslash


class Address(tuple[str, int]):
    """A host (name or IP address, IPv6 without brackets) and a TCP port (0 to 65535), unpackable as such.

    A tuple and not a struct, because in YAML it is written as one text: `host:port`, `[v6]:port`.
    """

    __slots__ = ()

    def __new__(cls, host: str, port: int) -> Self:
        """Raises Misfit for a host that is none and a port out of range."""
        if not 0 <= port <= 65535:
            raise Misfit(f"port {port} is out of range: ports go from 0 to 65535")
        return super().__new__(cls, (host_name(host), port))

    def __getnewargs__(self) -> tuple[str, int]:
        return self.host, self.port

    @property
    def host(self) -> str:
        """The host's name or IP address, normalised."""
        return self[0]

    @property
    def port(self) -> int:
        """The TCP port."""
        return self[1]

    @override
    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @override
    def __repr__(self) -> str:
        return f"Address({self.host!r}, {self.port})"

    @classmethod
    def read(cls, text: str) -> Self:
        """The address in a `host:port` text. Raises Misfit."""
        if "/" in text or "@" in text:
            raise Misfit('is written as host:port and nothing else, like "127.0.0.1:8080"')
        host, colon, port = text.strip().rpartition(":")
        if not colon or port.endswith("]"):
            raise Misfit(f'has no port: write {shown(text)} with one, as host:port, like "127.0.0.1:8080"')
        if not host:
            raise Misfit(f'has no host: write "127.0.0.1:{port}" for this machine only, "0.0.0.0:{port}" for all')
        if ":" in host and not (host.startswith("[") and host.endswith("]")):
            raise Misfit(f'is no host:port: {shown(text)}. An IPv6 address stands in brackets, like "[::1]:8080"')
        if not re.fullmatch(r"[0-9]{1,9}", port):
            raise Misfit(f'has no port: {shown(port)} is no number. Write host:port, like "127.0.0.1:8080"')
        return cls(host, int(port))


def host_name(text: str) -> str:
    """A host name or an IP address, without port, normalised as `hosts.normal_host` does."""
    if "/" in text or "@" in text:
        raise Misfit('is a URL; write the host\'s name alone, like "files.example.org"')
    host = normal_host(text)
    if _ip(host) is not None:
        return host
    if host.startswith("*"):
        raise Misfit(f"{shown(text)} has a wildcard; write each host's whole name")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise Misfit(f'{shown(text)} is no host name; write one like "files.example.org", or an IP address')
    return host


def bare_host(text: str) -> str:
    """As `host_name`, but refuses a port instead of dropping it, so that nobody thinks it counts."""
    host = host_name(text)
    if ":" in text and ":" not in host:
        raise Misfit(f"{shown(text)} has a port; write the host alone: {shown(host)}")
    return host


def host_or_network(text: str) -> str:
    """A host name, an IP address, or a network in CIDR form (`10.1.0.0/16`, `fd00::/8`), normalised."""
    address, slash, _ = text.partition("/")
    if not slash:
        return bare_host(text)
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(text, strict=False)
    except ValueError:
        if _ip(address) is None:
            return bare_host(text)  # says that it is a URL
        raise Misfit(f'{shown(text)} is no network; write one like "10.1.0.0/16" or "fd00::/8"') from None
    raise Misfit(f"{shown(text)} is an address inside a network; write the network: {shown(meant)}")


def index_url(text: str) -> str:
    """The URL of a Simple index (PEP 503), normalised to end in a slash. http:// only for this machine itself."""
    url = _url(text, "https://example.org/simple/", "")
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        raise Misfit("starts with http://, where anyone on the way can change what is installed; write https://")
    return f"{url.scheme}://{url.netloc.lower()}{url.path.rstrip('/')}/"


def proxy_url(text: str) -> str:
    """`environment`, `none`, or the URL of an HTTP proxy with its port and without a path."""
    if text in ("environment", "none"):
        return text
    if "://" not in text and "@" not in text:
        raise Misfit(f'is {shown(text)}; write "environment", "none" or a URL like "http://proxy.example.org:3128"')
    url = _url(text, "http://proxy.example.org:3128", "proxy_")
    if url.port is None:
        raise Misfit('has no port; write it, like "http://proxy.example.org:3128"')
    if url.path not in ("", "/"):
        raise Misfit('has a path; a proxy is a host and a port only, like "http://proxy.example.org:3128"')
    return f"{url.scheme}://{url.netloc.lower()}"


def database_url(text: str) -> str:
    """The URL of a PostgreSQL database, without a password in it."""
    example = "postgresql://wheelgate@db.example.org:5432/wheelgate"
    parts = urlsplit(text)
    if parts.scheme != "postgresql" or not parts.hostname or not parts.path.strip("/"):
        raise Misfit(f'is {shown(text.partition("@")[2] or text)}; write a URL like "{example}"')
    if parts.password is not None or "password" in parts.query.lower():
        raise Misfit("has a password in it; write that to a file or a variable: password_file or password_env")
    return text


def own_url(text: str) -> str:
    """The URL at which people reach the gateway itself: http or https, a host, and a port if it has one. No slash behind."""
    url = _url(text, "http://gateway.example.org:8080", "")
    if url.path not in ("", "/"):
        raise Misfit('has a path; write scheme, host and port only, like "http://gateway.example.org:8080"')
    return f"{url.scheme}://{url.netloc.lower()}"


def host_of(url: str) -> str:
    """The normalised host of a URL that `index_url` made."""
    return normal_host(urlsplit(url).hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a normalised host is this machine itself by its very spelling."""
    ip = _ip(host)
    return host == "localhost" if ip is None else ip.is_loopback


def _url(text: str, example: str, prefix: str) -> SplitResult:
    """The parts of an http(s) URL. Its words never repeat the text: it may hold a password or a token."""
    if "@" in text:
        raise Misfit(
            "has a user name or password inside the URL. Take out all that stands before the @: the name goes"
            f" to {prefix}username beside it, the password into an environment variable or a file,"
            f" which {prefix}password_env or {prefix}password_file names"
        )
    if "?" in text or "#" in text:
        raise Misfit(f'has a "?" or "#" part; write the URL without it, like "{example}"')
    if not _URL_CHARS.fullmatch(text):
        raise Misfit(f'has a space or another character that no URL has; write one like "{example}"')
    try:
        url = urlsplit(text)
        port_fits = url.port != 0
    except ValueError:
        raise Misfit(f'has a host or port that can\'t be read; write a URL like "{example}"') from None
    if url.scheme not in ("http", "https"):
        raise Misfit(f'is no http or https URL; write one like "{example}"')
    if not url.hostname or not port_fits:
        raise Misfit(f'has no host, or port 0; write a URL like "{example}"')
    host_name(url.hostname if ":" not in url.hostname else f"[{url.hostname}]")
    return url


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
