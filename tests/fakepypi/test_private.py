"""The private index wants to know who asks."""

import httpx
import pytest

from tests.fakepypi import FakePyPI


@pytest.mark.parametrize(("auth", "status"), [(None, 401), (("reader", "wrong"), 401), (("reader", "secret"), 200)])
def test_private_index__asked_with_credentials__opens_page_and_file(
    pypi: FakePyPI, client: httpx.Client, auth: tuple[str, str] | None, status: int
) -> None:
    """Page and file are there for the right Basic credentials only."""
    private = pypi.private()
    file = private.release("acme", "1.0")
    page = client.get(f"{private.place.simple_url}acme/", auth=auth)
    assert (page.status_code, client.get(file.url, auth=auth).status_code) == (status, status)
    assert (page.headers.get("www-authenticate") is not None) is (status == 401)


def test_private_index__beside_the_public_one__is_another_index(pypi: FakePyPI, client: httpx.Client) -> None:
    """Projects of the one are not on the other, and the files lie on the index's own host."""
    private = pypi.private()
    file = private.release("acme", "1.0")
    assert file.url.startswith(f"https://localhost:{pypi.port}/private/packages/")
    assert client.get("https://pypi.org/simple/acme/").status_code == 404


def test_localhost__without_a_private_index__is_not_served(pypi: FakePyPI, client: httpx.Client) -> None:
    """A private index is there when it was asked for."""
    assert client.get(f"https://localhost:{pypi.port}/private/simple/").status_code == 421
