"""`deploy/run`, with interpreters that only pretend: which one it takes, when it sets up, and what it says when it can't."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.deploying import ROOT, prepared_environment
from tests.wheelgate_process import run

# An interpreter for tests. It fits or not (`-c`), makes environments of itself (`-m venv`) and notes each call of pip, which
# fails while there is a file `no-network`, or one for the lock that is named last.
PYTHON = """\
#!/bin/sh
case "$1 $2" in
    "-c "*) exit {fits} ;;
    "-m venv") rm -rf "$4"; mkdir -p "$4/bin"; touch "$4/pyvenv.cfg"; cp "$0" "$4/bin/python"; touch "$4/pip-is-there"
        echo "made with $0" >>"$NOTES" ;;
    "-m pip") shift 2; [ -e "$(dirname "$0")/../pip-is-there" ] || exit 1
        [ "$*" = "--disable-pip-version-check -qq --version" ] || echo "pip $*" >>"$NOTES"
        ! [ -e no-network ] && ! [ -e "no-network-for-${{*##*/}}" ] ;;
esac
"""
TOOLS = ("sh", "cat", "sed", "cksum", "dirname", "basename", "ls", "cp", "rm", "mkdir", "touch", "true", "pwd")


@dataclass
class Machine:
    """A machine with a checkout, tools, and whatever interpreters a test puts there."""

    place: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.checkout = self.place / "a check out"
        (self.checkout / "deploy" / "clients").mkdir(parents=True)
        for name in (
            "pyproject.toml",
            "deploy/requirements.txt",
            "deploy/requirements-dev.txt",
            "deploy/clients/pip-1.txt",
        ):
            (self.checkout / name).write_text(name)
        # The two places that are the machine's own are the test's here.
        script = (ROOT / "deploy" / "run").read_text()
        for own in ("/usr/local/bin/", "/opt/"):
            assert own in script
            script = script.replace(own, f"{self.place}{own}")
        (self.checkout / "deploy" / "run").write_text(script)
        tools = self.place / "tools"
        tools.mkdir()
        for tool in TOOLS:
            (tools / tool).symlink_to(shutil.which(tool) or "/bin/false")
        self.environment |= {
            "PATH": f"{self.place}/bin:{tools}",
            "HOME": str(self.place),
            "NOTES": f"{self.place}/notes",
        }

    def python(self, path: str, *, fits: bool = True) -> Path:
        """Put an interpreter at a path below the machine's root."""
        there = self.place / path
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(PYTHON.format(fits=0 if fits else 1))
        there.chmod(0o755)
        return there

    def run(self, *arguments: str, folder: Path | None = None, **further: str) -> CompletedProcess[str]:
        """Run the script, from the checkout unless a folder is named."""
        script = str(self.checkout / "deploy" / "run")
        return run(("/bin/sh", script, *arguments), folder or self.checkout, {**self.environment, **further})

    @property
    def notes(self) -> list[str]:
        """What the interpreters were asked to do."""
        path = self.place / "notes"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without an interpreter."""
    return Machine(tmp_path / "machine")


@pytest.mark.parametrize(
    "path",
    [
        "bin/python3.13",
        "usr/local/bin/python3.12",
        ".pyenv/versions/3.12.1/bin/python3",
        "opt/python-3.14/bin/python3",
        ".local/share/uv/python/cpython-3.13/bin/python3",
    ],
)
def test_run__python3_is_too_old__finds_a_newer_one(path: str, machine: Machine) -> None:
    """The first `python3` on the path need not be the right one."""
    machine.python("bin/python3", fits=False)
    newer = machine.python(path)
    assert machine.run("true").returncode == 0
    [made, *_] = machine.notes
    assert made in (f"made with {newer}", f"made with {newer.name}")


def test_run__no_python_fits__says_what_to_install(machine: Machine) -> None:
    """Also where there is one but without venv, as on Debian: the message names both ways out."""
    machine.python("bin/python3", fits=False)
    said = machine.run("true")
    assert said.returncode == 1
    assert "no Python 3.12 or newer" in said.stderr
    assert "python3-venv" in said.stderr
    assert "WHEELGATE_PYTHON=" in said.stderr
    assert machine.notes == []


def test_run__interpreter_is_named__takes_that_one(machine: Machine) -> None:
    """WHEELGATE_PYTHON comes before all that could be found."""
    machine.python("bin/python3")
    named = machine.python("elsewhere/py")
    assert machine.run("true", WHEELGATE_PYTHON=str(named)).returncode == 0
    assert machine.notes[0] == f"made with {named}"


def test_run__named_interpreter_does_not_fit__is_refused(machine: Machine) -> None:
    """Another one in its place would not be what was asked for."""
    machine.python("bin/python3")
    named = machine.python("elsewhere/py", fits=False)
    said = machine.run("true", WHEELGATE_PYTHON=str(named))
    assert said.returncode == 1
    assert f"WHEELGATE_PYTHON={named} is no Python 3.12" in said.stderr
    assert machine.notes == []


def test_run__first_time__installs_what_is_locked_and_then_the_checkout(machine: Machine) -> None:
    """With hashes, wheels only, and nothing that is not in the lock."""
    machine.python("bin/python3")
    assert machine.run("true").returncode == 0
    locked, own = machine.notes[1:]
    assert "install --require-hashes --only-binary :all: -r " in locked
    assert locked.endswith("/deploy/requirements.txt")
    assert own.endswith(f"install --no-deps --no-build-isolation --editable {machine.checkout}")


def test_run__second_time__sets_nothing_up(machine: Machine) -> None:
    """Nor does the plain set after the larger one."""
    machine.python("bin/python3")
    assert "setting up" in machine.run("--dev", "true").stderr
    before = machine.notes
    assert [machine.run("--dev", "true").stderr, machine.run("true").stderr] == ["", ""]
    assert machine.notes == before


@pytest.mark.parametrize("changed", ["pyproject.toml", "deploy/requirements.txt", "deploy/clients/pip-1.txt"])
def test_run__lock_has_changed__brings_the_environment_up_to_date(changed: str, machine: Machine) -> None:
    """Without making it anew."""
    machine.python("bin/python3")
    machine.run("true")
    (machine.checkout / changed).write_text("changed")
    before = len(machine.notes)
    assert machine.run("true").returncode == 0
    assert [note.split()[0] for note in machine.notes[before:]] == ["pip", "pip"]


def test_run__development_set_is_wanted_later__is_added(machine: Machine) -> None:
    """With the clients that the tests drive, each lock in an environment of its own."""
    machine.python("bin/python3")
    machine.run("true")
    assert machine.run("--dev", "true").returncode == 0
    assert any(note.endswith("/deploy/requirements-dev.txt") for note in machine.notes)
    client = f"{machine.checkout}/.venv/clients/pip-1/bin/python"
    assert machine.notes[-2] == f"made with {machine.checkout}/.venv/bin/python"
    assert f"--python {client} install --require-hashes --only-binary :all: -r " in machine.notes[-1]
    assert machine.notes[-1].endswith("/deploy/clients/pip-1.txt")


@pytest.mark.parametrize(("changed", "again"), [("pyproject.toml", False), ("deploy/clients/pip-1.txt", True)])
def test_run__lock_of_a_client_has_changed__makes_its_environment_anew(
    changed: str, again: bool, machine: Machine
) -> None:
    """What an older lock had is gone then; another change leaves it alone."""
    machine.python("bin/python3")
    machine.run("--dev", "true")
    (machine.checkout / changed).write_text("changed")
    before = len(machine.notes)
    assert machine.run("--dev", "true").returncode == 0
    made = [note for note in machine.notes[before:] if note.startswith("made with")]
    assert made == [f"made with {machine.checkout}/.venv/bin/python"] * again


def test_run__client_cannot_be_installed__is_tried_again(machine: Machine) -> None:
    """Its environment counts from when all is in it."""
    machine.python("bin/python3")
    machine.run("--dev", "true")
    (machine.checkout / "deploy" / "clients" / "pip-2.txt").write_text("pip-2")
    (machine.checkout / "no-network-for-pip-2.txt").touch()
    assert machine.run("--dev", "true").returncode != 0
    (machine.checkout / "no-network-for-pip-2.txt").unlink()
    before = len(machine.notes)
    assert machine.run("--dev", "true").returncode == 0
    assert machine.notes[-1].endswith("/deploy/clients/pip-2.txt")
    assert "/clients/pip-1/" not in "".join(machine.notes[before:])


def test_run__network_fails__says_so_and_goes_on_next_time(machine: Machine) -> None:
    """The command is not run in a half of an environment, now or later."""
    machine.python("bin/python3")
    (machine.checkout / "no-network").touch()
    assert machine.run("touch", "ran").returncode != 0
    (machine.checkout / "no-network").unlink()
    assert not (machine.checkout / "ran").exists()
    assert machine.run("touch", "ran").returncode == 0
    assert (machine.checkout / "ran").exists()


def test_run__update_is_interrupted_and_undone__sets_up_again(machine: Machine) -> None:
    """Back at the old lock, the environment may already hold half of the new one."""
    machine.python("bin/python3")
    machine.run("true")
    lock = machine.checkout / "deploy" / "requirements.txt"
    old = lock.read_text()
    lock.write_text("new")
    (machine.checkout / "no-network").touch()
    assert machine.run("true").returncode != 0
    (machine.checkout / "no-network").unlink()
    lock.write_text(old)
    assert "setting up" in machine.run("true").stderr


@pytest.mark.parametrize("lost", ["pip-is-there", "bin/python"])
def test_run__environment_is_half_made__makes_it_anew(lost: str, machine: Machine) -> None:
    """Interrupted before pip was in it, or its interpreter was uninstalled since."""
    machine.python("bin/python3")
    machine.run("true")
    (machine.checkout / ".venv" / lost).unlink()
    (machine.checkout / ".venv" / "wheelgate-stamp").unlink()
    assert machine.run("true").returncode == 0
    assert [note.split()[0] for note in machine.notes].count("made") == 2


def test_run__folder_of_the_environment_holds_something_else__is_left_alone(machine: Machine) -> None:
    """A slip in WHEELGATE_VENV must not empty somebody's home."""
    machine.python("bin/python3")
    precious = machine.place / "precious.txt"
    precious.touch()
    said = machine.run("true", WHEELGATE_VENV=str(machine.place))
    assert said.returncode == 1
    assert "is left alone" in said.stderr
    assert precious.exists()


