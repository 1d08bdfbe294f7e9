"""What is refused, and how users read it: in real pip's and real uv's own output."""

from collections.abc import Mapping
from pathlib import Path

from tests.endtoend.clients import CLIENTS, Client, every_client, install
from tests.endtoend.conftest import WORDS, House
from tests.fakepypi import FakeFile


def refusals(house: House, file: FakeFile) -> int:
    """How many requests for a file, or its metadata, the gateway has refused until now: it logs each."""
    return house.log().count(f"refused {file.filename}")


@every_client
def test_deny__release_and_unpinned__installs_the_older_one(client: Client, house: House, tmp_path: Path) -> None:
    """Nobody has to know about the ban; the denied file is never fetched."""
    bad = house.bad_demo()
    done = house.install(client, tmp_path, "demo")
    assert done.installed == {"demo": "1.0"}, done.output
    assert house.pypi.asked(bad.path) == []


@every_client
def test_deny__release_and_pinned__prints_reason_rule_and_id(client: Client, house: House, tmp_path: Path) -> None:
    """Who asks for it reads why not, and whom to ask; it costs one request, which PyPI never sees."""
    bad = house.bad_demo()
    before = refusals(house, bad)
    done = house.install(client, tmp_path, "demo==2.0")
    assert done.code != 0
    assert done.installed == {}
    assert WORDS["demo"] in done.output
    assert refusals(house, bad) == before + 1
    assert house.pypi.asked(bad.path) == []
    assert house.pypi.asked(f"{bad.path}.metadata") == []


@every_client
def test_deny__project__prints_why(client: Client, house: House, tmp_path: Path) -> None:
    """A project that nobody gets, under whatever spelling, with the reason."""
    house.pypi.release("left-pad", "1.3", announce_metadata=True)
    done = house.install(client, tmp_path, "LEFT_pad")
    assert done.code != 0
    assert done.installed == {}
    assert WORDS["left-pad"] in done.output


@every_client
def test_deny__project_that_another_needs__prints_why(client: Client, house: House, tmp_path: Path) -> None:
    """The reason is read as well where the user never named the project."""
    house.pypi.release("left-pad", "1.3", announce_metadata=True)
    house.pypi.release("columns", "1.0", requires=["left-pad>1"])
    done = house.install(client, tmp_path, "columns")
    assert done.code != 0
    assert done.installed == {}
    assert WORDS["left-pad"] in done.output


@every_client
def test_deny__lock_with_hashes__fails_with_the_reason(client: Client, house: House, tmp_path: Path) -> None:
    """A lock from before the ban names the very file; its right hash does not help it."""
    bad = house.bad_demo()
    (tmp_path / "lock.txt").write_text(f"demo==2.0 --hash=sha256:{bad.sha256}\n")
    done = house.install(client, tmp_path, "--require-hashes", "-r", "lock.txt")
    assert done.code != 0
    assert done.installed == {}
    assert WORDS["demo"] in done.output


@every_client
def test_deny__direct_url__fails_with_the_reason(client: Client, house: House, tmp_path: Path) -> None:
    """A file is refused at its own address too, which no page has to be read for."""
    bad = house.bad_demo()
    done = house.install(client, tmp_path, f"demo @ {bad.url}")
    assert done.code != 0
    assert done.installed == {}
    assert WORDS["demo"] in done.output
    assert house.pypi.asked(bad.path) == []


@every_client
def test_yank__unpinned__takes_another_release(client: Client, house: House, tmp_path: Path) -> None:
    """A yanked release is not chosen, though it is the only one below the next."""
    house.pypi.release("panels", "2.0")
    house.pypi.release("panels", "3.0")
    assert house.install(client, tmp_path, "panels").installed == {"panels": "3.0"}


@every_client
def test_yank__pinned__installs_with_the_reason_as_a_warning(client: Client, house: House, tmp_path: Path) -> None:
    """Who pins it gets it, and reads why not to."""
    house.pypi.release("panels", "2.0")
    house.pypi.release("panels", "3.0")
    done = house.install(client, tmp_path, "panels==2.0")
    assert done.installed == {"panels": "2.0"}, done.output
    assert WORDS["panels"] in done.output


def test_hide__denied_release__is_as_if_it_were_not_there(
    house: House, hiding: Mapping[str, str], tmp_path: Path
) -> None:
    """Unpinned takes the older one; pinned finds none, and prints no reason."""
    house.bad_demo()
    for client in CLIENTS:
        (folder := tmp_path / client.name).mkdir()
        pinned = install(client, folder, hiding, "demo==2.0")
        assert pinned.code != 0
        assert "Blocked by wheelgate" not in pinned.output
        unpinned = install(client, folder, hiding, "demo")
        assert unpinned.installed == {"demo": "1.0"}, unpinned.output


def test_hide__direct_url_of_a_denied_file__fails_with_the_reason(
    house: House, hiding: Mapping[str, str], tmp_path: Path
) -> None:
    """What is hidden on the page is refused in words where somebody knows its address."""
    bad = house.bad_demo()
    for client in CLIENTS:
        (folder := tmp_path / client.name).mkdir()
        done = install(client, folder, hiding, f"demo @ {bad.url}")
        assert done.code != 0
        assert WORDS["demo"] in done.output
