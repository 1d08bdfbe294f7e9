"""Tools that lock: poetry, pdm and uv, each in a project of its own, on its default index."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.endtoend.clients import Outcome
from tests.endtoend.conftest import WORDS, House
from tests.endtoend.lockers import POETRY, Locker, Workspace, every_locker
from tests.fakepypi import FakeFile
from tests.gateway.running import configuration
from tests.wheelgate_process import Gateway


@pytest.fixture
def workspace(locker: Locker, house: House, tmp_path: Path) -> Workspace:
    """A project behind the house's gateway, on whose terminal nobody has configured anything else."""
    return Workspace(locker, tmp_path, house.variables)


@pytest.fixture(scope="module")
def before(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The variables of another gateway in front of the same PyPI, as it was before there was a policy."""
    place = tmp_path_factory.mktemp("before")
    with Gateway(configuration(house.pypi, place, listen="127.0.0.1:0"), place) as gateway:
        yield gateway.variables()


@every_locker
def test_lock_and_install__public_project__comes_with_its_dependencies(workspace: Workspace, house: House) -> None:
    """LEG-01, LEG-04: what a user does every day: two commands, and nothing that names an index."""
    roots = house.pypi.release("roots", "1.1", announce_metadata=True)
    trunk = house.pypi.release("trunk", "4.0", requires=["roots"], announce_metadata=True)
    workspace.want("trunk")
    locked = workspace.lock()
    assert locked.code == 0, locked.output
    assert roots.sha256 in workspace.locked
    assert trunk.sha256 in workspace.locked
    installed = workspace.install()
    assert installed.code == 0, installed.output
    assert installed.installed == {"trunk": "4.0", "roots": "1.1"}
    assert house.pypi.asked(trunk.path)


@every_locker
def test_lock_and_install__own_project_is_public_too__comes_from_the_folder(workspace: Workspace, house: House) -> None:
    """LEG-01: a stranger's higher version is in no lock; PyPI is not even asked about it."""
    stranger = house.pypi.release("beamline", "99.0")
    workspace.want("BeamLine")
    locked = workspace.lock()
    assert locked.code == 0, locked.output
    assert stranger.sha256 not in workspace.locked
    installed = workspace.install()
    assert installed.installed == {"beamline": "1.0"}, installed.output
    assert [seen.path for seen in house.pypi.requests if "beamline" in seen.path] == []


@every_locker
def test_lock_and_install__own_project_needs_a_public_one__gets_both(workspace: Workspace, house: House) -> None:
    """Own and public projects meet in one lock, a wheel's and an sdist's."""
    house.pypi.release("bench", "1.0", requires=["magnets", "screws"])
    house.pypi.release("screws", "7.0")
    workspace.want("bench")
    locked = workspace.lock()
    assert locked.code == 0, locked.output
    installed = workspace.install()
    assert installed.installed == {"bench": "1.0", "screws": "1.0", "magnets": "2.1"}, installed.output


@every_locker
def test_deny__release_and_unpinned__locks_the_older_one(workspace: Workspace, house: House) -> None:
    """Nobody has to know about the ban."""
    house.bad_demo()
    workspace.want("demo")
    locked = workspace.lock()
    assert locked.code == 0, locked.output
    assert workspace.install().installed == {"demo": "1.0"}


def assert_refused(done: Outcome, workspace: Workspace, file: FakeFile) -> None:
    """It failed, the file is not installed, and the user reads why, as far as the tool shows it."""
    assert done.code != 0
    assert file.filename.split("-")[0] not in done.installed
    said = workspace.locker.says.format(
        words=WORDS[file.project], url=file.url, release=f"{file.project} {file.version}"
    )
    assert said in done.output.replace(".metadata", "")


@every_locker
def test_deny__release_and_pinned__is_refused_in_words(workspace: Workspace, house: House) -> None:
    """Who asks for it reads why not, and whom to ask; PyPI never sees that."""
    bad = house.bad_demo()
    workspace.want("demo==2.0")
    assert_refused(workspace.lock(), workspace, bad)
    assert house.pypi.asked(bad.path) == []


@every_locker
def test_deny__project_that_another_needs__is_refused_in_words(workspace: Workspace, house: House) -> None:
    """A whole project that nobody gets, and which the user never named."""
    bad = house.pypi.release("left-pad", "1.3", announce_metadata=True)
    house.pypi.release("text-rows", "1.0", requires=["left-pad==1.3"])
    workspace.want("text-rows")
    assert_refused(workspace.lock(), workspace, bad)
    assert house.pypi.asked(bad.path) == []


@pytest.mark.parametrize("locker", [POETRY], ids=str)
def test_deny__dependencies_are_in_the_legacy_json__is_refused_in_words(workspace: Workspace, house: House) -> None:
    """LEG-02: where PyPI's JSON names what a release needs, poetry reads no file as it locks: it finds out as it installs."""
    house.pypi.release("spaces", "1.0")
    bad = house.pypi.release("wide-pad", "1.2", requires=["spaces"], announce_metadata=True)
    workspace.want("wide-pad==1.2")
    locked = workspace.lock()
    assert locked.code == 0, locked.output
    assert bad.sha256 in workspace.locked
    assert_refused(workspace.install(), workspace, bad)
    assert house.pypi.asked(bad.path) == []


@every_locker
def test_deny__locked_release__is_not_installed_any_more(
    workspace: Workspace, house: House, before: Mapping[str, str]
) -> None:
    """A lock from before the ban, which names the very file and its right hash, is refused in words."""
    bad = house.pypi.release("gate", "2.0", announce_metadata=True)
    workspace.want("gate==2.0")
    assert workspace.lock(**before).code == 0
    assert bad.sha256 in workspace.locked
    asked = len(house.pypi.asked(bad.path))
    assert_refused(workspace.install(), workspace, bad)
    assert len(house.pypi.asked(bad.path)) == asked


@every_locker
def test_yank__pinned__is_installed_with_the_reason_as_a_warning(workspace: Workspace, house: House) -> None:
    """Who pins it gets it, and reads why not to as it is locked; pdm says nothing of yanks."""
    house.pypi.release("panels", "2.0")
    house.pypi.release("panels", "3.0")
    workspace.want("panels==2.0")
    locked = workspace.lock()
    assert locked.code == 0, locked.output
    installed = workspace.install()
    assert installed.installed == {"panels": "2.0"}, installed.output
    assert (WORDS["panels"] in locked.output) is workspace.locker.warns
