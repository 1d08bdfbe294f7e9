"""Pages, as clients see them through the gateway."""

from tests.fakepypi import FakePyPI
from tests.gateway.running import RunningGateway


def test_page__of_a_public_project__is_answered_in_json(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """A public project's page comes from PyPI."""
    file = pypi.release("demo", "1.0")
    answer = gateway.page("demo")
    assert answer.status_code == 200
    assert [entry["filename"] for entry in answer.json()["files"]] == [file.filename]


def test_file__of_a_public_project__arrives_whole(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """A public file is the file that the page lists."""
    file = pypi.release("demo", "1.0", size_padding=300_000)
    answer = gateway.get(file.url)
    assert answer.status_code == 200
    assert answer.content == file.content
