"""`wheelgate owner`: roles given, taken and handed over, and projects that nobody has any more."""

import json
from pathlib import Path

import pytest

from addons.simple.names import normalise
from addons.store.projects import Projects
from addons.store.stored import Change
from tests.addons.upload.rights.making import DEMO, filled
from tests.calling import call

WHY = ("--reason", "was asked for")
CONFIGURATION = """\
certs: certs
cache: {folder: cache}
store: {folder: store}
uploads:
  ownership:
    orphans: {known_users: users, to: group:controls}
"""


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Projects:
    """Work in a folder of the test's own, with a store that has demo, and a name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "j.doe")
    (tmp_path / "wheelgate.yaml").write_text(CONFIGURATION)
    (tmp_path / "users").write_text("alice\n")
    return filled(tmp_path, "demo")


def said(*arguments: str, code: int = 0) -> str:
    """Call the command, expect its exit code, and give what it prints."""
    done = call("owner", *arguments)
    assert done.exit_code == code, done.output
    return done.stdout if not code else done.stderr


def roles() -> dict[str, str]:
    """Give who has which role in demo."""
    found = json.loads(said("list", "demo", "--json"))["roles"]
    assert isinstance(found, dict)
    return found


def last(store: Projects) -> Change:
    """Give the last change."""
    return store.changes(DEMO)[-1]


def test_add__of_somebody__gives_a_role_and_records_it(store: Projects) -> None:
    """An owner, unless another role is said; a role takes the place of the one before."""
    assert said("add", "Demo", "user:bob", *WHY) == "user:bob is an owner of demo from now on\n"
    words = said("add", "demo", "user:bob", "--role", "maintainer", *WHY, "--author", "a.boss")
    assert words == "user:bob is a maintainer of demo from now on\n"
    assert roles() == {"user:alice": "owner", "user:bob": "maintainer"}
    assert (last(store).what, last(store).subject, last(store).by, last(store).reason) == (
        *("role maintainer", "user:bob", "a.boss (operator)", "was asked for"),
    )
    assert said("list", "demo") == "owner       user:alice\nmaintainer  user:bob\n"


def test_last_owner__cannot_be_removed__but_transferred(store: Projects) -> None:
    """Nor made a maintainer; --orphan is for who means it."""
    before = store.changes()
    for arguments in (("remove", "demo", "user:alice"), ("add", "demo", "user:alice", "--role", "maintainer")):
        words = "wheelgate: user:alice is the last owner of demo: transfer it to somebody else\n"
        assert said(*arguments, *WHY, code=1) == words
    assert store.changes() == before
    assert said("remove", "demo", "user:alice", "--orphan", *WHY) == "user:alice has no role in demo any more\n"
    assert said("list", "demo") == "nobody has a role in it\n"
    assert said("transfer", "demo", "group:new", *WHY) == "group:new owns demo from now on\n"


def test_remove__of_who_has_no_role__is_refused(store: Projects) -> None:
    """A name that is misspelt takes nothing from anybody."""
    assert said("remove", "demo", "user:bob", *WHY, code=1) == "wheelgate: user:bob has no role in demo\n"
    assert "none is no project of this store" in said("remove", "none", "user:bob", *WHY, code=1)


def test_transfer__of_a_project__puts_one_in_the_place_of_another(store: Projects) -> None:
    """Of several owners it has to be said whose place it is."""
    words = said("transfer", "demo", "group:controls", *WHY)
    assert words == "group:controls owns demo from now on in the place of user:alice\n"
    said("add", "demo", "user:bob", *WHY)
    assert "has several owners (group:controls, user:bob): say whose place by --from" in (
        said("transfer", "demo", "user:carol", *WHY, code=1)
    )
    said("transfer", "demo", "user:carol", "--from", "user:bob", *WHY)
    assert roles() == {"group:controls": "owner", "user:carol": "owner"}
    assert "is owned by group:controls, user:carol: nothing was done" in (
        said("transfer", "demo", "user:dave", "--from", "user:bob", *WHY, code=1)
    )
    assert [each.what for each in store.changes(DEMO)][-2:] == ["role none", "role owner"]


def test_orphans__of_a_store__are_listed_and_handed_over(store: Projects, tmp_path: Path) -> None:
    """By the file of users that the configuration names, to whom it names."""
    assert said("orphans") == "no orphan\n"
    (tmp_path / "users").write_text("bob\n")
    assert said("orphans") == "demo  gone: user:alice\n"
    found = json.loads(said("orphans", "--json"))
    assert found == {"orphans": [{"project": "demo", "owners": ["user:alice"], "left": []}], "handed": []}
    assert said("orphans", "--hand-over") == "demo  gone: user:alice\n  handed over to group:controls\n"
    assert (last(store).by, last(store).reason) == ("j.doe (operator)", "orphaned: user:alice gone")
    assert said("orphans", "--hand-over") == "no orphan\n"


def test_orphans__that_cannot_be_found_out_or_handed_over__exit_with_1(store: Projects, tmp_path: Path) -> None:
    """In words, and nothing is changed."""
    (tmp_path / "users").write_text("")
    assert said("orphans", code=1).endswith("it has nobody in it: that is taken for a fault, and nothing is done\n")
    (tmp_path / "users").write_text("bob\n")
    (tmp_path / "wheelgate.yaml").write_text(CONFIGURATION.replace(", to: group:controls", ""))
    assert "nobody is to have orphans" in said("orphans", "--hand-over", code=1)
    (tmp_path / "wheelgate.yaml").write_text(CONFIGURATION.replace("group:controls", "user:alice"))
    done = call("owner", "orphans", "--hand-over")
    assert (done.exit_code, done.stderr) == (1, "wheelgate: not handed over: demo\n")
    assert done.stdout == "demo  gone: user:alice\n  not handed over: user:alice is to have it, and has gone\n"
    assert roles() == {"user:alice": "owner"}


NOT_UNDERSTOOD: list[tuple[tuple[str, ...], str]] = [
    (("add", "demo", "bob", *WHY), 'write one as "user:alice"'),
    (("add", "demo", "user:bob"), "Missing option '--reason'"),
    (("add", "demo", "user:bob", "--role", "king", *WHY), "'king' is not one of"),
    (("transfer", "demo", "user:bob", "--reason", ""), "--reason is empty"),
    (("list", "a b"), "no valid project name"),
]


def test_command__that_cannot_be_understood__exits_with_2(store: Projects) -> None:
    """And changes nothing."""
    before = store.changes()
    for arguments, words in NOT_UNDERSTOOD:
        assert words in said(*arguments, code=2)
    assert store.changes() == before


def test_project__that_is_not_there__is_said(tmp_path: Path) -> None:
    """By each command that is about one."""
    for arguments in (("list", "none"), ("transfer", "none", "user:bob", *WHY), ("add", "none", "user:bob", *WHY)):
        assert f"{normalise('none')} is no project of this store" in said(*arguments, code=1)
