"""Commands that look as a group's clients do: `--client` and `--profile` of warm, metadata and explain."""

from pathlib import Path

import pytest

from tests.calling import call
from tests.fakepypi import FakePyPI
from tests.gateway.running import configuration

DENIED = {"deny": [{"project": "demo", "versions": "==2.0", "reason": "steals tokens", "id": "SEC-1"}]}


@pytest.fixture
def config(pypi: FakePyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A configuration that denies a release to all but one group, in the working folder."""
    monkeypatch.chdir(tmp_path)
    pypi.release("demo", "1.0", upload_time="2025-06-01T00:00:00Z", announce_metadata=True)
    pypi.release("demo", "2.0", upload_time="2026-02-01T00:00:00Z", announce_metadata=True)
    past = {"allow": [{"project": "demo", "reason": "it is what they look into"}]}
    lab = {"name": "lab", "networks": ["10.1.0.0/16"], "policies": [past], "profiles": ["as-of"]}
    return str(configuration(pypi, tmp_path, policies=[DENIED], clients=[lab]))


@pytest.mark.parametrize("command", [("warm", "demo==2.0"), ("metadata", "demo==2.0"), ("explain", "demo==2.0")])
def test_command__for_a_group__looks_as_its_clients_do(command: tuple[str, ...], config: str) -> None:
    """What is refused to the rest is there for them; and not as of an instant before it came."""
    assert call(*command, "-c", config).exit_code == 1
    assert call(*command, "-c", config, "--client", "lab").exit_code == 0
    before = call(*command, "-c", config, "--client", "lab", "--profile", "as-of-2026-01-31")
    assert before.exit_code != 0, before.output


@pytest.mark.parametrize("command", ["warm", "metadata", "explain"])
@pytest.mark.parametrize(
    ("whom", "words"),
    [
        (("--client", "nobody"), "'nobody' is no group of clients here"),
        (("--client", "lab", "--profile", "x"), "'x' is no profile here"),
        (("--profile", "as-of-2026-01-31"), "who is in no group may not choose 'as-of-2026-01-31'"),
        (("--client", "lab", "--profile", "as-of-never"), "names no instant"),
    ],
)
def test_command__for_clients_that_are_none__says_so(
    command: str, whom: tuple[str, ...], words: str, config: str
) -> None:
    """Nothing is looked at for somebody else instead."""
    said = call(command, "-c", config, *whom, "demo")
    assert said.exit_code in (1, 2)
    assert words in said.stderr
