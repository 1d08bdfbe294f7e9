"""What a page lists, and the one file of it that a test is about."""

from dataclasses import dataclass

from tests.gateway.running import RunningGateway

PUBLIC = {"name": "pypi", "index": "https://pypi.org/simple/", "public": True}


@dataclass(frozen=True)
class Had:
    """A file as a client may have it: where its page says that it is, and what it should be."""

    gateway: RunningGateway
    url: str
    sha256: str
    content: bytes


def listed(gateway: RunningGateway, project: str) -> list[dict[str, object]]:
    """Give the files of a project's page."""
    page = gateway.page(project)
    assert page.status_code == 200
    found = page.json()["files"]
    assert isinstance(found, list)
    return found


def had(gateway: RunningGateway, project: str, content: bytes) -> Had:
    """Give the one file on a project's page."""
    (entry,) = listed(gateway, project)
    hashes = entry["hashes"]
    assert isinstance(hashes, dict)
    return Had(gateway, str(entry["url"]), hashes["sha256"], content)
