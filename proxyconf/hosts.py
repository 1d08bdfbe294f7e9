"""The one list of PyPI's hosts: what is decrypted and answered, everywhere in the gateway. Pure.

The three public host names are the ones that clients have built in; the others are their historical aliases.
"""

import contextlib

INDEX = frozenset({"pypi.org", "www.pypi.org", "pypi.io", "www.pypi.io", "pypi.python.org"})
"""Hosts of pages, of the project list and of the JSON API."""

FILES = frozenset({"files.pythonhosted.org"})
"""Hosts of wheels, sdists and their core metadata."""

FILES_URL = "https://files.pythonhosted.org"
"""What the paths of files stand behind, as clients know them."""

UPLOAD = frozenset({"upload.pypi.org", "upload.pypi.io"})
"""Hosts that take uploads."""

DOMAINS = ("pypi.org", "pythonhosted.org", "pypi.io", "pypi.python.org")
"""Domains that are PyPI's with all that lies below them: never tunnelled, never left to another answer."""


_DOTS = ".\u3002\uff0e\uff61"  # all that IDNA takes for a dot (RFC 3490 section 3.1)


def normal_host(text: str) -> str:
    """The one spelling of a host: lower case, no port, no brackets, no trailing dot.

    `PyPI.org.:443` becomes `pypi.org`, `[::1]:8080` becomes `::1`. A name that is not ASCII is spelled as the resolver
    would ask for it (IDNA, RFC 3490): otherwise full-width letters would lead to PyPI past every comparison.
    Raises nothing; text that is no host stays what it is.
    """
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:  # two and more: an IPv6 address without brackets, which can't carry a port
        host = host.partition(":")[0]
    if not host.isascii():
        with contextlib.suppress(UnicodeError):  # what can't be spelled in IDNA, no resolver can look up either
            host = host.rstrip(_DOTS).encode("idna").decode("ascii")
    return host.rstrip(".").lower()


def is_protected(host: str) -> bool:
    """Whether a host, in any spelling that `normal_host` knows, is PyPI's: one of DOMAINS or below one."""
    name = normal_host(host)
    return any(name == domain or name.endswith(f".{domain}") for domain in DOMAINS)
