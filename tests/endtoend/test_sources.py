"""Where projects come from: public ones from PyPI, the organisation's own from its folder and its index, and never else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.endtoend.clients import Client, every_client
from tests.endtoend.conftest import PASSWORD, House
from tests.fakepypi import Corrupt

NO_RETRIES = {"PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0"}


@every_client
def test_install__public_project__comes_with_its_dependencies(client: Client, house: House, tmp_path: Path) -> None:
    """What a user installs every day, from the default index."""
    house.pypi.release("leaf", "1.2")
    house.pypi.release("tree", "3.0", requires=["branch>=1"])
    house.pypi.release("branch", "1.5", requires=["leaf"], kind="sdist")
    done = house.install(client, tmp_path, "tree")
    assert done.installed == {"tree": "3.0", "branch": "1.5", "leaf": "1.2"}, done.output


@every_client
def test_install__metadata_is_announced__resolves_by_it(client: Client, house: House, tmp_path: Path) -> None:
    """PyPI announces core metadata for wheels (PEP 658): dependencies are found through it, by who knows how."""
    house.pypi.release("rope", "1.0", announce_metadata=True)
    file = house.pypi.release("bell", "1.0", requires=["rope"], announce_metadata=True)
    done = house.install(client, tmp_path, "bell")
    assert done.installed == {"bell": "1.0", "rope": "1.0"}, done.output
    assert bool(house.pypi.asked(f"{file.path}.metadata")) is client.reads_metadata


@every_client
def test_install__metadata_is_announced_under_its_first_name__does_no_harm(
    client: Client, house: House, tmp_path: Path
) -> None:
    """A mirror may still say `dist-info-metadata` (PEP 691), over which pip 22.3 to 23.1 fail."""
    first = house.pypi.release("anchor", "1.0", announce_metadata=True)
    house.pypi.add(replace(first, extra={"dist-info-metadata": first.metadata_hashes}))
    done = house.install(client, tmp_path, "anchor")
    assert done.installed == {"anchor": "1.0"}, done.output


@every_client
def test_install__own_project_is_public_too__comes_from_the_folder(
    client: Client, house: House, tmp_path: Path
) -> None:
    """The classic confusion: a stranger's higher version. PyPI is not even asked."""
    stranger = house.pypi.release("beamline", "99.0")
    done = house.install(client, tmp_path, "BeamLine")
    assert done.installed == {"beamline": "1.0"}, done.output
    assert house.pypi.asked("/simple/beamline/", host="pypi.org") == []
    assert house.pypi.asked(stranger.path) == []


@every_client
def test_install__own_project_has_only_an_sdist__builds_it(client: Client, house: House, tmp_path: Path) -> None:
    """An sdist in the folder is as good as a wheel."""
    done = house.install(client, tmp_path, "magnets")
    assert done.installed == {"magnets": "2.1"}, done.output


@every_client
def test_install__own_project_needs_a_public_one__gets_both(client: Client, house: House, tmp_path: Path) -> None:
    """Own and public projects meet in one resolution, each from its own source."""
    house.pypi.release("shelf", "1.0", requires=["screws"])
    house.pypi.release("screws", "7.0")
    done = house.install(client, tmp_path, "shelf")
    assert done.installed == {"shelf": "1.0", "screws": "1.0"}, done.output


@every_client
def test_install__reserved_name_without_a_file__fails_and_asks_nobody_outside(
    client: Client, house: House, tmp_path: Path
) -> None:
    """Whoever takes a name under the organisation's prefix on PyPI gets no request and no install."""
    house.pypi.release("acme-secrets", "1.0")
    done = house.install(client, tmp_path, "Acme_Secrets")
    assert done.code != 0
    assert done.installed == {}, done.output
    assert house.pypi.asked("/simple/acme-secrets/", host="pypi.org") == []


@every_client
def test_install__private_index_has_it__answers_alone_and_with_its_login(
    client: Client, house: House, tmp_path: Path
) -> None:
    """The index is asked with the password that only the gateway knows; PyPI is not asked."""
    file = house.private.release("partnerlib", "2.0")
    house.pypi.release("partnerlib", "5.0")
    done = house.install(client, tmp_path, "partnerlib")
    assert done.installed == {"partnerlib": "2.0"}, done.output
    assert house.pypi.asked("/simple/partnerlib/", host="pypi.org") == []
    asked = house.pypi.asked(file.path, host="localhost")
    assert asked
    assert {seen.status for seen in asked} <= {200, 206}
    assert PASSWORD not in done.output + house.log()


@pytest.fixture
def without_folder(house: House) -> Iterator[None]:
    """The folder of own files is away, and the gateway has noticed."""
    away = house.folder.rename(house.folder.with_name("away"))
    try:
        assert house.page_status("shutter") == 503
        yield
    finally:
        away.rename(house.folder)
        assert house.page_status("shutter") == 200


@every_client
@pytest.mark.usefixtures("without_folder")
def test_install__folder_is_gone__fails_and_takes_nothing_public(client: Client, house: House, tmp_path: Path) -> None:
    """An own source that cannot answer is no reason to ask a stranger."""
    house.pypi.release("shutter", "99.0")
    done = house.install(client, tmp_path, "shutter", **NO_RETRIES)
    assert done.code != 0
    assert done.installed == {}, done.output
    assert house.pypi.asked("/simple/shutter/", host="pypi.org") == []


@every_client
def test_install__file_is_corrupt_on_its_way__fails_and_installs_nothing(
    client: Client, house: House, tmp_path: Path
) -> None:
    """The gateway keeps the last bytes back, so that no client ever holds the whole of a wrong file."""
    file = house.pypi.release(
        f"cargo-{client.name.replace('.', '-')}", "1.0", size_padding=200_000, announce_metadata=True
    )
    house.pypi.fault(file.path, Corrupt(offset=100_000))
    done = house.install(client, tmp_path, file.project, **NO_RETRIES)
    assert done.code != 0
    assert done.installed == {}, done.output
    said = [line for line in house.log().splitlines() if file.filename in line]
    assert any(f"its page says {file.sha256}" in line for line in said), said
