"""`wheelgate explain` in front of the fake PyPI: which source, which policy, which rule in which line, and the exit code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.addons.sources.places import put_wheel
from tests.calling import call
from tests.fakepypi import FakePyPI
from tests.fakepypi.faults import Status
from tests.gateway.running import configuration

type Say = Callable[..., Result]

ONE, TWO = "demo-1.0-py3-none-any.whl", "demo-2.0-py3-none-any.whl"
RULE = {"project": "demo", "versions": "==2.0", "reason": "steals tokens", "id": "SEC-1", "author": "j.doe@example.org"}
POLICIES = [{"yank": [{"project": "Demo", "versions": "<2", "reason": "too old"}]}, {"deny": [RULE]}]
PUBLIC = {"name": "pypi", "index": "https://pypi.org/simple/", "public": True}


@pytest.fixture
def say(pypi: FakePyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Call the command in a folder of its own, with further settings of the configuration, and expect its exit code."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, code: int = 0, **settings: object) -> Result:
        config = configuration(pypi, tmp_path, **settings)
        said = call("explain", "--config", str(config), *arguments)
        assert said.exit_code == code, said.output
        return said

    return command


@pytest.fixture
def look(say: Say) -> Callable[..., dict[str, Any]]:
    """The same as JSON: what is said of the one argument, and of its files by name."""

    def command(*arguments: str, code: int = 0, **settings: object) -> dict[str, Any]:
        [found] = json.loads(say("--json", *arguments, code=code, **settings).stdout)["explained"]
        return {**found, "files": {each["filename"]: each for each in found["files"]}}

    return command


type Look = Callable[..., dict[str, Any]]


def release(pypi: FakePyPI, **more: Any) -> None:
    """Publish two releases, of which the first may be yanked."""
    pypi.release("demo", "1.0", **more)
    pypi.release("demo", "2.0")


def line_of(tmp_path: Path, text: str) -> str:
    """Give the place of the only rule with these words, as an editor jumps to it."""
    path = tmp_path / "wheelgate.yaml"
    lines = path.read_text().splitlines()
    [at] = [number for number, line in enumerate(lines, 1) if text in line]
    while not lines[at - 1].lstrip().startswith("- "):
        at -= 1
    return f"{path}:{at}"


def test_project__under_policies__says_of_each_file_what_each_did_and_where_the_rule_stands(
    pypi: FakePyPI, look: Look, tmp_path: Path
) -> None:
    """In their order, with reason, id, author and the line in the configuration; and it exits with 1, as one is refused."""
    release(pypi)
    files = look("demo", code=1, policies=POLICIES)["files"]
    [yanked], [refused] = files[ONE]["acts"], files[TWO]["acts"]
    assert (yanked["policy"], yanked["number"], yanked["deed"]) == ("yank", 1, "yanked")
    assert yanked["rules"] == [{"reason": "too old", "place": line_of(tmp_path, "too old")}]
    assert (refused["policy"], refused["number"], refused["deed"]) == ("deny", 2, "refused")
    place = line_of(tmp_path, "steals tokens")
    assert refused["rules"] == [{k: RULE[k] for k in ("reason", "id", "author")} | {"place": place}]
    assert [(each["outcome"], each["listed"]) for each in files.values()] == [("yanked", True), ("refused", True)]
    assert files[TWO]["words"] == "Blocked by wheelgate: deny SEC-1: steals tokens"


def test_project__for_people__says_the_same_in_lines(pypi: FakePyPI, say: Say, tmp_path: Path) -> None:
    """A heading for the project and one for each file, or for those that were all treated alike."""
    release(pypi)
    said = say("demo", code=1, policies=POLICIES).stdout
    place = line_of(tmp_path, "steals tokens")
    assert said.splitlines()[:2] == ["demo", "  source     pypi (public) answered"]
    assert said.endswith(
        f"\n\n{TWO}\n  clients    refused\n  they read  Blocked by wheelgate: deny SEC-1: steals tokens\n"
        f"  2 deny     refused it: SEC-1 steals tokens ({place}, by j.doe@example.org)\n"
    )


def test_rule__without_a_reason__is_told_by_what_it_says(pypi: FakePyPI, look: Look, say: Say, tmp_path: Path) -> None:
    """Policies that have words of their own need no reason; what their rule says stands in a line, and in the JSON."""
    release(pypi)
    policies = [
        {"size": [{"project": "demo", "max_mb": 0.001, "unsized": "pass"}]},
        {"formats": [{"refuse": ["wheel"]}]},
    ]
    found = look("demo", code=1, policies=policies)
    act = found["files"][ONE]["acts"][-1]
    assert act["rules"][0]["says"] == {"refuse": ["wheel"]}
    place = line_of(tmp_path, "refuse:")
    assert f"  2 formats  refused it: refuse: [wheel] ({place})\n" in say("demo", code=1, policies=policies).stdout


def test_files__that_were_treated_alike__stand_together(pypi: FakePyPI, say: Say) -> None:
    """A project of hundreds of files is explained in a few lines."""
    for number in range(14):
        pypi.release("demo", f"1.{number}")
    said = say("demo").stdout.split("\n\n")[1].splitlines()
    assert (said[9:11], said[11]) == ([f"demo-1.9-{ONE[9:]}", "… and 4 more"], "  clients    offered")


@pytest.mark.parametrize(("argument", "names"), [("demo==1.0.0", [ONE]), (TWO, [TWO]), (f"dist/{TWO}", [TWO])])
def test_argument__that_names_less_than_a_project__is_explained_alone(
    pypi: FakePyPI, look: Look, argument: str, names: list[str]
) -> None:
    """A release in any spelling, or a file, wherever it would lie; only what is asked about counts for the exit code."""
    release(pypi)
    said = look(argument, code=int(TWO in names), policies=POLICIES)
    assert [*said["files"]] == names
    assert look("demo", "--file", TWO, code=1, policies=POLICIES)["files"].keys() == {TWO}


def test_source__that_has_said_something_itself__is_told_apart_from_the_policies(pypi: FakePyPI, look: Look) -> None:
    """A yank of upstream's own, and the project's status."""
    release(pypi, yanked="broken")
    pypi.set_status("demo", "archived", "done")
    said = look("demo")
    assert [(each["yanked"], each["outcome"], each["acts"]) for each in said["files"].values()] == [
        ("broken", "yanked", []), (False, "offered", [])
    ]  # fmt: skip
    assert (said["pages"][0]["status"], said["pages"][0]["status_reason"]) == ("archived", "done")


def test_sources__of_which_one_answers__each_say_why(pypi: FakePyPI, look: Look, say: Say, tmp_path: Path) -> None:
    """The one that has it; those above that have not; those below, not asked; and public ones, where the name is reserved."""
    release(pypi)
    (tmp_path / "wheels").mkdir()
    put_wheel(tmp_path / "wheels", "acme", "1.0")
    sources = {"sources": [{"name": "own", "folder": "wheels"}, PUBLIC], "reserved": ["acme-*"]}

    def told(project: str) -> list[str]:
        return [each["said"] for each in look(project, **sources)["sources"]]

    assert told("demo") == ["has no such project", "answered"]
    assert told("acme") == ["answered", "was not asked: own stands before it and has the project"]
    assert say("acme-web", code=2, **sources).stderr == (
        "wheelgate: acme-web: no source has a project acme-web: own has no such project;"
        " pypi is never asked: the name is reserved\n"
    )


def test_page__asked_for_twice__came_from_the_cache_the_second_time(pypi: FakePyPI, look: Look, say: Say) -> None:
    """And says until when it counts; nobody is asked then."""
    release(pypi)
    [first] = look("demo")["pages"]
    assert (first["source"], first["kept"]) == ("pypi", False)
    pypi.clear_log()
    [second] = look("demo")["pages"]
    assert (second["kept"], second["asked"], pypi.requests) == (True, first["asked"], [])
    assert f"page       of pypi, from the cache: asked for {first['asked'][:19]}Z, counts until" in say("demo").stdout


def test_page__that_stands_in__says_how_old_it_is(pypi: FakePyPI, look: Look, say: Say) -> None:
    """As clients get it while the index is down."""
    release(pypi)
    pypi.cache_control = "max-age=0"
    look("demo")
    pypi.fault("/simple/demo/", Status(503))
    assert look("demo")["pages"][0]["stale_seconds"] >= 0
    assert "it stands in for an answer that did not come" in say("demo").stdout


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("other", "no source has a project other: pypi has no such project"),
        ("demo==3.0", "the page of demo lists no file of 3.0"),
        ("demo-9.tar.gz", "no page lists 'demo-9.tar.gz'; looked at demo"),
    ],
)
def test_argument__that_no_page_lists__exits_with_2_and_says_so(
    pypi: FakePyPI, say: Say, argument: str, words: str
) -> None:
    """Nothing can be said of it."""
    release(pypi)
    assert say(argument, code=2).stderr == f"wheelgate: {argument}: {words}\n"


def test_argument__that_is_none__exits_with_2_and_asks_nobody(pypi: FakePyPI, say: Say) -> None:
    """A specifier names no release."""
    assert "is not one release" in say("demo>=1", code=2).stderr
    assert pypi.requests == []
