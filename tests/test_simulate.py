"""`wheelgate simulate` over the pages that a gateway has kept: what would change, and that nobody is asked."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import Result

from addons.page_simulator import projects_in
from tests.calling import call
from tests.fakepypi import FakePyPI
from tests.gateway.running import configuration

ONE, TWO = "demo-1.0-py3-none-any.whl", "demo-2.0-py3-none-any.whl"
OLD = [{"deny": [{"project": "demo", "versions": "==1.0", "reason": "no"}]}]
NEW = [
    {"yank": [{"project": "other", "reason": "old"}]},
    {"deny": [{"project": "demo", "versions": "==2.0", "reason": "steals tokens", "id": "SEC-1"}]},
]


@pytest.fixture
def simulate(pypi: FakePyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Keep the pages of two projects, then compare with new policies, and expect the exit code; PyPI is asked nothing."""
    monkeypatch.chdir(tmp_path)
    for name, version in (("demo", "1.0"), ("demo", "2.0"), ("other", "1.0")):
        pypi.release(name, version)
    now = configuration(pypi, tmp_path, policies=OLD)
    call("explain", "--config", str(now), "demo", "other")
    pypi.clear_log()

    def command(*arguments: str, code: int, policies: object) -> Result:
        new = tmp_path / "new.yaml"
        new.write_text(yaml.safe_dump({**yaml.safe_load(now.read_text()), "policies": policies}))
        of = () if "--projects" in arguments else ("--kept",)
        said = call("simulate", "--config", str(now), str(new), *of, *arguments)
        assert said.exit_code == code, said.output
        assert pypi.requests == []
        return said

    return command


def test_simulate__of_other_policies__names_each_file_that_changes(simulate: Callable[..., Result]) -> None:
    """Newly refused, newly yanked and let through, with the words that clients would read, and the sum."""
    found = json.loads(simulate("--json", code=1, policies=NEW).stdout)
    assert found["projects"] == 2
    assert found["totals"] == {"offered to refused": 1, "offered to yanked": 1, "refused to offered": 1}
    [demo, other] = found["changed"]
    words = "Blocked by wheelgate: deny SEC-1: steals tokens"
    assert [tuple(each.values()) for each in demo["changes"]] == [
        (ONE, "refused", "offered", None), (TWO, "offered", "refused", words)
    ]  # fmt: skip
    assert other["changes"][0]["after"] == "yanked"


def test_simulate__for_people__says_the_same_in_lines(simulate: Callable[..., Result]) -> None:
    """By project, and one line for all of it."""
    said = simulate(code=1, policies=NEW).stdout
    assert f"demo\n  from refused to offered: {ONE}\n  from offered to refused: {TWO}\n    Blocked by" in said
    assert said.endswith("2 of 2 projects would change; files: 1 from offered to refused, 1 from offered to yanked, "
                         "1 from refused to offered\n")  # fmt: skip


def test_simulate__of_what_is_in_force__says_that_nothing_changes(simulate: Callable[..., Result]) -> None:
    """And exits with 0."""
    assert simulate(code=0, policies=OLD).stdout == "0 of 2 projects would change\n"


def test_simulate__with_a_list_of_projects__compares_those(simulate: Callable[..., Result], tmp_path: Path) -> None:
    """What no page is kept of cannot be compared, which is said and makes the exit code 2."""
    wanted = tmp_path / "wanted.txt"
    wanted.write_text("Other  # ours\n\n")
    assert json.loads(simulate("--json", "--projects", str(wanted), code=1, policies=NEW).stdout)["projects"] == 1
    wanted.write_text("unknown\n")
    assert simulate("--projects", str(wanted), code=2, policies=NEW).stderr.startswith("wheelgate: unknown: ")


def test_simulate__of_a_bad_configuration__exits_with_2_and_its_place(simulate: Callable[..., Result]) -> None:
    """As `wheelgate check` says it."""
    assert "new.yaml:" in simulate(code=2, policies=[{"denny": []}]).stderr


def test_projects__with_a_line_that_names_none__says_which() -> None:
    """The operator mends that line."""
    with pytest.raises(ValueError, match=r"^line 2: '-x'"):
        projects_in("demo\n-x\n")
