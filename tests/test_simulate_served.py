"""`wheelgate simulate` over what a gateway served: what would change for whom, and what nobody can say."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from addons.events.served import Served
from addons.events.served_file import ServedFile
from tests.calling import call
from tests.fakepypi import FakePyPI
from tests.gateway.running import RunningGateway, configuration

ONE, TWO = "demo-1.0-py3-none-any.whl", "demo-2.0-py3-none-any.whl"
DAY = timedelta(days=1)
OLD: list[dict[str, object]] = [{"deny": [{"project": "demo", "versions": "==1.0", "reason": "no"}]}]
NEW: list[dict[str, object]] = [
    {"yank": [{"project": "other", "reason": "old"}]},
    {"deny": [{"project": "demo", "versions": "==2.0", "reason": "steals tokens", "id": "SEC-1"}]},
]


def today() -> datetime:
    """Give the time now, and not when the tests were collected: that may have been yesterday."""
    return datetime.now(UTC)  # noqa: TID251 -- the command reads the clock as well


@pytest.fixture
def now(pypi: FakePyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration in force, under which the pages of two projects are kept."""
    monkeypatch.chdir(tmp_path)
    for name, version in (("demo", "1.0"), ("demo", "2.0"), ("other", "1.0")):
        pypi.release(name, version)
    config = configuration(pypi, tmp_path, policies=OLD)
    call("explain", "--config", str(config), "demo", "other")
    pypi.clear_log()
    return config


@pytest.fixture
def served(tmp_path: Path) -> Callable[..., None]:
    """Record that something was served: `(project, filename or "", times)`, to a group, so many days ago."""

    def record(*what: tuple[str, str, int], group: str = "", profile: str = "", days_ago: int = 0) -> None:
        counted = Served()
        for project, filename, times in what:
            for _ in range(times):
                serving = counted.of(group, profile)
                serving.file(project, filename, today() - days_ago * DAY)
        ServedFile(tmp_path / "store" / "served.db").add(counted.take())

    return record


@pytest.fixture
def simulate(now: Path, tmp_path: Path, pypi: FakePyPI) -> Callable[..., Result]:
    """Compare with new policies, and expect the exit code; PyPI is asked nothing."""

    def command(*arguments: str, code: int, policies: object = NEW, **settings: object) -> Result:
        new = tmp_path / "new.yaml"
        written = {**yaml.safe_load(now.read_text()), "policies": policies, **settings}
        new.write_text(yaml.safe_dump(written, sort_keys=False))
        said = call("simulate", "--config", str(now), str(new), *arguments)
        assert said.exit_code == code, said.output
        assert pypi.requests == []
        return said

    return command


def found(said: Result) -> dict[str, Any]:
    """Read the JSON."""
    told: dict[str, Any] = json.loads(said.stdout)
    return told


def test_simulate__of_what_a_gateway_served__says_what_would_change(
    now: Path, simulate: Callable[..., Result], pypi: FakePyPI
) -> None:
    """From a client's download to the line that would refuse it: the gateway records, the command reads."""
    with RunningGateway(now) as gateway:
        assert gateway.page("demo").status_code == 200
        [url] = [each["url"] for each in gateway.page("demo").json()["files"] if each["filename"] == TWO]
        assert gateway.get(url).status_code == 200
    pypi.clear_log()
    told = found(simulate("--json", code=1))
    [group] = told["groups"]
    assert (group["group"], group["pages"], group["files"], group["unknown"]) == ("", 2, 1, [])
    [demo] = group["changed"]
    two, one = demo["changes"]
    assert (demo["project"], demo["pages"]) == ("demo", 2)
    assert (two["filename"], two["times"], two["before"], two["after"]) == (TWO, 1, "offered", "refused")
    assert two["words"] == "Blocked by wheelgate: deny SEC-1: steals tokens"
    assert [place.startswith(f"{Path('new.yaml').absolute()}:") for place in two["places"]] == [True]
    assert (one["filename"], one["times"], one["before"], one["after"]) == (ONE, 0, "refused", "offered")
    assert [place.startswith(f"{now}:") for place in one["places"]] == [True]
    assert told["totals"] == {
        "offered to refused": {"files": 1, "downloads": 1},
        "refused to offered": {"files": 1, "downloads": 0},
    }
    assert told["refused"]["downloads"] == 1


def test_simulate__for_people__says_for_whom_and_what_is_missed_most(
    simulate: Callable[..., Result], served: Callable[..., None]
) -> None:
    """By group and project, then the sum, the most frequent first."""
    served(("demo", TWO, 2), ("other", "other-1.0-py3-none-any.whl", 1), ("demo", "", 9))
    said = simulate(code=1).stdout
    lines = said.splitlines()
    assert lines[0] == "clients of no group: 3 downloads, 9 pages"
    assert lines[1] == "  demo"
    assert f"    from offered to refused: {TWO} (got 2 times)" in lines
    assert "      Blocked by wheelgate: deny SEC-1: steals tokens (" in said
    assert f"    from refused to offered: {ONE} (not got)" in lines
    assert "    from offered to yanked: other-1.0-py3-none-any.whl (got once)" in lines
    assert f"        2  {TWO}, clients of no group" in lines
    assert lines[-1].endswith(
        ": 2 of 3 downloads would have been refused; files: 1 from offered to refused, 1 from offered to yanked, 1 from refused to offered"
    )


