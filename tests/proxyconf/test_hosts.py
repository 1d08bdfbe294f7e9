"""The one list of PyPI's hosts."""

import pytest

from proxyconf import hosts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pypi.org", "pypi.org"),
        ("PyPI.org.", "pypi.org"),
        ("PyPI.org.:443", "pypi.org"),
        (" pypi.org ", "pypi.org"),
        ("pypi.org..", "pypi.org"),
        ("[::1]:8080", "::1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("", ""),
        (":443", ""),
        ("\uff50\uff59\uff50\uff49.org", "pypi.org"),  # full-width letters
        ("pypi\u3002org\u3002:443", "pypi.org"),  # the ideographic full stop
        ("b\u00fccher.example.org", "xn--bcher-kva.example.org"),
        ("\u00fc" * 64, "\u00fc" * 64),  # too long for IDNA: no resolver takes it
    ],
)
def test_normal_host__any_spelling__is_one(text: str, expected: str) -> None:
    """Case, port, brackets, trailing dots and IDNA spellings are one host."""
    assert hosts.normal_host(text) == expected


@pytest.mark.parametrize("host", sorted(hosts.INDEX | hosts.FILES | hosts.UPLOAD | set(hosts.DOMAINS)))
def test_is_protected__listed_host__is_true(host: str) -> None:
    """Every host and domain of the list is protected, in upper case and with a port as well."""
    assert hosts.is_protected(host)
    assert hosts.is_protected(f"{host.upper()}.:443")


@pytest.mark.parametrize("host", ["any.pypi.org", "new.pythonhosted.org", "a.b.pypi.io"])
def test_is_protected__below_a_domain__is_true(host: str) -> None:
    """What lies below PyPI's domains is PyPI's, listed or not."""
    assert hosts.is_protected(host)


@pytest.mark.parametrize("host", ["example.org", "notpypi.org", "pypi.org.example.org", "org", "", "::1", "python.org"])
def test_is_protected__other_host__is_false(host: str) -> None:
    """A host that only looks like PyPI's is somebody else's."""
    assert not hosts.is_protected(host)
