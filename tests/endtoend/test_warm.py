"""`wheelgate warm`, then the upstream is cut off: real clients with fresh caches install what was warmed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.endtoend.clients import CLIENTS, Client, install
from tests.endtoend.lockers import POETRY, UV, Locker, Workspace
from tests.fakepypi import FakePyPI, Reset
from tests.gateway.running import configuration
from tests.wheelgate_process import WHEELGATE, Gateway, clean_environment, run

TODAYS = [client for client in CLIENTS if client.name in ("pip", "uv")]
KINDS = {"announced": True, "bare": False}  # PyPI as it is, and a plain mirror, which announces no metadata
WANTED = [f"{kind}-{name}" for kind in KINDS for name in ("stone", "tower")]


@dataclass(frozen=True)
class Cut:
    """What was warmed, with a PyPI that answers nobody any more; `offline`: the variables of a gateway that dials nobody."""

    pypi: FakePyPI
    configuration: Path
    offline: Mapping[str, str]
    locked: Mapping[str, Workspace]


def publish(pypi: FakePyPI, kind: str, announce: bool) -> None:
    """A set where the newest release of one does not do, a big wheel, and one without a wheel, which must be built."""
    pypi.release(f"{kind}-tower", "2.0", requires=[f"{kind}-stone<2", f"{kind}-big"], announce_metadata=announce)
    pypi.release(f"{kind}-stone", "1.1", requires=[f"{kind}-sand"], announce_metadata=announce)
    pypi.release(f"{kind}-stone", "2.0", announce_metadata=announce)
    pypi.release(f"{kind}-sand", "1.0", kind="sdist")
    pypi.big(f"{kind}-big", "1.0", 4_000_000, announce_metadata=announce)


def lock(locker: Locker, folder: Path, config: Path) -> Workspace:
    """Lock a project of its own, through a gateway of its own with another cache."""
    folder.mkdir()
    workspace = Workspace(locker, folder, clean_environment(folder), (WHEELGATE, "exec", "--config", str(config), "--"))
    workspace.want("locked")
    locked = workspace.lock()
    assert locked.code == 0, locked.output
    return workspace


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cut]:
    """Everything is warmed at once, from a file of requirements and from locks; then nothing answers any more."""
    folder = tmp_path_factory.mktemp("warmed")
    with FakePyPI(folder) as pypi:
        pypi.cache_control = "max-age=0"
        for kind, announce in KINDS.items():
            publish(pypi, kind, announce)
        pypi.release("locked", "1.0", requires=["bare-big"])
        config = configuration(pypi, folder, cache={"folder": "another"})
        locked = {locker.name: lock(locker, folder / locker.name, config) for locker in (UV, POETRY)}
        pypi.release("locked", "2.0")
        (folder / "requirements.txt").write_text("\n".join(WANTED))
        config = configuration(pypi, folder, listen="127.0.0.1:0")
        files = ["requirements.txt", *(f"{name}/{name}.lock" for name in locked)]
        command = (WHEELGATE, "warm", "--config", str(config), *(word for name in files for word in ("-r", name)))
        done = run(command, folder, clean_environment(folder))
        assert done.returncode == 0, done.stdout + done.stderr
        pypi.fault("", Reset("connect"))
        pypi.clear_log()
        (folder / "offline").mkdir()
        cache = {"folder": str(folder / "cache")}
        offline = configuration(pypi, folder / "offline", listen="127.0.0.1:0", offline=True, cache=cache)
        with Gateway(offline, folder) as gateway:
            yield Cut(pypi, config, gateway.variables(), locked)


@pytest.mark.parametrize("client", TODAYS, ids=str)
def test_install__of_what_was_warmed_with_fresh_caches_and_no_upstream__succeeds(
    client: Client, cut: Cut, tmp_path: Path
) -> None:
    """CCH-08: resolved anew, wheels and sdists, whether metadata is announced or is read out of the wheels."""
    done = install(client, tmp_path, cut.offline, *WANTED)
    assert done.code == 0, done.output
    assert done.installed == {
        f"{kind}_{name}": version
        for kind in KINDS
        for name, version in {"tower": "2.0", "stone": "1.1", "sand": "1.0", "big": "1.0"}.items()
    }
    assert cut.pypi.requests == []


def test_install__while_upstream_is_dead_but_nobody_said_offline__succeeds_too(cut: Cut, tmp_path: Path) -> None:
    """CCH-08: pages stand in, and nothing else is asked for."""
    uv = TODAYS[-1]
    through = Client("uv", (WHEELGATE, "exec", "--config", str(cut.configuration), "--", *uv.command))
    done = install(through, tmp_path, clean_environment(tmp_path), *WANTED)
    assert done.code == 0, done.output
    assert len(done.installed) == len(KINDS) * 4


@pytest.mark.parametrize("name", ["uv", "poetry"])
def test_install__of_a_lock_that_was_warmed_with_no_upstream__is_what_was_locked(name: str, cut: Cut) -> None:
    """CCH-08: though there was a newer release when it was warmed."""
    workspace = cut.locked[name]
    fresh = {f"{tool}_CACHE_DIR": str(workspace.folder / "fresh") for tool in ("UV", "POETRY")}
    done = Workspace(workspace.locker, workspace.folder, cut.offline).install(**fresh)
    assert done.code == 0, done.output
    assert done.installed == {"locked": "1.0", "bare_big": "1.0"}