def test_simulate__of_several_groups__tells_them_apart(
    simulate: Callable[..., Result], served: Callable[..., None]
) -> None:
    """Each has its own downloads; one that a configuration does not know is said. With --client one of them."""
    served(("demo", TWO, 1))
    served(("demo", TWO, 3), group="farm")
    served(("demo", TWO, 2), group="farm", profile="testing")
    told = found(simulate("--json", code=1))
    assert [(each["group"], each["profile"], each["files"]) for each in told["groups"]] == [
        ("", "", 1),
        ("farm", "", 3),
        ("farm", "testing", 2),
    ]
    assert [len(each["remarks"]) for each in told["groups"]] == [0, 2, 2]
    assert [(each["group"], each["profile"], each["times"]) for each in told["refused"]["files"]] == [
        ("farm", "", 3),
        ("farm", "testing", 2),
        ("", "", 1),
    ]
    assert len(found(simulate("--json", "--client", "farm", code=1))["groups"]) == 2
    assert len(found(simulate("--json", "--client", "", code=1))["groups"]) == 1
    assert "group farm, profile testing: 2 downloads" in simulate(code=1).stdout


def test_simulate__of_what_changes_nothing__exits_with_0(
    simulate: Callable[..., Result], served: Callable[..., None]
) -> None:
    """Also if something changes for what nobody was served."""
    served(("demo", TWO, 1))
    more = [*OLD, {"deny": [{"project": "other", "reason": "no"}]}]
    assert simulate(code=0, policies=more).stdout.endswith(
        ": 0 of 1 download would have been refused; nothing would change\n"
    )


def test_simulate__of_a_period__counts_what_was_served_in_it(
    simulate: Callable[..., Result], served: Callable[..., None]
) -> None:
    """Thirty days if nothing is said; both days are counted in."""
    for days, times in ((0, 1), (7, 2), (29, 4), (30, 8)):
        served(("demo", TWO, times), days_ago=days)

    def downloads(*arguments: str) -> int:
        return int(found(simulate("--json", *arguments, code=1))["refused"]["downloads"])

    week_ago, month_ago = f"{today() - 7 * DAY:%Y-%m-%d}", f"{today() - 30 * DAY:%Y-%m-%d}"
    assert (downloads(), downloads("--since", "7d"), downloads("--since", "8d")) == (7, 1, 3)
    assert (downloads("--since", week_ago), downloads("--since", month_ago)) == (3, 15)
    assert downloads("--since", month_ago, "--until", week_ago) == 14


def test_simulate__of_what_is_not_kept_any_more__lists_it_as_unknown(
    simulate: Callable[..., Result], served: Callable[..., None]
) -> None:
    """Never silently left out: a project without its page, and a file that no page lists; the exit code is 2."""
    served(("gone", "gone-1.0.tar.gz", 5), ("gone", "", 1), ("demo", "demo-0.1.tar.gz", 1), ("demo", TWO, 1))
    [group] = found(simulate("--json", code=2))["groups"]
    assert [(each["project"], each["filename"], each["times"]) for each in group["unknown"]] == [
        *(("demo", "demo-0.1.tar.gz", 1), ("gone", "", 1), ("gone", "gone-1.0.tar.gz", 5)),
    ]
    assert len(group["changed"]) == 1
    lines = simulate(code=2).stdout.splitlines()
    assert [line for line in lines if line.startswith("  unknown: gone-1.0.tar.gz, got 5 times: ")]
    assert lines[-1].endswith("; 3 unknown")


def test_simulate__of_what_would_be_hidden__says_hidden(
    simulate: Callable[..., Result], served: Callable[..., None]
) -> None:
    """No page would list it; it counts as refused."""
    served(("other", "other-1.0-py3-none-any.whl", 1))
    policies = [*OLD, {"snapshot": [{"project": "*", "at": "2001-01-01", "undated": "refuse"}]}]
    told = found(simulate("--json", code=1, policies=policies))
    assert told["totals"] == {"offered to hidden": {"files": 1, "downloads": 1}}
    assert told["refused"]["downloads"] == 1


def test_simulate__with_nothing_recorded__says_so_and_what_to_do(simulate: Callable[..., Result]) -> None:
    """Nothing at all, nothing in the period, and where nothing is recorded as it is off."""
    words = simulate(code=2).stderr
    assert words.startswith("wheelgate: nothing is recorded as served from ")
    assert words.endswith("served.db; with --kept all pages that are kept are compared\n")
    assert "to group 'farm'" in simulate("--client", "farm", code=2).stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "soon"), "'soon' is no day"),
        (("--since", "0d"), "'0d' is no day"),
        (("--until", "7d"), "'7d' is no day"),
        (("--since", "2026-11-03", "--until", "2026-11-02"), "is after 2026-11-02"),
    ],
)
def test_simulate__with_a_bad_period__exits_with_2(
    simulate: Callable[..., Result], arguments: tuple[str, ...], words: str
) -> None:
    """The words say what to write."""
    assert words in simulate(*arguments, code=2).stderr


def test_simulate__with_a_damaged_record__exits_with_2_in_words(
    simulate: Callable[..., Result], tmp_path: Path
) -> None:
    """And no traceback."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "served.db").write_bytes(b"no database" * 1000)
    assert simulate(code=2).stderr == f"wheelgate: {tmp_path}/store/served.db: file is not a database\n"
