"""The checks before every answer: one table for both roads."""

import pytest

from addons.agreement import Asked, host_meant, is_address
from addons.answers import Answer

PYPI = ("pypi.org", "pypi.org", "pypi.org")


@pytest.mark.parametrize(
    "names", [PYPI, ("127.0.0.1", "pypi.org", "pypi.org"), ("2001:db8::1", "pypi.org", "pypi.org")]
)
def test_host__where_all_names_are_one__is_meant(names: tuple[str, ...]) -> None:
    """An address as destination names nobody."""
    assert host_meant(Asked("GET", names, "pypi.org", tls=True)) == "pypi.org"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (Asked("GET", PYPI, "pypi.org", tls=False), 403),
        (Asked("GET", ("pypi.org", "example.org"), "pypi.org", tls=True), 421),
        (Asked("GET", ("127.0.0.1", "127.0.0.1", "pypi.org"), "pypi.org", tls=True), 421),
        (Asked("GET", ("pypi.org",), None, tls=True), 421),
        (Asked("GET", ("127.0.0.1",), "pypi.org", tls=True), 421),
        (Asked("CONNECT", PYPI, "pypi.org", tls=True), 421),
        (Asked("GET", PYPI, "pypi.org", tls=True, hosts=2), 400),
        (Asked("GET", PYPI, "pypi.org", tls=True, upgrade=True), 400),
        (Asked("HEAD", PYPI, "pypi.org", tls=True, has_body=True), 400),
    ],
)
def test_host__where_something_is_wrong__is_refused(asked: Asked, status: int) -> None:
    """In words, each fault with its own status."""
    refusal = host_meant(asked)
    assert isinstance(refusal, Answer)
    assert refusal.status == status
    assert refusal.reason.startswith("wheelgate: ")


def test_host__of_an_upload__may_come_with_a_body() -> None:
    """Only what reads has none."""
    assert host_meant(Asked("POST", PYPI, "pypi.org", tls=True, has_body=True)) == "pypi.org"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("127.0.0.1", True), ("::1", True), ("fe80::1%eth0", True), ("pypi.org", False), ("1.2", False)],
)
def test_address__is_told_from_a_name(name: str, expected: bool) -> None:
    """An IP address, in either version, with or without a zone."""
    assert is_address(name) is expected
