"""Bundles from a gateway on an open network to one on a closed network, which nothing reaches but the bundle."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.addons.bundle.carrying import Side
from tests.fakepypi import FakePyPI
from tests.gateway.running import RunningGateway, configuration

PAGE = "https://pypi.org/simple/demo/"
LEGACY = "https://pypi.org/pypi/demo/json"
ABSENT = "https://pypi.org/simple/absent/"
DOCUMENT = b'{"info": {"name": "demo", "version": "1.0"}, "urls": [], "releases": {}}'


class Place(Side):
    """A side whose configuration leads to the fake PyPI."""

    def __init__(self, folder: Path, pypi: FakePyPI, **settings: object) -> None:
        super().__init__(folder)
        self.config = configuration(pypi, folder, **settings)

    def answers(self, *urls: str) -> list[tuple[int, bytes]]:
        """What a gateway there answers; it runs for as long as that takes, as two of one process are not apart."""
        with RunningGateway(self.config) as gateway:
            return [(answer.status_code, answer.content) for answer in map(gateway.get, urls)]


@pytest.fixture
def closed(pypi: FakePyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A closed network: where PyPI is is known there, and nothing is dialled."""
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path / "closed", pypi, offline=True)


def bundle_of_today(pypi: FakePyPI, folder: Path, urls: Sequence[str], since: Path | None = None) -> Path:
    """What a gateway without anything gets for these URLs now, in a bundle."""
    side = Place(folder, pypi)
    side.answers(*urls)
    side.export(folder / "set.wheelgate", *(("--since", since) if since is not None else ()))
    return folder / "set.wheelgate"


def test_bundle__of_what_clients_had__is_all_that_clients_of_a_closed_network_need(
    closed: Place, pypi: FakePyPI, tmp_path: Path
) -> None:
    """Page, file and documents, the same bytes; whatever is not in it is 503, and PyPI hears nothing of it."""
    file = pypi.release("demo", "1.0", kind="sdist")
    pypi.document("pypi.org", "/pypi/demo/json", DOCUMENT)
    opened = Place(tmp_path / "open", pypi)
    before = opened.answers(PAGE, file.url, LEGACY)
    assert [status for status, _ in before] == [200, 200, 200]
    opened.export(tmp_path / "set.wheelgate")
    assert closed.take(tmp_path / "set.wheelgate").exit_code == 0
    pypi.clear_log()
    *after, (status, _) = closed.answers(PAGE, file.url, LEGACY, ABSENT)
    assert (after, status) == (before, 503)
    assert pypi.requests == []


def test_import__while_the_gateway_runs__counts_at_once(closed: Place, pypi: FakePyPI, tmp_path: Path) -> None:
    """What was unavailable is there, a newer page takes the place of the one in memory, a takedown takes it away."""
    first = pypi.release("demo", "1.0")
    bundles = [bundle_of_today(pypi, tmp_path / "first", [PAGE, first.url])]
    second = pypi.release("demo", "2.0")
    bundles.append(bundle_of_today(pypi, tmp_path / "second", [PAGE, first.url, second.url], since=bundles[0]))
    pypi.remove("demo")
    bundles.append(bundle_of_today(pypi, tmp_path / "third", [PAGE]))
    with RunningGateway(closed.config) as gateway:
        assert gateway.page("demo").status_code == 503
        closed.take(bundles[0])
        assert [each["filename"] for each in gateway.page("demo").json()["files"]] == [first.filename]
        closed.take(bundles[1])
        assert {each["filename"] for each in gateway.page("demo").json()["files"]} == {first.filename, second.filename}
        assert gateway.get(second.url).content == second.content
        closed.take(bundles[2])
        assert gateway.page("demo").status_code == 503
        assert gateway.get(first.url).status_code == 503


def test_policies__of_the_closed_side__count_for_what_was_carried_there(
    pypi: FakePyPI, closed: Place, tmp_path: Path
) -> None:
    """A bundle has what upstream said; who gets it is decided where it is given."""
    file = pypi.release("demo", "1.0")
    bundle = bundle_of_today(pypi, tmp_path / "open", [PAGE, file.url])
    denied = [{"deny": [{"project": "demo", "reason": "not here"}]}]
    closed.config = configuration(pypi, closed.folder, offline=True, policies=denied)
    closed.take(bundle)
    [(status, _)] = closed.answers(file.url)
    assert status == 403
