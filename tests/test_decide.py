"""`wheelgate deny`, `allow`, `yank`, `unyank`, `exempt` and `decisions`: what they print, what they change, and their exit codes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from addons.cli_parts import clock
from tests.calling import call

CONFIGURATION = """\
certs: certs
cache: {folder: cache}
store: {folder: store}
policies:
  - allow:
      - {project: demo, files: ["*"], reason: read}
  - deny:
      - {project: imaging, versions: "<2", reason: old}
      - {project: "acme-*", reason: ours}
"""
WHY = ("--reason", "runs code")


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of the test's own, with a configuration and a name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "j.doe")
    path = tmp_path / "wheelgate.yaml"
    path.write_text(CONFIGURATION)
    return path


def said(*arguments: str, code: int = 0) -> str:
    """Call the command, expect its exit code, and give what it prints."""
    done = call(*arguments)
    assert done.exit_code == code, done.output
    return done.stdout if not code else done.stderr


def listed(*arguments: str) -> list[dict[str, Any]]:
    """Give what is decided, as programs read it."""
    found = json.loads(said("decisions", "--json", *arguments))["decisions"]
    assert isinstance(found, list)
    return found


def test_deny__of_versions__says_number_meaning_and_how_to_undo_it(config: Path) -> None:
    """Who, when and why are kept; by the name of the login, unless another is given."""
    lines = said("deny", "Imaging<9.3.1", *WHY, "--id", "SEC-1").splitlines()
    assert lines[0] == "decision 1: deny imaging <9.3.1 (SEC-1): runs code"
    assert re.fullmatch(r"  by j\.doe, \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC", lines[1])
    assert lines[2] == "  nobody gets these files from now on; running gateways take it up within a second"
    assert lines[3] == "  to undo it: wheelgate allow 'imaging<9.3.1' --reason WHY"
    [found] = listed()
    given = {name: found[name] for name in ("number", "kind", "project", "versions", "reason", "id", "author", "until")}
    assert given == {"number": 1, "kind": "deny", "project": "imaging", "versions": "<9.3.1", "reason": "runs code",
                     "id": "SEC-1", "author": "j.doe", "until": None}  # fmt: skip


def test_deny__twice__decides_once(config: Path) -> None:
    """The second time it says so, and exits with 0."""
    said("deny", "demo", *WHY)
    again = json.loads(said("deny", "DEMO", *WHY, "--author", "other", "--json"))
    assert (again["new"], again["decision"]["author"], len(listed())) == (False, "j.doe", 1)
    assert said("deny", "demo", *WHY).startswith("It was decided already:\ndecision 1: ")


def test_allow__of_what_was_denied__ends_exactly_that_and_names_what_is_left(config: Path) -> None:
    """Other decisions and the configuration's rules that may be about the same files, with their places."""
    said("deny", "imaging<9.3.1", *WHY)
    said("deny", "*", "--reason", "all of it", "--until", "30d")
    lines = said("allow", "imaging<9.3.1", "--reason", "false alarm", "--author", "a.boss").splitlines()
    assert lines[0] == "decision 1: deny imaging <9.3.1: runs code"
    assert re.fullmatch(r"  ended by a\.boss, .* UTC: false alarm", lines[2])
    assert lines[3] == "still in force, and may be about the same files: decision 2: deny *: all of it"
    assert lines[4].endswith(f": {config}:8, in the configuration")
    assert lines[5].endswith("in spite of it: wheelgate exempt")
    assert [each["number"] for each in listed()] == [2]


def test_allow__of_what_was_not_denied__exits_with_1(config: Path) -> None:
    """A name that is misspelt ends nothing, and what denies it all the same is named."""
    said("deny", "demo<2", *WHY)
    done = call("allow", "demo", *WHY)
    assert (done.exit_code, done.stderr) == (
        1,
        "wheelgate: no denial in force is about exactly demo; `wheelgate decisions` lists them\n",
    )
    assert done.stdout == "still in force, and may be about the same files: decision 1: deny demo <2: runs code\n"
    assert len(listed()) == 1


def test_yank_and_unyank__of_a_file__leave_denials_alone(config: Path) -> None:
    """Each ends its own kind."""
    file = "demo-1.0-py3-none-any.whl"
    said("deny", file, *WHY)
    assert "only by who pins them" in said("yank", file, *WHY, "--until", "2w")
    assert [each["kind"] for each in listed("demo")] == ["deny", "yank"]
    assert said("unyank", file, *WHY).splitlines()[0] == f"decision 2: yank demo {file}: runs code"
    assert [each["kind"] for each in listed()] == ["deny"]
    assert said("unyank", file, *WHY, code=1).startswith("wheelgate: no yank in force is about exactly")