def test_run__relative_folder_of_the_environment__is_found_from_any_other(machine: Machine) -> None:
    """The command may change its folder."""
    machine.python("bin/python3")
    said = machine.run("sh", "-c", "cd / && command -v python", folder=machine.place, WHEELGATE_VENV="own")
    assert said.stdout.strip() == f"{machine.place}/own/bin/python"


def test_run__from_another_folder__stays_there(machine: Machine, tmp_path: Path) -> None:
    """What the command writes lands where the user is; the environment's tools come first."""
    machine.python("bin/python3")
    said = machine.run("sh", "-c", 'pwd; echo "$VIRTUAL_ENV"; command -v python', folder=tmp_path)
    venv = machine.checkout / ".venv"
    assert said.stdout.splitlines() == [str(tmp_path), str(venv), str(venv / "bin" / "python")]


def test_run__command__gets_its_arguments_as_they_are_and_gives_its_code(machine: Machine) -> None:
    """Blanks, stars and empty words included."""
    machine.python("bin/python3")
    said = machine.run("sh", "-c", 'printf "<%s>" "$@"; exit 5', "sh", "a b", "*", "", "--dev")
    assert (said.returncode, said.stdout) == (5, "<a b><*><><--dev>")


def test_run__home_is_not_set__does_without(machine: Machine) -> None:
    """As in some containers and service managers."""
    machine.python("bin/python3")
    script = str(machine.checkout / "deploy" / "run")
    environment = {name: value for name, value in machine.environment.items() if name != "HOME"}
    assert run(("/bin/sh", script, "true"), machine.place, environment).returncode == 0


@pytest.mark.parametrize(("arguments", "code"), [((), 2), (("--dev",), 2), (("--help",), 0), (("-h",), 0)])
def test_run__no_command__shows_how_it_is_used(arguments: tuple[str, ...], code: int, machine: Machine) -> None:
    """And sets nothing up."""
    said = machine.run(*arguments)
    assert said.returncode == code
    assert "sh deploy/run wheelgate exec -- pip download flask" in (said.stderr if code else said.stdout)
    assert machine.notes == []


def test_run__real_interpreter__is_one_that_fits(tmp_path: Path) -> None:
    """The check is the real one's as well: this interpreter passes it, in an environment that is there already."""
    environment = {"PATH": os.defpath, "HOME": str(tmp_path), "WHEELGATE_VENV": str(prepared_environment(tmp_path))}
    said = run(
        ("/bin/sh", str(ROOT / "deploy" / "run"), "python", "-c", "import sys; print(sys.prefix)"),
        tmp_path,
        environment,
    )
    assert (said.stdout, said.stderr) == (f"{tmp_path}/venv\n", "")
