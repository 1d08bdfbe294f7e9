"""`wheelgate project`: what it prints, what it changes, what is recorded, and its exit codes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from addons.simple.names import normalise
from addons.store.claims import Claims
from addons.store.database import Database
from addons.store.projects import Projects
from tests.addons.upload.rights.making import filled
from tests.calling import call

WHY = ("--reason", "was asked for")


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Projects:
    """Work in a folder of the test's own, with a store that has Demo, and a name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "j.doe")
    (tmp_path / "wheelgate.yaml").write_text("certs: certs\ncache: {folder: cache}\nstore: {folder: store}\n")
    return filled(tmp_path, "Demo")


def said(*arguments: str, code: int = 0) -> str:
    """Call the command, expect its exit code, and give what it prints."""
    done = call("project", *arguments)
    assert done.exit_code == code, done.output
    return done.stdout if not code else done.stderr


def read(*arguments: str) -> Any:
    """Give what a command prints for programs."""
    return json.loads(said(*arguments, "--json"))


def test_list__of_projects__has_their_status_and_owners(store: Projects) -> None:
    """And the names that were claimed on purpose."""
    said("claim", "Flask", "--reason", "a fork of ours")
    assert said("list").splitlines() == [
        "demo  active  user:alice",
        "flask  claimed on purpose by j.doe (operator): a fork of ours",
    ]
    found = read("list")
    assert [(each["project"], each["roles"]) for each in found["projects"]] == [("demo", {"user:alice": "owner"})]
    assert [(each["name"], each["reason"]) for each in found["claimed"]] == [("flask", "a fork of ours")]


def test_show__of_a_project__has_its_roles_and_releases(store: Projects) -> None:
    """By any spelling of its name; one that is not there is said."""
    lines = said("show", "DEMO").splitlines()
    assert lines[:2] == ["Demo  (demo)", "  status    active"]
    assert lines[3:] == ["  owner     user:alice", "  files     1, 1.5 MB", "  release   1.0  (1 file)"]
    assert re.fullmatch(r"  claimed   2026-11-23 10:00 UTC by user:alice \(token 1\)", lines[2])
    found = read("show", "demo")
    assert [each["filename"] for each in found["files"]] == ["demo-1.0-py3-none-any.whl"]
    assert said("show", "none", code=1) == (
        "wheelgate: none is no project of this store; `wheelgate project list` lists them\n"
    )


def test_status__of_a_project__is_changed_and_recorded(store: Projects) -> None:
    """UPL-26: an operator archives, quarantines and takes it back."""
    assert said("status", "demo", "quarantined", *WHY, "--author", "a.boss") == "demo is quarantined from now on\n"
    assert "  status    quarantined: was asked for" in said("show", "demo")
    said("status", "demo", "active", *WHY)
    assert [(each["what"], each["subject"], each["by"]) for each in read("log", "demo")["changes"]][-2:] == [
        ("status", "quarantined", "a.boss (operator)"),
        ("status", "active", "j.doe (operator)"),
    ]
    assert "none is no project of this store" in said("status", "none", "active", *WHY, code=1)


def test_claim__of_a_public_name__is_on_record_and_taken_back(store: Projects) -> None:
    """UPL-27: on purpose, with a reason; twice is once."""
    claims = Claims(store.database)
    assert said("claim", "Flask", *WHY) == "flask is claimed\n"
    assert said("claim", "flask", *WHY) == "It was claimed already\n"
    claimed = claims.find(normalise("flask"))
    assert claimed is not None
    assert (claimed.by, claimed.reason) == ("j.doe (operator)", "was asked for")
    assert store.standing(normalise("flask")) is None
    assert said("release-claim", "flask", *WHY) == "flask is not claimed any more\n"
    assert claims.every() == ()
    assert said("release-claim", "flask", *WHY, code=1) == "wheelgate: flask was not claimed on purpose\n"
    assert [each["what"] for each in read("log", "flask")["changes"]] == ["claim on purpose", "release claim"]


def test_claim__for_an_owner__makes_the_project_which_goes_with_the_claim(store: Projects) -> None:
    """Before it has a file; what has had one stays, and is never given to another by a claim."""
    assert said("claim", "Flask", "--owner", "group:web", *WHY) == "flask is claimed, and owned by group:web\n"
    assert said("list").startswith("demo  active  user:alice\nflask  active  group:web\n")
    assert "is a project of this store already: see `wheelgate owner transfer`" in (
        said("claim", "demo", "--owner", "group:web", *WHY, code=1)
    )
    assert said("release-claim", "flask", *WHY) == "flask is not claimed any more, and its empty project is gone\n"
    assert store.standing(normalise("flask")) is None
    said("claim", "demo", *WHY)
    assert said("release-claim", "demo", *WHY) == "demo is not claimed any more\n"
    assert store.standing(normalise("demo")) is not None


def test_log__of_everything__has_when_what_who_and_why(store: Projects) -> None:
    """Oldest first."""
    said("status", "demo", "archived", *WHY)
    assert said("log").splitlines() == [
        "1  2026-11-23 10:00 UTC  claim demo user:alice  by user:alice (token 1)",
        "2  2026-11-23 10:00 UTC  upload demo demo-1.0-py3-none-any.whl  by user:alice (token 1)",
        said("log").splitlines()[2],
    ]
    assert re.fullmatch(
        r"3  .* UTC  status demo archived  by j\.doe \(operator\): was asked for", said("log").splitlines()[2]
    )
    assert said("log", "other") == "no change\n"


NOT_UNDERSTOOD: list[tuple[tuple[str, ...], str]] = [
    (("status", "demo", "gone", *WHY), "'gone' is not one of"),
    (("status", "demo", "archived"), "Missing option '--reason'"),
    (("status", "demo", "archived", "--reason", " "), "--reason is empty"),
    (("claim", "a b", *WHY), "no valid project name"),
    (("claim", "demo", "--owner", "alice", *WHY), "is no principal"),
    (("claim", "flask", "--author", "", *WHY), "--author is empty"),
]


def test_command__that_cannot_be_understood__exits_with_2(store: Projects) -> None:
    """And changes nothing."""
    before = store.changes()
    for arguments, words in NOT_UNDERSTOOD:
        assert words in said(*arguments, code=2)
    assert store.changes() == before


def test_store__that_is_not_there_yet__is_empty(tmp_path: Path) -> None:
    """To look makes none."""
    (tmp_path / "new.yaml").write_text("store: {folder: other}\ncache: {folder: cache}\n")
    assert said("list", "-c", "new.yaml") == "no project\n"
    assert said("log", "-c", "new.yaml") == "no change\n"
    assert not (tmp_path / "other").exists()
    assert said("claim", "flask", *WHY, "-c", "new.yaml") == "flask is claimed\n"
    assert Database(tmp_path / "other").is_there


def test_store__that_is_damaged__is_said(tmp_path: Path) -> None:
    """In the database's words, with 1."""
    (tmp_path / "store" / "wheelgate.sqlite").write_bytes(b"x" * 8192)
    assert "was damaged" in said("list", code=1)