def test_exempt__past_a_policy_until_then__is_listed_and_ended_by_its_number(config: Path) -> None:
    """Break-glass: what it does not undo is said."""
    said("deny", "demo", *WHY)
    lines = said("exempt", "demo==1.0", "--past", "min_age", "--until", "7d", *WHY).splitlines()
    assert lines[0] == "decision 2: exempt demo ==1.0 past min_age: runs code"
    assert lines[3] == "  to undo it: wheelgate exempt --end 2 --reason WHY"
    assert lines[4] == "  but not past decision 1: deny demo: runs code; `wheelgate allow` ends that"
    [deny, exemption] = listed()
    assert (exemption["past"], exemption["in_force"], deny["past"]) == (["min_age"], True, [])
    assert said("exempt", "--end", "1", *WHY, code=1).startswith("wheelgate: decision 1 is no exemption in force")
    ended = json.loads(said("exempt", "--end", "2", "--reason", "done", "--json"))["ended"]
    assert [(each["number"], each["ended_by"], each["ended_why"]) for each in ended] == [(2, "j.doe", "done")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("deny", *WHY), "name what it is about"),
        (("deny", "demo"), "Missing option '--reason'"),
        (("deny", "demo", "--reason", " "), "--reason is empty"),
        (("deny", "demo", *WHY, "--author", ""), "--author is empty"),
        (("deny", "demo", *WHY, "--id", " "), "--id is empty"),
        (("deny", "demo 1.0", *WHY), 'write "==1.0" for just that one'),
        (("deny", "--sha256", "abc", *WHY), "is no sha256"),
        (("deny", "demo", *WHY, "--until", "2020-01-01"), "is over; write an instant to come"),
        (("deny", "demo", *WHY, "--until", "soon"), "or a time from now, like 12h, 30d or 2w"),
        (("deny", "demo", *WHY, "--until", "999999w"), "is further off than any date"),
        (("deny", "demo", *WHY, "--client", "ci"), "is no client group"),
        (("exempt", "demo", *WHY), "--for-ever: one of the two"),
        (("exempt", "demo", *WHY, "--until", "7d", "--for-ever"), "--for-ever: one of the two"),
        (("exempt", "demo", *WHY, "--until", "7d", "--past", "min_ag"), 'did you mean "min_age"?'),
        (("exempt", "demo", *WHY, "--for-ever", "--past", "yank"), "refuses no file"),
        (("exempt", "demo", "--end", "7", *WHY), "--end takes a number"),
        (("decisions", "a b"), "no valid project name"),
    ],
)
def test_command__that_cannot_be_understood__exits_with_2_and_decides_nothing(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    """In the words of the configuration; nothing is made for it."""
    assert words in said(*arguments, code=2)
    assert not (tmp_path / "store").exists()


def test_decisions__of_a_project__are_those_that_may_be_about_it(config: Path) -> None:
    """By name, prefix and hash; others are not; ended ones only with --all, with who ended them and why."""
    for what in ("acme-web", "acme-*", "*", "other"):
        said("deny", what, *WHY)
    said("deny", "--sha256", "a" * 64, *WHY)
    assert [each["number"] for each in listed("ACME.web")] == [1, 2, 3, 5]
    said("allow", "acme-web", "--reason", "false alarm")
    assert [each["number"] for each in listed("acme-web")] == [2, 3, 5]
    lines = said("decisions", "--all", "acme-web").splitlines()
    assert (lines[0], lines[2].endswith("false alarm")) == ("decision 1: deny acme-web: runs code", True)
    assert listed("--all")[0]["ended_why"] == "false alarm"


def test_decisions__where_none_was_made__says_so(tmp_path: Path) -> None:
    """And makes no database."""
    assert said("decisions") == "no decision is in force\n"
    assert (listed("--all"), (tmp_path / "store").exists()) == ([], False)


def test_decision__whose_words_are_hostile__moves_no_cursor(config: Path) -> None:
    """What a terminal would obey is written out."""
    said("deny", "demo", "--reason", "a\x1b[2Kb", "--author", "j\x1b[1A")
    for words in (said("decisions"), said("allow", "demo", "--reason", "\x1b[2K")):
        assert "\x1b" not in words
        assert "\\x1b[2K" in words


def test_command__while_the_database_is_spoilt__exits_with_1_and_words(tmp_path: Path) -> None:
    """None of them takes what is left for all that was decided."""
    said("deny", "demo", *WHY)
    path = tmp_path / "store" / "wheelgate.sqlite"
    for each in path.parent.iterdir():
        each.write_bytes(b"x" * 5000)
    for command in (("deny", "other", *WHY), ("allow", "demo", *WHY), ("decisions",)):
        assert f"{path}: the database of decisions was damaged" in said(*command, code=1)


def test_until__as_a_time_from_now__is_counted_from_the_decision(config: Path) -> None:
    """To the second."""
    before = clock()
    found = json.loads(said("deny", "demo", *WHY, "--until", "12h", "--json"))["decision"]
    seconds = (type(before).fromisoformat(found["until"]) - before).total_seconds()
    assert 12 * 3600 - 1 <= seconds < 12 * 3600 + 20
    given = json.loads(said("yank", "demo", *WHY, "--until", "2126-12-24T08:00+01:00", "--json"))["decision"]
    assert given["until"] == "2126-12-24T07:00:00Z"
